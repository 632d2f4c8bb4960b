//! Mailboxes between microthreads of one thread: [`mailbox`] and [`bounded`].
//!
//! Invariants:
//! * B1: a receiver that found no message is registered as the waiter, until a message or the end
//!   of the last sender wakes it. Senders that found no room are registered until a message is
//!   taken or the receiver ends. Then **all** of them are woken: a single one might have been
//!   killed meanwhile, or might wait for something else by now, and the others would never use the
//!   room.
//! * B2: no user code runs while the box is borrowed.

use super::cx::Cx;
use super::id::Id;
use super::local::{Command, Local};
use super::step::{On, Step};
use core::cell::RefCell;
use core::fmt;
use core::mem;
use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::VecDeque;
use std::rc::Rc;

/// Numbers for the reports. Relaxed: they only have to differ.
static NUMBER: AtomicU64 = AtomicU64::new(0);

struct Waiter {
    local: Rc<Local>,
    id: Id,
}

impl Waiter {
    fn wake(self) {
        self.local.ask(Command::Wake(self.id));
    }
}

struct Inner<T> {
    messages: VecDeque<T>,
    limit: Option<usize>,
    senders: usize,
    is_received: bool,
    receiver: Option<Waiter>,
    waiting: Vec<Waiter>,
}

struct Shared<T> {
    number: u64,
    inner: RefCell<Inner<T>>,
}

impl<T> Shared<T> {
    fn wake_senders(&self) {
        let waiting = mem::take(&mut self.inner.borrow_mut().waiting);
        waiting.into_iter().for_each(Waiter::wake);
    }

    fn wake_receiver(&self) {
        let receiver = self.inner.borrow_mut().receiver.take();
        if let Some(receiver) = receiver {
            receiver.wake();
        }
    }
}

/// A mailbox without a limit. The ends may be in different schedulers of one thread.
///
/// ```
/// use py_thread::micro::{Microthread, Received, Scheduler, Step, from_fn, mailbox};
/// type Agent = Box<dyn Microthread<Output = u32>>;
/// let mut scheduler = Scheduler::<Agent>::new();
/// let (tx, mut rx) = mailbox();
/// let mut sum = 0;
/// let adder = scheduler.spawn(Box::new(from_fn(move |_, cx| loop {
///     match rx.receive(cx) {
///         Received::Message(n) => sum += n,
///         Received::Empty => return rx.wait(),
///         Received::Closed => return Step::Done(sum),
///     }
/// })));
/// scheduler.spawn(Box::new(from_fn(move |_, _| {
///     (1..=10).for_each(|n| tx.send(n).unwrap());
///     Step::Done(0) // and drops its end
/// })));
/// scheduler.run();
/// assert_eq!(scheduler.take(adder).unwrap().done(), Some(55));
/// ```
#[must_use]
pub fn mailbox<T>() -> (Sender<T>, Receiver<T>) {
    new(None)
}

/// A mailbox of at most `limit` messages (at least one).
///
/// ```
/// use py_thread::micro::{SendError, bounded};
/// let (tx, mut rx) = bounded(1);
/// tx.send('a').unwrap();
/// assert_eq!(tx.send('b'), Err(SendError::Full('b')));
/// assert_eq!(rx.try_receive(), Some('a'));
/// drop(rx);
/// assert_eq!(tx.send('c'), Err(SendError::Closed('c')));
/// ```
#[must_use]
pub fn bounded<T>(limit: usize) -> (Sender<T>, Receiver<T>) {
    new(Some(limit.max(1)))
}

fn new<T>(limit: Option<usize>) -> (Sender<T>, Receiver<T>) {
    let shared = Rc::new(Shared {
        number: NUMBER.fetch_add(1, Ordering::Relaxed),
        inner: RefCell::new(Inner {
            messages: VecDeque::new(),
            limit,
            senders: 1,
            is_received: true,
            receiver: None,
            waiting: Vec::new(),
        }),
    });
    (Sender(Rc::clone(&shared)), Receiver(shared))
}

/// The sending end of a mailbox. Clones are further senders.
pub struct Sender<T>(Rc<Shared<T>>);

/// The receiving end of a mailbox.
pub struct Receiver<T>(Rc<Shared<T>>);

/// Why a message was not sent. The message is inside.
///
/// ```
/// # use py_thread::micro::SendError;
/// assert_eq!(SendError::Full(1).to_string(), "the mailbox is full");
/// assert_eq!(SendError::Closed(1).into_message(), 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError<T> {
    /// There is no room now.
    Full(T),
    /// The receiver is gone.
    Closed(T),
}

impl<T> SendError<T> {
    /// The message.
    ///
    /// See [`SendError`] for an example.
    pub fn into_message(self) -> T {
        match self {
            SendError::Full(message) | SendError::Closed(message) => message,
        }
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SendError::Full(_) => "the mailbox is full",
            SendError::Closed(_) => "the mailbox is closed",
        })
    }
}

impl<T: fmt::Debug> std::error::Error for SendError<T> {}

