//! [`ArenaVec`]: a vector in an arena that needs no drop, so a node may hold it.

use crate::alloc::assert_no_drop;
use crate::arena::Arena;
use crate::error::{AllocError, out_of_memory};
use crate::raw_vec::RawVec;
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::slice;

/// A growable slice in an arena. It runs no destructor and refuses values that need one, so values
/// for [`alloc`](Arena::alloc) may hold it. While it is the last allocation, it grows in place.
/// Otherwise it moves, and its old memory stays until the arena is reset or ends.
///
/// It dereferences to a slice. For a vector that drops its values, use allocator-api2's (feature
/// `allocator-api2`) or a `Vec` in an [`ArenaBox`](crate::ArenaBox).
///
/// # Examples
/// ```
/// use py_arena::{Arena, ArenaVec};
///
/// struct Node<'a> {
///     children: ArenaVec<'a, &'a Node<'a>>,
/// }
///
/// let arena = Arena::new();
/// let root = arena.alloc(Node { children: ArenaVec::new_in(&arena) });
/// for _ in 0..10 {
///     root.children.push(arena.alloc(Node { children: ArenaVec::new_in(&arena) }));
/// }
/// assert_eq!(root.children.len(), 10);
/// assert!(root.children.iter().all(|child| child.children.is_empty()));
/// ```
pub struct ArenaVec<'a, T> {
    raw: RawVec<'a, T>,
    owns: PhantomData<T>,
}

impl<'a, T> ArenaVec<'a, T> {
    /// An empty vector. Takes no memory until something is pushed.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let empty: py_arena::ArenaVec<'_, u8> = py_arena::ArenaVec::new_in(&arena);
    /// assert!(empty.is_empty());
    /// ```
    #[must_use]
    pub fn new_in<O>(arena: &'a Arena<O>) -> ArenaVec<'a, T> {
        const { assert_no_drop::<T>() };
        ArenaVec::with_raw(RawVec::with_room(&arena.bump, 0))
    }

    /// An empty vector with room for this many values.
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let some = py_arena::ArenaVec::<u64>::with_capacity_in(10, &arena);
    /// assert!(some.capacity() >= 10);
    /// ```
    #[must_use]
    pub fn with_capacity_in<O>(capacity: usize, arena: &'a Arena<O>) -> ArenaVec<'a, T> {
        const { assert_no_drop::<T>() };
        ArenaVec::with_raw(RawVec::with_room(&arena.bump, capacity))
    }

    fn with_raw(raw: Result<RawVec<'a, T>, AllocError>) -> ArenaVec<'a, T> {
        match raw {
            Ok(raw) => ArenaVec {
                raw,
                owns: PhantomData,
            },
            Err(_) => out_of_memory(),
        }
    }

    /// Adds a value at the end.
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let mut list = py_arena::ArenaVec::new_in(&arena);
    /// list.push(1);
    /// assert_eq!(*list, [1]);
    /// ```
    #[inline]
    pub fn push(&mut self, value: T) {
        if self.try_push(value).is_err() {
            out_of_memory();
        }
    }

    /// As [`push`](ArenaVec::push), with an error where that panics.
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had; the vector is as it was.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let mut list = py_arena::ArenaVec::new_in(&arena);
    /// arena.set_limit(Some(0));
    /// assert!(list.try_push(1).is_err());
    /// ```
    #[inline]
    pub fn try_push(&mut self, value: T) -> Result<(), AllocError> {
        self.raw.push(value)
    }

    /// Takes the last value off.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let mut list = py_arena::vec![in &arena; 1, 2];
    /// assert_eq!((list.pop(), list.pop(), list.pop()), (Some(2), Some(1), None));
    /// ```
    pub fn pop(&mut self) -> Option<T> {
        let last = self.raw.len.checked_sub(1)?;
        self.raw.len = last;
        // SAFETY: the value was initialised, and the shorter length takes it out of the vector.
        Some(unsafe { self.raw.start.add(last).read() })
    }

    /// Makes room for this many more values.
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let mut list = py_arena::vec![in &arena; 1];
    /// list.reserve(100);
    /// assert!(list.capacity() >= 101);
    /// ```
    pub fn reserve(&mut self, more: usize) {
        let Some(need) = self.raw.len.checked_add(more) else {
            out_of_memory();
        };
        if need > self.raw.room
            && self
                .raw
                .grow(need.max(self.raw.room.saturating_mul(2)))
                .is_err()
        {
            out_of_memory();
        }
    }

    /// Adds copies of these values at the end.
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let mut list = py_arena::vec![in &arena; 1];
    /// list.extend_from_slice(&[2, 3]);
    /// assert_eq!(*list, [1, 2, 3]);
    /// ```
    pub fn extend_from_slice(&mut self, values: &[T])
    where
        T: Copy,
    {
        self.reserve(values.len());
        // SAFETY: `reserve` made the room. It belongs to this vector alone, so `values` is
        // elsewhere.
        unsafe {
            let end = self.raw.start.add(self.raw.len);
            end.as_ptr()
                .copy_from_nonoverlapping(values.as_ptr(), values.len());
        }
        self.raw.len += values.len();
    }

    /// Forgets the values from this one on.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let mut list = py_arena::vec![in &arena; 1, 2, 3];
    /// list.truncate(1);
    /// assert_eq!(*list, [1]);
    /// ```
    pub fn truncate(&mut self, len: usize) {
        self.raw.len = self.raw.len.min(len);
    }

    /// How many values there is room for.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(py_arena::ArenaVec::<u8>::new_in(&arena).capacity(), 0);
    /// ```
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.raw.room
    }

    /// The values, for as long as the arena is borrowed. The room beyond them is given back if the
    /// vector is the last allocation.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let slice: &mut [i32] = py_arena::vec![in &arena; 1, 2].into_slice();
    /// assert_eq!(slice, [1, 2]);
    /// ```
    #[doc(alias = "into_bump_slice")]
    #[must_use]
    pub fn into_slice(self) -> &'a mut [T] {
        self.raw.finish()
    }
}

impl<T> Extend<T> for ArenaVec<'_, T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        for value in values {
            self.push(value);
        }
    }
}

impl<T> Deref for ArenaVec<'_, T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: `len` values are initialised, and they belong to this vector alone.
        unsafe { slice::from_raw_parts(self.raw.start.as_ptr(), self.raw.len) }
    }
}

impl<T> DerefMut for ArenaVec<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: `len` values are initialised, they belong to this vector alone, and `&mut self`
        // borrows them for writing.
        unsafe { slice::from_raw_parts_mut(self.raw.start.as_ptr(), self.raw.len) }
    }
}

impl<T: fmt::Debug> fmt::Debug for ArenaVec<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// An [`ArenaVec`] of these values: `vec![in &arena; a, b, c]`, or `vec![in &arena; value; n]`.
///
/// # Examples
/// ```
/// let arena = py_arena::Arena::new();
/// assert_eq!(*py_arena::vec![in &arena; 1, 2], [1, 2]);
/// assert_eq!(*py_arena::vec![in &arena; 7; 3], [7, 7, 7]);
/// ```
#[macro_export]
macro_rules! vec {
    (in $arena:expr; $value:expr; $n:expr) => {{
        let n = $n;
        let mut vec = $crate::ArenaVec::with_capacity_in(n, $arena);
        vec.extend(::core::iter::repeat_n($value, n));
        vec
    }};
    (in $arena:expr $(; $($value:expr),* $(,)?)?) => {{
        #[allow(unused_mut)]
        let mut vec = $crate::ArenaVec::new_in($arena);
        $($(vec.push($value);)*)?
        vec
    }};
}
