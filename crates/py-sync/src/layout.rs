//! The locks as bare bytes and words: `as_ptr` and `from_ptr`, for a runtime that shows a lock to C or
//! embeds it in an object of its own, and the sizes and bits that C's macros count on, checked when the
//! crate is compiled. [`Mutex`]'s two functions are in its own file.

use crate::bits;
use crate::counting_semaphore::Semaphore;
use crate::event::Event;
use crate::flags::{LockFlags, LockStatus, ParkStatus};
use crate::mutex::Mutex;
use crate::once_flag::OnceFlag;
use crate::parking_lot::ParkingLot;
use crate::raw_mutex::RawMutex;
use crate::recursive_mutex::RecursiveMutex;
use crate::rw_mutex::RwMutex;
use crate::seq_lock::SeqLock;
use crate::sync::MODEL;

// A model's atomics are larger.
const _: () = if !MODEL {
    assert!(size_of::<Mutex>() == 1 && align_of::<Mutex>() == 1);
    assert!(size_of::<Event>() == 1 && align_of::<Event>() == 1);
    assert!(size_of::<OnceFlag>() == 1 && align_of::<OnceFlag>() == 1);
    assert!(size_of::<RwMutex>() == size_of::<usize>());
    assert!(align_of::<RwMutex>() == align_of::<usize>());
    assert!(size_of::<SeqLock>() == 4 && align_of::<SeqLock>() == 4);
    assert!(size_of::<RecursiveMutex>() == 24);
    assert!(size_of::<RawMutex>() == size_of::<usize>());
    assert!(align_of::<RawMutex>() == align_of::<usize>());
    assert!(align_of::<ParkingLot<2>>() == 128 && size_of::<ParkingLot<2>>() == 256);

    assert!(bits::UNLOCKED == 0 && bits::LOCKED == 1 && bits::HAS_PARKED == 2);
    assert!(bits::ONCE_INITIALIZED == 4 && bits::READER_SHIFT == 2);

    assert!(LockFlags::DETACH.bits() == 1 && LockFlags::HANDLE_SIGNALS.bits() == 2);
    assert!(LockFlags::FAIL_IF_INTERRUPTED.bits() == 4);
    assert!(LockStatus::Failure as i32 == 0 && LockStatus::Intr as i32 == 2);
    assert!(ParkStatus::Again as i32 == -1 && ParkStatus::Intr as i32 == -3);
};

macro_rules! raw_pointers {
    ($($lock:ident is $word:ident, $free:literal: $touched:literal;)+) => { $(
        impl $lock {
            #[doc = concat!("Where its `", stringify!($word), "` is, for a runtime that shows it to C.")]
            ///
            /// ```
            #[doc = concat!("let lock = py_sync::", stringify!($lock), "::default();")]
            /// // SAFETY: no other thread knows it.
            #[doc = concat!("assert_eq!(unsafe { *lock.as_ptr() }, ", $free, ");")]
            /// ```
            #[inline]
            #[must_use]
            pub const fn as_ptr(&self) -> *mut $word {
                core::ptr::from_ref(self).cast_mut().cast()
            }

            #[doc = concat!("The lock whose `", stringify!($word), "` is at `word`.")]
            ///
            /// # Safety
            ///
            /// For all of `'a` the word is aligned, alive, does not move, and is touched only
            #[doc = concat!("atomically, by ", $touched, ". At first it is that of such a lock: all")]
            /// zero is a new one.
            ///
            /// All of them are of one copy of this crate. Two versions of it in one process, or a shared
            /// library and a program that have it each, have two parking lots. A thread that waits in
            /// one is never woken by the other.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("let word = Box::into_raw(Box::new(", $free, "));")]
            /// // SAFETY: the box lives until the last line, and nobody else touches it.
            #[doc = concat!("let lock = unsafe { py_sync::", stringify!($lock), "::from_ptr(word) };")]
            /// assert_eq!(lock.as_ptr(), word);
            /// // SAFETY: made by `into_raw` above, and `lock` is not used again.
            /// drop(unsafe { Box::from_raw(word) });
            /// ```
            #[inline]
            #[must_use]
            pub const unsafe fn from_ptr<'a>(word: *mut $word) -> &'a $lock {
                const {
                    assert!(MODEL || size_of::<$lock>() == size_of::<$word>());
                    assert!(MODEL || align_of::<$lock>() == align_of::<$word>());
                };
                // SAFETY: size and alignment are those of the word, as asserted above, and the lock is
                // nothing but its atomic. That the word is alive and touched only atomically is the
                // caller's promise.
                unsafe { &*word.cast::<$lock>() }
            }
        }
    )+ };
}

raw_pointers! {
    Event is u8, "0u8": "events made from it";
    OnceFlag is u8, "0u8": "once-flags made from it, or by C's inlined look at it";
    RwMutex is usize, "0usize": "read-write locks made from it";
    Semaphore is usize, "0usize": "semaphores made from it";
    SeqLock is u32, "0u32": "sequence locks made from it";
    RawMutex is usize, "0usize": "mutexes made from it, or by C's inlined `_PyRawMutex_Lock` and its twin";
}
