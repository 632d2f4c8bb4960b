//! Cycles of read-write locks: writers, readers, a reader behind a writer, upgrades.

use super::{end, find, give_up, on, until_waiting};
use py_sync::diagnostics::Kind;
use py_sync::{Mutex, RwMutex};
use std::sync::Barrier;
use std::sync::mpsc::channel;
use std::thread;

fn at(lock: &RwMutex) -> usize {
    lock.as_ptr().addr()
}

fn on_rw(lock: &RwMutex) -> super::Wait {
    (Kind::RwMutex, at(lock))
}

/// A thread that has `first` and a mutex's holder that wants the lock: `lock` and `want` say in which
/// way.
fn with_a_mutex(
    rw: &'static RwMutex,
    m: &'static Mutex,
    lock: fn(&RwMutex),
    unlock: fn(&RwMutex),
    want: fn(&RwMutex),
    unwant: fn(&RwMutex),
) {
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    static BOTH: Barrier = Barrier::new(2);
    let _alone = ONE_AT_A_TIME.lock();
    let holder = thread::spawn(move || {
        lock(rw);
        BOTH.wait();
        m.lock();
        give_up(m);
        unlock(rw);
    });
    let wanter = thread::spawn(move || {
        m.lock();
        BOTH.wait();
        want(rw);
        unwant(rw);
        give_up(m);
    });
    find(&[on(m), on_rw(rw)]);
    end(vec![holder, wanter], || give_up(m));
}

#[test]
fn a_writer_and_a_reader() {
    static RW: RwMutex = RwMutex::new();
    static M: Mutex = Mutex::new();
    let (lock, unlock) = (RwMutex::write_lock, RwMutex::write_unlock);
    with_a_mutex(
        &RW,
        &M,
        lock,
        unlock,
        RwMutex::read_lock,
        RwMutex::read_unlock,
    );
}

#[test]
fn a_reader_and_a_writer() {
    static RW: RwMutex = RwMutex::new();
    static M: Mutex = Mutex::new();
    let (want, unwant) = (RwMutex::write_lock, RwMutex::write_unlock);
    with_a_mutex(
        &RW,
        &M,
        RwMutex::read_lock,
        RwMutex::read_unlock,
        want,
        unwant,
    );
}

#[test]
fn a_writer_and_a_writer() {
    static RW: RwMutex = RwMutex::new();
    static M: Mutex = Mutex::new();
    let (lock, unlock) = (RwMutex::write_lock, RwMutex::write_unlock);
    with_a_mutex(&RW, &M, lock, unlock, lock, unlock);
}

#[test]
fn one_of_many_readers_and_a_writer() {
    static RW: RwMutex = RwMutex::new();
    static M: Mutex = Mutex::new();
    let lock = |rw: &RwMutex| {
        rw.read_lock();
        rw.read_lock();
    };
    let unlock = |rw: &RwMutex| {
        rw.read_unlock();
        rw.read_unlock();
    };
    let (want, unwant) = (RwMutex::write_lock, RwMutex::write_unlock);
    let (tell, told) = channel();
    let release = thread::spawn(move || {
        // Another reader, which is in nobody's way for long.
        RW.read_lock();
        tell.send(()).unwrap();
        until_waiting(at(&RW), 1);
        thread::sleep(super::TICK * 20);
        RW.read_unlock();
    });
    told.recv().unwrap();
    with_a_mutex(&RW, &M, lock, unlock, want, unwant);
    release.join().unwrap();
}

#[test]
fn a_reader_that_wants_to_write() {
    static RW: RwMutex = RwMutex::new();
    let reader = thread::spawn(|| {
        RW.read_lock();
        RW.write_lock();
        RW.write_unlock();
    });
    find(&[on_rw(&RW)]);
    RW.read_unlock();
    end(vec![reader], || ());
}

#[test]
fn a_reader_that_reads_again_behind_a_waiting_writer() {
    static RW: RwMutex = RwMutex::new();
    let reader = thread::spawn(|| {
        RW.read_lock();
        until_waiting(at(&RW), 1);
        RW.read_lock();
    });
    let writer = thread::spawn(|| {
        while !RW.is_read_locked() {
            thread::yield_now();
        }
        RW.write_lock();
        RW.write_unlock();
    });
    find(&[on_rw(&RW), on_rw(&RW)]);
    // The first of the reader's two locks; the second is that of the test, at the end.
    RW.read_unlock();
    end(vec![reader, writer], || ());
    RW.read_unlock();
}

