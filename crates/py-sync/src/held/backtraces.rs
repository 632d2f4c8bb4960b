//! Backtraces of sleeping threads, and the list of the threads that sleep in the word of a
//! [`RawMutex`](crate::RawMutex).
//!
//! Only a thread itself can capture its backtrace. So the checking thread wakes each sleeper with a
//! request; the sleeper captures its backtrace, sends it, and sleeps again.
//!
//! ```text
//!   checking thread: open the channel ──▶ ask the semaphore ──▶ receive the backtraces
//!                                               │ Wake::Asked          ▲
//!   sleeping thread:                            └──▶ capture, send ────┘, sleep again
//! ```
//!
//! Invariants, beside the H's of `mod.rs`:
//! * A1: each semaphore in the list is alive: its owner removes it, under the list's mutex, before its
//!   stack frame ends.
//! * A2: a request moves no thread: the sleeper stays in its queue, or in the list, while it replies.

pub(crate) use super::lists::{Reply, WordWait};
use super::lists::{in_words, replies, reported};
use super::store::copy;
use super::{ENABLED, next_id, register};
use crate::deadline::Deadline;
use crate::semaphore::{Semaphore, Wake};
use crate::sys;
use py_thread::Ident;
use std::backtrace::Backtrace;
use std::sync::MutexGuard;
use std::sync::mpsc::{Receiver, channel};

/// Sleeps until the semaphore is posted. Meanwhile the calling thread is listed as a waiter of the raw
/// mutex at `key`.
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
    // A1: dropped before the caller's frame ends, also by a panic.
    let _listed = Listed(id);
    while semaphore.wait(Deadline::Never, false) == Wake::Asked {
        send_backtrace(id);
    }
}

/// The threads that sleep in the words of raw mutexes.
pub(crate) fn word_waits() -> Vec<WordWait> {
    let mut waits = Vec::new();
    copy(in_words(), &mut waits);
    waits
}

/// Requests the backtrace of the thread in wait `id`, if that is in the list and asleep.
pub(crate) fn request_in_word(id: u64) {
    let list = in_words().lock();
    if let Some(wait) = list.as_slice().iter().find(|wait| wait.id == id) {
        // SAFETY: A1: it is in the list, whose mutex is locked.
        unsafe { &*wait.semaphore }.ask();
    }
}

/// Sends the calling thread's backtrace, on request, from its wait `id` (A2).
#[cold]
pub(crate) fn send_backtrace(id: u64) {
    let channel = replies().lock().clone();
    if let Some(channel) = channel {
        let (thread, backtrace) = (std::thread::current().id(), Backtrace::force_capture());
        // It fails if the check has given up on this thread and closed the channel.
        let _ = channel.send(Reply {
            id,
            thread,
            backtrace,
        });
    }
}

/// Opens the channel of the backtraces. [`close_channel`] ends it.
pub(crate) fn open_channel() -> Receiver<Reply> {
    let (sender, receiver) = channel();
    let before = replies().lock().replace(sender);
    drop(before);
    receiver
}

/// Closes the channel: a later reply is dropped by its sender.
pub(crate) fn close_channel(receiver: Receiver<Reply>) {
    let sender = replies().lock().take();
    drop((sender, receiver));
}

/// Locks the list of the waits that were reported. One thread at a time runs a check: the one that has
/// this guard.
pub(crate) fn checking() -> MutexGuard<'static, Vec<u64>> {
    register();
    reported().lock()
}
