//! The mutexes that are compared: ours, from py-sync's own source, and two protocols written over the
//! same shim from what is known of them. And our read-write lock.

mod cpython;
mod lot;
mod parking_lot;

pub use cpython::PyMutex;
pub use parking_lot::{ParkingLot12, ParkingLot13};

/// Which turns only read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// So many turns of a hundred, of all threads.
    InAHundred(u64),
    /// Those of all threads but so many, which always write.
    AllBut(usize),
}

/// A lock without data.
pub trait Lock {
    /// What the tables call it.
    const NAME: &'static str;
    /// Who reads.
    const READERS: Readers = Readers::InAHundred(0);
    /// An unlocked one.
    fn new() -> Self;
    /// Locks.
    fn lock(&self);
    /// Unlocks what the caller has locked.
    fn unlock(&self);

    /// Locks for reading.
    fn read_lock(&self) {
        self.lock();
    }

    /// Unlocks what the caller has locked for reading.
    fn read_unlock(&self) {
        self.unlock();
    }
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

/// py-sync's read-write lock, in a program in which so many turns of a hundred read; or, if there are
/// writers, in which so many threads write and the others read.
pub struct OurRwMutex<const READS: u64, const WRITERS: usize = 0>(simulated_py_sync::RwMutex);

impl<const READS: u64, const WRITERS: usize> Lock for OurRwMutex<READS, WRITERS> {
    const NAME: &'static str = match (READS, WRITERS) {
        (0, 0) => "all turns write",
        (50, 0) => "50 % read",
        (90, 0) => "90 % read",
        (99, 0) => "99 % read",
        (100, 0) => "all turns read",
        (0, 1) => "one thread writes",
        (0, 4) => "four threads write",
        _ => panic!("no name for these shares"),
    };
    const READERS: Readers = match WRITERS {
        0 => Readers::InAHundred(READS),
        writers => Readers::AllBut(writers),
    };

    fn new() -> Self {
        OurRwMutex(simulated_py_sync::RwMutex::new())
    }

    fn lock(&self) {
        self.0.write_lock();
    }

    fn unlock(&self) {
        self.0.write_unlock();
    }

    fn read_lock(&self) {
        self.0.read_lock();
    }

    fn read_unlock(&self) {
        self.0.read_unlock();
    }
}