/// The same, where the wait of the writer has an end.
#[test]
fn a_reader_behind_a_writer_that_gives_up_is_no_cycle() {
    use py_sync::{LockFlags, LockStatus};
    static RW: RwMutex = RwMutex::new();
    let reader = thread::spawn(|| {
        RW.read_lock();
        until_waiting(at(&RW), 1);
        RW.read_lock();
        RW.read_unlock();
        RW.read_unlock();
    });
    let writer = thread::spawn(|| {
        while !RW.is_read_locked() {
            thread::yield_now();
        }
        let a_while = Some(std::time::Duration::from_millis(500));
        let _: LockStatus = RW.write_lock_timed(a_while, LockFlags::NONE);
    });
    while !reader.is_finished() {
        super::find_nothing(&[at(&RW)]);
    }
    end(vec![reader, writer], || ());
}

#[cfg(feature = "typed")]
mod upgrades {
    use super::super::{end, find, find_nothing, until_waiting};
    use py_sync::diagnostics::Kind;
    use py_sync::typed::lock_api::{
        RawRwLock as _, RawRwLockDowngrade as _, RawRwLockUpgrade as _,
        RawRwLockUpgradeDowngrade as _,
    };
    use py_sync::typed::{RawRwLock, RwLock, RwLockUpgradableReadGuard};
    use std::thread;

    fn at(raw: &RawRwLock) -> usize {
        (&raw const *raw).addr()
    }

    /// Each waits until the other no longer reads.
    #[test]
    fn an_upgrade_and_a_reader_that_wants_one() {
        static RAW: RawRwLock = RawRwLock::INIT;
        let upgrader = thread::spawn(|| {
            RAW.lock_upgradable();
            until_waiting(at(&RAW), 1);
            // SAFETY: it is the upgradable reader.
            unsafe { RAW.upgrade() };
            // SAFETY: and now the writer.
            unsafe { RAW.unlock_exclusive() };
        });
        let reader = thread::spawn(|| {
            RAW.lock_shared();
            while RAW.try_lock_upgradable() {
                // SAFETY: locked just now. The other has not come yet.
                unsafe { RAW.unlock_upgradable() };
                thread::yield_now();
            }
            RAW.lock_upgradable();
            // SAFETY: locked above.
            unsafe { RAW.unlock_upgradable() };
        });
        let on = (Kind::RwMutex, at(&RAW));
        find(&[on, on]);
        // SAFETY: on behalf of the reader, which does not.
        unsafe { RAW.unlock_shared() };
        end(vec![upgrader, reader], || ());
    }

    #[test]
    #[cfg_attr(miri, ignore = "its thread sleeps until the process ends")]
    fn an_upgrade_over_a_read_lock_of_ones_own() {
        static LOCK: RwLock<u32> = RwLock::new(0);
        thread::spawn(|| {
            let _read = LOCK.read();
            let upgradable = LOCK.upgradable_read();
            drop(RwLockUpgradableReadGuard::upgrade(upgradable));
        });
        // SAFETY: only its address is taken.
        let raw = unsafe { LOCK.raw() };
        find(&[(Kind::RwMutex, at(raw))]);
    }

    /// It is the writer that lets the reader in: who holds it, and how, changes with each step.
    #[test]
    fn a_lock_that_is_held_in_one_way_after_the_other() {
        static RAW: RawRwLock = RawRwLock::INIT;
        RAW.lock_exclusive();
        let other = thread::spawn(|| {
            RAW.lock_shared();
            // SAFETY: locked just now.
            unsafe { RAW.unlock_shared() };
            RAW.lock_exclusive();
            // SAFETY: locked just now.
            unsafe { RAW.unlock_exclusive() };
        });
        until_waiting(at(&RAW), 1);
        find_nothing(&[at(&RAW)]);
        // SAFETY: each is what this thread has at that time.
        unsafe {
            RAW.downgrade_to_upgradable();
            RAW.downgrade_upgradable();
            until_waiting(at(&RAW), 1);
            find_nothing(&[at(&RAW)]);
            RAW.unlock_shared();
        }
        end(vec![other], || ());
        RAW.lock_exclusive();
        // SAFETY: it is the writer, and then a reader.
        unsafe {
            RAW.downgrade();
            RAW.unlock_shared();
        }
    }
}
