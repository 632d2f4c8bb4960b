//! [`Remote`]: the one inbox for other threads; and [`Inbox`], its other side.
//!
//! | word | means | goes to |
//! |---|---|---|
//! | `EMPTY` | no notice; the scheduler is awake | `NOTIFIED` by who has posted, `PARKED` by the scheduler |
//! | `PARKED` | no notice; the scheduler sleeps, or is about to | `NOTIFIED` by who has posted, `EMPTY` by the scheduler |
//! | `NOTIFIED` | there may be notices | `EMPTY` by the scheduler |
//!
//! Invariants:
//! * D1: a notice is put into the box, under its lock, before its poster sets `NOTIFIED`; and the
//!   scheduler sets `EMPTY` before it empties the box. So a notice that it missed has its `NOTIFIED`
//!   still to come.
//! * D2: who sets `NOTIFIED` over `PARKED` wakes. The scheduler sleeps on `PARKED` only, and looks at
//!   the breaker before it says so; who interrupts raises the breaker before it sets `NOTIFIED`.
//! * D3: a closed box takes no notice: its scheduler is gone, and with it all microthreads.
//! * D4: a inbox may have a parent, the inbox of a population that its scheduler is part of: who rings
//!   the one rings the other too, afterwards. It is hung under the lock of the box, with `NOTIFIED` set
//!   behind it: so who did not see the parent has a notice in the box, or raised the breaker, before
//!   the scheduler looks.
//! * D5: no lock of a inbox of another process is waited for: a thread that died in the fork may hold
//!   it. One that is free is whole, and its inbox goes on in the child, with all that leads to it.
//!
//! Orderings: the notices are carried over by the lock of the box. The word is AcqRel, so that what
//! was done before an interrupt is seen after the sleep that it ends.

use super::Id;
use crate::deadline::Deadline;
use crate::fork;
use crate::sync::{AtomicU32, Mutex, MutexGuard, Ordering, lock, try_lock};
use crate::sys::wait::{SURVIVES_FORK, WaitWord, Waited};
use crate::{EvalBreaker, Events};
use core::fmt;
use core::mem;
use std::sync::Arc;

const EMPTY: u32 = 0;
const PARKED: u32 = 1;
const NOTIFIED: u32 = 2;

/// What comes through the inbox.
pub(super) enum Notice {
    Wake(Id),
    /// The job of this number is done.
    Done(u64),
    /// Something came into this mailbox.
    Post(Arc<dyn Postbox>),
}

/// A mailbox that other threads post into.
pub(super) trait Postbox: Send + Sync {
    /// A new round begins: what came becomes readable. Says who waits for it.
    fn open(&self) -> Option<Id>;
}

pub(super) struct Inbox {
    word: WaitWord,
    notices: Mutex<Notices>,
    breaker: Arc<EvalBreaker>,
    /// The process. Relaxed: it is written in a child, by the scheduler; who sees that late takes the
    /// careful way.
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

    /// The box, if it may be had. D5.
    fn open(&self) -> Option<MutexGuard<'_, Notices>> {
        match self.is_of_this_process() {
            true => Some(lock(&self.notices)),
            false if SURVIVES_FORK => try_lock(&self.notices),
            false => None,
        }
    }

    /// In the child of a fork: the inbox is this process's from now on. False if it cannot be. D5.
    pub(super) fn go_on_in_child(&self) -> bool {
        let Some(notices) = self.open() else {
            return false;
        };
        self.generation.store(fork::generation(), Ordering::Relaxed);
        drop(notices);
        // Who died before it rang left a notice.
        self.word.swap(NOTIFIED, Ordering::AcqRel);
        true
    }

    /// Posts a notice; false if nobody is there any more. D1, D3 to D5.
    pub(super) fn post(&self, notice: Notice) -> bool {
        let Some(mut notices) = self.open() else {
            return false;
        };
        if notices.closed {
            // The notice may own what has a destructor: it goes after the lock.
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

    /// Hangs the parent. By the scheduler alone. D4.
    pub(super) fn set_parent(&self, parent: &Arc<Inbox>) {
        lock(&self.notices).parent = Some(Arc::clone(parent));
        self.word.swap(NOTIFIED, Ordering::AcqRel);
    }

    /// D2.
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

    /// Empties the box. By the scheduler alone.
    pub(super) fn collect(&self, into: &mut Vec<Notice>) {
        // Relaxed: a notice that is not seen yet is for the next round; the lock carries the others
        // over.
        if self.word.load(Ordering::Relaxed) == EMPTY {
            return;
        }
        // D1.
        self.word.swap(EMPTY, Ordering::AcqRel);
        into.append(&mut lock(&self.notices).list);
    }

    /// Sleeps until there is a notice or the breaker is raised, or until the deadline; then false.
    /// By the scheduler alone.
    pub(super) fn sleep(&self, deadline: Deadline) -> bool {
        self.sleep_unless(deadline, || self.breaker.is_raised())
    }

    /// The same, for whom other breakers end the sleep.
    pub(super) fn sleep_unless(&self, deadline: Deadline, is_raised: impl Fn() -> bool) -> bool {
        self.word.prepare();
        loop {
            // D2. A signal handler may raise a breaker without a ring: its signal ends the wait.
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

    /// The scheduler is awake again; true if there is mail.
    fn awake(&self) -> bool {
        self.word
            .compare_exchange(PARKED, EMPTY, Ordering::AcqRel, Ordering::Acquire)
            == Err(NOTIFIED)
    }

    /// D3.
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

/// The inbox for other threads: wakes microthreads of a scheduler, and interrupts it. All else in
/// [`micro`](super) belongs to the scheduler's own thread.
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
///     scheduler.wait(None); // for what comes through the inbox
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
    /// gone. An id that names nobody any more is harmless.
    ///
    /// See [`Remote`] for an example.
    ///
    /// # Blocking
    /// Never for long: while another thread posts.
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
    /// Takes a lock for a moment: a signal handler raises the breaker itself, and its signal ends the
    /// sleep.
    pub fn interrupt(&self, events: Events) {
        self.0.interrupt(events);
    }

    /// Whether it is the inbox of the scheduler that has this one.
    pub(super) fn leads_to(&self, inbox: &Arc<Inbox>) -> bool {
        Arc::ptr_eq(&self.0, inbox)
    }

    /// Posts a notice; false if nobody is there any more.
    pub(super) fn post(&self, notice: Notice) -> bool {
        self.0.post(notice)
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Remote")
    }
}
