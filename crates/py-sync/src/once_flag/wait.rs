//! Waiting for a [`OnceFlag`] whose initialiser another thread runs, for the typed form.
//!
//! Such a waiter parks whatever the byte is, unless it is done: also before any try, and after one that
//! failed. It sets the parked bit first. The next try keeps that bit (I2) and wakes all when it ends
//! (I3), so the waiter looks again after each try. The protocol is that of `mod.rs`.

use super::{DONE, HAS_PARKED, OnceFlag, POISONED, Rules, recursion};
use crate::deadline::Deadline;
use crate::parking_lot::{Kind, Parking, lot};
use crate::sync::{Acquire, Relaxed};

impl OnceFlag {
    /// Waits until it is done, and returns true. False if it is poisoned and the rules refuse that.
    #[cold]
    pub(crate) fn wait(&self, rules: &Rules) -> bool {
        loop {
            // Acquire: the caller sees what the initialiser has written, also if it failed.
            let byte = self.0.load(Acquire);
            if byte == DONE {
                return true;
            }
            if byte & POISONED != 0 && rules.refuses_poisoned {
                return false;
            }
            let announced = byte | HAS_PARKED;
            // Set the parked bit. Relaxed: the bucket lock orders the rest.
            if byte != announced
                && self
                    .0
                    .compare_exchange(byte, announced, Relaxed, Relaxed)
                    .is_err()
            {
                continue;
            }
            recursion::assert_not_in(self.key());
            // Relaxed: a runner whose end this load misses takes the bucket lock after us (I3).
            let unchanged = || self.0.load(Relaxed) == announced;
            let never = Deadline::Never;
            let parking = Parking::plain(Kind::OnceFlag, self.key(), never, rules.flags);
            // SAFETY: the key is our own address, and only waiters of this once-flag park on it;
            // `unchanged` does not call into the lot. However the sleep ends, the loop looks again.
            let _ = unsafe { lot().park_with(parking, unchanged) };
        }
    }
}