/// The result of [`Receiver::receive`].
///
/// ```
/// use py_thread::micro::{Received, mailbox};
/// assert_eq!(Received::Message(1).message(), Some(1));
/// assert_eq!(Received::<u8>::Closed.message(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received<T> {
    /// A message.
    Message(T),
    /// No message yet. The microthread is registered, and is woken when one comes.
    Empty,
    /// No message, and no sender is left.
    Closed,
}

impl<T> Received<T> {
    /// The message, if one came.
    ///
    /// See [`Received`] for an example.
    pub fn message(self) -> Option<T> {
        match self {
            Received::Message(message) => Some(message),
            Received::Empty | Received::Closed => None,
        }
    }
}

impl<T> Sender<T> {
    /// Sends a message, if there is room. A receiver that waits goes on in the next round.
    ///
    /// # Errors
    /// The message, if there is no room or no receiver.
    ///
    /// # Examples
    /// See [`bounded`].
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        {
            let mut inner = self.0.inner.borrow_mut();
            if !inner.is_received {
                return Err(SendError::Closed(message));
            }
            if inner
                .limit
                .is_some_and(|limit| inner.messages.len() >= limit)
            {
                return Err(SendError::Full(message));
            }
            inner.messages.push_back(message);
        }
        self.0.wake_receiver();
        Ok(())
    }

    /// After [`SendError::Full`]: registers the microthread, and makes the step that waits for
    /// room. When the microthread goes on, it has to send again, and another sender may have been
    /// faster.
    ///
    /// ```
    /// use py_thread::micro::{SendError, Scheduler, Step, bounded, from_fn};
    /// let mut scheduler = Scheduler::new();
    /// let (tx, mut rx) = bounded(1);
    /// let mut n = 0;
    /// scheduler.spawn(from_fn(move |_, cx| {
    ///     while n < 3 {
    ///         if let Err(SendError::Full(_)) = tx.send(n) {
    ///             return tx.wait(cx);
    ///         }
    ///         n += 1;
    ///     }
    ///     Step::Done(())
    /// }));
    /// for n in 0..3 {
    ///     scheduler.run();
    ///     assert_eq!(rx.try_receive(), Some(n));
    /// }
    /// assert!(scheduler.run().stop.is_finished());
    /// ```
    pub fn wait<R>(&self, cx: &Cx<'_>) -> Step<R> {
        let mut inner = self.0.inner.borrow_mut();
        inner.waiting.retain(|waiter| waiter.id != cx.id());
        inner.waiting.push(Waiter {
            local: Rc::clone(cx.local),
            id: cx.id(),
        });
        Step::Wait(On::Room(self.0.number))
    }

    /// Whether the receiver is gone.
    ///
    /// ```
    /// let (tx, rx) = py_thread::micro::mailbox::<u8>();
    /// drop(rx);
    /// assert!(tx.is_closed());
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        !self.0.inner.borrow().is_received
    }
}

impl<T> Receiver<T> {
    /// Takes the next message, or registers the microthread to be woken when one comes.
    ///
    /// See [`mailbox`] for an example.
    pub fn receive(&mut self, cx: &Cx<'_>) -> Received<T> {
        if let Some(message) = self.try_receive() {
            return Received::Message(message);
        }
        let mut inner = self.0.inner.borrow_mut();
        if inner.senders == 0 {
            return Received::Closed;
        }
        inner.receiver = Some(Waiter {
            local: Rc::clone(cx.local),
            id: cx.id(),
        });
        Received::Empty
    }

    /// After [`Received::Empty`]: the step that waits for a message.
    ///
    /// See [`mailbox`] for an example.
    pub fn wait<R>(&self) -> Step<R> {
        Step::Wait(On::Mail(self.0.number))
    }

    /// Takes the next message, if there is one.
    ///
    /// See [`bounded`] for an example.
    pub fn try_receive(&mut self) -> Option<T> {
        let message = self.0.inner.borrow_mut().messages.pop_front();
        if message.is_some() {
            self.0.wake_senders();
        }
        message
    }

    /// How many messages are there.
    ///
    /// ```
    /// let (tx, rx) = py_thread::micro::mailbox();
    /// tx.send(1).unwrap();
    /// assert_eq!(rx.len(), 1);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.inner.borrow().messages.len()
    }

    /// Whether none is there.
    ///
    /// ```
    /// let (_tx, rx) = py_thread::micro::mailbox::<u8>();
    /// assert!(rx.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.inner.borrow_mut().senders += 1;
        Sender(Rc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let left = {
            let mut inner = self.0.inner.borrow_mut();
            inner.senders -= 1;
            inner.senders
        };
        if left == 0 {
            self.0.wake_receiver();
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let messages = {
            let mut inner = self.0.inner.borrow_mut();
            inner.is_received = false;
            inner.receiver = None;
            mem::take(&mut inner.messages)
        };
        self.0.wake_senders();
        // B2: dropped last, when the box is not borrowed any more.
        drop(messages);
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sender({})", self.0.number)
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receiver({})", self.0.number)
    }
}
