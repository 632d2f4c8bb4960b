//! [`Inbox`]: how other threads reach a scheduler; and [`Remote`], their end of it.
//!
//! An inbox is a list of notices under a lock, and a word on which the scheduler sleeps. A *poster*
//! is a thread that adds a notice or interrupts the scheduler.
//!
//! | word | means | goes to |
//! |---|---|---|
//! | `EMPTY` | no notice; the scheduler is awake | `NOTIFIED` by a poster, `PARKED` by the scheduler |
//! | `PARKED` | no notice; the scheduler sleeps, or is about to | `NOTIFIED` by a poster, `EMPTY` by the scheduler |
//! | `NOTIFIED` | there may be notices | `EMPTY` by the scheduler |
//!
//! Invariants:
//! * D1: a poster adds its notice under the lock before it sets `NOTIFIED`. The scheduler sets
//!   `EMPTY` before it takes the notices. So if it misses a notice, `NOTIFIED` is set afterwards.
//! * D2: a poster that sets `NOTIFIED` over `PARKED` wakes the scheduler. The scheduler sleeps on
//!   `PARKED` only, and checks the breaker before it sets `PARKED`. A poster that interrupts raises
//!   the breaker before it sets `NOTIFIED`.
//! * D3: a closed inbox takes no notice: its scheduler is gone, and so are all microthreads.
//! * D4: an inbox may have a parent: the inbox of the population that the scheduler is part of. A
//!   poster notifies the inbox first, and then its parent. The parent is set under the lock, and
//!   then the word is set to `NOTIFIED`. So a poster that did not see the parent has added its
//!   notice, or raised the breaker, before the scheduler looks.
//! * D5: in a forked child no lock of an inbox of the parent process is waited for, because a dead
//!   thread may hold it. If the lock is free, the notices are whole, and the inbox stays in use.
//!
//! Orderings: the lock carries the notices over. The word is AcqRel, so what a poster did before an
//! interrupt is visible after the sleep that it ends.

use super::Id;
use crate::deadline::Deadline;
use crate::eval_breaker::{EvalBreaker, Events};
use crate::fork;
use crate::sync::{AtomicU32, Mutex, MutexGuard, Ordering, lock, try_lock};
use crate::sys::wait::{SURVIVES_FORK, WaitWord, Waited};
use core::fmt;
use core::mem;
use std::sync::Arc;

const EMPTY: u32 = 0;
const PARKED: u32 = 1;
const NOTIFIED: u32 = 2;

/// An entry of an inbox.
pub(super) enum Notice {
    Wake(Id),
    /// The job with this number is done.
    Done(u64),
    /// This mailbox has new messages.
    Post(Arc<dyn Postbox>),
}

/// A mailbox that other threads post into.
pub(super) trait Postbox: Send + Sync {
    /// A new round begins: makes the new messages readable. Returns the microthread that waits for
    /// them.
    fn open(&self) -> Option<Id>;
}

pub(super) struct Inbox {
    word: WaitWord,
    notices: Mutex<Notices>,
    breaker: Arc<EvalBreaker>,
    /// The generation of the process (`fork.rs`). Relaxed: the scheduler of a child writes it, and
    /// a poster that reads an old value only takes the path of D5.
    generation: AtomicU32,
}

struct Notices {
    list: Vec<Notice>,
    closed: bool,
    parent: Option<Arc<Inbox>>,
}

impl Inbox {
    pub(super) fn new(breaker: Arc<EvalBreaker>) -> Inbox {
        Inbox {
            word: WaitWord::new(EMPTY),
            notices: Mutex::new(Notices {
                list: Vec::new(),
                closed: false,
                parent: None,
            }),
            breaker,
            generation: AtomicU32::new(fork::generation()),
        }
    }

    #[inline]
    pub(super) fn breaker(&self) -> &Arc<EvalBreaker> {
        &self.breaker
    }

    pub(super) fn is_of_this_process(&self) -> bool {
        self.generation.load(Ordering::Relaxed) == fork::generation()
    }

