//! The handle of the thread that forks. That thread lives on in the child; a thread that was
//! joining it does not.

use super::wait_for;
use py_thread::{Handle, JoinError, State, Threads, Timeout, WorkerCache, start};
use rstest::rstest;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

/// What the parent does with the thread when it forks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Joiner {
    Nobody,
    TheOnlyHandle,
    TwoHandles,
    WithATimeout,
    Shutdown,
    SetDone,
    /// `TheOnlyHandle`, and then another thread marks it done.
    TheOnlyHandleAndSetDone,
}

/// What another thread of the child does with it, before it ends and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Do {
    Join,
    JoinTimeout,
    JoinWith,
    IsDone,
    Shutdown,
    SetDone,
    TwoJoin,
    Drop,
}

/// Ends the child. Its first thread has returned, so no other code does.
fn leave(check: impl FnOnce()) {
    let check = std::panic::AssertUnwindSafe(check);
    let fine = std::panic::catch_unwind(check).is_ok();
    // SAFETY: ends this process.
    unsafe { libc::_exit(i32::from(!fine)) };
}

fn perform(what: Do, me: Handle, threads: &Threads, done: bool) {
    let soon = Some(Duration::from_millis(2));
    if !done {
        assert_eq!((me.state(), me.is_done()), (State::Running, false));
        assert!(me.join_timeout(soon).unwrap().is_none());
    }
    // From here on the thread ends by and by.
    GO.store(true, Ordering::Relaxed);
    match what {
        Do::Join => assert!(me.join().unwrap().is_returned()),
        Do::JoinTimeout => assert!(me.join_timeout(None).unwrap().is_some()),
        Do::JoinWith => assert!(me.join_with(Timeout::FOREVER, &()).unwrap().is_some()),
        Do::IsDone => {
            while !me.is_done() {
                std::thread::yield_now();
            }
        }
        Do::Shutdown => threads.shutdown(&()).unwrap(),
        Do::SetDone => me.set_done().unwrap(),
        Do::TwoJoin => {
            let other = me.clone();
            let second = start(move || assert!(other.join().unwrap().is_returned())).unwrap();
            assert!(me.join().unwrap().is_returned());
            assert!(second.join().unwrap().is_returned());
        }
        Do::Drop => return drop(me),
    }
    if what != Do::Shutdown {
        assert_eq!((me.state(), me.is_done()), (State::Done, true));
        assert!(me.join().unwrap().is_returned());
    }
}

static GO: AtomicBool = AtomicBool::new(false);

/// What the thread that forked does in the child: it begins the other thread, and ends on `GO`.
fn in_the_child(what: Do, threads: &'static Threads, done: bool) {
    // SAFETY: the alarm ends a child that hangs.
    unsafe { libc::alarm(30) };
    // SAFETY: first thing in the child.
    unsafe { threads.after_fork() };
    let me = Handle::current().unwrap();
    if !done {
        assert!(matches!(me.join(), Err(JoinError::CurrentThread)));
    }
    let other = move || leave(|| perform(what, me, threads, done));
    start(other).unwrap().detach();
    while !GO.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_micros(100));
    }
}

fn run(joiner: Joiner, what: Do, cached: bool) {
    static CACHE: WorkerCache = WorkerCache::new(2);
    let threads: &'static Threads = Box::leak(Box::new(Threads::new()));
    let done = matches!(joiner, Joiner::SetDone | Joiner::TheOnlyHandleAndSetDone);
    let (go, wait) = channel::<()>();
    let (tell, child) = channel();
    let forker = move || {
        wait.recv().unwrap();
        // SAFETY: the child goes on in `in_the_child`, and leaves in its other thread.
        match unsafe { libc::fork() } {
            0 => in_the_child(what, threads, done),
            pid => tell.send(pid).unwrap(),
        }
    };
    let handle = Arc::new(match cached {
        true => CACHE.start_with(threads.builder(), forker).unwrap(),
        false => threads.start(forker).unwrap(),
    });
    let other = Arc::clone(&handle);
    let second = (joiner == Joiner::TwoHandles).then(|| Handle::clone(&handle));
    let joining = std::thread::spawn(move || match joiner {
        Joiner::TheOnlyHandle | Joiner::TwoHandles | Joiner::TheOnlyHandleAndSetDone => {
            drop(other.join().unwrap());
        }
        Joiner::WithATimeout => {
            drop(other.join_timeout(Some(Duration::from_secs(60))).unwrap());
        }
        Joiner::Shutdown => threads.shutdown(&()).unwrap(),
        Joiner::Nobody | Joiner::SetDone => {}
    });
    std::thread::sleep(Duration::from_millis(5));
    if done {
        handle.set_done().unwrap();
    }
    go.send(()).unwrap();
    wait_for(child.recv().unwrap());
    joining.join().unwrap();
    drop(second);
    handle.join().unwrap();
    threads.shutdown(&()).unwrap();
}

#[rstest]
fn the_thread_that_forked_is_joined_in_the_child(
    #[values(
        Joiner::Nobody,
        Joiner::TheOnlyHandle,
        Joiner::TwoHandles,
        Joiner::WithATimeout,
        Joiner::Shutdown,
        Joiner::SetDone,
        Joiner::TheOnlyHandleAndSetDone
    )]
    joiner: Joiner,
    #[values(false, true)] cached: bool,
) {
    for what in [
        Do::Join,
        Do::JoinTimeout,
        Do::JoinWith,
        Do::IsDone,
        Do::Shutdown,
        Do::SetDone,
        Do::TwoJoin,
        Do::Drop,
    ] {
        run(joiner, what, cached);
    }
}
