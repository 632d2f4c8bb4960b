//! The wakers of [`Task`](super::Task)s.
//!
//! A waker names its task for as long as a clone of it is kept. Most tasks use only the waits of
//! this module, and those keep no clone. So the tasks of a scheduler share one waker, which names
//! the task that is polled. If a clone was kept, that task gets the shared waker for its own, and
//! the scheduler makes a new shared one.
//!
//! Invariants:
//! * W1: a waker of which a clone is kept names the same task for ever. The shared waker gets
//!   another name only while its two references here are the only ones.
//!
//! Orderings: `serial` and `index` are `Relaxed`. A thread reads them through a clone that it got
//! after they were written. They are written again only after the count was seen to be two,
//! followed by a fence. The drop of the last clone decremented the count with `Release`, so the
//! fence comes after all reads through that clone.

use super::id::Id;
use super::remote::{Inbox, Notice, Remote};
use core::cell::Cell;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use std::sync::Arc;
use std::task::{Wake, Waker};

/// Wakes a task through the scheduler's inbox, so any thread may wake it.
struct Name {
    remote: Remote,
    index: AtomicU32,
    serial: AtomicU64,
}

impl Wake for Name {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let index = self.index.load(Ordering::Relaxed);
        let serial = self.serial.load(Ordering::Relaxed);
        self.remote.post(Notice::Wake(Id::new(index, serial)));
    }
}

/// The task whose slice this is, and the inbox of its scheduler.
#[derive(Clone, Copy)]
pub(super) struct Polled<'a> {
    pub(super) index: u32,
    pub(super) serial: u64,
    pub(super) inbox: &'a Arc<Inbox>,
}

/// Where the tasks of a scheduler keep the waker that they share. Empty while one of them is polled.
pub(super) type Place = Cell<Option<Box<SharedWaker>>>;

/// The waker that the tasks of a scheduler share, until one of them keeps it.
pub(super) struct SharedWaker {
    name: Arc<Name>,
    waker: Waker,
}

/// How many references to its name a `SharedWaker` has.
const HERE: usize = 2;

impl SharedWaker {
    #[cold]
    fn new(inbox: &Arc<Inbox>) -> Box<SharedWaker> {
        let name = Arc::new(Name {
            remote: Remote::new(Arc::clone(inbox)),
            index: AtomicU32::new(0),
            serial: AtomicU64::new(0),
        });
        Box::new(SharedWaker {
            waker: Waker::from(Arc::clone(&name)),
            name,
        })
    }

    /// Gives the waker the name of the task whose slice this is: W1.
    #[inline]
    fn tell(&self, task: Polled<'_>) {
        self.name.index.store(task.index, Ordering::Relaxed);
        self.name.serial.store(task.serial, Ordering::Relaxed);
    }

    /// Whether it names the task whose slice this is, and its scheduler.
    #[inline]
    fn names(&self, task: Polled<'_>) -> bool {
        let serial = self.name.serial.load(Ordering::Relaxed);
        serial == task.serial && self.name.remote.leads_to(task.inbox)
    }

    /// W1.
    #[inline]
    fn is_kept(&self) -> bool {
        let is_kept = Arc::strong_count(&self.name) != HERE;
        fence(Ordering::Acquire);
        is_kept
    }
}

/// A task's own waker, if a clone of it was kept. It may be out of date: a task that was killed may
/// be spawned again, and in the child of a fork the scheduler may have a new inbox.
#[derive(Default)]
pub(super) struct OwnWaker(Option<Box<SharedWaker>>);

impl OwnWaker {
    /// Calls `f` with a waker of the task whose slice this is.
    #[inline]
    pub(super) fn with<R>(
        &mut self,
        task: Polled<'_>,
        place: &Place,
        f: impl FnOnce(&Waker) -> R,
    ) -> R {
        match self.0.as_deref() {
            Some(own) if own.names(task) => return f(&own.waker),
            _ => {}
        }
        // If `f` panics, the shared waker is dropped with it, because the task may have kept a
        // clone.
        let shared = place.take().unwrap_or_else(|| SharedWaker::new(task.inbox));
        shared.tell(task);
        let result = f(&shared.waker);
        if shared.is_kept() {
            self.keep(shared);
        } else {
            place.set(Some(shared));
        }
        result
    }

    #[cold]
    fn keep(&mut self, shared: Box<SharedWaker>) {
        self.0 = Some(shared);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_task_whose_scheduler_has_a_new_door_gets_a_waker_that_leads_there() {
        let place = Place::default();
        let inboxes = [(); 2].map(|()| Arc::new(Inbox::new(Arc::default())));
        let mut own = OwnWaker::default();
        for inbox in &inboxes {
            let task = Polled {
                index: 3,
                serial: 7,
                inbox,
            };
            own.with(task, &place, Waker::clone).wake();
            own.with(task, &place, Waker::wake_by_ref);
            let mut notices = Vec::new();
            inbox.collect(&mut notices);
            let is_its =
                |notice: &Notice| matches!(notice, Notice::Wake(id) if *id == Id::new(3, 7));
            assert!(notices.len() == 2 && notices.iter().all(is_its));
        }
    }
}
