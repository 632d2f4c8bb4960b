//! Strings and slices out of an arena.

use crate::alloc::assert_no_drop;
use crate::arena::Arena;
use crate::bump::{Bump, Reserve};
use crate::copy;
use crate::error::{AllocError, out_of_memory};
use core::alloc::Layout;
use core::mem;
use core::ptr::{self, NonNull};
use core::slice;

/// What is handed out is exclusive: each piece of memory is handed out once.
#[allow(clippy::mut_from_ref)]
impl<O> Arena<O> {
    /// Copies a string into the arena. Up to 32 bytes are copied without a call.
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let name = arena.alloc_str("spam");
    /// name.make_ascii_uppercase();
    /// assert_eq!(name, "SPAM");
    /// ```
    #[inline]
    pub fn alloc_str(&self, text: &str) -> &mut str {
        match self.try_alloc_str(text) {
            Ok(text) => text,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`alloc_str`](Arena::alloc_str), with an error where that panics.
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.try_alloc_str("eggs")?, "eggs");
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    #[inline]
    pub fn try_alloc_str(&self, text: &str) -> Result<&mut str, AllocError> {
        copy::str_of(&self.bump, text)
    }

    /// Copies a slice into the arena.
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.alloc_slice_copy(&[1, 2, 3]), [1, 2, 3]);
    /// ```
    #[inline]
    pub fn alloc_slice_copy<T: Copy>(&self, from: &[T]) -> &mut [T] {
        match self.try_alloc_slice_copy(from) {
            Ok(slice) => slice,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`alloc_slice_copy`](Arena::alloc_slice_copy), with an error where that panics.
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.try_alloc_slice_copy(&[1, 2])?, [1, 2]);
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    #[inline]
    pub fn try_alloc_slice_copy<T: Copy>(&self, from: &[T]) -> Result<&mut [T], AllocError> {
        copy::slice_of(&self.bump, from)
    }

    /// Clones a slice into the arena, in order. `clone` may use the arena itself; if it panics, the
    /// memory is lost until the arena ends. A type that needs drop is refused at compile time.
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.alloc_slice_clone(&[Some('a'), None]), [Some('a'), None]);
    /// ```
    #[inline]
    pub fn alloc_slice_clone<T: Clone>(&self, from: &[T]) -> &mut [T] {
        const { assert_no_drop::<T>() };
        match clone_of(&self.bump, from) {
            Ok(slice) => slice,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`alloc_slice_clone`](Arena::alloc_slice_clone), with an error where that panics.
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had; nothing is cloned then.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.try_alloc_slice_clone(&["a", "b"])?, ["a", "b"]);
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    pub fn try_alloc_slice_clone<T: Clone>(&self, from: &[T]) -> Result<&mut [T], AllocError> {
        const { assert_no_drop::<T>() };
        clone_of(&self.bump, from)
    }

    /// Collects an iterator into the arena. The iterator may use the arena itself and may panic;
    /// memory that turns out too small is then left behind. A type that needs drop is refused at
    /// compile time.
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let words = arena.alloc_slice_from_iter("to be or".split(' ').map(|w| &*arena.alloc_str(w)));
    /// assert_eq!(words, ["to", "be", "or"]);
    /// ```
    #[doc(alias = "alloc_from_iter")]
    pub fn alloc_slice_from_iter<T>(&self, from: impl IntoIterator<Item = T>) -> &mut [T] {
        const { assert_no_drop::<T>() };
        match collect(&self.bump, from) {
            Ok(slice) => slice,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`alloc_slice_from_iter`](Arena::alloc_slice_from_iter), with an error where that panics.
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had; what the iterator gave until then is lost.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.try_alloc_slice_from_iter(0..3)?, [0, 1, 2]);
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    pub fn try_alloc_slice_from_iter<T>(
        &self,
        from: impl IntoIterator<Item = T>,
    ) -> Result<&mut [T], AllocError> {
        const { assert_no_drop::<T>() };
        collect(&self.bump, from)
    }
}

