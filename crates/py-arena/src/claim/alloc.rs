//! The allocating methods of a claim: those of `Arena`, from local variables.

use super::Claim;
use crate::alloc::{assert_no_drop, memory_of, value_of};
use crate::block::{ALIGNMENT, FAST_MAX};
use crate::copy;
use crate::error::{AllocError, out_of_memory};
use crate::segment::{above, round_fitting};
use core::alloc::Layout;
use core::ptr::NonNull;

/// # Safety
/// The memory is fresh, large enough for a `T` and aligned for it, and stays for `'a`.
#[inline(always)]
unsafe fn write<'a, T>(at: NonNull<u8>, value: T) -> &'a mut T {
    // SAFETY: the caller promised fresh memory for one `T` that stays for `'a`.
    unsafe {
        at.cast::<T>().write(value);
        at.cast::<T>().as_mut()
    }
}

impl<'a> Claim<'a> {
    /// As [`Arena::malloc`](crate::Arena::malloc), with one difference: if no block is open, a
    /// request for 0 bytes opens none, and the result is dangling.
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let claim = arena.claim();
    /// let (first, second) = (claim.malloc(1)?, claim.malloc(1)?);
    /// assert_eq!(second.addr().get() - first.addr().get(), 8);
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    #[inline(always)]
    pub fn malloc(&self, size: usize) -> Result<NonNull<u8>, AllocError> {
        if size > self.segment().room() {
            if let Some(apart) = self.refill(size, 1)? {
                return Ok(apart);
            }
        }
        let at = self.cursor.get();
        // SAFETY: K1: a cursor is never null. The compiler does not know that after the slow path.
        unsafe { core::hint::assert_unchecked(at.as_ptr().addr() != 0) };
        let rounded = round_fitting(size);
        self.cursor.set(above(at, rounded));
        self.count_one(rounded - size);
        Ok(at)
    }

    /// As [`Arena::alloc`](crate::Arena::alloc).
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(*arena.claim().alloc(7), 7);
    /// ```
    #[inline(always)]
    pub fn alloc<T>(&self, value: T) -> &'a mut T {
        const { assert_no_drop::<T>() };
        let (size, align) = (size_of::<T>(), align_of::<T>());
        let need = size.next_multiple_of(ALIGNMENT);
        // Not built on `try_alloc`: the compiler does not see through its `Result`, and would test
        // each pointer for null.
        if size == 0 || align > ALIGNMENT || size > FAST_MAX {
            return match value_of(self, || value) {
                Ok(value) => value,
                Err(_) => out_of_memory(),
            };
        }
        let next = self.cursor.get().as_ptr().wrapping_add(need);
        // B3: the sum does not wrap around.
        if next > self.limit.get().as_ptr() {
            return match self.refill(size, align) {
                // SAFETY: K1: `refill` found a segment with the room.
                Ok(None) => unsafe { self.bump_over(need, size, value) },
                // SAFETY: `refill` returned fresh memory for one `T`.
                Ok(Some(apart)) => unsafe { write(apart, value) },
                Err(_) => out_of_memory(),
            };
        }
        // SAFETY: K1: the segment has the room.
        unsafe { self.bump_over(need, size, value) }
    }

    /// # Safety
    /// The segment has room for `need`, which is the size of a `T` rounded up.
    #[inline(always)]
    unsafe fn bump_over<T>(&self, need: usize, size: usize, value: T) -> &'a mut T {
        let at = self.cursor.get();
        // SAFETY: the caller promised that the segment has the room, and the memory between cursor
        // and limit is not in use (I2).
        unsafe {
            self.cursor.set(at.add(need));
            self.count_one(need - size);
            write(at, value)
        }
    }

    /// As [`Arena::try_alloc`](crate::Arena::try_alloc).
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(*arena.claim().try_alloc(7)?, 7);
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    #[inline(always)]
    pub fn try_alloc<T>(&self, value: T) -> Result<&'a mut T, AllocError> {
        const { assert_no_drop::<T>() };
        value_of(self, || value)
    }

    /// As [`Arena::alloc_with`](crate::Arena::alloc_with).
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.claim().alloc_with(|| [1; 100])[99], 1);
    /// ```
    #[inline]
    pub fn alloc_with<T>(&self, make: impl FnOnce() -> T) -> &'a mut T {
        const { assert_no_drop::<T>() };
        match value_of(self, make) {
            Ok(value) => value,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`Arena::try_alloc_with`](crate::Arena::try_alloc_with).
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had; the closure is not called then.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(*arena.claim().try_alloc_with(|| 7)?, 7);
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    #[inline]
    pub fn try_alloc_with<T>(&self, make: impl FnOnce() -> T) -> Result<&'a mut T, AllocError> {
        const { assert_no_drop::<T>() };
        value_of(self, make)
    }

    /// As [`Arena::alloc_str`](crate::Arena::alloc_str).
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.claim().alloc_str("spam"), "spam");
    /// ```
    #[inline]
    pub fn alloc_str(&self, text: &str) -> &'a mut str {
        match self.try_alloc_str(text) {
            Ok(text) => text,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`Arena::try_alloc_str`](crate::Arena::try_alloc_str).
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.claim().try_alloc_str("spam")?, "spam");
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    #[inline]
    pub fn try_alloc_str(&self, text: &str) -> Result<&'a mut str, AllocError> {
        copy::str_of(self, text)
    }

    /// As [`Arena::alloc_slice_copy`](crate::Arena::alloc_slice_copy).
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.claim().alloc_slice_copy(&[1, 2]), [1, 2]);
    /// ```
    #[inline]
    pub fn alloc_slice_copy<T: Copy>(&self, from: &[T]) -> &'a mut [T] {
        match self.try_alloc_slice_copy(from) {
            Ok(slice) => slice,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`Arena::try_alloc_slice_copy`](crate::Arena::try_alloc_slice_copy).
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.claim().try_alloc_slice_copy(&[1, 2])?, [1, 2]);
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    #[inline]
    pub fn try_alloc_slice_copy<T: Copy>(&self, from: &[T]) -> Result<&'a mut [T], AllocError> {
        copy::slice_of(self, from)
    }

    /// As [`Arena::alloc_layout`](crate::Arena::alloc_layout).
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// use std::alloc::Layout;
    ///
    /// let arena = py_arena::Arena::new();
    /// let line = arena.claim().alloc_layout(Layout::from_size_align(64, 64).unwrap());
    /// assert_eq!(line.addr().get() % 64, 0);
    /// ```
    #[inline]
    pub fn alloc_layout(&self, layout: Layout) -> NonNull<u8> {
        match self.try_alloc_layout(layout) {
            Ok(memory) => memory,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`Arena::try_alloc_layout`](crate::Arena::try_alloc_layout).
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// use std::alloc::Layout;
    ///
    /// let arena = py_arena::Arena::new();
    /// assert!(arena.claim().try_alloc_layout(Layout::new::<u64>()).is_ok());
    /// ```
    #[inline]
    pub fn try_alloc_layout(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        memory_of(self, layout)
    }
}
