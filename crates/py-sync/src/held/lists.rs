//! What checking and sleeping threads share: the list of the threads that sleep in words, the channel
//! of the backtraces, and the list of the waits that were reported. `backtraces.rs` uses them.

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

/// Which thread is in wait `id`, and its backtrace there.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) id: u64,
    pub(crate) thread: ThreadId,
    pub(crate) backtrace: Backtrace,
}

lot_static! {
    static REPLIES: Renewable<Option<Sender<Reply>>> = Renewable::new(None);
}

lot_static! {
    static REPORTED: Renewable<Vec<u64>> = Renewable::new(Vec::new());
}

pub(super) fn in_words() -> &'static Renewable<Store<WordWait>> {
    &IN_WORDS
}

pub(super) fn replies() -> &'static Renewable<Option<Sender<Reply>>> {
    &REPLIES
}

pub(super) fn reported() -> &'static Renewable<Vec<u64>> {
    &REPORTED
}

/// H6: the threads that slept or checked do not exist in the child.
///
/// # Safety
///
/// The process has forked, and the calling thread is the child's only one.
pub(super) unsafe fn in_child() {
    // SAFETY: the caller promises that this is the child's only thread. It has none of the three locked:
    // it was in no call of `backtraces.rs` when it forked. The old values are leaked, since freeing
    // them might take a lock that a thread of the parent held.
    unsafe {
        IN_WORDS.renew(|waits| waits.retain(|_| false), Store::new());
        REPLIES.renew(|channel| core::mem::forget(channel.take()), None);
        REPORTED.renew(|ids| core::mem::forget(core::mem::take(ids)), Vec::new());
    }
}
