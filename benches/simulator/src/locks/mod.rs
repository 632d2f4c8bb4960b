//! The mutexes that are compared: ours, from py-sync's own source, and two protocols written over the
//! same shim from what is known of them.

mod cpython;
mod lot;
mod parking_lot;

pub use cpython::PyMutex;
pub use parking_lot::{ParkingLot12, ParkingLot13};

/// A mutex without data.
pub trait Lock {
    /// What the tables call it.
    const NAME: &'static str;
    /// An unlocked one.
    fn new() -> Self;
    /// Locks.
    fn lock(&self);
    /// Unlocks what the caller has locked.
    fn unlock(&self);
}

/// py-sync's.
pub struct Ours(simulated_py_sync::Mutex);

impl Lock for Ours {
    const NAME: &'static str = "py-sync";

    fn new() -> Self {
        Ours(simulated_py_sync::Mutex::new())
    }

    fn lock(&self) {
        self.0.lock();
    }

    fn unlock(&self) {
        self.0.unlock();
    }
}
