//! loom models of the real code: the handle's state machine, the worker cache, the registry, the
//! eval breaker. They run on the threads of `sys/model.rs`, which checks that each is joined or
//! detached exactly once.
//!
//! A model has no clock: a timed wait is over as soon as it sleeps, and loom decides how late the
//! thread runs on. So every race between a time-out and an end is explored.

mod eval_breaker;
mod forked;
mod handle;
mod jobs;
mod lazy_arc;
#[cfg(feature = "micro")]
mod micro;
mod set_done;
mod shutdown;
mod sleeps;
mod threads;
mod worker;

use crate::handle::state::Inner;
use crate::sync::{Arc, UnsafeCell};
use crate::sys::OsThread;
use crate::sys::threads::unsettled;
use crate::{Builder, Handle, Ident};
use core::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use core::time::Duration;

const SOON: Option<Duration> = Some(Duration::from_millis(1));

/// Runs a model with as many pre-emptions as the environment says, and prints how many executions
/// it took.
fn explore(name: &str, model: impl Fn() + Sync + Send + 'static) {
    run(name, loom::model::Builder::new(), model);
}

/// Runs a model of two threads in every order. A bound on pre-emptions would hide some faults.
fn explore_fully(name: &str, model: impl Fn() + Sync + Send + 'static) {
    explore_within(None, name, model);
}

/// Runs a model with this many pre-emptions: for models where two hide a fault, and where a run
/// without a bound takes minutes.
fn explore_within(
    preemptions: Option<usize>,
    name: &str,
    model: impl Fn() + Sync + Send + 'static,
) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    run(name, builder, model);
}

/// Runs the steps of one thread, for what loom and the model's threads report of them.
fn steps(name: &str, model: impl Fn() + Sync + Send + 'static) {
    assert_eq!(count(name, loom::model::Builder::new(), model), 1);
}

fn run(name: &str, builder: loom::model::Builder, model: impl Fn() + Sync + Send + 'static) {
    assert!(count(name, builder, model) > 1, "an empty model");
}

fn count(
    name: &str,
    builder: loom::model::Builder,
    model: impl Fn() + Sync + Send + 'static,
) -> usize {
    static EXECUTIONS: AtomicUsize = AtomicUsize::new(0);
    // One model at a time, because the counters belong to the process.
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _turn = TURN
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    EXECUTIONS.store(0, SeqCst);
    let base = unsettled();
    builder.check(move || {
        // The execution before this one has ended entirely.
        assert_eq!(
            unsettled(),
            base,
            "a thread was neither joined nor detached"
        );
        EXECUTIONS.fetch_add(1, SeqCst);
        model();
    });
    assert_eq!(
        unsettled(),
        base,
        "a thread was neither joined nor detached"
    );
    let n = EXECUTIONS.load(SeqCst);
    println!("loom: {name}: {n} executions");
    n
}

/// Memory that the thread writes, and that a joiner may read without a race.
struct Work(UnsafeCell<u32>);

// SAFETY: loom checks every access to the cell.
unsafe impl Sync for Work {}
// SAFETY: a `u32` may go to another thread.
unsafe impl Send for Work {}

impl Work {
    fn new() -> Arc<Work> {
        Arc::new(Work(UnsafeCell::new(0)))
    }

    fn set(&self, value: u32) {
        // SAFETY: loom checks that nobody else accesses it.
        self.0.with_mut(|p| unsafe { *p = value });
    }

    fn get(&self) -> u32 {
        // SAFETY: loom checks that nobody writes meanwhile.
        self.0.with(|p| unsafe { *p })
    }
}

fn start(work: &Arc<Work>) -> Handle {
    let work = Arc::clone(work);
    Builder::new()
        .start(move || work.set(7))
        .expect("a model has threads")
}

/// A thread that runs on `os`, and the reference that it has itself.
fn thread(os: OsThread) -> (Handle, Arc<Inner>) {
    let inner = Arc::new(Inner::new());
    assert!(inner.claim(0));
    inner.prepare(Ident::mint(), None);
    inner.publish(os);
    (Handle(Arc::clone(&inner)), inner)
}

fn panics() -> Handle {
    let builder = Builder::new();
    builder
        .start(|| std::panic::panic_any("planned"))
        .expect("a model has threads")
}

/// Runs `f` with the panic messages switched off.
fn quietly<R>(f: impl FnOnce() -> R) -> R {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref::<&str>() != Some(&"planned") {
                hook(info);
            }
        }));
    });
    f()
}
