//! Slices from a claim: the methods of `Arena`.

use super::Claim;
use crate::alloc::assert_no_drop;
use crate::error::{AllocError, out_of_memory};
use crate::fill::{always, fill, served};
use crate::slices::{clone_of, collect, try_collect};

impl<'a> Claim<'a> {
    /// As [`Arena::alloc_slice_clone`](crate::Arena::alloc_slice_clone).
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.claim().alloc_slice_clone(&[Some('a'), None]), [Some('a'), None]);
    /// ```
    pub fn alloc_slice_clone<T: Clone>(&self, from: &[T]) -> &'a mut [T] {
        const { assert_no_drop::<T>() };
        match self.try_alloc_slice_clone(from) {
            Ok(slice) => slice,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`alloc_slice_clone`](Claim::alloc_slice_clone), with an error where that panics.
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.claim().try_alloc_slice_clone(&[Some('a'), None])?, [Some('a'), None]);
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    pub fn try_alloc_slice_clone<T: Clone>(&self, from: &[T]) -> Result<&'a mut [T], AllocError> {
        const { assert_no_drop::<T>() };
        clone_of(self, from)
    }

    /// As [`Arena::alloc_slice_from_iter`](crate::Arena::alloc_slice_from_iter).
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.claim().alloc_slice_from_iter(0..3), [0, 1, 2]);
    /// ```
    pub fn alloc_slice_from_iter<T>(&self, from: impl IntoIterator<Item = T>) -> &'a mut [T] {
        const { assert_no_drop::<T>() };
        match self.try_alloc_slice_from_iter(from) {
            Ok(slice) => slice,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`alloc_slice_from_iter`](Claim::alloc_slice_from_iter), with an error where that panics.
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.claim().try_alloc_slice_from_iter(0..3)?, [0, 1, 2]);
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    pub fn try_alloc_slice_from_iter<T>(
        &self,
        from: impl IntoIterator<Item = T>,
    ) -> Result<&'a mut [T], AllocError> {
        const { assert_no_drop::<T>() };
        collect(self, from)
    }

    /// As [`Arena::alloc_slice_fill_with`](crate::Arena::alloc_slice_fill_with).
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.claim().alloc_slice_fill_with(3, |i| i * i), [0, 1, 4]);
    /// ```
    pub fn alloc_slice_fill_with<T>(
        &self,
        len: usize,
        make: impl FnMut(usize) -> T,
    ) -> &'a mut [T] {
        const { assert_no_drop::<T>() };
        match self.try_alloc_slice_fill_with(len, make) {
            Ok(slice) => slice,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`alloc_slice_fill_with`](Claim::alloc_slice_fill_with), with an error where that panics.
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.claim().try_alloc_slice_fill_with(3, |i| i * i)?, [0, 1, 4]);
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    pub fn try_alloc_slice_fill_with<T>(
        &self,
        len: usize,
        mut make: impl FnMut(usize) -> T,
    ) -> Result<&'a mut [T], AllocError> {
        const { assert_no_drop::<T>() };
        always(fill(self, len, |i| Ok(make(i))))
    }

    /// As [`Arena::alloc_slice_fill_copy`](crate::Arena::alloc_slice_fill_copy).
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.claim().alloc_slice_fill_copy(2, 'x'), ['x', 'x']);
    /// ```
    pub fn alloc_slice_fill_copy<T: Copy>(&self, len: usize, value: T) -> &'a mut [T] {
        const { assert_no_drop::<T>() };
        match self.try_alloc_slice_fill_copy(len, value) {
            Ok(slice) => slice,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`alloc_slice_fill_copy`](Claim::alloc_slice_fill_copy), with an error where that panics.
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.claim().try_alloc_slice_fill_copy(2, 'x')?, ['x', 'x']);
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    pub fn try_alloc_slice_fill_copy<T: Copy>(
        &self,
        len: usize,
        value: T,
    ) -> Result<&'a mut [T], AllocError> {
        const { assert_no_drop::<T>() };
        always(fill(self, len, |_| Ok(value)))
    }

    /// As [`Arena::alloc_slice_fill_clone`](crate::Arena::alloc_slice_fill_clone).
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.claim().alloc_slice_fill_clone(2, &Some(1)), [Some(1), Some(1)]);
    /// ```
    pub fn alloc_slice_fill_clone<T: Clone>(&self, len: usize, value: &T) -> &'a mut [T] {
        const { assert_no_drop::<T>() };
        match self.try_alloc_slice_fill_clone(len, value) {
            Ok(slice) => slice,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`alloc_slice_fill_clone`](Claim::alloc_slice_fill_clone), with an error where that
    /// panics.
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.claim().try_alloc_slice_fill_clone(2, &Some(1))?, [Some(1), Some(1)]);
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    pub fn try_alloc_slice_fill_clone<T: Clone>(
        &self,
        len: usize,
        value: &T,
    ) -> Result<&'a mut [T], AllocError> {
        const { assert_no_drop::<T>() };
        always(fill(self, len, |_| Ok(value.clone())))
    }

    /// As [`Arena::alloc_slice_fill_default`](crate::Arena::alloc_slice_fill_default).
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.claim().alloc_slice_fill_default::<u8>(2), [0, 0]);
    /// ```
    pub fn alloc_slice_fill_default<T: Default>(&self, len: usize) -> &'a mut [T] {
        const { assert_no_drop::<T>() };
        match self.try_alloc_slice_fill_default(len) {
            Ok(slice) => slice,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`alloc_slice_fill_default`](Claim::alloc_slice_fill_default), with an error where that
    /// panics.
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.claim().try_alloc_slice_fill_default::<u8>(2)?, [0, 0]);
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    pub fn try_alloc_slice_fill_default<T: Default>(
        &self,
        len: usize,
    ) -> Result<&'a mut [T], AllocError> {
        const { assert_no_drop::<T>() };
        always(fill(self, len, |_| Ok(T::default())))
    }

    /// As [`Arena::alloc_slice_try_fill_with`](crate::Arena::alloc_slice_try_fill_with).
    ///
    /// # Errors
    /// The closure's error.
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let words = ["1", "x"];
    /// let claim = arena.claim();
    /// assert!(claim.alloc_slice_try_fill_with(2, |i| words[i].parse::<u8>()).is_err());
    /// ```
    pub fn alloc_slice_try_fill_with<T, E>(
        &self,
        len: usize,
        make: impl FnMut(usize) -> Result<T, E>,
    ) -> Result<&'a mut [T], E> {
        const { assert_no_drop::<T>() };
        served(fill(self, len, make))
    }

    /// As [`Arena::alloc_slice_try_from_iter`](crate::Arena::alloc_slice_try_from_iter).
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
    /// let words = ["1", "2"].map(|word| word.parse::<u8>());
    /// assert_eq!(arena.claim().alloc_slice_try_from_iter(words), Ok(&mut [1, 2][..]));
    /// ```
    pub fn alloc_slice_try_from_iter<T, E>(
        &self,
        from: impl IntoIterator<Item = Result<T, E>>,
    ) -> Result<&'a mut [T], E> {
        const { assert_no_drop::<T>() };
        served(try_collect(self, from.into_iter()))
    }
}
