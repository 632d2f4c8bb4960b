#![cfg(all(unix, not(miri)))]
//! Real forks: the child joins dead threads at once, keeps its idents, and starts new threads, also
//! when the fork caught other threads in the middle of a start, a join or a shutdown.

mod support;

use py_thread::{
    Builder, Handle, Ident, JoinError, LogicalThread, State, Threads, Tss, WorkerCache, native_id,
    start,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use support::{forked, one_at_a_time};

const FORKS: u32 = 500;
/// Forks beside three busy threads take longer.
const BUSY_FORKS: u32 = 200;

/// Gives the number of the first check that is false.
macro_rules! checks {
    ($($n:literal: $check:expr;)*) => {{
        $(if !$check { return $n; })*
        0
    }};
}

fn blocked() -> (Handle, Sender<()>) {
    let (tx, rx): (_, Receiver<()>) = channel();
    let wait = move || {
        let _ = rx.recv();
    };
    (start(wait).unwrap(), tx)
}

fn joins_at_once(handle: &Handle) -> bool {
    handle.is_done()
        && handle.state() == State::Done
        && handle.join().is_ok_and(|o| o.is_returned())
        && handle
            .join_timeout(Some(Duration::ZERO))
            .is_ok_and(|o| o.is_some())
}

fn starts_and_joins() -> bool {
    let ran = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&ran);
    let Ok(handle) = start(move || flag.store(true, Ordering::Relaxed)) else {
        return false;
    };
    handle.join().is_ok_and(|o| o.is_returned()) && ran.load(Ordering::Relaxed)
}

#[test]
fn a_child_sees_its_threads_as_they_are_500_times() {
    let _turn = one_at_a_time();
    let (alive, tx) = blocked();
    let ended = start(|| ()).unwrap();
    let panicked = start(|| panic!("planned")).unwrap();
    while !(ended.has_exited() && panicked.has_exited()) {
        std::thread::yield_now();
    }
    let joined = start(|| ()).unwrap();
    joined.join().unwrap();
    let (own, alive_ident) = (Ident::own(), alive.ident());
    for _ in 0..FORKS {
        let unstarted = Handle::unstarted();
        let code = forked(|| {
            checks! {
                1: joins_at_once(&alive);
                2: joins_at_once(&ended);
                3: joins_at_once(&joined);
                4: panicked.join().is_ok_and(|o| o.panic().is_some_and(|p| p.message() == "planned"));
                5: Ident::own() == own && Ident::current() == own;
                6: alive.ident() == alive_ident;
                7: native_id() == u64::from(std::process::id()) || !cfg!(target_os = "linux");
                8: unstarted.state() == State::NotStarted;
                9: matches!(unstarted.join(), Err(JoinError::NotStarted));
                10: unstarted.start(Builder::new(), || ()).is_ok();
                11: unstarted.join().is_ok_and(|o| o.is_returned());
                12: starts_and_joins();
                13: alive.start(Builder::new(), || ()).is_err();
                14: alive.set_done().is_ok();
                15: joins_at_once(&alive);
                16: { drop(alive.clone()); true };
            }
        });
        assert_eq!(code, 0, "the number of the check");
    }
    assert!(
        !alive.has_exited(),
        "the parent's is none of the child's business"
    );
    drop(tx);
    assert!(alive.join().unwrap().is_returned());
}

/// The last handle of a dead thread is dropped in the child.
#[test]
fn a_child_drops_the_handles_of_dead_threads() {
    let _turn = one_at_a_time();
    let (alive, tx) = blocked();
    let ended = start(|| ()).unwrap();
    while !ended.has_exited() {
        std::thread::yield_now();
    }
    let mut handles = Some((alive, ended));
    let code = forked(|| {
        drop(handles.take());
        checks! { 1: starts_and_joins(); }
    });
    assert_eq!(code, 0);
    drop(tx);
}

