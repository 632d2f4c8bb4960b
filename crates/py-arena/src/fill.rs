//! Slices that are filled with one value or by a closure, values whose closure may fail, and
//! capacity in advance.

use crate::alloc::assert_no_drop;
use crate::arena::{Arena, NoObjects};
use crate::bump::{Reserve, Resize};
use crate::error::{AllocError, out_of_memory};
use crate::policy::BlockPolicy;
use core::alloc::Layout;
use core::fmt;
use core::ptr::NonNull;
use core::slice;

/// Why [`Arena::try_alloc_try_with`] made no value.
///
/// # Examples
/// ```
/// use py_arena::{AllocOrInitError, Arena};
///
/// let arena = Arena::new();
/// let made = arena.try_alloc_try_with(|| "x".parse::<u32>());
/// assert!(matches!(made, Err(AllocOrInitError::Init(_))));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AllocOrInitError<E> {
    /// There is no memory. The closure was not called.
    Alloc(AllocError),
    /// The closure's error.
    Init(E),
}

impl<E: fmt::Display> fmt::Display for AllocOrInitError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AllocOrInitError::Alloc(error) => error.fmt(f),
            AllocOrInitError::Init(error) => error.fmt(f),
        }
    }
}

impl<E: core::error::Error> core::error::Error for AllocOrInitError<E> {}

/// Fills a slice, in order. If `make` fails, the memory is taken back where nothing else was
/// allocated since. The caller bounds `'a` by the arena's borrow.
pub(crate) fn fill<'a, 'p, T, E, P: Resize>(
    bump: &'p P,
    len: usize,
    mut make: impl FnMut(usize) -> Result<T, E>,
) -> Result<&'a mut [T], AllocOrInitError<E>>
where
    &'p P: Reserve,
{
    let error = AllocOrInitError::Alloc(AllocError);
    let Ok(layout) = Layout::array::<T>(len) else {
        return Err(error);
    };
    let mut place = bump;
    let to: NonNull<T> = if layout.size() == 0 {
        NonNull::dangling()
    } else {
        let memory = place.reserve_bytes(layout.size(), layout.align());
        memory.map_err(|_| error)?.cast()
    };
    for i in 0..len {
        match make(i) {
            // SAFETY: the memory was reserved for this many values, and `make` cannot get it (I2).
            Ok(value) => unsafe { to.add(i).write(value) },
            Err(error) => {
                bump.undo(to.cast(), layout.size());
                return Err(AllocOrInitError::Init(error));
            }
        }
    }
    // SAFETY: all values were just written, and the memory is handed out here for the first time.
    Ok(unsafe { slice::from_raw_parts_mut(to.as_ptr(), len) })
}

pub(crate) fn served<T, E>(result: Result<T, AllocOrInitError<E>>) -> Result<T, E> {
    match result {
        Ok(value) => Ok(value),
        Err(AllocOrInitError::Init(error)) => Err(error),
        Err(AllocOrInitError::Alloc(_)) => out_of_memory(),
    }
}

pub(crate) fn always<T>(
    result: Result<T, AllocOrInitError<core::convert::Infallible>>,
) -> Result<T, AllocError> {
    result.map_err(|error| match error {
        AllocOrInitError::Alloc(error) => error,
        AllocOrInitError::Init(never) => match never {},
    })
}

impl<O> Arena<O> {
    /// Makes an arena with growing blocks, and allocates the first one, with room for this many
    /// bytes.
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::with_capacity(100_000);
    /// assert!(arena.remaining_capacity() >= 100_000);
    /// arena.alloc_slice_fill_copy(100_000, 0_u8);
    /// assert_eq!(arena.stats().total_blocks, 1);
    /// ```
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Arena<O>
    where
        (): NoObjects<O>,
    {
        match Arena::try_with_capacity(bytes) {
            Ok(arena) => arena,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`with_capacity`](Arena::with_capacity), with an error where that panics.
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// use py_arena::Arena;
    ///
    /// assert!(Arena::try_with_capacity(1000).is_ok());
    /// assert!(Arena::try_with_capacity(usize::MAX).is_err());
    /// ```
    pub fn try_with_capacity(bytes: usize) -> Result<Arena<O>, AllocError>
    where
        (): NoObjects<O>,
    {
        let arena = Arena::with_policy(BlockPolicy::GROWING);
        arena.bump.reserve_block(bytes)?;
        Ok(arena)
    }
}

/// Every method hands out exclusive memory: each piece is handed out once.
#[allow(clippy::mut_from_ref)]
impl<O> Arena<O> {
    /// Makes a value in place with a closure that may fail. The memory is reserved before the
    /// closure runs, so the closure may use the arena. If the closure fails, the memory is taken
    /// back, unless something else was allocated since.
    ///
    /// # Errors
    /// The closure's error.
    ///
    /// # Panics
    /// If the memory cannot be had, before the closure is called.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.alloc_try_with(|| "7".parse::<u32>()), Ok(&mut 7));
    /// assert!(arena.alloc_try_with(|| "x".parse::<u32>()).is_err());
    /// assert_eq!(arena.stats().total_allocs, 1);
    /// ```
    #[inline]
    pub fn alloc_try_with<T, E>(&self, make: impl FnOnce() -> Result<T, E>) -> Result<&mut T, E> {
        const { assert_no_drop::<T>() };
        served(self.make(make))
    }

