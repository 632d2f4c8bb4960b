//! Waiting for a [`OnceFlag`] whose initialiser somebody else shall run, for the typed form.
//!
//! Such a waiter parks whatever the byte is, if it is not done: also before any try, and after one
//! that failed. It sets the parked bit for that; the next try keeps the bit (I2), and its end wakes
//! all (I3), so that a waiter looks again after each try. The protocol is that of `mod.rs`.

use super::{DONE, HAS_PARKED, OnceFlag, POISONED, Rules, recursion};
use crate::deadline::Deadline;
use crate::parking_lot::{Kind, Parking, park_with};
use crate::sync::{Acquire, Relaxed};

impl OnceFlag {
    /// Waits until it is done: true. False if it is poisoned, and the rules refuse that.
    #[cold]
    pub(crate) fn wait(&self, rules: &Rules) -> bool {
        loop {
            // Acquire: what the initialiser has written is seen, also by who is told of a poison.
            let byte = self.0.load(Acquire);
            if byte == DONE {
                return true;
            }
            if byte & POISONED != 0 && rules.refuses_poisoned {
                return false;
            }
            let announced = byte | HAS_PARKED;
            // Relaxed: announces the parking; the bucket lock orders the rest.
            if byte != announced
                && self
                    .0
                    .compare_exchange(byte, announced, Relaxed, Relaxed)
                    .is_err()
            {
                continue;
            }
            recursion::assert_not_in(self.key());
            // Relaxed: whoever ends a try that this look misses comes to the bucket lock after it.
            let unchanged = || self.0.load(Relaxed) == announced;
            let never = Deadline::Never;
            let parking = Parking::plain(Kind::OnceFlag, self.key(), never, rules.flags);
            // SAFETY: the key is our own address, and only once-flags park on their byte;
            // `unchanged` does not call into the lot. However the sleep ends, the loop looks.
            let _ = unsafe { park_with(parking, unchanged) };
        }
    }
}
