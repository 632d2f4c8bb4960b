//! The state of one thread, shared by its handles and by the thread itself. How joiners wait for it
//! is in `wait.rs`.
//!
//! To *settle* an OS thread is to join or to detach it. The *starter* is the thread that starts,
//! and the *child* is the new thread. Joiners sleep on one word:
//!
//! | bit | name | set by | means |
//! |--:|---|---|---|
//! | 0 | `STARTING` | the starter, when it claims the start | the handle is used up |
//! | 1 | `RUNNING` | the starter or the child, whichever is first | ident and OS thread are published |
//! | 2 | `EXITED` | the child as its last act, or `set_done` | joiners go on |
//! | 3 | `OUTCOME` | the child, with `EXITED` | `panic` may be read |
//! | 4 | `JOINING` | one joiner | this joiner alone may settle the OS thread |
//! | 5 | `JOINED` | the joiner that held `JOINING`; a failed start | the OS thread is settled, or must not be |
//! | 6 | `WAITERS` | a joiner about to sleep | the next change of the word wakes all |
//! | 7 | `NO_OS` | the starter | there is no OS thread to settle: main thread, cached worker |
//! | 8 | `DAEMON` | the starter, when it claims the start | shutdown does not wait for it |
//! | 9 | `GIVEN_UP` | `set_done` | the joiner that holds `JOINING` will settle the OS thread |
//! | 10.. | the era | with `JOINING` | the low bits of the joiner's fork generation |
//!
//! ```text
//! NOT_STARTED --claim--> STARTING --publish--> RUNNING --exit--> exited --join--> DONE
//!   (0)                     |                     |                               ^  ^
//!                           | start failed        +--set_done (detaches)----------+  |
//!                           +--------------------------------------------------------+
//! ```
//!
//! Invariants:
//! * S1: bits are only ever added, except for `WAITERS` and for `JOINING` with its era.
//! * S2: `os` is stored before `RUNNING` is set. Starter and child may both store it; they store
//!   the same value.
//! * S3: the OS thread is settled once. The joiner that set `JOINING` does it and then sets
//!   `JOINED`. If there was no joiner, the drop of the last reference does it. A join that failed
//!   clears `JOINING` again. `JOINING` is set after `EXITED`, with one exception: a lone joiner
//!   without a timeout sleeps in the system's join from the start, which saves a sleep. `set_done`
//!   then leaves the thread to that joiner, with `GIVEN_UP`, and waits for no such joiner.
//! * S4: only the child writes `panic`, before `OUTCOME`, and it is only read after `OUTCOME`. If
//!   `set_done` came first, `OUTCOME` is never set. So all joiners get the same outcome.
//! * S5: after a fork, a thread that was started before it counts as exited and settled, unless it
//!   is the one that forked. Its OS thread is never touched (see `fork.rs`).
//! * S6: a sleeper sleeps on a value in which `WAITERS` is set. Every change of the word clears
//!   `WAITERS`, and wakes all if it was set. So no sleeper misses a change.
//! * S7: in a forked child, a joiner of an earlier era is gone: only the thread that it was joining
//!   survived the fork (for any other thread, S5 holds). A thread that sees such a `JOINING`
//!   replaces it by `JOINED`. The system may take the surviving thread for joined already (glibc
//!   does), so nobody settles it any more. It ends as every thread does, and its stack stays
//!   mapped.
//!
//! Orderings: every change of the word is AcqRel and every load of it is Acquire. So a thread that
//! sees a bit also sees what its writer did before. `RUNNING` publishes `ident` and `os`, `EXITED`
//! publishes the thread's own work, and `OUTCOME` publishes the panic. None of these accesses is
//! hot.

use super::outcome::{Outcome, Panic};
use crate::fork;
use crate::ident::Ident;
use crate::sync::{Arc, AtomicU32, AtomicU64, Ordering, UnsafeCell, const_fn};
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

/// `JOINING` with the era of this process. Eras repeat after a chain of four million forks, each in
/// the child of the one before.
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

/// Whether a thread with this word is done: it has ended, and its OS thread needs no settling.
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

// SAFETY: both cells hold values that are Send and Sync, and the other fields are atomic.
unsafe impl Send for Inner {}
// SAFETY: S4: the child writes `panic` before OUTCOME, and it is read after. The starter writes
// `registry` before RUNNING, and it is read after. So no access to a cell races with a write.
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
        // Relaxed, three times: no other thread has seen this value yet.
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
            // S7. Several threads of the child may try this, and one of them succeeds.
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
        // Relaxed: the generation was written before STARTING, and the ident before RUNNING.
        // Without RUNNING the ident may be missing; then the thread never ran, and it is not the
        // survivor.
        let generation = self.generation.load(Ordering::Relaxed);
        if fork::is_dead(generation, self.ident.load(Ordering::Relaxed)) {
            word | RUNNING | EXITED | JOINED
        } else {
            word
        }
    }

    /// Whether this thread vanished in a fork, so that its OS thread is none of this process.
    fn is_dead(&self) -> bool {
        // Relaxed: `view` saw RUNNING, which published both.
        let generation = self.generation.load(Ordering::Relaxed);
        fork::is_dead(generation, self.ident.load(Ordering::Relaxed))
    }

    /// Takes the right to start the thread; false if somebody did before.
    pub(crate) fn claim(&self, flags: u32) -> bool {
        if self.word.load(Ordering::Acquire) != 0 {
            return false;
        }
        // Stored before STARTING, so that `view` never compares an old generation. A thread that
        // races with us for the claim is of the same process, so it stores the same number.
        self.generation.store(fork::generation(), Ordering::Relaxed);
        self.word
            .compare_exchange(0, STARTING | flags, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// The ident and the registry of the thread that is about to start. By the claimer, once.
    pub(crate) fn prepare(&self, ident: Ident, registry: Option<StdArc<Registry>>) {
        // Relaxed: RUNNING publishes it to joiners, and the start of the thread to the child.
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

    /// The thread's last act: sets `EXITED`, and wakes the joiners.
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

    /// Adds and removes bits, and wakes the sleepers: S6.
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

    /// How the thread ended. To be called after `EXITED` was seen.
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

    /// The registry that the thread was started in. To be called after `RUNNING` was seen, or by
    /// the child.
    pub(crate) fn registry(&self) -> Option<StdArc<Registry>> {
        // SAFETY: written before RUNNING and never after.
        self.registry.with(|r| unsafe { (*r).clone() })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let word = self.view();
        if word & RUNNING != 0 && word & (JOINED | NO_OS) == 0 && !self.is_dead() {
            // The last reference to a thread that was never joined. CPython prints the system's
            // error here. A drop has no way to report one.
            drop(self.os.take().detach());
        }
    }
}
