//! Raw memory and single values from an arena.

use crate::arena::Arena;
use crate::bump::Reserve;
use crate::error::{AllocError, out_of_memory};
use core::alloc::Layout;
use core::mem::needs_drop;
use core::ptr::{self, NonNull};

/// Fails to compile for a type that needs drop, because its destructor would never run. Every
/// public method calls it directly: the compiler then shows the user's line that called that
/// method.
pub(crate) const fn assert_no_drop<T>() {
    assert!(
        !needs_drop::<T>(),
        "this type needs drop, and what lies in an arena is not dropped. \
         In a node, use `&str` or `ArenaString` for a String, `&[T]` or `ArenaVec` for a Vec, \
         `&T` for a Box. To have the value dropped: `alloc_box` (it may borrow from the arena), \
         or `Arena::with_objects()` and `add_object`, or `Arena<Owned>` and `alloc_object`"
    );
}

/// Reserves memory and fills it with what `make` returns.
#[inline(always)]
pub(crate) fn value_of<'a, T>(
    mut place: impl Reserve,
    make: impl FnOnce() -> T,
) -> Result<&'a mut T, AllocError> {
    let slot = place.reserve::<T>()?;
    // SAFETY: the memory is large enough for a `T` and aligned for it. It is reserved before `make`
    // runs, so what `make` allocates lies elsewhere (I2). The caller bounds `'a` by the arena's
    // borrow.
    unsafe {
        slot.write(make());
        Ok(&mut *slot.as_ptr())
    }
}

/// Reserves memory of this layout. For a size of 0 the result is dangling and aligned.
#[inline]
pub(crate) fn memory_of(
    mut place: impl Reserve,
    layout: Layout,
) -> Result<NonNull<u8>, AllocError> {
    if layout.size() == 0 {
        let dangling = ptr::without_provenance_mut(layout.align());
        // SAFETY: an alignment is not 0.
        return Ok(unsafe { NonNull::new_unchecked(dangling) });
    }
    place.reserve_bytes(layout.size(), layout.align())
}

/// Every method hands out exclusive memory: each piece is handed out once.
#[allow(clippy::mut_from_ref)]
impl<O> Arena<O> {
    /// Hands out `size` bytes, rounded up to [`ALIGNMENT`](crate::ALIGNMENT), aligned to it, and
    /// not initialised. They stay until the arena is reset or ends.
    ///
    /// As in CPython, a request for 0 bytes returns the address where the next request begins. It
    /// is not null and not unique, and there is no memory behind it.
    ///
    /// CPython: Python/pyarena.c, `_PyArena_Malloc`.
    ///
    /// # Errors
    /// [`AllocError`] if there is no memory. A size that overflows when it is rounded, or that is
    /// above `isize::MAX`, is such an error too; CPython's size wraps around there. After an error
    /// the arena is unchanged.
    ///
    /// # Examples
    /// ```
    /// use py_arena::Arena;
    ///
    /// let arena = Arena::new();
    /// let first = arena.malloc(9)?;
    /// let second = arena.malloc(0)?;
    /// assert_eq!(second.addr().get() - first.addr().get(), 16);
    /// assert_eq!(arena.malloc(1)?, second);
    /// assert!(arena.malloc(usize::MAX - 2).is_err());
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    #[doc(alias = "_PyArena_Malloc")]
    #[inline]
    pub fn malloc(&self, size: usize) -> Result<NonNull<u8>, AllocError> {
        self.bump.malloc(size)
    }

    /// Moves a value into the arena. Constant time. If the open block has room, it costs six
    /// instructions beside the stores of the value; one of them counts the request.
    ///
    /// A type that needs drop is refused at compile time, since its destructor would not run:
    ///
    /// ```compile_fail
    /// let arena = py_arena::Arena::new();
    /// arena.alloc(String::from("needs drop"));
    /// ```
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let point = arena.alloc((1, 2));
    /// point.0 = 3;
    /// assert_eq!(*point, (3, 2));
    /// ```
    #[inline(always)]
    pub fn alloc<T>(&self, value: T) -> &mut T {
        const { assert_no_drop::<T>() };
        match value_of(&self.bump, || value) {
            Ok(value) => value,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`alloc`](Arena::alloc), with an error where that panics.
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(*arena.try_alloc(7)?, 7);
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    #[inline(always)]
    pub fn try_alloc<T>(&self, value: T) -> Result<&mut T, AllocError> {
        const { assert_no_drop::<T>() };
        value_of(&self.bump, || value)
    }

    /// Makes a value in place, for values that are expensive to move. The memory is reserved before
    /// the closure runs, so the closure may use the arena. If it panics, the memory is lost until
    /// the arena ends.
    ///
    /// # Panics
    /// If the memory cannot be had, before the closure is called.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let table = arena.alloc_with(|| [*arena.alloc(1); 1000]);
    /// assert_eq!(table[999], 1);
    /// ```
    #[inline]
    pub fn alloc_with<T>(&self, make: impl FnOnce() -> T) -> &mut T {
        const { assert_no_drop::<T>() };
        match value_of(&self.bump, make) {
            Ok(value) => value,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`alloc_with`](Arena::alloc_with), with an error where that panics.
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had; the closure is not called then.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// arena.set_limit(Some(0));
    /// assert!(arena.try_alloc_with(|| -> u8 { unreachable!() }).is_err());
    /// ```
    #[inline]
    pub fn try_alloc_with<T>(&self, make: impl FnOnce() -> T) -> Result<&mut T, AllocError> {
        const { assert_no_drop::<T>() };
        value_of(&self.bump, make)
    }

    /// Hands out uninitialised memory of this layout: any size, any alignment. A layout of size 0
    /// takes no memory, and the result is aligned and dangling.
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// use std::alloc::Layout;
    ///
    /// let arena = py_arena::Arena::new();
    /// let page = arena.alloc_layout(Layout::from_size_align(100, 4096).unwrap());
    /// assert_eq!(page.addr().get() % 4096, 0);
    /// ```
    #[inline]
    pub fn alloc_layout(&self, layout: Layout) -> NonNull<u8> {
        match self.try_alloc_layout(layout) {
            Ok(memory) => memory,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`alloc_layout`](Arena::alloc_layout), with an error where that panics.
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// use std::alloc::Layout;
    ///
    /// let arena = py_arena::Arena::new();
    /// let huge = Layout::from_size_align(isize::MAX as usize - 7, 8).unwrap();
    /// assert!(arena.try_alloc_layout(huge).is_err());
    /// ```
    #[inline]
    pub fn try_alloc_layout(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        memory_of(&self.bump, layout)
    }
}