    /// Locks the notices, if that is possible. D5.
    fn open(&self) -> Option<MutexGuard<'_, Notices>> {
        match self.is_of_this_process() {
            true => Some(lock(&self.notices)),
            false if SURVIVES_FORK => try_lock(&self.notices),
            false => None,
        }
    }

    /// In the child of a fork: takes the inbox over for this process. False if its lock is lost.
    /// D5.
    pub(super) fn go_on_in_child(&self) -> bool {
        let Some(notices) = self.open() else {
            return false;
        };
        self.generation.store(fork::generation(), Ordering::Relaxed);
        drop(notices);
        // A poster that died in the fork may have left a notice without `NOTIFIED`.
        self.word.swap(NOTIFIED, Ordering::AcqRel);
        true
    }

    /// Adds a notice and wakes the scheduler; false if the scheduler is gone. D1, D3 to D5.
    pub(super) fn post(&self, notice: Notice) -> bool {
        let Some(mut notices) = self.open() else {
            return false;
        };
        if notices.closed {
            // The notice may have a destructor: it is dropped after the lock.
            drop(notices);
            return false;
        }
        notices.list.push(notice);
        let parent = notices.parent.clone();
        drop(notices);
        self.notify();
        if let Some(parent) = parent {
            parent.notify();
        }
        true
    }

    /// Sets the parent. To be called by the scheduler alone. D4.
    pub(super) fn set_parent(&self, parent: &Arc<Inbox>) {
        lock(&self.notices).parent = Some(Arc::clone(parent));
        self.word.swap(NOTIFIED, Ordering::AcqRel);
    }

    /// D2: sets the word, and wakes the scheduler if it sleeps.
    fn notify(&self) {
        if self.word.swap(NOTIFIED, Ordering::AcqRel) == PARKED {
            self.word.wake_all();
        }
    }

    /// Raises the breaker, and ends a sleep.
    fn interrupt(&self, events: Events) {
        self.breaker.raise(events);
        self.notify();
        let parent = self.open().and_then(|notices| notices.parent.clone());
        if let Some(parent) = parent {
            parent.notify();
        }
    }

    /// Takes the notices. To be called by the scheduler alone.
    pub(super) fn collect(&self, into: &mut Vec<Notice>) {
        // Relaxed: a notice that is missed here is taken in the next round, and the lock carries
        // the others over.
        if self.word.load(Ordering::Relaxed) == EMPTY {
            return;
        }
        // D1: the word first, then the notices.
        self.word.swap(EMPTY, Ordering::AcqRel);
        into.append(&mut lock(&self.notices).list);
    }

    /// Sleeps until there is a notice or the breaker is raised. False if the deadline passed first.
    /// To be called by the scheduler alone.
    pub(super) fn sleep(&self, deadline: Deadline) -> bool {
        self.sleep_unless(deadline, || self.breaker.is_raised())
    }

    /// As [`sleep`](Self::sleep), with another condition that ends the sleep.
    pub(super) fn sleep_unless(&self, deadline: Deadline, is_raised: impl Fn() -> bool) -> bool {
        self.word.prepare();
        loop {
            // D2: the breaker is checked before the word says `PARKED`. A signal handler may raise
            // it without a notification; its signal ends the wait below.
            if is_raised() {
                self.awake();
                return true;
            }
            let said =
                self.word
                    .compare_exchange(EMPTY, PARKED, Ordering::AcqRel, Ordering::Acquire);
            if said == Err(NOTIFIED) {
                return true;
            }
            let waited = self.word.wait(PARKED, deadline.sleep());
            if self.word.load(Ordering::Acquire) == NOTIFIED {
                return true;
            }
            if waited == Waited::TimedOut && deadline.ends() {
                return self.awake();
            }
        }
    }

    /// Takes `PARKED` back; true if the word says `NOTIFIED` instead.
    fn awake(&self) -> bool {
        self.word
            .compare_exchange(PARKED, EMPTY, Ordering::AcqRel, Ordering::Acquire)
            == Err(NOTIFIED)
    }

    /// D3: refuses notices from now on, and drops those that are there.
    pub(super) fn close(&self) {
        if let Some(mut notices) = self.open() {
            notices.closed = true;
            let list = mem::take(&mut notices.list);
            drop(notices);
            drop(list);
        }
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inbox")
    }
}

/// A handle of a scheduler for other threads: it wakes microthreads, and interrupts the scheduler.
/// Everything else in [`micro`](super) belongs to the scheduler's own thread.
///
/// ```
/// use py_thread::micro::{On, Scheduler, Step, Stop, from_fn};
/// use std::time::Duration;
/// let mut scheduler = Scheduler::new();
/// let mut waited = false;
/// let id = scheduler.spawn(from_fn(move |_, _| {
///     match core::mem::replace(&mut waited, true) {
///         false => Step::Wait(On::Named("the other thread")),
///         true => Step::Done(()),
///     }
/// }));
/// let remote = scheduler.remote();
/// let other = std::thread::spawn(move || remote.wake(id));
/// while !scheduler.run().stop.is_finished() {
///     scheduler.wait(None); // until the other thread wakes it
/// }
/// # other.join().unwrap();
/// ```
#[derive(Clone)]
pub struct Remote(Arc<Inbox>);

impl Remote {
    pub(super) fn new(inbox: Arc<Inbox>) -> Remote {
        Remote(inbox)
    }

    /// Wakes a microthread: it goes on in the next round that begins. False if its scheduler is
    /// gone. The id of a microthread that has ended is harmless.
    ///
    /// See [`Remote`] for an example.
    ///
    /// # Blocking
    /// For the moment in which another thread posts.
    pub fn wake(&self, id: Id) -> bool {
        self.0.post(Notice::Wake(id))
    }

    /// Raises `events` on the scheduler's [`EvalBreaker`], and wakes its thread if it sleeps. The
    /// microthread that runs stops at its next [`check`](super::Ticker::check), and the run returns
    /// [`Stop::Raised`](super::Stop::Raised).
    ///
    /// ```
    /// use py_thread::{Events, micro::{Scheduler, Step, Stop, from_fn}};
    /// let mut scheduler = Scheduler::new();
    /// scheduler.spawn(from_fn(|ticker, _| {
    ///     while !ticker.check() {} // for ever
    ///     Step::<()>::Yield
    /// }));
    /// let remote = scheduler.remote();
    /// let other = std::thread::spawn(move || remote.interrupt(Events::SIGNALS_PENDING));
    /// assert!(matches!(scheduler.run().stop, Stop::Raised(Events::SIGNALS_PENDING, _)));
    /// assert_eq!(scheduler.breaker().take(), Events::SIGNALS_PENDING);
    /// # other.join().unwrap();
    /// ```
    ///
    /// It takes a lock for a moment, so a signal handler must not call it. A signal handler raises
    /// the breaker itself, and its signal ends the sleep.
    pub fn interrupt(&self, events: Events) {
        self.0.interrupt(events);
    }

    /// Whether this is a handle of the scheduler with this inbox.
    pub(super) fn leads_to(&self, inbox: &Arc<Inbox>) -> bool {
        Arc::ptr_eq(&self.0, inbox)
    }

    /// Adds a notice; false if the scheduler is gone.
    pub(super) fn post(&self, notice: Notice) -> bool {
        self.0.post(notice)
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Remote")
    }
}
