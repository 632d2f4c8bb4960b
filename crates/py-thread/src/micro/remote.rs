//! [`Remote`]: the one door for other threads; and [`Door`], its other side.
//!
//! | word | means | goes to |
//! |---|---|---|
//! | `EMPTY` | no letter; the scheduler is awake | `MAIL` by who has posted, `SLEEPING` by the scheduler |
//! | `SLEEPING` | no letter; the scheduler sleeps, or is about to | `MAIL` by who has posted, `EMPTY` by the scheduler |
//! | `MAIL` | there may be letters | `EMPTY` by the scheduler |
//!
//! Invariants:
//! * D1: a letter is put into the box, under its lock, before its poster sets `MAIL`; and the
//!   scheduler sets `EMPTY` before it empties the box. So a letter that it missed has its `MAIL`
//!   still to come.
//! * D2: who sets `MAIL` over `SLEEPING` wakes. The scheduler sleeps on `SLEEPING` only, and looks at
//!   the breaker before it says so; who interrupts raises the breaker before it sets `MAIL`.
//! * D3: a closed box takes no letter: its scheduler is gone, and with it all microthreads.
//! * D4: a door may have a bell, the door of a population that its scheduler is part of: who rings
//!   the one rings the other too, afterwards. It is hung under the lock of the box, with `MAIL` set
//!   behind it: so who did not see the bell has a letter in the box, or raised the breaker, before
//!   the scheduler looks.
//! * D5: no lock of a door of another process is waited for: a thread that died in the fork may hold
//!   it. One that is free is whole, and its door goes on in the child, with all that leads to it.
//!
//! Orderings: the letters are carried over by the lock of the box. The word is AcqRel, so that what
//! was done before an interrupt is seen after the sleep that it ends.

use super::Id;
use crate::deadline::Deadline;
use crate::eval_breaker::{EvalBreaker, Events};
use crate::fork;
use crate::primitive::{AtomicU32, Mutex, MutexGuard, Ordering, lock, try_lock};
use crate::sys::wait::{SURVIVES_FORK, WaitWord, Waited};
use core::fmt;
use core::mem;
use std::sync::Arc;

const EMPTY: u32 = 0;
const SLEEPING: u32 = 1;
const MAIL: u32 = 2;

/// What comes through the door.
pub(super) enum Letter {
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

pub(super) struct Door {
    word: WaitWord,
    letters: Mutex<Letters>,
    breaker: Arc<EvalBreaker>,
    /// The process. Relaxed: it is written in a child, by the scheduler; who sees that late takes the
    /// careful way.
    generation: AtomicU32,
}

struct Letters {
    list: Vec<Letter>,
    closed: bool,
    bell: Option<Arc<Door>>,
}

impl Door {
    pub(super) fn new(breaker: Arc<EvalBreaker>) -> Door {
        Door {
            word: WaitWord::new(EMPTY),
            letters: Mutex::new(Letters {
                list: Vec::new(),
                closed: false,
                bell: None,
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
    fn open(&self) -> Option<MutexGuard<'_, Letters>> {
        match self.is_of_this_process() {
            true => Some(lock(&self.letters)),
            false if SURVIVES_FORK => try_lock(&self.letters),
            false => None,
        }
    }

    /// In the child of a fork: the door is this process's from now on. False if it cannot be. D5.
    pub(super) fn go_on_in_child(&self) -> bool {
        let Some(letters) = self.open() else {
            return false;
        };
        self.generation.store(fork::generation(), Ordering::Relaxed);
        drop(letters);
        // Who died before it rang left a letter.
        self.word.swap(MAIL, Ordering::AcqRel);
        true
    }

    /// Posts a letter; false if nobody is there any more. D1, D3 to D5.
    pub(super) fn post(&self, letter: Letter) -> bool {
        let Some(mut letters) = self.open() else {
            return false;
        };
        if letters.closed {
            // The letter may own what has a destructor: it goes after the lock.
            drop(letters);
            return false;
        }
        letters.list.push(letter);
        let bell = letters.bell.clone();
        drop(letters);
        self.ring();
        if let Some(bell) = bell {
            bell.ring();
        }
        true
    }

    /// Hangs the bell. By the scheduler alone. D4.
    pub(super) fn hang(&self, bell: &Arc<Door>) {
        lock(&self.letters).bell = Some(Arc::clone(bell));
        self.word.swap(MAIL, Ordering::AcqRel);
    }

    /// D2.
    fn ring(&self) {
        if self.word.swap(MAIL, Ordering::AcqRel) == SLEEPING {
            self.word.wake_all();
        }
    }

    /// Raises the breaker, and ends a sleep.
    fn interrupt(&self, events: Events) {
        self.breaker.raise(events);
        self.ring();
        let bell = self.open().and_then(|letters| letters.bell.clone());
        if let Some(bell) = bell {
            bell.ring();
        }
    }

    /// Empties the box. By the scheduler alone.
    pub(super) fn collect(&self, into: &mut Vec<Letter>) {
        // Relaxed: a letter that is not seen yet is for the next round; the lock carries the others
        // over.
        if self.word.load(Ordering::Relaxed) == EMPTY {
            return;
        }
        // D1.
        self.word.swap(EMPTY, Ordering::AcqRel);
        into.append(&mut lock(&self.letters).list);
    }

    /// Sleeps until there is a letter or the breaker is raised, or until the deadline; then false.
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
                    .compare_exchange(EMPTY, SLEEPING, Ordering::AcqRel, Ordering::Acquire);
            if said == Err(MAIL) {
                return true;
            }
            let waited = self.word.wait(SLEEPING, deadline.sleep());
            if self.word.load(Ordering::Acquire) == MAIL {
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
            .compare_exchange(SLEEPING, EMPTY, Ordering::AcqRel, Ordering::Acquire)
            == Err(MAIL)
    }

    /// D3.
    pub(super) fn close(&self) {
        if let Some(mut letters) = self.open() {
            letters.closed = true;
            let list = mem::take(&mut letters.list);
            drop(letters);
            drop(list);
        }
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Door")
    }
}

/// The door for other threads: wakes microthreads of a scheduler, and interrupts it. All else in
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
///     scheduler.wait(None); // for what comes through the door
/// }
/// # other.join().unwrap();
/// ```
#[derive(Clone)]
pub struct Remote(Arc<Door>);

impl Remote {
    pub(super) fn new(door: Arc<Door>) -> Remote {
        Remote(door)
    }

    /// Wakes a microthread: it goes on in the next round that begins. False if its scheduler is
    /// gone. An id that names nobody any more is harmless.
    ///
    /// See [`Remote`] for an example.
    ///
    /// # Blocking
    /// Never for long: while another thread posts.
    pub fn wake(&self, id: Id) -> bool {
        self.0.post(Letter::Wake(id))
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

    /// Whether it is the door of the scheduler that has this one.
    pub(super) fn leads_to(&self, door: &Arc<Door>) -> bool {
        Arc::ptr_eq(&self.0, door)
    }

    /// Posts a letter; false if nobody is there any more.
    pub(super) fn post(&self, letter: Letter) -> bool {
        self.0.post(letter)
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Remote")
    }
}
