//! [`Owned`]: values of mixed types that an arena holds and drops.

use crate::alloc::memory_of;
use crate::arena::Arena;
use crate::bump::Resize;
use crate::error::{AllocError, out_of_memory};
use core::alloc::Layout;
use core::any::Any;
use core::fmt;
use core::ops::Deref;
use core::ptr::NonNull;

/// The record of a value of any type in an arena's blocks. An `Arena<Owned>` owns such records, and
/// drops the values with them. A record is two words: a pointer to the value, and its vtable.
///
/// [`alloc_object`](Arena::alloc_object) makes it, and [`Arena::objects`] shows it. `D` is `dyn
/// Any`, or `dyn Any + Send` for an arena that moves between threads.
///
/// # Examples
/// ```
/// use py_arena::{Arena, Owned};
///
/// let heap: Arena<Owned> = Arena::with_objects();
/// heap.alloc_object(String::from("text"));
/// heap.alloc_object(vec![1, 2]);
/// let texts = heap.objects().filter_map(|value| value.downcast_ref::<String>());
/// assert_eq!(texts.collect::<Vec<_>>(), ["text"]);
/// ```
pub struct Owned<D: ?Sized = dyn Any> {
    /// U1: points at a live value in the blocks of the arena that holds this record, with the
    /// block's provenance; only shared references to it exist until it is dropped.
    value: NonNull<D>,
}

// SAFETY: U1: the record owns the value, which is `Send`.
unsafe impl<D: ?Sized + Send> Send for Owned<D> {}

impl<D: ?Sized> Deref for Owned<D> {
    type Target = D;

    fn deref(&self) -> &D {
        // SAFETY: U1: the value is live, and only shared references to it exist.
        unsafe { self.value.as_ref() }
    }
}

impl<D: ?Sized> Drop for Owned<D> {
    fn drop(&mut self) {
        // SAFETY: U1: the value is live. The arena drops its records before it frees or reuses its
        // blocks, and no record can be taken out of the arena.
        unsafe { self.value.drop_in_place() };
    }
}

impl<D: ?Sized> fmt::Debug for Owned<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owned")
            .field("size", &size_of_val(&**self))
            .finish_non_exhaustive()
    }
}

impl<D: ?Sized> Arena<Owned<D>> {
    fn place<T>(
        &self,
        value: T,
        erase: impl FnOnce(NonNull<T>) -> NonNull<D>,
    ) -> Result<&T, (AllocError, T)> {
        // The record's slot is reserved first, because it can be given back. Memory that has opened
        // a block cannot: the arena would not be as it was.
        let Ok(made) = self.objects.make_room(&self.bump) else {
            return Err((AllocError, value));
        };
        let Ok(slot) = memory_of(&self.bump, Layout::new::<T>()) else {
            self.objects.unmake_room(&self.bump, made);
            return Err((AllocError, value));
        };
        let slot = slot.cast::<T>();
        // SAFETY: the memory is fresh and has `T`'s layout.
        unsafe { slot.write(value) };
        match self.objects.push(&self.bump, Owned { value: erase(slot) }) {
            // SAFETY: U1: the value lives until the arena drops it, and stays where it is.
            Ok(_) => Ok(unsafe { slot.as_ref() }),
            // O4: the allocator has used the slot for an object of its own, and there is no other.
            Err((error, record)) => {
                core::mem::forget(record);
                // SAFETY: the value was written above, and its record was forgotten, so it is not
                // dropped twice.
                let value = unsafe { slot.read() };
                self.bump.undo(slot.cast(), size_of::<T>());
                Err((error, value))
            }
        }
    }
}

macro_rules! alloc_object {
    ($dyn:ty, $($bound:tt)+) => {
        impl Arena<Owned<$dyn>> {
            /// Moves a value into the arena, to be dropped with it, last in first out. Unlike
            /// [`alloc`](Arena::alloc), this takes values that need drop.
            ///
            /// # Panics
            /// If the memory cannot be had; the value is dropped then.
            ///
            /// # Examples
            /// ```
            /// use py_arena::{Arena, Owned};
            /// use std::{any::Any, cell::RefCell};
            ///
            #[doc = concat!("let heap: Arena<Owned<", stringify!($dyn), ">> = Arena::with_objects();")]
            /// let list = heap.alloc_object(RefCell::new(vec![1]));
            /// list.borrow_mut().push(2);
            /// assert_eq!(heap.objects().len(), 1);
            /// ```
            pub fn alloc_object<T: $($bound)+>(&self, value: T) -> &T {
                match self.try_alloc_object(value) {
                    Ok(value) => value,
                    Err(_) => out_of_memory(),
                }
            }

            /// As [`alloc_object`](Self::alloc_object), but gives the value back where the memory
            /// cannot be had.
            ///
            /// # Errors
            /// [`AllocError`] with the value.
            ///
            /// # Examples
            /// ```
            /// use py_arena::{Arena, Owned};
            /// use std::any::Any;
            ///
            #[doc = concat!("let heap: Arena<Owned<", stringify!($dyn), ">> = Arena::with_objects();")]
            /// heap.set_limit(Some(0));
            /// let (_, value) = heap.try_alloc_object(vec![1]).unwrap_err();
            /// assert_eq!(value, [1]);
            /// ```
            pub fn try_alloc_object<T: $($bound)+>(
                &self,
                value: T,
            ) -> Result<&T, (AllocError, T)> {
                self.place(value, |slot| {
                    let slot: *mut $dyn = slot.as_ptr();
                    // SAFETY: it was a `NonNull` before its type was erased.
                    unsafe { NonNull::new_unchecked(slot) }
                })
            }
        }
    };
}

alloc_object!(dyn Any, Any);
alloc_object!(dyn Any + Send, Any + Send);