/// Clones a slice into memory reserved for it.
pub(crate) fn clone_of<'a, T: Clone>(
    mut place: impl Reserve,
    from: &[T],
) -> Result<&'a mut [T], AllocError> {
    let layout = Layout::for_value(from);
    let to: NonNull<T> = if layout.size() == 0 {
        NonNull::dangling()
    } else {
        place.reserve_bytes(layout.size(), layout.align())?.cast()
    };
    for (i, value) in from.iter().enumerate() {
        // SAFETY: reserved for this many values, and nobody else's (I2) whatever `clone` does.
        unsafe { to.add(i).write(value.clone()) };
    }
    // SAFETY: all of it was just filled; the caller bounds `'a` by the arena's borrow.
    Ok(unsafe { slice::from_raw_parts_mut(to.as_ptr(), from.len()) })
}

fn collect<T>(bump: &Bump, from: impl IntoIterator<Item = T>) -> Result<&mut [T], AllocError> {
    let from = from.into_iter();
    let mut filling = Filling::new(bump, from.size_hint().0)?;
    for value in from {
        filling.push(value)?;
    }
    Ok(filling.finish())
}

/// A slice under construction. It grows where it lies while it is the arena's last allocation, and
/// moves when something else was allocated since.
struct Filling<'a, T> {
    bump: &'a Bump,
    /// Reserved for `room` values, of which `len` are there; dangling while `room` bytes are 0.
    start: NonNull<T>,
    room: usize,
    len: usize,
}

impl<'a, T> Filling<'a, T> {
    fn new(bump: &'a Bump, expected: usize) -> Result<Self, AllocError> {
        let mut filling = Filling {
            bump,
            start: NonNull::dangling(),
            room: 0,
            len: 0,
        };
        if size_of::<T>() == 0 {
            filling.room = usize::MAX;
        } else if expected > 0 {
            filling.grow(expected)?;
        }
        Ok(filling)
    }

    fn bytes(&self) -> usize {
        // No overflow: memory of that size was reserved, or `T` has no size.
        size_of::<T>() * if size_of::<T>() == 0 { 0 } else { self.room }
    }

    #[inline]
    fn push(&mut self, value: T) -> Result<(), AllocError> {
        if self.len == self.room {
            let room = self.room.checked_mul(2).ok_or(AllocError)?;
            self.grow(room.max(4))?;
        }
        // SAFETY: `len < room`, and the memory is this slice's alone (I2).
        unsafe { self.start.add(self.len).write(value) };
        self.len += 1;
        Ok(())
    }

    #[cold]
    fn grow(&mut self, room: usize) -> Result<(), AllocError> {
        let layout = Layout::array::<T>(room).map_err(|_| AllocError)?;
        let old = self.bytes();
        if old > 0 {
            if let Some(start) = self.bump.resize_last(self.start.cast(), old, layout.size()) {
                (self.start, self.room) = (start.cast(), room);
                return Ok(());
            }
        }
        let mut bump = self.bump;
        let start = bump.reserve_bytes(layout.size(), layout.align())?.cast();
        // SAFETY: `len` values are there, and the new memory is longer and apart from the old.
        unsafe { ptr::copy_nonoverlapping(self.start.as_ptr(), start.as_ptr(), self.len) };
        if old > 0 {
            self.abandon(old);
        }
        (self.start, self.room) = (start, room);
        Ok(())
    }

    /// The counters forget memory that was outgrown: to the caller, it is one request.
    fn abandon(&self, bytes: usize) {
        self.bump.add_slack(bytes);
        self.bump.count(usize::MAX);
    }

    fn finish(self) -> &'a mut [T] {
        let (old, len) = (self.bytes(), self.len);
        let used = len * size_of::<T>();
        if old != used
            && self
                .bump
                .resize_last(self.start.cast(), old, used)
                .is_none()
        {
            self.bump.add_slack(old - used);
        }
        if used == 0 && old > 0 {
            self.bump.count(usize::MAX);
        }
        let start = self.start;
        mem::forget(self);
        // SAFETY: `len` values were written, and the memory is handed out here for the first time.
        unsafe { slice::from_raw_parts_mut(start.as_ptr(), len) }
    }
}

/// The iterator panicked, or the memory could not be had: what can be given back is.
impl<T> Drop for Filling<'_, T> {
    fn drop(&mut self) {
        self.bump.undo(self.start.cast(), self.bytes());
    }
}
