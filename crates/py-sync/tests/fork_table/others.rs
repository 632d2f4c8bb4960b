//! What is no lock: events, once-flags, sequence locks, keys of the lot.

use super::{LONG, MS, Made, Others, beside, each_cell, start};
use py_sync::{Event, LockFlags, OnceFlag, ParkStatus, SeqLock, park, unpark, unpark_all};
use rstest::rstest;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// An event, set or not, with waiters or not: in the child it is as it was, and nobody waits.
pub(super) struct Happens {
    event: &'static Event,
    others: Others,
    is_set: bool,
}

impl Happens {
    pub(super) fn boxed(is_set: bool, waited_for: bool) -> Box<dyn Made> {
        let event: &'static Event = Box::leak(Box::new(Event::new()));
        let mut others = Others::default();
        if waited_for {
            others.wait(|| event.wait());
            others.wait(|| event.wait());
        }
        if is_set {
            event.notify();
        }
        Box::new(Happens {
            event,
            others,
            is_set,
        })
    }
}

impl Made for Happens {
    fn ways(&self) -> usize {
        4
    }

    fn perform(&mut self, n: usize) {
        let event = self.event;
        match n {
            0 => assert_eq!(event.is_set(), self.is_set),
            1 => assert_eq!(event.wait_timed(Some(MS), true), self.is_set),
            // The child's own waiters are woken.
            2 => {
                let wait = || assert!(event.wait_timed(Some(LONG), true));
                beside(&[&wait, &wait], || {
                    std::thread::sleep(MS);
                    event.notify();
                });
                self.is_set = true;
            }
            _ => {
                event.notify();
                self.is_set = true;
            }
        }
    }

    fn end(self: Box<Self>) {
        self.event.notify();
        self.others.end();
    }
}

#[rstest]
fn each_cell_of_an_event(#[values(false, true)] set: bool, #[values(false, true)] waited: bool) {
    each_cell(Happens::boxed(set, waited));
}

/// Where a once-flag stands at the fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Once {
    Untried,
    Failed,
    Done,
    Runs,
    RunsWaitedFor,
}

pub(super) const ONCES: [Once; 5] = [
    Once::Untried,
    Once::Failed,
    Once::Done,
    Once::Runs,
    Once::RunsWaitedFor,
];

pub(super) struct Flag {
    once: &'static OnceFlag,
    others: Others,
    done: bool,
    /// In another thread, which the child has not.
    runs: bool,
}

impl Flag {
    pub(super) fn boxed(at: Once) -> Box<dyn Made> {
        let once: &'static OnceFlag = Box::leak(Box::new(OnceFlag::new()));
        let mut others = Others::default();
        let runs = matches!(at, Once::Runs | Once::RunsWaitedFor);
        match at {
            Once::Untried => {}
            Once::Failed => assert_eq!(once.call(|| Err(1)), Err(1)),
            Once::Done => once.call(|| Ok::<_, ()>(())).unwrap(),
            Once::Runs | Once::RunsWaitedFor => {
                let (began, told) = std::sync::mpsc::channel();
                let (release, end) = std::sync::mpsc::channel::<()>();
                others.release.push(release);
                others.threads.push(start(move || {
                    let run = || {
                        began.send(()).unwrap();
                        let _ = end.recv();
                        Ok::<_, ()>(())
                    };
                    once.call(run).unwrap();
                }));
                told.recv().unwrap();
            }
        }
        if at == Once::RunsWaitedFor {
            others.wait(|| once.call(|| Err(())).unwrap());
        }
        Box::new(Flag {
            once,
            others,
            done: at == Once::Done,
            runs,
        })
    }

    fn reinit(&mut self) {
        // SAFETY: the child's only thread, and not in the initialiser, which writes nothing.
        unsafe { self.once.at_fork_reinit() };
        self.runs = false;
    }
}

impl Made for Flag {
    fn ways(&self) -> usize {
        4
    }

    fn perform(&mut self, n: usize) {
        match n {
            0 => assert_eq!(self.once.is_done(), self.done),
            1 => self.reinit(),
            2 if !self.runs => {
                let failed = self.once.call(|| Err(7));
                assert_eq!(failed, if self.done { Ok(()) } else { Err(7) });
            }
            2 => {}
            // The child's threads call it together: one runs it, unless it was done.
            _ => {
                if self.runs {
                    self.reinit();
                }
                let runs = AtomicUsize::new(0);
                let run = || {
                    runs.fetch_add(1, SeqCst);
                    std::thread::sleep(MS);
                    Ok::<_, ()>(())
                };
                let call = || self.once.call(run).unwrap();
                beside(&[&call, &call], call);
                assert_eq!(runs.into_inner(), usize::from(!self.done));
                self.done = true;
            }
        }
    }

    fn end(self: Box<Self>) {
        self.others.end();
        self.once.call(|| Ok::<_, ()>(())).unwrap();
    }
}

#[rstest]
fn each_cell_of_a_once_flag(
    #[values(
        Once::Untried,
        Once::Failed,
        Once::Done,
        Once::Runs,
        Once::RunsWaitedFor
    )]
    at: Once,
) {
    each_cell(Flag::boxed(at));
}

