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

pub(crate) use super::lists::{Answer, WordWait};
use super::lists::{asked, in_words, reported};
use super::store::copy;
use super::{ENABLED, next_id, register};
use crate::deadline::Deadline;
use crate::semaphore::{Semaphore, Wake};
use crate::sys;
use py_thread::Ident;
use std::backtrace::Backtrace;
use std::sync::MutexGuard;
use std::sync::mpsc::{Receiver, channel};

/// Sleeps until posted, as a waiter in the word of the raw mutex at `key`.
pub(crate) fn sleep_in_word(key: usize, semaphore: &Semaphore) {
    if !ENABLED {
        semaphore.wait(Deadline::Never, false);
        return;
    }
    struct Listed(u64);
    impl Drop for Listed {
        fn drop(&mut self) {
            in_words().lock().retain(|wait| wait.id != self.0);
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
    in_words().lock().push(wait);
    // A1.
    let _listed = Listed(id);
    while semaphore.wait(Deadline::Never, false) == Wake::Asked {
        answer(id);
    }
}

/// All who sleep in words.
pub(crate) fn word_waits() -> Vec<WordWait> {
    let mut waits = Vec::new();
    copy(in_words(), &mut waits);
    waits
}

/// Asks the sleeper `id`, if it is in the list and asleep.
pub(crate) fn ask_in_word(id: u64) {
    let list = in_words().lock();
    if let Some(wait) = list.as_slice().iter().find(|wait| wait.id == id) {
        // SAFETY: A1.
        unsafe { &*wait.semaphore }.ask();
    }
}

/// By a thread that was asked, in its wait `id` (A2).
#[cold]
pub(crate) fn answer(id: u64) {
    let asked = asked().lock().clone();
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
    let before = asked().lock().replace(sender);
    drop(before);
    receiver
}

/// Closes it.
pub(crate) fn hears(no_more: Receiver<Answer>) {
    let sender = asked().lock().take();
    drop((sender, no_more));
}

/// The right to check, which one thread has at a time, and the waits that were reported.
pub(crate) fn checking() -> MutexGuard<'static, Vec<u64>> {
    register();
    reported().lock()
}
