//! Critical sections of a runtime that stops the world: it collects, and a lock may have been
//! handed to a thread that is stopped. CPython: `Modules/_testinternalcapi/
//! test_critical_sections.c`, the cases `_gc`, `_stw` and `stw_handoff`; gh-118332, gh-144513,
//! gh-158195.

use py_sync::{
    CriticalCell, CsThread, Mutex, Runtime, detached, with_critical_section,
    with_critical_section_mutex, with_critical_section_mutex2, with_critical_section2,
};
use std::cell::Cell;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering::SeqCst};
use std::sync::{Condvar, Mutex as StdMutex, MutexGuard, Once, mpsc};
use std::time::Duration;

const LOCKS: bool = cfg!(feature = "gil-disabled");

/// A toy runtime: it counts the attached threads, and holds back who wants to attach while the
/// world is stopped.
struct World {
    state: StdMutex<State>,
    changed: Condvar,
}

struct State {
    attached: usize,
    stopped: bool,
}

static WORLD: World = World {
    state: StdMutex::new(State {
        attached: 0,
        stopped: false,
    }),
    changed: Condvar::new(),
};

/// One collector at a time; locked by detached threads only, as gh-158195 asks.
static STOP_THE_WORLD: Mutex = Mutex::new();

thread_local! {
    static ATTACHED: Cell<bool> = const { Cell::new(false) };
    static STOPPER: Cell<bool> = const { Cell::new(false) };
}

impl World {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl Runtime for World {
    fn detach(&self) -> bool {
        let was_attached = ATTACHED.replace(false);
        if was_attached {
            self.state().attached -= 1;
            self.changed.notify_all();
        }
        was_attached
    }

    fn attach(&self) {
        let mut state = self.state();
        while state.stopped {
            state = self.changed.wait(state).unwrap();
        }
        state.attached += 1;
        ATTACHED.set(true);
    }

    fn pending(&self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn world_stopped(&self) -> bool {
        STOPPER.get()
    }
}

/// Runs `f` with the world stopped.
fn stop_the_world<R>(f: impl FnOnce() -> R) -> R {
    detached(|| {
        let _one = STOP_THE_WORLD.lock_guard();
        let mut state = WORLD.state();
        state.stopped = true;
        while state.attached > 0 {
            state = WORLD.changed.wait(state).unwrap();
        }
        drop(state);
        STOPPER.set(true);
        let result = f();
        STOPPER.set(false);
        WORLD.state().stopped = false;
        WORLD.changed.notify_all();
        result
    })
}

/// Where a running thread lets itself be stopped.
fn safepoint() {
    let stopped = WORLD.state().stopped;
    if stopped {
        detached(|| ());
    }
}

/// Runs `f` on an attached thread.
fn attached<R>(f: impl FnOnce() -> R) -> R {
    WORLD.attach();
    let result = f();
    WORLD.detach();
    result
}

/// The tests share one world: one at a time. Ends the process if `test` hangs.
fn alone(test: impl FnOnce() + Send + 'static) {
    static ONE: StdMutex<()> = StdMutex::new(());
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| py_sync::install(&WORLD).expect("nobody else installs"));
    let _one = ONE.lock();
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

fn wait_until(what: impl Fn() -> bool) {
    while !what() {
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Whether somebody is parked on the mutex.
fn has_waiter(m: &Mutex) -> bool {
    // SAFETY: alive as long as `m`, and read atomically.
    unsafe { AtomicU8::from_ptr(m.as_ptr()) }.load(SeqCst) == 3
}

/// test_critical_sections_gc: threads that contend for a section, and collect now and then.
#[test]
fn a_contended_section_does_not_block_the_collector() {
    alone(|| {
        static OBJECT: Mutex = Mutex::new();
        static OTHER: Mutex = Mutex::new();
        let collections = AtomicUsize::new(0);
        let rounds: usize = if cfg!(miri) { 6 } else { 300 };
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    attached(|| {
                        for round in 0..rounds {
                            with_critical_section(&OBJECT, |s| {
                                if round % 10 == 0 {
                                    stop_the_world(|| {
                                        with_critical_section2(&OBJECT, &OTHER, |s, _| {
                                            assert!(s.is_held());
                                        });
                                        collections.fetch_add(1, SeqCst);
                                    });
                                }
                                assert!(s.is_held());
                                with_critical_section(&OTHER, |_| safepoint());
                                safepoint();
                                assert!(s.is_held());
                            });
                        }
                    });
                });
            }
        });
        assert_eq!(collections.into_inner(), 3 * rounds.div_ceil(10));
        assert!(!OBJECT.is_locked() && !OTHER.is_locked());
    });
}

/// test_critical_sections_stw: two threads hold the section for 10 ms each.
#[test]
fn a_stopped_world_is_no_place_to_wait() {
    alone(|| {
        let m = Mutex::new();
        let begun = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    attached(|| {
                        with_critical_section(&m, |_| {
                            begun.store(true, SeqCst);
                            std::thread::sleep(Duration::from_millis(10));
                            safepoint();
                        });
                        safepoint();
                    });
                });
            }
            wait_until(|| begun.load(SeqCst));
            stop_the_world(|| with_critical_section(&m, |s| assert!(s.is_held())));
        });
        assert!(!m.is_locked());
    });
}