/// The initialiser itself forks: in the child it goes on, and the child's callers wait for it.
#[test]
fn an_initialiser_that_forks_ends_in_both() {
    static ONCE: OnceFlag = OnceFlag::new();
    let mut child = None;
    let run = || {
        // SAFETY: the child ends the initialiser, waits for its thread and leaves.
        match unsafe { libc::fork() } {
            0 => {
                // SAFETY: ends this process, should it hang.
                unsafe { libc::alarm(20) };
                child = Some(start(|| ONCE.call(|| Err("a second run")).unwrap()));
                std::thread::sleep(MS);
                Ok(())
            }
            pid => {
                let mut status = 0;
                // SAFETY: our child.
                assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
                assert_eq!(status, 0, "the child failed, or hung");
                Ok::<_, ()>(())
            }
        }
    };
    ONCE.call(run).unwrap();
    assert!(ONCE.is_done());
    if let Some(thread) = child {
        let fine = thread.join().is_ok_and(|outcome| outcome.is_returned());
        // SAFETY: ends the child.
        unsafe { libc::_exit(i32::from(!fine)) };
    }
}

/// A sequence lock: nobody writes, I write, or another thread does.
pub(super) struct Sequence {
    lock: &'static SeqLock,
    others: Others,
    mine: bool,
    theirs: bool,
    was_mine: bool,
}

impl Sequence {
    pub(super) fn boxed(mine: bool, theirs: bool) -> Box<dyn Made> {
        let lock: &'static SeqLock = Box::leak(Box::new(SeqLock::new()));
        let mut others = Others::default();
        if theirs {
            others.hold(|| lock.lock_write(), || lock.unlock_write());
        } else if mine {
            lock.lock_write();
        }
        let mine = mine && !theirs;
        Box::new(Sequence {
            lock,
            others,
            mine,
            theirs,
            was_mine: mine,
        })
    }
}

impl Made for Sequence {
    fn ways(&self) -> usize {
        4
    }

    fn perform(&mut self, n: usize) {
        let lock = self.lock;
        let writing = self.mine || self.theirs;
        match n {
            0 => {
                assert_eq!(lock.is_writing(), writing);
                match lock.try_begin_read() {
                    Some(begun) => assert!(!writing && lock.end_read(begun)),
                    None => assert!(writing, "torn, and it says so"),
                }
                let got = lock.try_lock_write();
                assert_eq!(got, !writing);
                if got {
                    lock.unlock_write();
                }
            }
            1 if self.mine => {
                lock.unlock_write();
                self.mine = false;
            }
            1 => {}
            // It says whether somebody wrote; also of my own write, which it ends.
            2 => {
                assert_eq!(lock.after_fork(), writing);
                (self.mine, self.theirs) = (false, false);
            }
            _ => {
                assert_eq!(lock.after_fork(), writing);
                (self.mine, self.theirs) = (false, false);
                let before = lock.begin_read();
                let write = || {
                    lock.lock_write();
                    lock.unlock_write();
                };
                beside(&[&write, &write], || ());
                assert!(!lock.end_read(before), "two have written");
            }
        }
    }

    fn end(self: Box<Self>) {
        if self.was_mine {
            self.lock.unlock_write();
        }
        self.others.end();
        assert!(self.lock.try_lock_write());
    }
}

#[rstest]
#[case(false, false)]
#[case(true, false)]
#[case(false, true)]
fn each_cell_of_a_sequence_lock(#[case] mine: bool, #[case] theirs: bool) {
    each_cell(Sequence::boxed(mine, theirs));
}

/// A key of the lot, with waiters or without: in the child it has none, and may be parked on.
pub(super) struct Key {
    key: usize,
    others: Others,
}

fn sleep_on(key: usize, timeout: std::time::Duration) -> ParkStatus {
    // SAFETY: the key is the address of a byte of this test's; the closure does not call into the lot.
    unsafe { park(key, || true, 1, Some(timeout), LockFlags::DETACH) }
}

impl Key {
    pub(super) fn boxed(waited_for: bool) -> Box<dyn Made> {
        let key = std::ptr::from_ref(Box::leak(Box::new(0_u8))).addr();
        let mut others = Others::default();
        for _ in 0..if waited_for { 2 } else { 0 } {
            others.wait(move || assert_eq!(sleep_on(key, LONG * 6), ParkStatus::Ok));
        }
        Box::new(Key { key, others })
    }
}

impl Made for Key {
    fn ways(&self) -> usize {
        4
    }

    fn perform(&mut self, n: usize) {
        let key = self.key;
        match n {
            0 => {
                // SAFETY: the key is this test's own.
                let found = unsafe { unpark(key, |token, more| (token, more)) };
                assert_eq!(found, (None, false));
            }
            // SAFETY: as above.
            1 => assert_eq!(unsafe { unpark_all(key) }, 0),
            2 => assert_eq!(sleep_on(key, MS), ParkStatus::Timeout),
            _ => {
                let sleep = || assert_eq!(sleep_on(key, LONG), ParkStatus::Ok);
                beside(&[&sleep, &sleep], || {
                    let mut woken = 0;
                    while woken < 2 {
                        // SAFETY: as above.
                        woken += unsafe { unpark_all(key) };
                        std::thread::yield_now();
                    }
                });
            }
        }
    }

    fn end(self: Box<Self>) {
        let n = self.others.threads.len();
        let mut woken = 0;
        while woken < n {
            // SAFETY: the key is this test's own.
            woken += unsafe { unpark_all(self.key) };
            std::thread::yield_now();
        }
        self.others.end();
    }
}

#[rstest]
fn each_cell_of_a_key(#[values(false, true)] waited_for: bool) {
    each_cell(Key::boxed(waited_for));
}
