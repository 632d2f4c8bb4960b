//! The state of one thread, shared by its handles and by the thread itself. How they wait for it is
//! in `wait.rs`.
//!
//! One word, on which joiners sleep:
//!
//! | bit | name | set by | means |
//! |--:|---|---|---|
//! | 0 | `STARTING` | who claims the start | the handle is used up |
//! | 1 | `RUNNING` | starter and child, whoever is first | ident and OS thread are published |
//! | 2 | `EXITED` | the child as its last act, or `set_done` | joiners go on |
//! | 3 | `OUTCOME` | the child, with `EXITED` | `panic` may be read |
//! | 4 | `JOINING` | one joiner | who set it may join or detach the OS thread |
//! | 5 | `JOINED` | who held `JOINING`; a failed start | the OS thread is settled, or nobody may settle it |
//! | 6 | `WAITERS` | a joiner about to sleep | whoever changes the word wakes |
//! | 7 | `NO_OS` | the starter | there is no OS thread to settle: main thread, cached worker |
//! | 8 | `DAEMON` | who claims the start | shutdown does not wait for it |
//! | 9 | `GIVEN_UP` | `set_done` | whoever holds `JOINING` settles the OS thread, sooner or later |
//! | 10.. | the era | with `JOINING` | in which generation the joiner lives, as far as it fits |
//!
//! ```text
//! NOT_STARTED --claim--> STARTING --publish--> RUNNING --exit--> exited --join--> DONE
//!   (0)                     |                     |                               ^  ^
//!                           | start failed        +--set_done (detaches)----------+  |
//!                           +--------------------------------------------------------+
//! ```
//!
//! Invariants:
//! * S1: bits are only ever added, but for `JOINING` with its era, and `WAITERS`.
//! * S2: `os` is stored before `RUNNING` is set. Starter and child may both store it; they store the
//!   same value.
//! * S3: the OS thread is joined or detached once: by who sets `JOINING` (and then `JOINED`), or, if
//!   nobody did, when the last reference is dropped. A join that failed clears `JOINING` again.
//!   `JOINING` is set after `EXITED`, but for one case: a lone joiner who waits without a timeout
//!   sleeps in the system's join from the start, which saves a sleep. `set_done` then leaves the
//!   thread to that joiner, with `GIVEN_UP`.
//! * S4: `panic` is written by the child alone, before `OUTCOME`, and only read after it. If
//!   `set_done` came first there is no `OUTCOME`: what one joiner got, all get.
//! * S5: after a fork, a thread that was started before it counts as exited and settled, unless it
//!   is the one that forked; its OS thread is never touched (see `fork.rs`).
//! * S7: in a forked child a joiner of an earlier era is gone, since the one thread that survived the
//!   fork is the thread that it joined (else S5). Whoever sees its `JOINING` makes `JOINED` of it: the
//!   system may hold that thread for joined by the one that is gone (glibc does), so nobody joins or
//!   detaches it any more. It ends as every other, and its stack stays mapped.
//! * S6: who sleeps has seen `WAITERS` set in the very value that it sleeps on; every change of the
//!   word clears `WAITERS` and wakes all if it was set. So no sleeper misses a change.
//!
//! Orderings: every change of the word is AcqRel and every load of it Acquire, so that whatever the
//! writer of a bit did before is seen by whoever sees the bit: `RUNNING` publishes `ident` and `os`,
//! `EXITED` all of the thread's own work, `OUTCOME` the panic. None is hot.

use super::outcome::{Outcome, Panic};
use crate::fork;
use crate::ident::Ident;
use crate::primitive::{Arc, AtomicU32, AtomicU64, Ordering, UnsafeCell, const_fn};
use crate::sys::wait::WaitWord;
use crate::sys::{OsCell, OsThread};
use crate::threads::registry;
use std::sync::Arc as StdArc;

