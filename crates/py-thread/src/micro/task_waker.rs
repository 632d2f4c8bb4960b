//! The wakers of [`Task`](super::Task)s.
//!
//! A waker names its task for as long as somebody keeps it. Most tasks wait for what is in this
//! module, and nobody does. So the tasks of a scheduler share one, which names the task that is
//! polled; and a task whose waker was kept gets that one for its own, and the others a new one.
//!
//! Invariants:
//! * W1: a waker that is kept by anybody but the scheduler and the task names the same task for ever:
//!   the shared one is told another name only while its two references here are the only ones.
//!
//! Orderings: `serial` and `index` are `Relaxed`. A thread that reads them got its clone, in
//! whatever way, after they were written. They are written again after the count was seen to be two,
//! with a fence: it is behind the `Release` decrement of whoever let the last clone go, and so behind
//! all that it read.

use super::id::Id;
use super::remote::{Door, Letter, Remote};
use core::cell::Cell;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use std::sync::Arc;
use std::task::{Wake, Waker};

/// Wakes a task through the door, so that any thread may.
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
        self.remote.post(Letter::Wake(Id::new(index, serial)));
    }
}

/// The task whose slice this is, and the door of its scheduler.
#[derive(Clone, Copy)]
pub(super) struct Polled<'a> {
    pub(super) index: u32,
    pub(super) serial: u64,
    pub(super) door: &'a Arc<Door>,
}

/// Where the tasks of a scheduler keep the waker that they share, but while one is polled.
pub(super) type Place = Cell<Option<Box<SharedWaker>>>;

/// What the tasks of a scheduler share, until one keeps it for its own.
pub(super) struct SharedWaker {
    name: Arc<Name>,
    waker: Waker,
}

/// How many references to its name a `SharedWaker` has.
const HERE: usize = 2;

impl SharedWaker {
    #[cold]
    fn new(door: &Arc<Door>) -> Box<SharedWaker> {
        let name = Arc::new(Name {
            remote: Remote::new(Arc::clone(door)),
            index: AtomicU32::new(0),
            serial: AtomicU64::new(0),
        });
        Box::new(SharedWaker {
            waker: Waker::from(Arc::clone(&name)),
            name,
        })
    }

    /// W1.
    #[inline]
    fn tell(&self, task: Polled<'_>) {
        self.name.index.store(task.index, Ordering::Relaxed);
        self.name.serial.store(task.serial, Ordering::Relaxed);
    }

    /// Whether it is of the task whose slice this is, and leads to its scheduler.
    #[inline]
    fn names(&self, task: Polled<'_>) -> bool {
        let serial = self.name.serial.load(Ordering::Relaxed);
        serial == task.serial && self.name.remote.leads_to(task.door)
    }

    /// W1.
    #[inline]
    fn is_kept(&self) -> bool {
        let is_kept = Arc::strong_count(&self.name) != HERE;
        fence(Ordering::Acquire);
        is_kept
    }
}

/// The waker of a task's own, if somebody kept one. It may name another: a task that was killed may
/// be spawned again, and in the child of a fork the scheduler may have a new door.
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
        // If `f` panics, the shared waker goes with it: its task may have kept it too.
        let shared = place.take().unwrap_or_else(|| SharedWaker::new(task.door));
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
        let doors = [(); 2].map(|()| Arc::new(Door::new(Arc::default())));
        let mut own = OwnWaker::default();
        for door in &doors {
            let task = Polled {
                index: 3,
                serial: 7,
                door,
            };
            own.with(task, &place, Waker::clone).wake();
            own.with(task, &place, Waker::wake_by_ref);
            let mut letters = Vec::new();
            door.collect(&mut letters);
            let is_its =
                |letter: &Letter| matches!(letter, Letter::Wake(id) if *id == Id::new(3, 7));
            assert!(letters.len() == 2 && letters.iter().all(is_its));
        }
    }
}
