//! [`Words`]: the memory of a value, read and written as atomic integers.
//!
//! The value lies at an address that suits the widest integer, whatever its own alignment: full
//! words first, then what is left in 4, 2 and 1 bytes. The split depends on the size alone, so each
//! place is always accessed with one width, which the memory model asks for.

use super::Pod;
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicUsize, Ordering::Relaxed};

/// A value and the alignment of the widest word.
#[repr(C)]
#[derive(Clone, Copy)]
struct Aligned<T> {
    _align: [usize; 0],
    value: T,
}

/// The value as bytes that other threads may access too.
pub(super) struct Words<T>(UnsafeCell<Aligned<T>>);

// SAFETY: shared access is atomic, and what passes from thread to thread is a copy of a `T`, which is
// plain bytes (`Pod`) and may be sent.
unsafe impl<T: Send> Sync for Words<T> {}

/// Runs `$step!(Atomic, integer, offset)` for each word of a value of `$size` bytes.
macro_rules! for_each_word {
    ($size:expr, $step:ident) => {
        let mut at = 0;
        while $size - at >= size_of::<usize>() {
            $step!(AtomicUsize, usize, at);
            at += size_of::<usize>();
        }
        if $size - at >= 4 {
            $step!(AtomicU32, u32, at);
            at += 4;
        }
        if $size - at >= 2 {
            $step!(AtomicU16, u16, at);
            at += 2;
        }
        if $size - at >= 1 {
            $step!(AtomicU8, u8, at);
        }
    };
}

impl<T: Pod> Words<T> {
    pub(super) const fn new(value: T) -> Words<T> {
        Words(UnsafeCell::new(Aligned { _align: [], value }))
    }

    /// The bytes, which are a `T` only if no store came between.
    #[inline]
    pub(super) fn load(&self) -> MaybeUninit<T> {
        let mut copy = MaybeUninit::<Aligned<T>>::uninit();
        let (from, to) = (self.0.get().cast::<u8>(), copy.as_mut_ptr().cast::<u8>());
        macro_rules! step {
            ($atomic:ty, $int:ty, $at:expr) => {
                // SAFETY: within the value, and aligned: the base is aligned for a word, and the
                // offset is a multiple of the width. All bytes are initialised (`Pod`), and
                // all shared accesses are atomic and of this width.
                let word = unsafe { <$atomic>::from_ptr(from.add($at).cast::<$int>()) };
                // Relaxed: ordered by the lock.
                let word: $int = word.load(Relaxed);
                // SAFETY: the same offset within the copy, which is aligned alike and which only we have.
                unsafe { to.add($at).cast::<$int>().write(word) };
            };
        }
        for_each_word!(size_of::<T>(), step);
        // SAFETY: the pointer is to the value within the copy, all of whose bytes were written above. They
        // stay wrapped in `MaybeUninit`: whether they are a `T`, the caller finds out.
        unsafe {
            (&raw const (*copy.as_ptr()).value)
                .cast::<MaybeUninit<T>>()
                .read()
        }
    }

    /// Stores the bytes of `value`, as the only writer.
    #[inline]
    pub(super) fn store(&self, value: &T) {
        let _align: [usize; 0] = [];
        let copy = Aligned {
            _align,
            value: *value,
        };
        let (to, from) = (self.0.get().cast::<u8>(), (&raw const copy).cast::<u8>());
        macro_rules! step {
            ($atomic:ty, $int:ty, $at:expr) => {
                // SAFETY: the offset is within the copy and aligned, since the copy's base is aligned for a
                // word. All its bytes are initialised (`Pod`), and only we have it.
                let word = unsafe { from.add($at).cast::<$int>().read() };
                // SAFETY: the offset is within the value and aligned, and all shared accesses of this place
                // are atomic and of this width.
                let place = unsafe { <$atomic>::from_ptr(to.add($at).cast::<$int>()) };
                // Relaxed: ordered by the lock.
                place.store(word, Relaxed);
            };
        }
        for_each_word!(size_of::<T>(), step);
    }
}