pub(crate) const STARTING: u32 = 1;
pub(crate) const RUNNING: u32 = 1 << 1;
pub(crate) const EXITED: u32 = 1 << 2;
const OUTCOME: u32 = 1 << 3;
pub(crate) const JOINING: u32 = 1 << 4;
pub(crate) const JOINED: u32 = 1 << 5;
pub(super) const WAITERS: u32 = 1 << 6;
pub(crate) const NO_OS: u32 = 1 << 7;
pub(crate) const DAEMON: u32 = 1 << 8;
pub(crate) const GIVEN_UP: u32 = 1 << 9;
const ERA_SHIFT: u32 = 10;
pub(super) const ERA: u32 = u32::MAX << ERA_SHIFT;

/// `JOINING` by a thread of this process. Eras repeat after four million forks, each of the child
/// of the last.
pub(super) fn joining() -> u32 {
    joining_in(fork::generation())
}

/// `JOINING` by a thread of the process of this generation.
pub(crate) fn joining_in(generation: u32) -> u32 {
    JOINING | generation << ERA_SHIFT
}

/// S7: whether the joiner in this word vanished in a fork.
fn lost_its_joiner(word: u32) -> bool {
    word & JOINING != 0 && word & ERA != fork::generation() << ERA_SHIFT
}

/// Whether a thread of this word is done: it has ended, and nobody has to settle anything.
pub(crate) fn is_done(word: u32) -> bool {
    word & EXITED != 0 && word & (JOINED | NO_OS | GIVEN_UP) != 0
}

/// A registry of such threads. Itself it knows nothing of them.
pub(crate) type Registry = registry::Registry<Arc<Inner>>;

#[derive(Debug)]
pub(crate) struct Inner {
    pub(super) word: WaitWord,
    generation: AtomicU32,
    ident: AtomicU64,
    pub(super) os: OsCell,
    panic: UnsafeCell<Option<StdArc<Panic>>>,
    registry: UnsafeCell<Option<StdArc<Registry>>>,
}

// SAFETY: `panic` is shared as S4 says, `registry` likewise (written by the starter before RUNNING,
// read after it); the rest is atomic. What both hold is Send and Sync.
unsafe impl Send for Inner {}
// SAFETY: as above.
unsafe impl Sync for Inner {}

impl Inner {
    const_fn! {
        pub(crate) fn new() -> Inner {
            Inner {
                word: WaitWord::new(0),
                generation: AtomicU32::new(0),
                ident: AtomicU64::new(0),
                os: OsCell::new(),
                panic: UnsafeCell::new(None),
                registry: UnsafeCell::new(None),
            }
        }
    }

    /// A thread that runs already and was not started by a handle.
    pub(crate) fn adopted(ident: Ident) -> Inner {
        let inner = Inner::new();
        // Relaxed, thrice: nobody else has seen it yet.
        inner
            .generation
            .store(fork::generation(), Ordering::Relaxed);
        inner.ident.store(ident.get(), Ordering::Relaxed);
        inner
            .word
            .store(STARTING | RUNNING | NO_OS, Ordering::Relaxed);
        inner
    }

    /// The word as it is in this process: S5, S7.
    pub(crate) fn view(&self) -> u32 {
        let mut word = self.word.load(Ordering::Acquire);
        while lost_its_joiner(word) {
            // Several threads of the child may do this; one of them does.
            let settled = word & !(JOINING | ERA) | JOINED;
            match self
                .word
                .compare_exchange(word, settled, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => word = settled,
                Err(now) => word = now,
            }
        }
        if word & STARTING == 0 || word & (EXITED | JOINED) == EXITED | JOINED {
            return word;
        }
        // Relaxed: written before STARTING (the generation), before RUNNING (the ident). Without
        // RUNNING the ident may be missing, and then it is no survivor's.
        let generation = self.generation.load(Ordering::Relaxed);
        if fork::is_dead(generation, self.ident.load(Ordering::Relaxed)) {
            word | RUNNING | EXITED | JOINED
        } else {
            word
        }
    }

    /// Whether this thread vanished in a fork, so that its OS thread is none of this process.
    fn is_dead(&self) -> bool {
        // Relaxed: as in `view`.
        let generation = self.generation.load(Ordering::Relaxed);
        fork::is_dead(generation, self.ident.load(Ordering::Relaxed))
    }

