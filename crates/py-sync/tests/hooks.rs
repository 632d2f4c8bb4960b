//! The runtime's hooks run only where a thread really sleeps, and never with a bucket locked.

use core::ops::ControlFlow;
use py_sync::{AlreadyInstalled, install, park, unpark, unpark_all};
use py_sync::{Event, LockFlags, LockStatus, Mutex, ParkStatus, ParkingLot, RecursiveMutex};
use py_sync::{Runtime, Semaphore};
use std::cell::Cell;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

/// Locks 257 bytes apart share a bucket: the hooks use one, the tests wait on the other.
static LOCKS: [Mutex; 258] = [const { Mutex::new() }; 258];
static WAITED_ON: &Mutex = &LOCKS[0];
static OF_THE_HOOKS: &Mutex = &LOCKS[257];

std::thread_local! {
    /// Detaches and attaches of this thread.
    static CALLS: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
    /// False for a thread that the runtime does not know.
    static KNOWN: Cell<bool> = const { Cell::new(true) };
}

/// Each hook makes every possible call on the bucket of the thread that is about to sleep.
struct Nosy;

impl Nosy {
    fn use_the_bucket() {
        assert_eq!(
            OF_THE_HOOKS.lock_timed(None, LockFlags::NONE),
            LockStatus::Acquired
        );
        let key = OF_THE_HOOKS.as_ptr().addr() + 257 * 1_000;
        // SAFETY: nobody parks on the key; it only has the bucket in common with our locks.
        unsafe {
            let now = Some(Duration::ZERO);
            assert_eq!(
                park(key, || true, 0, now, LockFlags::NONE),
                ParkStatus::Timeout
            );
            assert_eq!(unpark(key, |token, _| token), None);
            assert_eq!(unpark_all(key), 0);
        }
        #[cfg(feature = "diagnostics")]
        let _ = py_sync::diagnostics::snapshot();
        OF_THE_HOOKS.unlock();
    }
}

impl Runtime for Nosy {
    fn detach(&self) -> bool {
        let (detaches, attaches) = CALLS.get();
        assert_eq!(detaches, attaches, "a sleep within a sleep");
        Nosy::use_the_bucket();
        if KNOWN.get() {
            CALLS.set((detaches + 1, attaches));
        }
        KNOWN.get()
    }

    fn attach(&self) {
        Nosy::use_the_bucket();
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

fn installed() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| install(&Nosy).unwrap());
}

/// Calls of the hooks that `f` makes on this thread, which come in pairs.
fn sleeps(f: impl FnOnce()) -> usize {
    let before = CALLS.get();
    f();
    let after = CALLS.get();
    assert_eq!(after.0, after.1, "attached as often as detached");
    after.0 - before.0
}

#[test]
fn only_the_first_runtime_is_installed() {
    installed();
    assert_eq!(install(&Nosy), Err(AlreadyInstalled));
    std::thread::scope(|scope| {
        let again = [(); 4].map(|()| scope.spawn(|| install(&Nosy)));
        assert!(again.into_iter().all(|a| a.join().unwrap().is_err()));
    });
}

#[test]
fn what_does_not_sleep_calls_no_hook() {
    installed();
    let lot = ParkingLot::<1>::new();
    let flags = LockFlags::DETACH | LockFlags::HANDLE_SIGNALS;
    let calls: [&dyn Fn(); 7] = [
        &|| {
            let m = Mutex::new();
            m.lock();
            assert!(!m.try_lock());
            assert_eq!(
                m.lock_timed(Some(Duration::ZERO), flags),
                LockStatus::Failure
            );
            m.unlock();
            assert_eq!(m.lock_timed(None, flags), LockStatus::Acquired);
        },
        &|| {
            // SAFETY: the lot is this test's own, here and below.
            let status = unsafe { lot.park(1, || false, 0, None, flags) };
            assert_eq!(status, ParkStatus::Again);
        },
        &|| {
            let now = Some(Duration::ZERO);
            // SAFETY: as above.
            let status = unsafe { lot.park(1, || true, 0, now, flags) };
            assert_eq!(status, ParkStatus::Timeout);
        },
        // SAFETY: as above.
        &|| assert_eq!(unsafe { lot.unpark(1, |token, _| token) }, None),
        // SAFETY: as above.
        &|| assert_eq!(unsafe { lot.unpark_all(1) }, 0),
        // Sleeps, but keeps its runtime.
        &|| {
            // SAFETY: as above.
            let status = unsafe { lot.park(1, || true, 0, Some(MS), LockFlags::NONE) };
            assert_eq!(status, ParkStatus::Timeout);
        },
        &|| {
            let m = Mutex::new();
            m.lock();
            assert_eq!(m.lock_timed(Some(MS), LockFlags::NONE), LockStatus::Failure);
        },
    ];
    for (i, call) in calls.into_iter().enumerate() {
        assert_eq!(sleeps(call), 0, "call {i}");
    }
}

