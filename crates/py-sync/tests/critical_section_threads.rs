//! Critical sections among real threads, without a runtime's hooks. CPython:
//! `Modules/_testinternalcapi/test_critical_sections.c`.

use py_sync::{
    CriticalCell, Event, LockFlags, LockStatus, Mutex, OnceFlag, ParkStatus, RecursiveMutex,
    RwMutex, detached, park, unpark_all, with_critical_section, with_critical_section_mutex,
    with_critical_section_mutex2, with_critical_section2,
};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Barrier, mpsc};
use std::time::Duration;

const LOCKS: bool = cfg!(feature = "gil-disabled");
const THREADS: usize = 4;
const ROUNDS: usize = if cfg!(miri) { 5 } else { 200 };

/// Runs `test` on a thread of its own, and ends the process if it hangs.
fn within_a_minute(test: impl FnOnce() + Send + 'static) {
    let (done, wait) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        test();
        // The other end waits for it.
        let _ = done.send(());
    });
    let limit = Duration::from_secs(if cfg!(miri) { 3600 } else { 60 });
    if wait.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout) {
        eprintln!("the test hangs");
        std::process::abort();
    }
    thread.join().expect("the test passes");
}

/// An object of a runtime: what its section guards is not atomic.
struct Object {
    mutex: Mutex,
    count: UnsafeCell<usize>,
}

// SAFETY: `count` is touched inside the object's section alone, and where those do not lock only
// inside one lock that stands for a GIL.
unsafe impl Sync for Object {}

impl Object {
    fn new() -> Object {
        Object {
            mutex: Mutex::new(),
            count: UnsafeCell::new(0),
        }
    }

    fn add(&self) {
        static GIL: std::sync::Mutex<()> = std::sync::Mutex::new(());
        let _gil = (!LOCKS).then(|| GIL.lock());
        // SAFETY: the object's section is held, or the lock that stands for a GIL.
        unsafe { *self.count.get() += 1 };
    }
}

/// test_critical_sections_threads: 4 threads, 200 rounds, 3 objects, nested, in pairs, detached.
#[test]
fn threads_nest_and_detach_in_any_order() {
    within_a_minute(|| {
        let objects = [(); 3].map(|()| Object::new());
        let [a, b, c] = &objects;
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                scope.spawn(move || {
                    let nest = |x: &Object, y: &Object, z: &Object| {
                        with_critical_section(&x.mutex, |_| {
                            x.add();
                            with_critical_section2(&y.mutex, &z.mutex, |_, _| {
                                y.add();
                                z.add();
                                detached(|| ());
                                with_critical_section(&x.mutex, |_| x.add());
                                y.add();
                            });
                            x.add();
                        });
                    };
                    for round in 0..ROUNDS {
                        match (thread + round) % 3 {
                            0 => nest(a, b, c),
                            1 => nest(b, c, a),
                            _ => nest(c, b, a),
                        }
                    }
                });
            }
        });
        let sum: usize = objects.into_iter().map(|o| o.count.into_inner()).sum();
        assert_eq!(sum, THREADS * ROUNDS * 6);
    });
}

/// Two threads that nest two objects crosswise, each sure that the other is inside its outer one.
#[test]
fn a_cross_nesting_gives_up_the_outer_section() {
    if !LOCKS {
        return;
    }
    within_a_minute(|| {
        let (a, b, both) = (Mutex::new(), Mutex::new(), Barrier::new(2));
        let cross = |outer: &Mutex, inner: &Mutex| {
            with_critical_section(outer, |s| {
                both.wait();
                with_critical_section(inner, |inner| assert!(inner.is_held()));
                assert!(s.is_held());
            });
        };
        std::thread::scope(|scope| {
            scope.spawn(|| cross(&a, &b));
            cross(&b, &a);
        });
        assert!(!a.is_locked() && !b.is_locked());
    });
}

/// Every way to sleep gives the sections up, without a runtime: a plain mutex's, here.
#[rstest::rstest]
#[case::detaching(LockFlags::DETACH, true)]
#[case::not_detaching(LockFlags::NONE, false)]
fn a_sleep_gives_the_sections_up_if_it_detaches(#[case] flags: LockFlags, #[case] gives: bool) {
    if !LOCKS {
        return;
    }
    within_a_minute(move || {
        let (object, other) = (Mutex::new(), Mutex::new());
        let inside = AtomicBool::new(false);
        other.lock();
        std::thread::scope(|scope| {
            let sleeper = scope.spawn(|| {
                with_critical_section(&object, |s| {
                    inside.store(true, SeqCst);
                    let soon = Duration::from_millis(if gives { 10_000 } else { 50 });
                    let status = other.lock_timed(Some(soon), flags);
                    assert!(s.is_held(), "taken again");
                    status
                })
            });
            while !inside.load(SeqCst) {
                std::thread::yield_now();
            }
            if gives {
                with_critical_section(&object, |s| assert!(s.is_held()));
                other.unlock();
                assert_eq!(sleeper.join().unwrap(), LockStatus::Acquired);
            } else {
                assert_eq!(sleeper.join().unwrap(), LockStatus::Failure);
            }
        });
        assert!(!object.is_locked());
    });
}

/// A thread that waits in line gets the section handed over while it has another one suspended.
#[test]
fn a_suspended_section_is_taken_again_after_a_hand_over() {
    if !LOCKS {
        return;
    }
    within_a_minute(|| {
        let (outer, inner) = (Mutex::new(), Mutex::new());
        let in_line = AtomicBool::new(false);
        std::thread::scope(|scope| {
            inner.lock();
            let waiter = scope.spawn(|| {
                with_critical_section(&outer, |s| {
                    in_line.store(true, SeqCst);
                    with_critical_section(&inner, |s| assert!(s.is_held()));
                    assert!(s.is_held());
                });
            });
            while !in_line.load(SeqCst) || outer.is_locked() {
                std::thread::yield_now();
            }
            std::thread::sleep(Duration::from_millis(3));
            inner.unlock();
            waiter.join().unwrap();
        });
        assert!(!outer.is_locked() && !inner.is_locked());
    });
}

