//! [`ArenaBox`]: a value in an arena that its owner drops, not the arena.

use crate::alloc::value_of;
use crate::arena::Arena;
use crate::error::{AllocError, out_of_memory};
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

/// A value in an arena that is dropped when its box goes out of scope. Its memory stays until the
/// arena is reset or ends. Unlike [`Owned`](crate::Owned), the value may borrow from that arena. A
/// box is one word, or two for an unsized type. [`Arena::alloc_box`] makes it.
///
/// # Examples
/// ```
/// use py_arena::{Arena, ArenaBox};
///
/// struct Node<'a> {
///     name: &'a str,
///     lines: Vec<u32>, // needs drop
///     next: Option<ArenaBox<'a, Node<'a>>>,
/// }
///
/// let arena = Arena::new();
/// let tail = Node { name: arena.alloc_str("tail"), lines: vec![1, 2], next: None };
/// let tail = arena.alloc_box(tail);
/// let head = arena.alloc_box(Node { name: "head", lines: vec![3], next: Some(tail) });
/// let next = head.next.as_ref().unwrap();
/// assert_eq!((head.name, next.name, next.lines.len()), ("head", "tail", 2));
/// ```
pub struct ArenaBox<'a, T: ?Sized> {
    /// X1: points at a live value in an arena that is borrowed for `'a`, and may write to it. No
    /// other pointer to the value is used while the box lives.
    value: NonNull<T>,
    owns: PhantomData<(&'a (), T)>,
}

// SAFETY: X1: a box owns its value, the value is `Send`, and the box gives no access to the arena.
unsafe impl<T: ?Sized + Send> Send for ArenaBox<'_, T> {}
// SAFETY: X1: a shared box gives shared access to the value alone, and the value is `Sync`.
unsafe impl<T: ?Sized + Sync> Sync for ArenaBox<'_, T> {}

impl<O> Arena<O> {
    /// Moves a value into the arena, to be dropped by the box. Takes values that need drop and
    /// values that borrow from this arena.
    ///
    /// # Panics
    /// If the memory cannot be had; the value is dropped then.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let mut list = arena.alloc_box(vec![1]);
    /// list.push(2);
    /// assert_eq!(*list, [1, 2]);
    /// ```
    #[inline]
    pub fn alloc_box<T>(&self, value: T) -> ArenaBox<'_, T> {
        match self.try_alloc_box(value) {
            Ok(value) => value,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`alloc_box`](Arena::alloc_box), with an error where that panics.
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had; the value is dropped then.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(*arena.try_alloc_box(String::from("spam"))?, "spam");
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    #[inline]
    pub fn try_alloc_box<T>(&self, value: T) -> Result<ArenaBox<'_, T>, AllocError> {
        let value = value_of(&self.bump, || value)?;
        Ok(ArenaBox {
            value: NonNull::from(value),
            owns: PhantomData,
        })
    }
}

impl<'a, T> ArenaBox<'a, T> {
    /// Moves the value out.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let text: String = arena.alloc_box(String::from("spam")).into_inner();
    /// assert_eq!(text, "spam");
    /// ```
    #[must_use]
    pub fn into_inner(self) -> T {
        // SAFETY: X1: the value is live, and the box that would drop it is gone.
        unsafe { self.into_raw().read() }
    }
}

impl<'a, T: ?Sized> ArenaBox<'a, T> {
    /// The value, for as long as the arena is borrowed. It is never dropped.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let number: &mut i32 = arena.alloc_box(7).leak();
    /// assert_eq!(*number, 7);
    /// ```
    #[must_use]
    pub fn leak(self) -> &'a mut T {
        // SAFETY: X1: the value is live, it may be written for `'a`, and its box is gone.
        unsafe { &mut *self.into_raw().as_ptr() }
    }

    /// The pointer, for example for a cast to a trait object or a slice.
    /// [`from_raw`](ArenaBox::from_raw) makes a box of it again.
    ///
    /// # Examples
    /// ```
    /// use py_arena::{Arena, ArenaBox};
    /// use std::{fmt::Display, ptr::NonNull};
    ///
    /// let arena = Arena::new();
    /// let raw: NonNull<dyn Display> = arena.alloc_box(7).into_raw();
    /// // SAFETY: the pointer of a box, used once, while the arena is borrowed.
    /// let shown: ArenaBox<'_, dyn Display> = unsafe { ArenaBox::from_raw(raw) };
    /// assert_eq!(shown.to_string(), "7");
    /// ```
    #[must_use]
    pub fn into_raw(self) -> NonNull<T> {
        ManuallyDrop::new(self).value
    }

    /// Makes a box of a pointer that [`into_raw`](ArenaBox::into_raw) gave.
    ///
    /// # Safety
    /// The pointer comes from `into_raw`, perhaps cast to another type of the same value. It is
    /// passed here once. The arena stays borrowed for `'a`.
    ///
    /// # Examples
    /// ```
    /// use py_arena::{Arena, ArenaBox};
    ///
    /// let arena = Arena::new();
    /// let raw = arena.alloc_box(String::from("spam")).into_raw();
    /// // SAFETY: the pointer of a box, used once, while the arena is borrowed.
    /// let text = unsafe { ArenaBox::from_raw(raw) };
    /// assert_eq!(*text, "spam");
    /// ```
    #[must_use]
    pub unsafe fn from_raw(value: NonNull<T>) -> ArenaBox<'a, T> {
        ArenaBox {
            value,
            owns: PhantomData,
        }
    }
}

impl<T: ?Sized> Drop for ArenaBox<'_, T> {
    fn drop(&mut self) {
        // SAFETY: X1: the value is live and ours, and it is not used again.
        unsafe { self.value.drop_in_place() };
    }
}

impl<T: ?Sized> Deref for ArenaBox<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: X1: the value is live, and no other pointer to it is used meanwhile.
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for ArenaBox<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: X1: the value is live, may be written, and no other pointer to it is used
        // meanwhile.
        unsafe { self.value.as_mut() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for ArenaBox<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for ArenaBox<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + PartialEq> PartialEq for ArenaBox<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: ?Sized + Eq> Eq for ArenaBox<'_, T> {}
