//! Those who sleep in the word of a [`RawMutex`](crate::RawMutex), and how a thread that sleeps is
//! asked where it is.
//!
//! ```text
//!   who checks: a channel in ASKED ──▶ ask the semaphore ──▶ receive the answers
//!                                            │ Wake::Asked          ▲
//!   who sleeps:                              └──▶ answer: send ─────┘, sleep on
//! ```
//!
//! Invariants, beside the H's of `mod.rs`:
//! * A1: a semaphore in the list of those who sleep in words is alive: its owner takes it out, under the
//!   list's mutex, before its frame goes.
//! * A2: a thread that was asked is where it was: in its queue, or in its list. It answers, and sleeps on.

use super::store::{Renewable, Store, copy};
use super::{ENABLED, next_id, register};
use crate::deadline::Deadline;
use crate::semaphore::{Semaphore, Wake};
use crate::sync::lot_static;
use crate::sys;
use py_thread::Ident;
use std::backtrace::Backtrace;
use std::sync::MutexGuard;
use std::sync::mpsc::{Receiver, Sender, channel};
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
    semaphore: *const Semaphore,
}

// SAFETY: the pointer is followed under the list's mutex only (A1).
unsafe impl Send for WordWait {}

lot_static! {
    static IN_WORDS: Renewable<Store<WordWait>> = Renewable::new(Store::new());
}

/// Sleeps until posted, as a waiter in the word of the raw mutex at `key`.
pub(crate) fn sleep_in_word(key: usize, semaphore: &Semaphore) {
    if !ENABLED {
        semaphore.wait(Deadline::Never, false);
        return;
    }
    struct Listed(u64);
    impl Drop for Listed {
        fn drop(&mut self) {
            IN_WORDS.lock().retain(|wait| wait.id != self.0);
        }
    }
    register();
    let id = next_id();
    let wait = WordWait {
        key,
        own: Ident::own(),
        current: Ident::current(),
        id,
        since: sys::monotonic_ns(),
        semaphore,
    };
    IN_WORDS.lock().push(wait);
    // A1.
    let _listed = Listed(id);
    while semaphore.wait(Deadline::Never, false) == Wake::Asked {
        answer(id);
    }
}

/// All who sleep in words.
pub(crate) fn word_waits() -> Vec<WordWait> {
    let mut waits = Vec::new();
    copy(&IN_WORDS, &mut waits);
    waits
}

/// Asks the sleeper `id`, if it is in the list and asleep.
pub(crate) fn ask_in_word(id: u64) {
    let list = IN_WORDS.lock();
    if let Some(wait) = list.as_slice().iter().find(|wait| wait.id == id) {
        // SAFETY: A1.
        unsafe { &*wait.semaphore }.ask();
    }
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

/// By a thread that was asked, in its wait `id` (A2).
#[cold]
pub(crate) fn answer(id: u64) {
    let asked = ASKED.lock().clone();
    if let Some(asked) = asked {
        let (thread, backtrace) = (std::thread::current().id(), Backtrace::force_capture());
        // Nobody listens any more if the answer comes too late.
        let _ = asked.send(Answer {
            id,
            thread,
            backtrace,
        });
    }
}

/// Opens the channel of the answers, until [`hears`] closes it.
pub(crate) fn wants_answers() -> Receiver<Answer> {
    let (sender, receiver) = channel();
    let before = ASKED.lock().replace(sender);
    drop(before);
    receiver
}

/// Closes it.
pub(crate) fn hears(no_more: Receiver<Answer>) {
    let sender = ASKED.lock().take();
    drop((sender, no_more));
}

lot_static! {
    static REPORTED: Renewable<Vec<u64>> = Renewable::new(Vec::new());
}

/// The right to check, which one thread has at a time, and the waits that were reported.
pub(crate) fn checking() -> MutexGuard<'static, Vec<u64>> {
    register();
    REPORTED.lock()
}

/// H6: whoever slept, asked or checked is not there.
///
/// # Safety
///
/// The process has forked, and the calling thread is the child's only one.
pub(super) unsafe fn in_child() {
    // SAFETY: the caller's promise; none of the three is locked by the forking thread, which is in no
    // call of this file. What is left out is leaked: to free it might take a lock of the parent's.
    unsafe {
        IN_WORDS.renew(|waits| waits.retain(|_| false), Store::new());
        ASKED.renew(|asked| core::mem::forget(asked.take()), None);
        REPORTED.renew(|ids| core::mem::forget(core::mem::take(ids)), Vec::new());
    }
}
