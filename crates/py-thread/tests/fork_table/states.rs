//! Handles of threads other than the one that forks.

use super::forked;
use py_thread::{Builder, Handle, JoinError, Outcome, State, Timeout, WorkerCache, start};
use rstest::rstest;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Where a thread stands at the fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    NotStarted,
    Running,
    Exited,
    Panicked,
    Joined,
    MarkedDone,
    StartFailed,
    /// By the only handle: in the system's own join.
    JoinedByTheOnlyHandle,
    JoinedByTwo,
    JoinedWithATimeout,
    /// On a worker of a cache.
    Job,
    JobEnded,
    /// A host's thread.
    Adopted,
}

pub(super) const ALL: [At; 13] = [
    At::NotStarted,
    At::Running,
    At::Exited,
    At::Panicked,
    At::Joined,
    At::MarkedDone,
    At::StartFailed,
    At::JoinedByTheOnlyHandle,
    At::JoinedByTwo,
    At::JoinedWithATimeout,
    At::Job,
    At::JobEnded,
    At::Adopted,
];

/// A handle whose thread stands there, and what ends it in the parent.
pub(super) struct Made {
    pub(super) at: At,
    pub(super) handle: Arc<Handle>,
    release: Option<Sender<()>>,
    others: Vec<JoinHandle<()>>,
}

fn blocked(tx: &mut Option<Sender<()>>) -> impl FnOnce() + Send + use<> {
    let (sender, rx) = channel();
    *tx = Some(sender);
    move || {
        let _ = rx.recv();
    }
}

fn exited(handle: Handle) -> Handle {
    while !handle.has_exited() {
        std::thread::yield_now();
    }
    handle
}

impl Made {
    pub(super) fn new(at: At) -> Made {
        static CACHE: WorkerCache = WorkerCache::new(4);
        let mut release = None;
        let mut others = Vec::new();
        let handle = match at {
            At::NotStarted => Handle::unstarted(),
            At::Exited => exited(start(|| ()).unwrap()),
            At::Panicked => {
                exited(start(|| std::panic::resume_unwind(Box::new("planned"))).unwrap())
            }
            At::JobEnded => exited(CACHE.start(|| ()).unwrap()),
            At::Job => CACHE.start(blocked(&mut release)).unwrap(),
            At::StartFailed => {
                let handle = Handle::unstarted();
                let more_than_there_is = Builder::new().stack_size(1 << 46);
                handle.start(more_than_there_is, || ()).unwrap_err();
                handle
            }
            At::Adopted => {
                let (tx, rx) = channel();
                let wait = blocked(&mut release);
                others.push(std::thread::spawn(move || {
                    tx.send(Handle::adopt_current()).unwrap();
                    wait();
                }));
                rx.recv().unwrap()
            }
            _ => start(blocked(&mut release)).unwrap(),
        };
        let handle = Arc::new(handle);
        let joiners = match at {
            At::JoinedByTheOnlyHandle | At::JoinedWithATimeout => 1,
            At::JoinedByTwo => 2,
            _ => 0,
        };
        for _ in 0..joiners {
            let handle = Arc::clone(&handle);
            let timed = at == At::JoinedWithATimeout;
            others.push(std::thread::spawn(move || match timed {
                true => drop(handle.join_timeout(Some(Duration::from_secs(60))).unwrap()),
                false => drop(handle.join().unwrap()),
            }));
        }
        match at {
            At::Joined => {
                drop(release.take());
                handle.join().unwrap();
            }
            At::MarkedDone => handle.set_done().unwrap(),
            _ if joiners > 0 => std::thread::sleep(Duration::from_millis(5)),
            _ => {}
        }
        Made {
            at,
            handle,
            release,
            others,
        }
    }

    /// In the parent, after the fork: everything ends as if there had been none.
    pub(super) fn end(self) {
        drop(self.release);
        for other in self.others {
            other.join().unwrap();
        }
        match self.at {
            At::NotStarted => {}
            At::Adopted => self.handle.set_done().unwrap(),
            _ => drop(self.handle.join().unwrap()),
        }
    }
}

/// What a child does with a handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Do {
    Look,
    IsDone,
    Join,
    JoinTimeout,
    JoinWith,
    JoinFromThreads,
    SetDone,
    Start,
    CloneAndDrop,
}

