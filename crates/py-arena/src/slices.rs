//! Strings and slices from an arena.

use crate::alloc::assert_no_drop;
use crate::arena::Arena;
use crate::bump::{Reserve, Resize};
use crate::copy;
use crate::error::{AllocError, out_of_memory};
use crate::fill::{AllocOrInitError, always, served};
use crate::raw_vec::RawVec;
use core::alloc::Layout;
use core::mem;
use core::ptr::NonNull;
use core::slice;

/// Every method hands out exclusive memory: each piece is handed out once.
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

    /// Collects an iterator into the arena. The iterator may use the arena, and it may panic.
    /// Memory that is outgrown in such a case is lost until the arena ends. A type that needs drop
    /// is refused at compile time.
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
    /// [`AllocError`] if the memory cannot be had. The values so far are lost.
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

    /// Collects an iterator into the arena, up to the first error. After an error the memory is
    /// taken back, unless something else was allocated since. The iterator may use the arena.
    ///
    /// # Errors
    /// The first error of the iterator.
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let numbers = |text: &'static str| text.split(' ').map(|word| word.parse::<u32>());
    /// assert_eq!(arena.alloc_slice_try_from_iter(numbers("1 2")), Ok(&mut [1, 2][..]));
    /// assert!(arena.alloc_slice_try_from_iter(numbers("1 x")).is_err());
    /// assert_eq!(arena.stats().total_allocs, 1);
    /// ```
    #[doc(alias = "alloc_slice_try_fill_iter")]
    pub fn alloc_slice_try_from_iter<T, E>(
        &self,
        from: impl IntoIterator<Item = Result<T, E>>,
    ) -> Result<&mut [T], E> {
        const { assert_no_drop::<T>() };
        served(try_collect(&self.bump, from.into_iter()))
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
        // SAFETY: the memory was reserved for this many values, and `clone` cannot get it (I2).
        unsafe { to.add(i).write(value.clone()) };
    }
    // SAFETY: all values were just written. The caller bounds `'a` by the arena's borrow.
    Ok(unsafe { slice::from_raw_parts_mut(to.as_ptr(), from.len()) })
}

/// Collects an iterator. The caller bounds `'a` by the arena's borrow.
pub(crate) fn collect<'a, 'p, T, P: Resize>(
    place: &'p P,
    from: impl IntoIterator<Item = T>,
) -> Result<&'a mut [T], AllocError>
where
    &'p P: Reserve,
{
    let collected = try_collect::<_, core::convert::Infallible, _>(place, from.into_iter().map(Ok));
    always(collected)
}

/// As `collect`, up to the first error of the iterator.
pub(crate) fn try_collect<'a, 'p, T, E, P: Resize>(
    place: &'p P,
    from: impl Iterator<Item = Result<T, E>>,
) -> Result<&'a mut [T], AllocOrInitError<E>>
where
    &'p P: Reserve,
{
    let mut filling = Filling::new(place, from.size_hint().0).map_err(AllocOrInitError::Alloc)?;
    for value in from {
        let value = value.map_err(AllocOrInitError::Init)?;
        filling.push(value).map_err(AllocOrInitError::Alloc)?;
    }
    Ok(filling.finish())
}

/// A slice under construction. If it is dropped unfinished, its memory is given back.
struct Filling<'p, T, P: Resize>(RawVec<'p, T, P>)
where
    &'p P: Reserve;

impl<'p, T, P: Resize> Filling<'p, T, P>
where
    &'p P: Reserve,
{
    fn new(place: &'p P, expected: usize) -> Result<Self, AllocError> {
        RawVec::with_room(place, expected).map(Filling)
    }

    #[inline]
    fn push(&mut self, value: T) -> Result<(), AllocError> {
        self.0.push(value)
    }

    fn finish<'a>(self) -> &'a mut [T] {
        let slice = self.0;
        mem::forget(self);
        slice.finish()
    }
}

/// Runs if the iterator failed or panicked, or if there was no memory.
impl<'p, T, P: Resize> Drop for Filling<'p, T, P>
where
    &'p P: Reserve,
{
    fn drop(&mut self) {
        self.0.place.undo(self.0.start.cast(), self.0.bytes());
    }
}
