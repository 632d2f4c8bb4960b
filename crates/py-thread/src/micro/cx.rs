//! [`Cx`]: what a microthread can ask of its scheduler during a slice; and [`Spawner`].

use super::Id;
use super::local::{Command, Local};
use super::remote::{Inbox, Remote};
use super::task_waker::Polled;
use core::cell::RefCell;
use core::fmt;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

/// What a microthread can ask of its scheduler during a slice.
///
/// Requests take effect when the round ends, in the order in which they were made. So they do not
/// disturb the microthreads that run later in the round.
///
/// ```
/// use py_thread::micro::{Microthread, On, Scheduler, Step, from_fn};
/// let mut scheduler = Scheduler::<Box<dyn Microthread<Output = ()>>>::new();
/// let mut woken = false;
/// let sleeper = scheduler.spawn(Box::new(from_fn(move |_, _| {
///     match core::mem::replace(&mut woken, true) {
///         false => Step::Wait(On::Wake),
///         true => Step::Done(()),
///     }
/// })));
/// scheduler.spawn(Box::new(from_fn(move |_, cx| {
///     cx.wake(sleeper);
///     Step::Done(())
/// })));
/// assert!(scheduler.run().stop.is_finished());
/// ```
pub struct Cx<'a> {
    pub(super) index: u32,
    pub(super) serial: u64,
    pub(super) now: u64,
    pub(super) local: &'a Rc<Local>,
    pub(super) inbox: &'a Arc<Inbox>,
}

impl Cx<'_> {
    /// The id of this microthread.
    ///
    /// ```
    /// use py_thread::micro::{Scheduler, Step, from_fn};
    /// let mut scheduler = Scheduler::new();
    /// let id = scheduler.spawn(from_fn(|_, cx| Step::Done(cx.id())));
    /// scheduler.run();
    /// assert_eq!(scheduler.take(id).unwrap().done(), Some(id));
    /// ```
    #[inline]
    #[must_use]
    pub fn id(&self) -> Id {
        Id::new(self.index, self.serial)
    }

    /// The number of this round: logical time. The first round is 1.
    ///
    /// ```
    /// use py_thread::micro::{Scheduler, Step, from_fn};
    /// let mut scheduler = Scheduler::new();
    /// let id = scheduler.spawn(from_fn(|_, cx| Step::Done(cx.now())));
    /// scheduler.run();
    /// assert_eq!(scheduler.take(id).unwrap().done(), Some(1));
    /// ```
    #[inline]
    #[must_use]
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Wakes a microthread: it goes on in the next round. If it does not wait, its next
    /// [`Step::Wait`](super::Step::Wait) is over at once.
    ///
    /// See [`Cx`] for an example.
    pub fn wake(&mut self, id: Id) {
        self.local.ask(Command::Wake(id));
    }

    /// Ends a microthread when the round ends: it is dropped, and its outcome is
    /// [`Outcome::Killed`](super::Outcome::Killed).
    ///
    /// ```
    /// use py_thread::micro::{Outcome, Scheduler, Step, from_fn};
    /// let mut scheduler = Scheduler::new();
    /// let mut victim = None;
    /// let id = scheduler.spawn(from_fn(move |_, cx| match victim {
    ///     None => {
    ///         victim = Some(cx.id());
    ///         cx.kill(cx.id());
    ///         Step::<()>::Yield
    ///     }
    ///     Some(_) => unreachable!("killed when the round ended"),
    /// }));
    /// scheduler.run();
    /// assert!(matches!(scheduler.take(id), Some(Outcome::Killed)));
    /// ```
    pub fn kill(&mut self, id: Id) {
        self.local.ask(Command::Kill(id));
    }

    /// Sets the check interval of all slices that begin from now on; 0 is as 1.
    ///
    /// CPython: `Python/sysmodule.c`, `sys_setcheckinterval`.
    ///
    /// ```
    /// use py_thread::micro::{Scheduler, Step, from_fn};
    /// let mut scheduler = Scheduler::new();
    /// let slice = || from_fn(|ticker, cx| {
    ///     cx.set_interval(7);
    ///     Step::Done(ticker.left())
    /// });
    /// let ids = [scheduler.spawn(slice()), scheduler.spawn(slice())];
    /// scheduler.run();
    /// assert_eq!(ids.map(|id| scheduler.take(id).unwrap().done()), [Some(100), Some(7)]);
    /// ```
    #[doc(alias = "sys_setcheckinterval")]
    pub fn set_interval(&mut self, interval: u32) {
        self.local.interval.set(interval.max(1));
    }

    /// A handle of this scheduler for other threads.
    ///
    /// ```
    /// use py_thread::micro::{On, Scheduler, Step, from_fn};
    /// let mut scheduler = Scheduler::new();
    /// let mut asked = false;
    /// scheduler.spawn(from_fn(move |_, cx| {
    ///     if core::mem::replace(&mut asked, true) {
    ///         return Step::Done(());
    ///     }
    ///     let (remote, id) = (cx.remote(), cx.id());
    ///     std::thread::spawn(move || remote.wake(id)).join().unwrap();
    ///     Step::Wait(On::Wake)
    /// }));
    /// assert!(scheduler.run().stop.is_finished());
    /// ```
    #[must_use]
    pub fn remote(&self) -> Remote {
        Remote::new(Arc::clone(self.inbox))
    }

    /// For the waker of a task.
    #[inline]
    pub(super) fn polled(&self) -> Polled<'_> {
        Polled {
            index: self.index,
            serial: self.serial,
            inbox: self.inbox,
        }
    }
}

impl fmt::Debug for Cx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cx")
            .field("id", &self.id())
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

/// The microthreads that others spawned in this round; the scheduler adopts them when it ends.
pub(super) type Spawned<A> = RefCell<VecDeque<(Id, A)>>;

/// Spawns microthreads from inside other microthreads, which keep clones of it.
/// [`Scheduler::spawner`](super::Scheduler::spawner) makes it.
///
/// ```
/// use py_thread::micro::{Scheduler, Step, from_fn};
/// let mut scheduler = Scheduler::new();
/// let spawner = scheduler.spawner();
/// for n in 0..3 {
///     let _ = spawner.spawn(Box::new(from_fn(move |_, _| Step::Done(n))) as Agent);
/// }
/// # type Agent = Box<dyn py_thread::micro::Microthread<Output = i32>>;
/// scheduler.run();
/// assert_eq!(scheduler.finished().count(), 3);
/// ```
pub struct Spawner<A> {
    pub(super) local: Rc<Local>,
    pub(super) spawned: Rc<Spawned<A>>,
}

impl<A> Spawner<A> {
    /// Spawns a microthread. It runs from the next round on; its id is valid at once.
    ///
    /// See [`Spawner`] for an example.
    #[must_use = "the id names it"]
    pub fn spawn(&self, agent: A) -> Id {
        let id = self.local.new_id();
        self.spawned.borrow_mut().push_back((id, agent));
        self.local.ask(Command::Adopt(id));
        id
    }
}

impl<A> Clone for Spawner<A> {
    fn clone(&self) -> Self {
        Spawner {
            local: Rc::clone(&self.local),
            spawned: Rc::clone(&self.spawned),
        }
    }
}

impl<A> fmt::Debug for Spawner<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Spawner")
    }
}
