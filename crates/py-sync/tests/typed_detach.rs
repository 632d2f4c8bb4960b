//! Which typed locks call the runtime: those over `DetachingRawMutex`, where they really sleep, and
//! no others.
#![cfg(feature = "typed")]

use core::ops::ControlFlow;
use py_sync::typed::lock_api::{self, RawMutex as _};
use py_sync::typed::{Condvar, DetachingRawMutex, Mutex, Once, RwLock, RwLockUpgradableReadGuard};
use py_sync::{Runtime, install};
use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

std::thread_local! {
    /// Detaches and attaches of this thread.
    static CALLS: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
    /// Where another thread reads how often this one has detached.
    static TOLD: RefCell<Option<Arc<AtomicUsize>>> = const { RefCell::new(None) };
}

struct Counts;

impl Runtime for Counts {
    fn detach(&self) -> bool {
        let (detaches, attaches) = CALLS.get();
        assert_eq!(detaches, attaches, "a sleep within a sleep");
        CALLS.set((detaches + 1, attaches));
        TOLD.with_borrow(|told| {
            if let Some(told) = told {
                told.store(detaches + 1, SeqCst);
            }
        });
        true
    }

    fn attach(&self) {
        let (detaches, attaches) = CALLS.get();
        CALLS.set((detaches, attaches + 1));
    }

    fn pending(&self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn world_stopped(&self) -> bool {
        false
    }
}

fn runtime() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| install(&Counts).unwrap());
}

fn until(what: impl Fn() -> bool) {
    while !what() {
        std::thread::sleep(MS);
    }
}

/// How often `wait` detached a thread of its own; `end` ends the wait after a while, and may read how
/// often that has been so far.
fn detaches_of(wait: impl FnOnce() + Send, end: impl FnOnce(&AtomicUsize)) -> usize {
    runtime();
    let told = Arc::new(AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            TOLD.set(Some(Arc::clone(&told)));
            wait();
            let (detaches, attaches) = CALLS.get();
            assert_eq!(detaches, attaches, "attached when it returns");
            detaches
        });
        // Longer than a thread looks before it sleeps, if it gets a processor.
        std::thread::sleep(MS * 10);
        end(&told);
        waiter.join().unwrap()
    })
}

#[test]
fn only_a_detaching_mutex_detaches_and_only_for_a_sleep() {
    let (plain, detaching) = (Mutex::new(()), DetachingRawMutex::INIT);
    let guard = plain.lock();
    assert_eq!(detaches_of(|| drop(plain.lock()), |_| drop(guard)), 0);
    detaching.lock();
    let wait = || {
        detaching.lock();
        assert!(detaching.try_unlock());
    };
    let end = |detaches: &AtomicUsize| {
        until(|| detaches.load(SeqCst) == 1);
        assert!(detaching.try_unlock());
    };
    assert_eq!(detaches_of(wait, end), 1);
    let free = || {
        detaching.lock();
        assert!(detaching.try_unlock());
    };
    assert_eq!(detaches_of(free, |_| ()), 0, "it did not sleep");
}

#[test]
fn a_condition_variable_detaches_as_its_mutex_does() {
    let condvar = Condvar::new();
    let plain = Mutex::new(false);
    let wait = || condvar.wait_while(&mut plain.lock(), |go| !*go);
    let go = |_: &AtomicUsize| {
        *plain.lock() = true;
        condvar.notify_all();
    };
    assert_eq!(detaches_of(wait, go), 0);
    let detaching: lock_api::Mutex<DetachingRawMutex, bool> = lock_api::Mutex::new(false);
    let wait = || condvar.wait_while(&mut detaching.lock(), |go| !*go);
    let go = |detaches: &AtomicUsize| {
        until(|| detaches.load(SeqCst) == 1);
        // With the mutex in hand: the waiter sleeps once for the notification, once for the mutex.
        let mut guard = detaching.lock();
        *guard = true;
        assert_eq!(condvar.notify_all(), 1);
        until(|| detaches.load(SeqCst) == 2);
    };
    assert_eq!(detaches_of(wait, go), 2);
}

#[test]
fn read_write_locks_and_onces_do_not_detach() {
    let lock = RwLock::new(());
    let guard = lock.write();
    assert_eq!(detaches_of(|| drop(lock.read()), |_| drop(guard)), 0);
    let guard = lock.read();
    let write = || drop(RwLockUpgradableReadGuard::upgrade(lock.upgradable_read()));
    assert_eq!(detaches_of(write, |_| drop(guard)), 0);
    let once = Once::new();
    std::thread::scope(|scope| {
        scope.spawn(|| once.call_once(|| std::thread::sleep(MS * 60)));
        std::thread::sleep(MS * 10);
        assert_eq!(detaches_of(|| once.call_once(|| ()), |_| ()), 0);
    });
}
