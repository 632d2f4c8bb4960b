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

use super::cx::Cx;
use super::id::Id;
use super::remote::{Notice, Remote};
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use std::sync::Arc;
use std::task::{Wake, Waker};

/// Wakes a task through the inbox, so that any thread may.
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

/// What the tasks of a scheduler share, until one keeps it for its own.
pub(super) struct SharedWaker {
    name: Arc<Name>,
    waker: Waker,
}

/// How many references to its name a `SharedWaker` has.
const HERE: usize = 2;

impl SharedWaker {
    #[cold]
    fn new(cx: &Cx<'_>) -> Box<SharedWaker> {
        let name = Arc::new(Name {
            remote: cx.remote(),
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
    fn tell(&self, cx: &Cx<'_>) {
        self.name.index.store(cx.index, Ordering::Relaxed);
        self.name.serial.store(cx.serial, Ordering::Relaxed);
    }

    /// Whether it is of the task whose slice this is, and leads to its scheduler.
    #[inline]
    fn names(&self, cx: &Cx<'_>) -> bool {
        let serial = self.name.serial.load(Ordering::Relaxed);
        serial == cx.serial && self.name.remote.leads_to(cx.inbox)
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
/// be spawned again, and in the child of a fork the scheduler may have a new inbox.
#[derive(Default)]
pub(super) struct OwnWaker(Option<Box<SharedWaker>>);

impl OwnWaker {
    /// Calls `f` with a waker of the task whose slice this is.
    #[inline]
    pub(super) fn with<R>(&mut self, cx: &Cx<'_>, f: impl FnOnce(&Waker) -> R) -> R {
        match self.0.as_deref() {
            Some(own) if own.names(cx) => return f(&own.waker),
            _ => {}
        }
        // If `f` panics, the shared waker goes with it: its task may have kept it too.
        let place = &cx.local.waker;
        let shared = place.take().unwrap_or_else(|| SharedWaker::new(cx));
        shared.tell(cx);
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
    use super::super::local::Local;
    use super::super::remote::Inbox;
    use super::*;
    use std::rc::Rc;

    #[test]
    fn a_task_whose_scheduler_has_a_new_door_gets_a_waker_that_leads_there() {
        let local = Rc::new(Local::new(1));
        let inboxes = [(); 2].map(|()| Arc::new(Inbox::new(Arc::default())));
        let mut own = OwnWaker::default();
        for inbox in &inboxes {
            let cx = Cx {
                index: 3,
                serial: 7,
                now: 1,
                local: &local,
                inbox,
            };
            own.with(&cx, Waker::clone).wake();
            own.with(&cx, Waker::wake_by_ref);
            let mut notices = Vec::new();
            inbox.collect(&mut notices);
            let is_its = |notice: &Notice| matches!(notice, Notice::Wake(id) if *id == cx.id());
            assert!(notices.len() == 2 && notices.iter().all(is_its));
        }
    }
}
