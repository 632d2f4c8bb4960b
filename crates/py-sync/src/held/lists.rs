//! What the threads that check share with those that sleep: the sleepers in words, the channel of the
//! answers, and the waits that were reported. `asking.rs` uses them.

use super::store::{Renewable, Store};
use crate::semaphore::Semaphore;
use crate::sync::lot_static;
use py_thread::Ident;
use std::backtrace::Backtrace;
use std::sync::mpsc::Sender;
use std::thread::ThreadId;

/// A thread that sleeps in the word of a raw mutex.
#[derive(Clone, Copy)]
pub(crate) struct WordWait {
    /// The mutex's address.
    pub(crate) key: usize,
    pub(crate) own: Ident,
    pub(crate) current: Ident,
    pub(crate) id: u64,
    /// Nanoseconds of the monotonic clock.
    pub(crate) since: u64,
    pub(super) semaphore: *const Semaphore,
}

// SAFETY: the pointer is followed under the list's mutex only (A1).
unsafe impl Send for WordWait {}

lot_static! {
    static IN_WORDS: Renewable<Store<WordWait>> = Renewable::new(Store::new());
}

/// Where the wait `id` is.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) id: u64,
    pub(crate) thread: ThreadId,
    pub(crate) backtrace: Backtrace,
}

lot_static! {
    static ASKED: Renewable<Option<Sender<Answer>>> = Renewable::new(None);
}

lot_static! {
    static REPORTED: Renewable<Vec<u64>> = Renewable::new(Vec::new());
}

pub(super) fn in_words() -> &'static Renewable<Store<WordWait>> {
    &IN_WORDS
}

pub(super) fn asked() -> &'static Renewable<Option<Sender<Answer>>> {
    &ASKED
}

pub(super) fn reported() -> &'static Renewable<Vec<u64>> {
    &REPORTED
}

/// H6: whoever slept, asked or checked is not there.
///
/// # Safety
///
/// The process has forked, and the calling thread is the child's only one.
pub(super) unsafe fn in_child() {
    // SAFETY: the caller's promise; none of the three is locked by the forking thread, which is in no
    // call of `asking.rs`. What is left out is leaked: to free it might take a lock of the parent's.
    unsafe {
        IN_WORDS.renew(|waits| waits.retain(|_| false), Store::new());
        ASKED.renew(|asked| core::mem::forget(asked.take()), None);
        REPORTED.renew(|ids| core::mem::forget(core::mem::take(ids)), Vec::new());
    }
}
