//! The loom models: the real code of this crate, every interleaving up to a bound.
//!
//! Run as `RUSTFLAGS="--cfg loom" LOOM_MAX_PREEMPTIONS=2 cargo test -p py-sync --lib --profile
//! model`. [`check`] counts the executions and prints them, so that an empty model shows. What a model
//! replaces is listed in `sync.rs`. The fairness clock is a parameter ([`NeverFair`] never hands off,
//! [`AlwaysFair`] always does), and a timed wait polls once.
//!
//! [`NeverFair`]: crate::deadline::NeverFair
//! [`AlwaysFair`]: crate::deadline::AlwaysFair

mod condvar;
mod counting_semaphore;
mod critical_section;
mod event;
mod lot;
mod lot_queue;
mod mutex;
mod mutex_fair;
mod once_flag;
mod raw_mutex;
mod recursive_mutex;
mod releases;
mod rw_fair;
mod rw_mutex;
mod rw_try;
mod rw_upgrade;
mod semaphore;
mod seq_lock;
mod stopped;
mod with_signals;

use crate::sync::UnsafeCell;
use loom::sync::Arc as Shared;
use loom::thread;
// loom must not see the counter: it is not part of the model.
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Explores `model` and prints how many executions that took.
pub(crate) fn check(name: &str, model: impl Fn() + Send + Sync + 'static) {
    let n = explore(loom::model::Builder::new(), name, model);
    assert!(n > 1, "{name} explores nothing");
}

/// A sequence of steps by one thread, for what the shim's devices report of it.
pub(crate) fn check_steps(name: &str, model: impl Fn() + Send + Sync + 'static) {
    let n = explore(loom::model::Builder::new(), name, model);
    assert_eq!(n, 1, "{name} has one order of its steps");
}

/// [`check`] with no more than `most` pre-emptions: for a model that needs few, and has many.
pub(super) fn check_within(most: usize, name: &str, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(builder.preemption_bound.map_or(most, |n| n.min(most)));
    let n = explore(builder, name, model);
    assert!(n > 1, "{name} explores nothing");
}

fn explore(
    builder: loom::model::Builder,
    name: &str,
    model: impl Fn() + Send + Sync + 'static,
) -> usize {
    let executions = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&executions);
    builder.check(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        model();
    });
    let n = executions.load(Ordering::Relaxed);
    println!("loom: {name}: {n} executions");
    n
}

/// What a lock under test guards: loom reports two threads in it at once, and a missing ordering.
#[derive(Debug)]
pub(super) struct Guarded(UnsafeCell<usize>);

// SAFETY: loom checks every access; that is the point.
unsafe impl Sync for Guarded {}
// SAFETY: loom checks every access, from whatever thread.
unsafe impl Send for Guarded {}

impl Guarded {
    pub(super) fn new() -> Guarded {
        Guarded(UnsafeCell::new(0))
    }

    /// The critical section.
    pub(super) fn increment(&self) {
        // SAFETY: the lock under test is held; loom fails the model if that excludes nobody.
        self.0.with_mut(|n| unsafe { *n += 1 });
    }

    pub(super) fn get(&self) -> usize {
        // SAFETY: the lock under test is held, or all threads have been joined; loom fails the model if
        // neither is true.
        self.0.with(|n| unsafe { *n })
    }
}

/// Runs the first of `roles` here and the others on threads of their own, over one `T`; returns it
/// when all are done, with what they returned.
pub(super) fn together<T, R>(value: T, roles: &[fn(&T) -> R]) -> (Shared<T>, Vec<R>)
where
    T: Send + Sync + 'static,
    R: Send + 'static,
{
    let value = Shared::new(value);
    let others: Vec<_> = roles[1..]
        .iter()
        .map(|&role| {
            let value = Shared::clone(&value);
            thread::spawn(move || role(&value))
        })
        .collect();
    let mut results = vec![roles[0](&value)];
    results.extend(others.into_iter().map(|other| other.join().unwrap()));
    (value, results)
}
