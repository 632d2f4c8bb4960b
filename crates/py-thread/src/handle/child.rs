//! What runs on a new thread: its first and its last steps, and the user's function between them.

use super::current;
use super::outcome::Panic;
use super::state::{Inner, Registry};
use crate::ident::Ident;
use crate::name;
use crate::sync::Arc;
use crate::sys::{Main, OsThread};
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc as StdArc;

/// What a new thread takes with it.
pub(crate) struct Body<F> {
    pub(crate) inner: Arc<Inner>,
    pub(super) ident: Ident,
    pub(crate) name: Option<Box<str>>,
    pub(super) f: F,
}

/// A thread whose function has returned, and whose end is not published yet.
pub(crate) struct Ended {
    inner: Arc<Inner>,
    ident: Ident,
    registry: Option<StdArc<Registry>>,
    pub(crate) panic: Option<StdArc<Panic>>,
}

impl Ended {
    pub(crate) fn publish(self) {
        self.inner.exit(self.panic);
        if let Some(registry) = self.registry {
            registry.forget(self.ident);
        }
    }
}

impl<F: FnOnce()> Body<F> {
    /// Runs `f` as the thread of `inner`, except for its exit. Never unwinds.
    pub(crate) fn run(self) -> Ended {
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
        let registry = inner.registry();
        if let Some(registry) = &registry {
            registry.no_longer_count();
        }
        current::leave();
        Ended {
            inner,
            ident,
            registry,
            panic,
        }
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