pub(super) const EVERYTHING: [Do; 9] = [
    Do::Look,
    Do::IsDone,
    Do::Join,
    Do::JoinTimeout,
    Do::JoinWith,
    Do::JoinFromThreads,
    Do::SetDone,
    Do::Start,
    Do::CloneAndDrop,
];

/// What the table says of a handle in the child; it changes when the child starts the thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Is {
    NotStarted,
    Done,
    /// Done, with a panic.
    Panicked,
}

pub(super) fn in_the_child(at: At) -> Is {
    match at {
        At::NotStarted => Is::NotStarted,
        At::Panicked => Is::Panicked,
        _ => Is::Done,
    }
}

fn is_right(is: Is, outcome: &Outcome) -> bool {
    match is {
        Is::Panicked => outcome.panic().is_some_and(|p| p.message() == "planned"),
        _ => outcome.is_returned(),
    }
}

/// Does it in the child, and checks it against the table.
pub(super) fn perform(what: Do, handle: &Handle, is: &mut Is) {
    let fresh = *is == Is::NotStarted;
    let refused = |result: Result<_, JoinError>| matches!(result, Err(JoinError::NotStarted));
    match what {
        Do::Look => {
            assert_eq!(handle.has_exited(), !fresh);
            let state = if fresh {
                State::NotStarted
            } else {
                State::Done
            };
            assert_eq!(handle.state(), state);
            let _ = (handle.ident(), handle.os_ident(), handle.is_daemon());
        }
        Do::IsDone => assert_eq!(handle.is_done(), !fresh),
        Do::Join | Do::JoinTimeout | Do::JoinWith => {
            let result = match what {
                Do::Join => handle.join().map(Some),
                Do::JoinTimeout => handle.join_timeout(Some(Duration::ZERO)),
                _ => handle.join_with(Timeout::FOREVER, &()),
            };
            match result {
                Ok(Some(outcome)) => assert!(!fresh && is_right(*is, &outcome)),
                result => assert!(fresh && refused(result)),
            }
        }
        Do::JoinFromThreads => {
            let joiners = [(); 2].map(|()| {
                let (handle, is) = (handle.clone(), *is);
                start(move || match handle.join() {
                    Ok(outcome) => assert!(!fresh && is_right(is, &outcome)),
                    Err(error) => assert!(fresh && matches!(error, JoinError::NotStarted)),
                })
                .unwrap()
            });
            assert!(joiners.iter().all(|j| j.join().unwrap().is_returned()));
        }
        Do::SetDone => assert_eq!(handle.set_done().is_ok(), !fresh),
        Do::Start => {
            assert_eq!(handle.start(Builder::new(), || ()).is_ok(), fresh);
            if fresh {
                assert!(handle.join().unwrap().is_returned());
                *is = Is::Done;
            }
        }
        Do::CloneAndDrop => handle.clone().detach(),
    }
}

/// Every cell: each state, and in a child of its own each thing a child may do, twice.
#[rstest]
fn each_cell_of_the_table(
    #[values(
        At::NotStarted,
        At::Running,
        At::Exited,
        At::Panicked,
        At::Joined,
        At::MarkedDone,
        At::StartFailed,
        At::JoinedByTheOnlyHandle,
        At::JoinedByTwo,
        At::JoinedWithATimeout,
        At::Job,
        At::JobEnded,
        At::Adopted
    )]
    at: At,
) {
    let made = Made::new(at);
    for what in EVERYTHING {
        forked(|| {
            let mut is = in_the_child(at);
            perform(what, &made.handle, &mut is);
            perform(what, &made.handle, &mut is);
            perform(Do::Look, &made.handle, &mut is);
        });
    }
    made.end();
}

/// The last handle is dropped in the child, and the dead thread is not touched.
#[test]
fn the_last_handle_may_be_dropped_in_the_child() {
    for at in ALL {
        let mut made = Some(Made::new(at));
        forked(|| {
            let made = made.take().unwrap();
            // std's, which may have been in the middle of something at the fork: its channel is spun on.
            std::mem::forget((made.release, made.others));
            // The joiners' references are theirs, and they are gone.
            drop(made.handle);
            start(|| ()).unwrap().join().unwrap();
        });
        made.take().unwrap().end();
    }
}