/// The form with data excludes in both builds.
#[test]
fn a_cell_excludes_in_every_build() {
    within_a_minute(|| {
        let cells: Arc<[CriticalCell<usize>; 2]> = Arc::default();
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let cells = Arc::clone(&cells);
                std::thread::spawn(move || {
                    for _ in 0..ROUNDS {
                        let (a, b) = (&cells[thread % 2], &cells[(thread + 1) % 2]);
                        with_critical_section_mutex2(a, b, |a, b| {
                            let b = b.expect("two cells");
                            a.set(a.copied() + 1);
                            detached(|| ());
                            b.hold(|b| *b += 1);
                        });
                        with_critical_section_mutex(a, |outer| {
                            with_critical_section_mutex(b, |b| b.set(b.copied() + 1));
                            outer.hold(|n| *n += 1);
                        });
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|t| t.join().unwrap());
        let sum: usize = cells
            .iter()
            .map(|c| with_critical_section_mutex(c, |c| c.copied()))
            .sum();
        assert_eq!(sum, THREADS * ROUNDS * 4);
    });
}

/// What a thread sleeps on while another enters the section it is in.
#[derive(Default)]
struct Sleeps {
    mutex: Mutex,
    event: Event,
    once: OnceFlag,
    readers_wait: RwMutex,
    recursive: RecursiveMutex,
    parked: AtomicBool,
}

/// One way to sleep: how, and who sets it up and ends it.
struct Way {
    prepare: fn(&Sleeps),
    sleep: fn(&Sleeps),
    wake: fn(&Sleeps),
}

fn nothing(_: &Sleeps) {}

/// Every primitive that detaches gives the sections up, with no runtime installed.
#[rstest::rstest]
#[case::mutex(Way {
    prepare: |s| s.mutex.lock(),
    sleep: |s| { s.mutex.lock(); s.mutex.unlock() },
    wake: |s| s.mutex.unlock(),
})]
#[case::event(Way { prepare: nothing, sleep: |s| s.event.wait(), wake: |s| s.event.notify() })]
#[case::reader(Way {
    prepare: |s| s.readers_wait.write_lock(),
    sleep: |s| { s.readers_wait.read_lock(); s.readers_wait.read_unlock() },
    wake: |s| s.readers_wait.write_unlock(),
})]
#[case::writer(Way {
    prepare: |s| s.readers_wait.read_lock(),
    sleep: |s| { s.readers_wait.write_lock(); s.readers_wait.write_unlock() },
    wake: |s| s.readers_wait.read_unlock(),
})]
#[case::recursive(Way {
    prepare: |s| s.recursive.lock(),
    sleep: |s| drop(s.recursive.lock_guard()),
    wake: |s| s.recursive.unlock(),
})]
#[case::parking_lot(Way {
    prepare: nothing,
    sleep: |s| {
        let key = (&raw const s.parked).addr();
        let asleep = || !s.parked.load(SeqCst);
        let mut status = ParkStatus::Ok;
        while status == ParkStatus::Ok && asleep() {
            // SAFETY: the key is the address of a flag of ours.
            status = unsafe { park(key, asleep, 0, None, LockFlags::DETACH) };
        }
    },
    wake: |s| {
        s.parked.store(true, SeqCst);
        // SAFETY: as above.
        unsafe { unpark_all((&raw const s.parked).addr()) };
    },
})]
fn every_sleep_gives_the_sections_up(#[case] way: Way) {
    if !LOCKS {
        return;
    }
    within_a_minute(move || {
        let (sleeps, object, entered) = (Sleeps::default(), Mutex::new(), AtomicBool::new(false));
        (way.prepare)(&sleeps);
        std::thread::scope(|scope| {
            let sleeper = scope.spawn(|| {
                with_critical_section(&object, |s| {
                    entered.store(true, SeqCst);
                    (way.sleep)(&sleeps);
                    assert!(s.is_held(), "taken again");
                });
            });
            while !entered.load(SeqCst) {
                std::thread::yield_now();
            }
            // Gets in only because the sleeper gives it up.
            with_critical_section(&object, |s| assert!(s.is_held() && !sleeper.is_finished()));
            (way.wake)(&sleeps);
            sleeper.join().unwrap();
        });
        assert!(!object.is_locked());
    });
}

/// The caller of a once-flag waits for the one that runs it.
#[test]
fn a_wait_for_a_once_flag_gives_the_sections_up() {
    if !LOCKS {
        return;
    }
    within_a_minute(|| {
        let (sleeps, object, running) = (Sleeps::default(), Mutex::new(), AtomicBool::new(false));
        let entered = Barrier::new(2);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let wait = || {
                    running.store(true, SeqCst);
                    sleeps.event.wait();
                    Ok::<(), ()>(())
                };
                sleeps.once.call(wait).unwrap();
            });
            while !running.load(SeqCst) {
                std::thread::yield_now();
            }
            scope.spawn(|| {
                with_critical_section(&object, |s| {
                    entered.wait();
                    sleeps.once.call(|| Err(())).unwrap();
                    assert!(s.is_held());
                });
            });
            entered.wait();
            with_critical_section(&object, |s| assert!(s.is_held()));
            sleeps.event.notify();
        });
        assert!(!object.is_locked());
    });
}
