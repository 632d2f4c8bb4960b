//! [`Words`] for the model: one modelled atomic for each byte, so that every torn mixture shows.

use super::Pod;
use crate::sync::{AtomicU8, Relaxed};
use core::marker::PhantomData;
use core::mem::MaybeUninit;

pub(super) struct Words<T>(Vec<AtomicU8>, PhantomData<T>);

impl<T: Pod> Words<T> {
    pub(super) fn new(value: T) -> Words<T> {
        let bytes = (&raw const value).cast::<u8>();
        // SAFETY: `i` is within the value, whose bytes are all initialised (`Pod`).
        let byte = |i| AtomicU8::new(unsafe { bytes.add(i).read() });
        Words((0..size_of::<T>()).map(byte).collect(), PhantomData)
    }

    pub(super) fn load(&self) -> MaybeUninit<T> {
        let mut copy = MaybeUninit::<T>::uninit();
        for (i, byte) in self.0.iter().enumerate() {
            // SAFETY: `i` is within the copy, which only we have. Relaxed: ordered by the lock.
            unsafe {
                copy.as_mut_ptr()
                    .cast::<u8>()
                    .add(i)
                    .write(byte.load(Relaxed))
            };
        }
        copy
    }

    pub(super) fn store(&self, value: &T) {
        for (i, byte) in self.0.iter().enumerate() {
            // SAFETY: `i` is within the value, whose bytes are all initialised. Relaxed: ordered by the
            // lock.
            byte.store(
                unsafe { (&raw const *value).cast::<u8>().add(i).read() },
                Relaxed,
            );
        }
    }
}
