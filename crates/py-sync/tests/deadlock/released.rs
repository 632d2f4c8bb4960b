//! Who has unlocked a lock is not its holder, also where another takes it without a record: so whoever
//! then waits for it waits for nobody known, and not for himself.

use super::{at, end, find_nothing, until_waiting};
use py_sync::{Mutex, OnceFlag, RawMutex, RwMutex};
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};
use std::thread;

/// A read-write lock, of whichever layer.
trait ReadWrite: Sync {
    fn read_lock(&self);
    fn read_unlock(&self);
    fn write_lock(&self);
    fn write_unlock(&self);
}

impl ReadWrite for RwMutex {
    fn read_lock(&self) {
        RwMutex::read_lock(self);
    }

    fn read_unlock(&self) {
        RwMutex::read_unlock(self);
    }

    fn write_lock(&self) {
        RwMutex::write_lock(self);
    }

    fn write_unlock(&self) {
        RwMutex::write_unlock(self);
    }
}

/// A reader of a lock keeps a thread waiting that has held it before, in this way.
fn a_reader_keeps_waiting<L: ReadWrite>(lock: &'static L, before: fn(&L)) {
    let (tell, told) = std::sync::mpsc::channel();
    let (go, gone) = std::sync::mpsc::channel();
    let waits = thread::spawn(move || {
        before(lock);
        tell.send(()).unwrap();
        gone.recv().unwrap();
        lock.write_lock();
        lock.write_unlock();
    });
    told.recv().unwrap();
    lock.read_lock();
    go.send(()).unwrap();
    let address = std::ptr::from_ref(lock).addr();
    until_waiting(address, 1);
    find_nothing(&[address]);
    lock.read_unlock();
    end(vec![waits], || ());
}

#[test]
fn a_mutex() {
    static M: Mutex = Mutex::new();
    // SAFETY: alive for ever, and touched atomically.
    let byte = unsafe { AtomicU8::from_ptr(M.as_ptr()) };
    let (tell, told) = std::sync::mpsc::channel();
    let waits = thread::spawn(move || {
        M.lock();
        M.unlock();
        // As C's inlined function does it.
        byte.compare_exchange(0, 1, SeqCst, SeqCst).unwrap();
        tell.send(()).unwrap();
        M.lock();
        M.unlock();
    });
    told.recv().unwrap();
    until_waiting(at(&M), 1);
    find_nothing(&[at(&M)]);
    M.unlock();
    end(vec![waits], || ());
}

#[test]
fn a_writer() {
    static RW: RwMutex = RwMutex::new();
    a_reader_keeps_waiting(&RW, |lock| {
        lock.write_lock();
        lock.write_unlock();
    });
}

#[test]
fn a_reader() {
    static RW: RwMutex = RwMutex::new();
    a_reader_keeps_waiting(&RW, |lock| {
        lock.read_lock();
        lock.read_unlock();
    });
}

/// Where one was, there may be a lock of another kind later.
#[test]
fn a_raw_mutex() {
    static PLACE: RwMutex = RwMutex::new();
    a_reader_keeps_waiting(&PLACE, |place| {
        // SAFETY: the place is zero, as both are that are new, and zero again when it is unlocked;
        // nobody knows it as the other lock yet.
        let raw = unsafe { &*place.as_ptr().cast::<RawMutex>() };
        raw.lock();
        raw.unlock();
    });
}

/// The same.
#[test]
fn the_runner_of_an_initialiser() {
    static PLACE: RwMutex = RwMutex::new();
    a_reader_keeps_waiting(&PLACE, |place| {
        let at = place.as_ptr().cast::<u8>();
        // SAFETY: the place is zero, as both are that are new; nobody knows it as a lock yet.
        let once = unsafe { &*at.cast::<OnceFlag>() };
        assert_eq!(once.call(|| Err(1)), Err(1));
        assert_eq!(once.call(|| Ok::<(), ()>(())), Ok(()));
        // SAFETY: the flag is not used again.
        unsafe { AtomicU8::from_ptr(at) }.store(0, SeqCst);
    });
}

#[cfg(feature = "typed")]
mod upgradable {
    use super::*;
    use py_sync::typed::RawRwLock;
    use py_sync::typed::lock_api::{
        RawRwLock as _, RawRwLockDowngrade as _, RawRwLockUpgrade as _,
        RawRwLockUpgradeDowngrade as _,
    };

    impl ReadWrite for RawRwLock {
        fn read_lock(&self) {
            self.lock_shared();
        }

        fn read_unlock(&self) {
            // SAFETY: the test's thread is a reader.
            unsafe { self.unlock_shared() };
        }

        fn write_lock(&self) {
            self.lock_exclusive();
        }

        fn write_unlock(&self) {
            // SAFETY: the test's thread is the writer.
            unsafe { self.unlock_exclusive() };
        }
    }

    #[test]
    fn an_upgradable_reader() {
        static RAW: RawRwLock = RawRwLock::INIT;
        a_reader_keeps_waiting(&RAW, |lock| {
            lock.lock_upgradable();
            // SAFETY: it is the upgradable reader.
            unsafe { lock.unlock_upgradable() };
        });
    }

    #[test]
    fn one_that_went_all_ways() {
        static RAW: RawRwLock = RawRwLock::INIT;
        a_reader_keeps_waiting(&RAW, |lock| {
            lock.lock_upgradable();
            // SAFETY: each names the way in which it is held by then.
            unsafe {
                lock.upgrade();
                lock.downgrade_to_upgradable();
                lock.upgrade();
                lock.downgrade();
                lock.unlock_shared();
                lock.lock_upgradable();
                lock.downgrade_upgradable();
                lock.unlock_shared();
            }
        });
    }
}