/// Forks beside threads that start, join, shut down and use the cache all the time.
#[test]
fn a_fork_in_the_middle_of_anything_leaves_the_child_working() {
    static THREADS: Threads = Threads::new();
    static CACHE: WorkerCache = WorkerCache::new(2);
    let _turn = one_at_a_time();
    let stop = Arc::new(AtomicBool::new(false));
    let busy: Vec<_> = (0..3)
        .map(|n| {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    match n {
                        0 => drop(THREADS.start(|| ()).unwrap().join()),
                        1 => drop(CACHE.start_with(THREADS.builder(), || ()).unwrap().join()),
                        _ => THREADS.shutdown(&()).unwrap(),
                    }
                }
            })
        })
        .collect();
    for _ in 0..BUSY_FORKS {
        let code = forked(|| {
            // SAFETY: first thing in the child; this thread is in none of its methods.
            unsafe { THREADS.after_fork() };
            checks! {
                1: THREADS.count() == 0;
                2: THREADS.shutdown(&()).is_ok();
                3: THREADS.start(|| ()).is_ok_and(|h| h.join().is_ok());
                4: CACHE.idle() == 0;
                5: CACHE.start(|| ()).is_ok_and(|h| h.join().is_ok());
                6: CACHE.start(|| ()).is_ok_and(|h| h.join().is_ok());
                7: CACHE.idle() == 1;
                8: THREADS.start(|| ()).is_ok();
                9: THREADS.shutdown(&()).is_ok();
                10: THREADS.count() == 0;
            }
        });
        assert_eq!(code, 0, "the number of the check");
    }
    stop.store(true, Ordering::Relaxed);
    for thread in busy {
        thread.join().unwrap();
    }
    THREADS.shutdown(&()).unwrap();
    assert_eq!(THREADS.count(), 0);
}

/// CPython's test_forkinthread and main_thread_after_fork_from_nonmain: the thread that forked
/// lives on in the child, and can be joined there.
#[test]
fn the_thread_that_forks_lives_on() {
    static THREADS: Threads = Threads::new();
    let _turn = one_at_a_time();
    for daemon in [false, true] {
        let (tx, rx) = channel();
        let builder = THREADS.builder().daemon(daemon);
        let forker = move || {
            let me = Handle::current().unwrap();
            let ident = Ident::own();
            let code = forked(|| {
                // SAFETY: first thing in the child.
                unsafe { THREADS.after_fork() };
                checks! {
                    1: THREADS.count() == 1;
                    2: !me.is_done() && me.state() == State::Running;
                    3: Handle::current().is_some_and(|h| h.ident() == Some(ident));
                    4: matches!(me.join(), Err(JoinError::CurrentThread));
                    5: Ident::own() == ident;
                    6: me.is_daemon() == daemon;
                    7: starts_and_joins();
                    8: { let me = me.clone(); start(move || {
                            let soon = Some(Duration::from_millis(1));
                            assert!(me.join_timeout(soon).unwrap().is_none());
                        }).is_ok_and(|h| h.join().is_ok_and(|o| o.is_returned())) };
                    9: THREADS.shutdown(&()).is_ok();
                    // Another's shutdown waits for it, unless it is a daemon.
                    10: start(|| THREADS.shutdown(&()).unwrap()).is_ok_and(|h| match daemon {
                        true => h.join().is_ok_and(|o| o.is_returned()),
                        false => h.join_timeout(Some(Duration::from_millis(20)))
                            .is_ok_and(|o| o.is_none()),
                    });
                }
            });
            tx.send(code).unwrap();
        };
        let handle = builder.start(forker).unwrap();
        assert_eq!(rx.recv().unwrap(), 0, "the number of the check");
        handle.join().unwrap();
    }
}

