//! [`post`]: mailboxes across threads.
//!
//! A message that is sent during one round of the receiver is read in a later round. Messages are
//! ordered by their sender's key, and those of one key by the order of sending. So the result does
//! not depend on which thread of a [`Swarm`](super::Swarm) is faster: shards that run their rounds
//! together receive the same messages in every run.
//!
//! Invariants:
//! * P1: a message is in `sent` before its notice is posted. The receiver's scheduler opens the box
//!   when it reads the notice. Only a sender that finds `sent` empty posts a notice; later messages
//!   are opened with it.
//! * P2: only the receiver's thread touches `read` and `waiter`.

use super::cx::Cx;
use super::id::Id;
use super::remote::{Notice, Postbox, Remote};
use super::step::{On, Step};
use crate::sync::{Mutex, lock};
use core::fmt;
use core::mem;
use std::collections::VecDeque;
use std::sync::Arc;

struct Inner<T> {
    /// The messages since the box was opened, with their senders' keys.
    sent: Vec<(u64, T)>,
    read: VecDeque<T>,
    waiter: Option<Id>,
    is_received: bool,
}

struct Shared<T> {
    to: Remote,
    inner: Mutex<Inner<T>>,
}

/// The sending end, for any thread.
pub struct PostSender<T>(Arc<Shared<T>>);

/// The receiving end, for a microthread of the scheduler that it was made for.
pub struct PostReceiver<T>(Arc<Shared<T>>);

/// A mailbox from any thread to a microthread of the scheduler behind `to`. If all microthreads
/// wait, the run ends with a deadlock, though another thread may still send; the embedder then
/// calls [`wait`](super::Scheduler::wait).
///
/// ```
/// use py_thread::micro::{Scheduler, Step, from_fn, post};
/// let mut scheduler = Scheduler::new();
/// let (tx, mut rx) = post(&scheduler.remote());
/// let id = scheduler.spawn(from_fn(move |_, cx| match rx.receive(cx) {
///     Some(message) => Step::Done(message),
///     None => rx.wait(),
/// }));
/// let other = std::thread::spawn(move || tx.send(0, "from afar").unwrap());
/// while !scheduler.run().stop.is_finished() {
///     scheduler.wait(None);
/// }
/// assert_eq!(scheduler.take(id).unwrap().done(), Some("from afar"));
/// # other.join().unwrap();
/// ```
#[must_use]
pub fn post<T: Send + 'static>(to: &Remote) -> (PostSender<T>, PostReceiver<T>) {
    let shared = Arc::new(Shared {
        to: to.clone(),
        inner: Mutex::new(Inner {
            sent: Vec::new(),
            read: VecDeque::new(),
            waiter: None,
            is_received: true,
        }),
    });
    (PostSender(Arc::clone(&shared)), PostReceiver(shared))
}

impl<T: Send + 'static> PostSender<T> {
    /// Sends a message under the sender's `key`. Among the messages of one round, those of lower
    /// keys are read first.
    ///
    /// # Errors
    /// The message, if the receiver or its scheduler is gone.
    ///
    /// # Examples
    /// See [`post`].
    pub fn send(&self, key: u64, message: T) -> Result<(), T> {
        let mut inner = lock(&self.0.inner);
        if !inner.is_received {
            return Err(message);
        }
        let is_first = inner.sent.is_empty();
        inner.sent.push((key, message));
        drop(inner);
        // P1: the first message posts the notice.
        if is_first
            && !self
                .0
                .to
                .post(Notice::Post(Arc::clone(&self.0) as Arc<dyn Postbox>))
        {
            let mut inner = lock(&self.0.inner);
            inner.is_received = false;
            // The scheduler is gone. Ours was the first message, so it is given back. Messages
            // behind it are dropped, as those that were sent just before the end are.
            return match inner.sent.is_empty() {
                true => Ok(()),
                false => Err(inner.sent.remove(0).1),
            };
        }
        Ok(())
    }
}

impl<T> PostReceiver<T> {
    /// Takes the next message. If there is none, the microthread is woken when one comes.
    ///
    /// See [`post`] for an example.
    pub fn receive(&mut self, cx: &Cx<'_>) -> Option<T> {
        let mut inner = lock(&self.0.inner);
        let message = inner.read.pop_front();
        if message.is_none() {
            inner.waiter = Some(cx.id());
        }
        message
    }

    /// After an empty [`receive`](PostReceiver::receive): the step that waits.
    ///
    /// See [`post`] for an example.
    pub fn wait<R>(&self) -> Step<R> {
        Step::Wait(On::Named("a message of another thread"))
    }
}

impl<T: Send> Postbox for Shared<T> {
    fn open(&self) -> Option<Id> {
        let mut inner = lock(&self.inner);
        let mut sent = mem::take(&mut inner.sent);
        // A stable sort: the messages of one key keep their order.
        sent.sort_by_key(|(key, _)| *key);
        inner
            .read
            .extend(sent.into_iter().map(|(_, message)| message));
        inner.waiter.take()
    }
}

impl<T> Drop for PostReceiver<T> {
    fn drop(&mut self) {
        let mut inner = lock(&self.0.inner);
        inner.is_received = false;
        let left = (mem::take(&mut inner.sent), mem::take(&mut inner.read));
        drop(inner);
        drop(left);
    }
}

impl<T> Clone for PostSender<T> {
    fn clone(&self) -> Self {
        PostSender(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for PostSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostSender")
    }
}

impl<T> fmt::Debug for PostReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostReceiver")
    }
}
