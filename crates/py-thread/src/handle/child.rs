//! What runs on a new thread: its first and its last steps, and the user's function between them.

use super::current;
use super::outcome::Panic;
use super::state::Inner;
use crate::ident::Ident;
use crate::name;
use crate::sync::Arc;
use crate::sys::{Main, OsThread};
use crate::worker::{Ended, Job};
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc as StdArc;

/// What a new thread takes with it.
pub(super) struct Body<F> {
    pub(super) inner: Arc<Inner>,
    pub(super) ident: Ident,
    pub(super) name: Option<Box<str>>,
    pub(super) f: F,
}

impl<F: FnOnce()> Body<F> {
    /// Runs `f` as the thread of `inner`, except for its exit. Never unwinds.
    fn run(self) -> Ended {
        let Body {
            inner,
            ident,
            name,
            f,
        } = self;
        current::enter(&inner, ident);
        if let Some(name) = &name {
            name::set_current_name(name);
        }
        let result = catch_unwind(AssertUnwindSafe(f));
        let panic = result.err().map(|p| StdArc::new(Panic::new(p)));
        if let Some(registry) = inner.registry() {
            registry.leave(ident);
        }
        current::leave();
        Ended { inner, panic }
    }
}

/// The body on an OS thread of its own.
pub(super) struct Child<F>(pub(super) Body<F>);

impl<F: FnOnce() + Send + 'static> Main for Child<F> {
    fn run(self: Box<Self>) {
        match OsThread::current() {
            Some(os) => self.0.inner.publish(os),
            // Only the starter knows the OS thread. A joiner may need it, so wait until it is
            // stored.
            None => self.0.inner.await_running(),
        }
        self.0.run().publish();
    }
}

/// The body on a worker of the cache.
impl<F: FnOnce() + Send> Job for Body<F> {
    fn run(self: Box<Self>) -> Ended {
        self.inner.publish_without_os();
        // Keep the worker's name: the next job on it may have none.
        let before = self.name.as_ref().and_then(|_| name::current_name());
        let ended = (*self).run();
        if let Some(before) = before {
            name::set_current_name(&before);
        }
        ended
    }
}