    /// Takes the right to start the thread; false if somebody did before.
    pub(crate) fn claim(&self, flags: u32) -> bool {
        if self.word.load(Ordering::Acquire) != 0 {
            return false;
        }
        // Before STARTING, so that `view` never compares an old generation. Whoever races with us
        // for the claim stores the same: a thread that forks has no racing threads in its child.
        self.generation.store(fork::generation(), Ordering::Relaxed);
        self.word
            .compare_exchange(0, STARTING | flags, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// The ident and the registry of the thread that is about to start. By the claimer, once.
    pub(crate) fn prepare(&self, ident: Ident, registry: Option<StdArc<Registry>>) {
        // Relaxed: RUNNING publishes it, and the start of the thread does to the child.
        self.ident.store(ident.get(), Ordering::Relaxed);
        // SAFETY: the claimer alone writes, and nobody reads before RUNNING.
        self.registry.with_mut(|r| unsafe { *r = registry });
    }

    /// S2.
    pub(crate) fn publish(&self, os: OsThread) {
        self.os.store(os);
        self.change(RUNNING, 0);
    }

    /// The thread runs, on a worker's OS thread.
    pub(crate) fn publish_without_os(&self) {
        self.change(RUNNING, 0);
    }

    /// The start failed.
    pub(crate) fn fail(&self) {
        self.change(EXITED | JOINED, 0);
    }

    /// The thread's last act here: joiners go on. Wakes them.
    pub(crate) fn exit(&self, panic: Option<StdArc<Panic>>) {
        // SAFETY: S4: only the child writes, and nobody reads before OUTCOME.
        self.panic.with_mut(|p| unsafe { *p = panic });
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            let outcome = if word & EXITED == 0 { OUTCOME } else { 0 };
            match self.word.compare_exchange_weak(
                word,
                (word | EXITED | outcome) & !WAITERS,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        self.wake(word);
    }

    /// Adds and removes bits, and wakes who sleeps on the old ones: S6.
    pub(crate) fn change(&self, add: u32, remove: u32) {
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            match self.word.compare_exchange_weak(
                word,
                (word | add) & !(remove | WAITERS),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        self.wake(word);
    }

    pub(super) fn wake(&self, old: u32) {
        if old & WAITERS != 0 {
            self.word.wake_all();
        }
    }

    pub(super) fn replace(&self, old: u32, new: u32) -> bool {
        self.word
            .compare_exchange(old, new, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// How the thread ended. After `EXITED` was seen.
    pub(crate) fn outcome(&self) -> Outcome {
        if self.word.load(Ordering::Acquire) & OUTCOME == 0 {
            return Outcome::Returned;
        }
        // SAFETY: S4: nobody writes after OUTCOME.
        let panic = self.panic.with(|p| unsafe { (*p).clone() });
        panic.map_or(Outcome::Returned, Outcome::Panicked)
    }

    /// The ident, once the thread runs.
    pub(crate) fn ident(&self) -> Option<Ident> {
        if self.word.load(Ordering::Acquire) & RUNNING == 0 {
            return None;
        }
        // Relaxed: RUNNING published it.
        Ident::from_u64(self.ident.load(Ordering::Relaxed))
    }

    /// The system's number of the thread, once it runs on one of its own.
    pub(crate) fn os_ident(&self) -> Option<u64> {
        let word = self.word.load(Ordering::Acquire);
        if word & RUNNING == 0 || word & NO_OS != 0 {
            return None;
        }
        Some(self.os.ident()).filter(|&n| n != 0)
    }

    /// The registry that the thread was started in. After `RUNNING` was seen, or by the child.
    pub(crate) fn registry(&self) -> Option<StdArc<Registry>> {
        // SAFETY: written before RUNNING and never after.
        self.registry.with(|r| unsafe { (*r).clone() })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let word = self.view();
        if word & RUNNING != 0 && word & (JOINED | NO_OS) == 0 && !self.is_dead() {
            // The last reference to a thread that nobody joined. CPython prints an error of the
            // system's here; there is nobody to tell.
            drop(self.os.take().detach());
        }
    }
}