/// In the child, the thread that forked ends, and another one that it started joins it.
#[test]
fn the_thread_that_forked_can_be_joined_in_the_child() {
    let _turn = one_at_a_time();
    let (tx, rx) = channel();
    let handle = start(move || {
        // SAFETY: the child returns from this function, and the thread that it starts there ends
        // the process.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            // SAFETY: the alarm ends a child that hangs.
            unsafe { libc::alarm(60) };
            let me = Handle::current().unwrap();
            start(move || {
                let fine = me.join().is_ok_and(|o| o.is_returned());
                // SAFETY: ends this process.
                unsafe { libc::_exit(i32::from(!fine)) };
            })
            .unwrap();
            return;
        }
        tx.send(pid).unwrap();
    });
    let pid = rx.recv().unwrap();
    handle.unwrap().join().unwrap();
    let mut status = 0;
    // SAFETY: our child.
    unsafe { libc::waitpid(pid, &mut status, 0) };
    assert_eq!(status, 0);
}

#[test]
fn a_job_of_a_worker_may_fork() {
    static CACHE: WorkerCache = WorkerCache::new(4);
    let _turn = one_at_a_time();
    // An idle worker beside the one that forks.
    CACHE.start(|| ()).unwrap().join().unwrap();
    let (tx, rx) = channel();
    let job = move || {
        let ident = Ident::own();
        let code = forked(|| {
            checks! {
                1: Ident::own() == ident;
                2: CACHE.idle() == 0;
                3: CACHE.start(|| ()).is_ok_and(|h| h.join().is_ok());
                4: CACHE.idle() == 1;
            }
        });
        tx.send(code).unwrap();
    };
    CACHE.start(job).unwrap().join().unwrap();
    assert_eq!(rx.recv().unwrap(), 0, "the number of the check");
}

#[test]
fn a_child_of_a_child_knows_both_generations() {
    let _turn = one_at_a_time();
    let (alive, tx) = blocked();
    let code = forked(|| {
        let (mine, _tx) = blocked();
        let inner = forked(|| {
            checks! {
                1: joins_at_once(&alive);
                2: joins_at_once(&mine);
                3: starts_and_joins();
            }
        });
        checks! {
            11: inner == 0;
            12: joins_at_once(&alive);
            13: !mine.is_done();
        }
    });
    assert_eq!(code, 0, "the number of the check");
    drop(tx);
    alive.join().unwrap();
}

/// CPython's reinit_tls_after_fork.
#[test]
fn tss_values_and_logical_idents_survive() {
    static KEY: Tss = Tss::new();
    let _turn = one_at_a_time();
    KEY.create().unwrap();
    KEY.set(std::ptr::without_provenance_mut(77)).unwrap();
    let mut logical = LogicalThread::new();
    let ident = logical.ident();
    let code = logical.run(|| {
        forked(|| {
            checks! {
                1: KEY.get().addr() == 77;
                2: Ident::current() == ident;
                3: KEY.set(std::ptr::without_provenance_mut(78)).is_ok();
            }
        })
    });
    assert_eq!(code, 0, "the number of the check");
    assert_eq!(KEY.get().addr(), 77);
}

/// A join that waits while another thread forks goes on in the parent.
#[test]
fn a_fork_beside_a_waiting_join_disturbs_nobody() {
    let _turn = one_at_a_time();
    let (alive, tx) = blocked();
    let joined = Arc::new(AtomicU32::new(0));
    let joiners: Vec<_> = (0..2)
        .map(|_| {
            let (handle, joined) = (alive.clone(), Arc::clone(&joined));
            std::thread::spawn(move || {
                assert!(handle.join().unwrap().is_returned());
                joined.fetch_add(1, Ordering::Relaxed);
            })
        })
        .collect();
    for _ in 0..20 {
        let code = forked(|| checks! { 1: joins_at_once(&alive); });
        assert_eq!(code, 0);
    }
    assert_eq!(joined.load(Ordering::Relaxed), 0);
    drop(tx);
    for joiner in joiners {
        joiner.join().unwrap();
    }
}
