//! Fuzz targets. Each makes a program of operations, or a question, from any bytes at all, carries it out
//! on the real code, and compares with a model that is obvious, or with the live CPython. It panics if
//! they differ.
//!
//! | target | a program of | compared with |
//! |---|---|---|
//! | [`arena`] | requests, objects, claims, scopes, resets, failures of the allocator | a list of what was handed out |
//! | [`seed`] | one `PYTHONHASHSEED` | C's `strtoul`, the rules in `i128`, a started python |
//! | [`hash`] | one value of any kind, under any secret | slow and obvious arithmetic, the siphasher crate, a live python |
//! | [`timeout`] | arguments of a timeout, and waits | arithmetic in `i128`, the clock |
//! | [`lot`] | parks, unparks, waits for a condition and notifications, one after the other | queues in the order of arrival |
//! | [`race`] | the same by threads at once | what must add up at the end |
//! | [`section`] | critical sections that begin, end, nest and are suspended, of one thread or of three | a list of open sections; exclusion |
//! | [`fork`] | locks in every state, waiters, forks | the table of `py_sync::after_fork` |
//!
//! `cargo xtask fuzz` runs them under libFuzzer. The corpus that it found, minimised, is in `corpus/`, and
//! `tests/corpus.rs` runs every target on it as an ordinary test. For each target `xtask/fuzz/` has a
//! planted fault that it must find within a minute.
//!
//! `PYTHON_ORACLE` names the python to ask; without it the targets compare with the models alone.

pub mod arena;
#[cfg(unix)]
pub mod fork;
pub mod hash;
pub mod lot;
mod python;
pub mod race;
pub mod section;
pub mod seed;
pub mod timeout;

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Once;
use std::time::Duration;

/// One target.
#[derive(Debug)]
pub struct Target {
    /// What `cargo xtask fuzz` calls it; the name of its folder in `corpus/`, too.
    pub name: &'static str,
    /// Carries out what the bytes say. Panics if the code under test is wrong.
    pub run: fn(&[u8]),
    /// What is too slow to be done for each input of a fuzzer; the test of the corpus does it.
    pub slowly: Option<fn(&[u8])>,
}

/// All targets.
#[rustfmt::skip]
pub const TARGETS: [Target; if cfg!(unix) { 8 } else { 7 }] = [
    Target { name: "arena", run: arena::run, slowly: None },
    Target { name: "seed", run: seed::run, slowly: Some(seed::starts) },
    Target { name: "hash", run: hash::run, slowly: None },
    Target { name: "timeout", run: timeout::run, slowly: None },
    Target { name: "lot", run: lot::run, slowly: None },
    Target { name: "race", run: race::run, slowly: None },
    Target { name: "section", run: section::run, slowly: None },
    #[cfg(unix)]
    Target { name: "fork", run: fork::run, slowly: None },
];

/// The target of this name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|t| t.name == name)
}

/// Long enough that on any machine only a lost wake-up takes longer.
pub(crate) const SOON: Duration = Duration::from_secs(15);

/// A panic that a program asks for.
pub(crate) struct Planned;

thread_local! {
    /// Whether this thread is about to be refused something, by a panic.
    static REFUSAL: Cell<bool> = const { Cell::new(false) };
}

/// Panics that are asked for stay quiet from now on; any other is shown as ever.
pub fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // What libFuzzer's hook would do at once, its caller does when the panic arrives there.
        let shown: Box<dyn Fn(&std::panic::PanicHookInfo<'_>) + Send + Sync> = if cfg!(fuzzing) {
            Box::new(|info| eprintln!("{info}"))
        } else {
            std::panic::take_hook()
        };
        std::panic::set_hook(Box::new(move |info| {
            if !info.payload().is::<Planned>() && !REFUSAL.get() {
                shown(info);
            }
        }));
    });
}

/// What `f` returns; `None` if it ended by a panic that was asked for.
pub(crate) fn unless_planned<R>(f: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(value) => Some(value),
        Err(panic) if panic.is::<Planned>() => None,
        Err(panic) => resume_unwind(panic),
    }
}

/// Calls what must be refused by a panic that says `words`.
pub(crate) fn is_refused(words: &str, f: impl FnOnce()) {
    REFUSAL.set(true);
    let ended = catch_unwind(AssertUnwindSafe(f));
    REFUSAL.set(false);
    let panic = ended.expect_err(words);
    let said = text(&*panic);
    assert!(said.contains(words), "refused with {said:?}, not {words:?}");
}

fn text(panic: &dyn Any) -> &str {
    let text = panic.downcast_ref::<String>().map(|s| &**s);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("another payload")
}
