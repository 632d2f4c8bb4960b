#![cfg(all(unix, not(miri)))]
//! The table "state at the fork x what the child does" for every primitive, each cell with a real
//! fork, and random programs of operations and forks that are checked against it.
//!
//! The table is in the documentation of `py_sync::after_fork`. "Free" here means that everything
//! works: a try, a timed take, and threads of the child that contend. "Theirs" means that a thread
//! held it which is not there: nobody gets it before `at_fork_reinit`, and everybody after.

#[path = "../support/mod.rs"]
mod support;

mod exclusive;
mod others;
mod program;
mod reading;
#[cfg(feature = "gil-disabled")]
mod sections;
#[cfg(feature = "typed")]
mod typed;

use py_thread::Handle;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;
use support::start;

/// Long enough that a wait ends only if it should.
const LONG: Duration = Duration::from_secs(10);
const MS: Duration = Duration::from_millis(1);

/// Runs `child` in a fork; it fails by a panic or by hanging.
#[track_caller]
fn forked(child: impl FnOnce()) {
    support::in_forked_child(|| {
        child();
        true
    });
}

/// Threads of the parent. `end` makes them return.
#[derive(Default)]
struct Others {
    release: Vec<Sender<()>>,
    threads: Vec<Handle>,
}

impl Others {
    /// Starts a thread that calls `take`, and calls `give` when it is to end. Returns when `take` is done.
    fn hold(&mut self, take: impl FnOnce() + Send + 'static, give: impl FnOnce() + Send + 'static) {
        let (taken, told) = channel();
        let (release, end) = channel::<()>();
        self.release.push(release);
        self.threads.push(start(move || {
            take();
            taken.send(()).unwrap();
            let _ = end.recv();
            give();
        }));
        told.recv().unwrap();
    }

    /// One that waits in `wait`. Returns when it is likely to be asleep in it; nothing depends on it.
    fn wait(&mut self, wait: impl FnOnce() + Send + 'static) {
        self.threads.push(start(wait));
        std::thread::sleep(MS * 2);
    }

    /// Ends all, in the parent.
    fn end(self) {
        drop(self.release);
        join(&self.threads);
    }
}

/// A thing that was made in the parent in some state, and what a child does with it. Everything it
/// does is checked against the table.
trait Made {
    /// Does the `n`th of [`Made::ways`] things.
    fn perform(&mut self, n: usize);
    fn ways(&self) -> usize;
    /// In the parent, after the forks: everything ends as if there had been none.
    fn end(self: Box<Self>);
}

/// Every cell of a column: each thing that a child may do, twice, in a child of its own, and then
/// everything in a row.
fn each_cell(mut made: Box<dyn Made>) {
    for n in 0..made.ways() {
        forked(|| {
            made.perform(n);
            made.perform(n);
            (0..made.ways()).for_each(|n| made.perform(n));
        });
    }
    made.end();
}

/// Two threads of the child take and give, beside this thread, until each has had its turns; `first`
/// runs when they have started.
fn contend(take: &(dyn Fn() + Sync), give: &(dyn Fn() + Sync), first: impl FnOnce()) {
    let inside = AtomicBool::new(false);
    let turns = |n: usize| {
        for _ in 0..n {
            take();
            assert!(!inside.swap(true, SeqCst), "two have it");
            inside.store(false, SeqCst);
            give();
        }
    };
    let threads = || turns(5);
    beside(&[&threads, &threads], || {
        first();
        turns(5);
    });
}

fn join(threads: &[Handle]) {
    let fine = |t: &Handle| t.join().expect("not of this thread").is_returned();
    // All of them, whatever the first came to.
    let fine: Vec<_> = threads.iter().map(fine).collect();
    assert!(fine.iter().all(|&fine| fine) || std::thread::panicking());
}

/// Runs `here` beside threads that run `there`, and waits for them; a panic of theirs is one here.
fn beside<R>(there: &[&(dyn Fn() + Sync)], here: impl FnOnce() -> R) -> R {
    struct Joins(Vec<Handle>);
    impl Drop for Joins {
        fn drop(&mut self) {
            join(&self.0);
        }
    }
    let run = |f: &&(dyn Fn() + Sync)| {
        // SAFETY: the threads are joined before this function is left, on whichever way.
        let f: &'static (dyn Fn() + Sync) = unsafe { std::mem::transmute(*f) };
        start(f)
    };
    let _joins = Joins(there.iter().map(run).collect());
    here()
}