#[test]
fn flags_are_added() {
    let mut flags = LockFlags::DETACH;
    flags |= LockFlags::HANDLE_SIGNALS;
    assert_eq!(flags, LockFlags::DETACH | LockFlags::HANDLE_SIGNALS);
    assert_ne!(flags, LockFlags::DETACH);
}

#[test]
fn a_sleep_detaches_once_and_attaches_once() {
    installed();
    let lot = ParkingLot::<1>::new();
    let timed = || {
        // SAFETY: the lot is this test's own.
        let status = unsafe { lot.park(1, || true, 0, Some(MS), LockFlags::DETACH) };
        assert_eq!(status, ParkStatus::Timeout);
    };
    assert_eq!(sleeps(timed), 1);
    KNOWN.set(false);
    assert_eq!(
        sleeps(timed),
        0,
        "a thread the runtime does not know is not attached"
    );
    KNOWN.set(true);
}

#[test]
fn a_timed_wait_for_an_event_detaches_if_it_is_told_to() {
    installed();
    let event = Event::new();
    for detach in [true, false] {
        let wait = || assert!(!event.wait_timed(Some(MS), detach));
        assert_eq!(sleeps(wait), usize::from(detach));
    }
}

/// Such a wait adds a flag of its own to those that it has anyway.
#[test]
fn a_wait_that_checks_for_signals_detaches_too() {
    installed();
    let (mutex, recursive, event) = (Mutex::new(), RecursiveMutex::new(), Event::new());
    let (semaphore, other) = (Semaphore::new(0), py_thread::LogicalThread::new());
    mutex.lock();
    recursive.lock_as(other.ident());
    let (soon, check) = (Some(MS), || Ok::<(), ()>(()));
    let waits: [&dyn Fn() -> Result<bool, ()>; 4] = [
        &|| mutex.lock_with_signals(soon, check),
        &|| recursive.lock_with_signals(soon, check),
        &|| event.wait_with_signals(soon, check),
        &|| semaphore.acquire_with_signals(soon, check),
    ];
    for (i, wait) in waits.into_iter().enumerate() {
        assert_eq!(sleeps(|| assert_eq!(wait(), Ok(false))), 1, "wait {i}");
    }
}

/// The hooks of eight threads, under Miri of four, fight over a lock in the very bucket in which the
/// threads are queued: a hook called with the bucket locked would hang here.
#[test]
fn no_hook_runs_with_a_bucket_locked() {
    installed();
    let (threads, rounds) = if cfg!(miri) { (4, 2) } else { (8, 300) };
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|i| {
                scope.spawn(move || {
                    sleeps(|| {
                        for round in 0..rounds {
                            let timeout = (i % 2 == 0).then(|| MS * (round % 3));
                            let flags = LockFlags::DETACH;
                            if WAITED_ON.lock_timed(timeout, flags) == LockStatus::Acquired {
                                std::thread::yield_now();
                                WAITED_ON.unlock();
                            }
                        }
                    })
                })
            })
            .collect();
        // Holds it now and then for so long that all others sleep.
        let holder = scope.spawn(|| {
            while !stop.load(SeqCst) {
                WAITED_ON.lock();
                std::thread::sleep(MS);
                WAITED_ON.unlock();
                std::thread::sleep(MS / 4);
            }
        });
        let slept: usize = workers.into_iter().map(|w| w.join().unwrap()).sum();
        stop.store(true, SeqCst);
        holder.join().unwrap();
        assert!(slept > 0, "nobody ever slept");
    });
    assert!(WAITED_ON.try_lock() && OF_THE_HOOKS.try_lock());
    WAITED_ON.unlock();
    OF_THE_HOOKS.unlock();
}