    /// As [`alloc_try_with`](Arena::alloc_try_with), with an error where that panics.
    ///
    /// # Errors
    /// [`AllocOrInitError`]: there is no memory, or the closure failed.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert!(arena.try_alloc_try_with(|| "7".parse::<u32>()).is_ok());
    /// ```
    #[inline]
    pub fn try_alloc_try_with<T, E>(
        &self,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<&mut T, AllocOrInitError<E>> {
        const { assert_no_drop::<T>() };
        self.make(make)
    }

    fn make<T, E>(
        &self,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<&mut T, AllocOrInitError<E>> {
        let mut place = &self.bump;
        let slot = place.reserve::<T>().map_err(AllocOrInitError::Alloc)?;
        match make() {
            // SAFETY: the memory was reserved for a `T`, and `make` cannot get it (I2).
            Ok(value) => unsafe {
                slot.write(value);
                Ok(&mut *slot.as_ptr())
            },
            Err(error) => {
                self.bump.undo(slot.cast(), size_of::<T>());
                Err(AllocOrInitError::Init(error))
            }
        }
    }

    /// A slice of the closure's results for each index, in order. The closure may use the arena.
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.alloc_slice_fill_with(3, |i| i * i), [0, 1, 4]);
    /// ```
    pub fn alloc_slice_fill_with<T>(
        &self,
        len: usize,
        mut make: impl FnMut(usize) -> T,
    ) -> &mut [T] {
        const { assert_no_drop::<T>() };
        match always(fill(&self.bump, len, |i| Ok(make(i)))) {
            Ok(slice) => slice,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`alloc_slice_fill_with`](Arena::alloc_slice_fill_with), with an error where that panics.
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.try_alloc_slice_fill_with(2, |i| i)?, [0, 1]);
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    pub fn try_alloc_slice_fill_with<T>(
        &self,
        len: usize,
        mut make: impl FnMut(usize) -> T,
    ) -> Result<&mut [T], AllocError> {
        const { assert_no_drop::<T>() };
        always(fill(&self.bump, len, |i| Ok(make(i))))
    }

    /// A slice of copies of one value.
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.alloc_slice_fill_copy(3, 'x'), ['x'; 3]);
    /// ```
    pub fn alloc_slice_fill_copy<T: Copy>(&self, len: usize, value: T) -> &mut [T] {
        const { assert_no_drop::<T>() };
        match always(fill(&self.bump, len, |_| Ok(value))) {
            Ok(slice) => slice,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`alloc_slice_fill_copy`](Arena::alloc_slice_fill_copy), with an error where that panics.
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.try_alloc_slice_fill_copy(2, 7)?, [7, 7]);
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    pub fn try_alloc_slice_fill_copy<T: Copy>(
        &self,
        len: usize,
        value: T,
    ) -> Result<&mut [T], AllocError> {
        const { assert_no_drop::<T>() };
        always(fill(&self.bump, len, |_| Ok(value)))
    }

    /// A slice of clones of one value. `clone` may use the arena.
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.alloc_slice_fill_clone(2, &Some('x')), [Some('x'); 2]);
    /// ```
    pub fn alloc_slice_fill_clone<T: Clone>(&self, len: usize, value: &T) -> &mut [T] {
        const { assert_no_drop::<T>() };
        match always(fill(&self.bump, len, |_| Ok(value.clone()))) {
            Ok(slice) => slice,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`alloc_slice_fill_clone`](Arena::alloc_slice_fill_clone), with an error where that
    /// panics.
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.try_alloc_slice_fill_clone(2, &7)?, [7, 7]);
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    pub fn try_alloc_slice_fill_clone<T: Clone>(
        &self,
        len: usize,
        value: &T,
    ) -> Result<&mut [T], AllocError> {
        const { assert_no_drop::<T>() };
        always(fill(&self.bump, len, |_| Ok(value.clone())))
    }

    /// A slice of default values.
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.alloc_slice_fill_default::<u32>(3), [0; 3]);
    /// ```
    pub fn alloc_slice_fill_default<T: Default>(&self, len: usize) -> &mut [T] {
        const { assert_no_drop::<T>() };
        match always(fill(&self.bump, len, |_| Ok(T::default()))) {
            Ok(slice) => slice,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`alloc_slice_fill_default`](Arena::alloc_slice_fill_default), with an error where that
    /// panics.
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.try_alloc_slice_fill_default::<u8>(2)?, [0, 0]);
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    pub fn try_alloc_slice_fill_default<T: Default>(
        &self,
        len: usize,
    ) -> Result<&mut [T], AllocError> {
        const { assert_no_drop::<T>() };
        always(fill(&self.bump, len, |_| Ok(T::default())))
    }

    /// A slice of the closure's results for each index, until the closure fails.
    ///
    /// # Errors
    /// The closure's error. The memory is then taken back, unless something else was allocated
    /// since.
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let words = ["1", "2", "x"];
    /// assert_eq!(arena.alloc_slice_try_fill_with(2, |i| words[i].parse::<u8>()), Ok(&mut [1, 2][..]));
    /// assert!(arena.alloc_slice_try_fill_with(3, |i| words[i].parse::<u8>()).is_err());
    /// ```
    pub fn alloc_slice_try_fill_with<T, E>(
        &self,
        len: usize,
        make: impl FnMut(usize) -> Result<T, E>,
    ) -> Result<&mut [T], E> {
        const { assert_no_drop::<T>() };
        served(fill(&self.bump, len, make))
    }
}