/// What the stopped thread of a hand-over waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waits {
    ForOne,
    ForAPair,
    InsideAnother,
}

/// stw_handoff ×3: the mutex is handed to a thread that is then stopped on its way back.
#[rstest::rstest]
#[case(Waits::ForOne)]
#[case(Waits::ForAPair)]
#[case(Waits::InsideAnother)]
fn a_hand_over_to_a_stopped_thread_wedges_nobody(#[case] waits: Waits) {
    if !LOCKS {
        return;
    }
    alone(move || {
        let (m, n) = (Mutex::new(), Mutex::new());
        let (let_go, stop) = (AtomicBool::new(false), AtomicBool::new(false));
        std::thread::scope(|scope| {
            m.lock();
            let waiter = scope.spawn(|| {
                attached(|| match waits {
                    Waits::ForOne => with_critical_section(&m, |s| assert!(s.is_held())),
                    Waits::ForAPair => with_critical_section2(&m, &n, |s, _| assert!(s.is_held())),
                    Waits::InsideAnother => with_critical_section(&n, |outer| {
                        with_critical_section(&m, |s| assert!(s.is_held()));
                        assert!(outer.is_held());
                    }),
                });
            });
            wait_until(|| has_waiter(&m));
            std::thread::sleep(Duration::from_millis(3));
            // The holder is not a thread of the runtime: it unlocks while the world is stopped.
            scope.spawn(|| {
                wait_until(|| let_go.load(SeqCst));
                m.unlock();
                stop.store(true, SeqCst);
            });
            stop_the_world(|| {
                let_go.store(true, SeqCst);
                wait_until(|| stop.load(SeqCst));
                assert!(m.is_locked(), "handed over, to a thread that cannot run");
                with_critical_section(&m, |s| assert!(s.is_held()));
                with_critical_section2(&n, &m, |s, t| {
                    assert!(s.is_held() && t.expect("two").is_held());
                });
                with_critical_section(&n, |s| assert!(s.is_held()));
                assert!(m.is_locked(), "still the other's");
                assert!(CsThread::with_current(CsThread::top).is_none());
            });
            waiter.join().unwrap();
        });
        assert!(!m.is_locked() && !n.is_locked());
    });
}

/// What guards data of ours is never entered without its lock.
#[test]
fn a_cell_refuses_what_it_would_have_to_wait_for() {
    alone(|| {
        // An array, so that the one that is held is the higher of one pair and the lower of the
        // other: the lower is locked first.
        let cells = [
            CriticalCell::new(3),
            CriticalCell::new(1),
            CriticalCell::new(4),
        ];
        let cell = &cells[1];
        let entered = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                attached(|| {
                    with_critical_section_mutex(cell, |s| {
                        // Held across the stop: `hold` does not give it up.
                        s.hold(|n| {
                            entered.store(true, SeqCst);
                            while *n == 1 {
                                wait_until(|| WORLD.state().stopped);
                                safepoint();
                                *n = 2;
                            }
                        });
                    });
                });
            });
            wait_until(|| entered.load(SeqCst));
            stop_the_world(|| {
                let enter = || with_critical_section_mutex(cell, |s| s.copied());
                assert!(catch_unwind(AssertUnwindSafe(enter)).is_err());
                for free in [&cells[0], &cells[2]] {
                    let enter = || with_critical_section_mutex2(free, cell, |s, _| s.copied());
                    assert!(catch_unwind(AssertUnwindSafe(enter)).is_err());
                    assert!(!free.is_locked(), "given back");
                }
            });
        });
        assert_eq!(cells.map(CriticalCell::into_inner), [3, 2, 4]);
    });
}

/// The stopper's own section cannot be taken again while a stopped thread has its lock; it says
/// so instead of waiting, and takes it when the world goes on.
#[test]
fn resume_in_a_stopped_world_does_not_wait() {
    if !LOCKS {
        return;
    }
    alone(|| {
        let (m, thread) = (Mutex::new(), CsThread::new());
        // SAFETY: ended below, before `m` goes.
        let mut section = unsafe { thread.begin(&m) };
        assert!(thread.suspend_all());
        m.lock();
        STOPPER.set(true);
        assert!(!thread.resume());
        assert!(!thread.top().unwrap().is_active);
        STOPPER.set(false);
        m.unlock();
        assert!(thread.resume());
        assert!(m.is_locked());
        section.end();
    });
}

/// Of a pair, the first may be free and the second not: then neither is kept.
#[test]
fn resume_of_a_pair_in_a_stopped_world_keeps_neither() {
    if !LOCKS {
        return;
    }
    alone(|| {
        // An array: the lower address is locked first.
        let (pair, thread) = ([Mutex::new(), Mutex::new()], CsThread::new());
        for stopped in &pair {
            // SAFETY: ended below, before the mutexes go.
            let mut section = unsafe { thread.begin2(&pair[0], &pair[1]) };
            assert!(thread.suspend_all());
            stopped.lock();
            STOPPER.set(true);
            assert!(!thread.resume());
            let locked = pair.iter().filter(|m| m.is_locked()).count();
            assert_eq!(locked, 1, "that of the stopped thread");
            STOPPER.set(false);
            stopped.unlock();
            assert!(thread.resume());
            assert!(pair.iter().all(Mutex::is_locked));
            section.end();
        }
    });
}
