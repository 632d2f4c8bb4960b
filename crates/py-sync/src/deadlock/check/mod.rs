//! [`check_deadlock`]: a wait-for graph of two snapshots, its cycles, and a backtrace of each thread in
//! them.
//!
//! ```text
//!   snapshot 1: the waits, bucket by bucket ─▶ the records, store by store ─▶ edges ┐
//!   snapshot 2 ───────────────────────────────────────────────────────────▶ edges ─┴▶ edges in both ─▶ cycles
//!                                                                                                        │
//!   report ◀── cycles that snapshot 3 has too ◀── backtraces ◀── request one of each thread in a cycle ◀─┘
//! ```
//!
//! An edge leads from one wait to another: *the first cannot end before the second does*. It is made of
//! two waits and a record, each with a number of its own (`held`, H2), or of two waits in one queue.
//!
//! The first two snapshots filter: almost no thread is woken for a cycle that is not one. Why a reported
//! cycle is a deadlock: let *t* be a moment between the second snapshot and the third.
//! * D1: a wait or a record that is in both snapshots was there all the time between them, hence at *t*:
//!   each is written once, and its number is never used again. It does not matter that a snapshot is not
//!   of one instant, nor that no two buckets are locked together.
//! * D2: a wait counts only if its thread is queued and asleep, no timeout ends the wait, and the thread
//!   has nothing left to do before it sleeps. (Its critical sections are released: it calls
//!   [`falls_asleep`] after that, and a snapshot reads the records after the waits.) Such a thread does
//!   nothing, so its records are true (H1).
//! * D3: at *t* every wait of the cycle is there, and each can end only if the next one's thread acts: it
//!   releases the lock that the record names; or, if it is a waiting writer with readers behind it, it
//!   locks and unlocks, since it never leaves the queue. The first thread of the cycle to act would need
//!   another one to have acted before it. So none ever acts.
//! * D4: a waiting writer holds up a reader for good only if no upgradable reader lets the reader pass:
//!   `rw_mutex`, U2. A thread that is about to be an upgradable reader may be in no queue. It has a record
//!   of an attempt from before it could be one until it has let the readers in. The second snapshot has
//!   found neither such a record nor an upgradable reader. So no upgradable reader of before then has let
//!   in a reader that the third snapshot finds queued, and a later one queues behind the writer.
//! * D5: a thread outside the cycle may still end it on behalf of a thread inside: it unlocks what another
//!   thread locked, or sends a signal. See "Who holds a lock" in the module's documentation.
//!
//! A cycle is found by the first check that begins after all its threads have fallen asleep.
//!
//! [`falls_asleep`]: crate::record::Record::falls_asleep

mod graph;
#[cfg(all(test, not(loom)))]
mod tests;

use crate::diagnostics::Waiting;
use crate::held::backtraces::{Reply, checking, close_channel, open_channel, request_in_word};
use crate::parking_lot::{Kind, lot};
use crate::sys;
use core::fmt;
use core::time::Duration;
use graph::{Graph, Wait};
use py_thread::Ident;
use std::backtrace::Backtrace;
use std::collections::HashMap;
use std::thread::ThreadId;

/// How often a thread is asked for its backtrace, and how long each round waits for replies: together
/// five seconds for a thread that the system does not run.
const ROUNDS: u32 = 1000;
const ROUND: Duration = Duration::from_millis(5);

/// A thread of a deadlock.
///
/// Prints as one line.
///
/// ```
/// use py_sync::deadlock::{DeadlockedThread, check_deadlock};
/// for threads in check_deadlock() {
///     for thread in &threads {
///         let thread: &DeadlockedThread = thread;
///         println!("{thread}\n{:#?}", thread.backtrace());
///     }
/// }
/// ```
#[derive(Debug)]
pub struct DeadlockedThread {
    thread_id: ThreadId,
    backtrace: Backtrace,
    waiting: Waiting,
    interruptible: bool,
}

impl DeadlockedThread {
    /// The thread's id, as in std and parking_lot.
    ///
    /// ```
    /// use py_sync::deadlock::{DeadlockedThread, check_deadlock};
    /// let ids = |threads: &[DeadlockedThread]| threads.iter().map(|t| t.thread_id()).collect::<Vec<_>>();
    /// assert!(check_deadlock().iter().all(|threads| ids(threads).len() > 0));
    /// ```
    #[must_use]
    pub fn thread_id(&self) -> ThreadId {
        self.thread_id
    }

    /// The thread's backtrace, in its wait. It is captured whatever `RUST_BACKTRACE` says; names are
    /// looked up when it is printed.
    ///
    /// ```
    /// for thread in py_sync::deadlock::check_deadlock().iter().flatten() {
    ///     println!("{}", thread.backtrace());
    /// }
    /// ```
    pub fn backtrace(&self) -> &Backtrace {
        &self.backtrace
    }

    /// What the thread waits for, and how long it has waited.
    ///
    /// ```
    /// for thread in py_sync::deadlock::check_deadlock().iter().flatten() {
    ///     println!("{} at {:#x}", thread.waiting().kind, thread.waiting().address);
    /// }
    /// ```
    #[must_use]
    pub fn waiting(&self) -> &Waiting {
        &self.waiting
    }

    /// The thread's [`Ident::own`].
    ///
    /// ```
    /// for thread in py_sync::deadlock::check_deadlock().iter().flatten() {
    ///     println!("thread {}", thread.ident());
    /// }
    /// ```
    #[must_use]
    pub fn ident(&self) -> Ident {
        self.waiting.ident
    }

    /// Whether a signal may end the thread's wait, and with it the deadlock.
    ///
    /// ```
    /// for thread in py_sync::deadlock::check_deadlock().iter().flatten() {
    ///     println!("Ctrl-C helps: {}", thread.is_interruptible());
    /// }
    /// ```
    #[must_use]
    pub fn is_interruptible(&self) -> bool {
        self.interruptible
    }
}

impl fmt::Display for DeadlockedThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Waiting {
            address,
            kind,
            ident,
            waited,
            ..
        } = self.waiting;
        let waited = waited.as_secs_f64();
        write!(
            f,
            "thread {ident} ({:?}) waits for the {kind} at {address:#x} since {waited:.3} s",
            self.thread_id
        )
    }
}

/// The deadlocks that have not been reported yet. Each is a cycle: every thread waits for the next one,
/// and the last for the first. A thread that waits for itself is a cycle of one.
///
/// A deadlock is reported once. If one of its threads wakes and waits again, a later deadlock of the same
/// threads is a new one. Of cycles that share threads, one is reported. A thread that waits for a
/// deadlocked one, but is in no cycle itself, is not reported: see
/// [`diagnostics::snapshot`](crate::diagnostics::snapshot).
///
/// There are no false alarms: threads that make progress are never reported, whatever the check sees of
/// them between two steps. The module says [what is seen](crate::deadlock#what-is-seen), and in which
/// programs this does not hold.
///
/// # Blocking
///
/// On one bucket lock at a time, and on another thread's check. If there is a deadlock, also until its
/// threads have sent their backtraces: each is woken for that, and sleeps again. If one does not reply
/// within five seconds (a debugger has stopped it, say), its deadlock is left for a later check. Not to be
/// called from a signal handler.
///
/// # Panics
///
/// In debug builds, if called from a callback of the lot.
///
/// # Examples
///
/// ```
/// assert!(py_sync::deadlock::check_deadlock().is_empty());
/// ```
#[must_use = "a deadlock is reported once"]
pub fn check_deadlock() -> Vec<Vec<DeadlockedThread>> {
    let mut reported = checking();
    let graph = Graph::confirmed();
    reported.retain(|id| graph.waits().iter().any(|wait| wait.id == *id));
    let mut cycles = graph.cycles();
    cycles.retain(|cycle| {
        cycle
            .iter()
            .any(|&i| !reported.contains(&graph.waits()[i].id))
    });
    if cycles.is_empty() {
        return Vec::new();
    }
    let stuck = cycles.iter().flatten().map(|&i| &graph.waits()[i]);
    let mut replies = backtraces(&stuck.collect::<Vec<_>>());
    let third = Graph::snapshot();
    cycles.retain(|cycle| graph.still_has(cycle, &third));
    let mut deadlocks = Vec::new();
    for cycle in cycles {
        let waits = || cycle.iter().map(|&i| &graph.waits()[i]);
        if waits().all(|wait| replies.contains_key(&wait.id)) {
            let threads = waits().filter_map(|wait| Some(thread(wait, replies.remove(&wait.id)?)));
            deadlocks.push(threads.collect());
            reported.extend(waits().map(|wait| wait.id));
        }
    }
    deadlocks
}

fn thread(wait: &Wait, reply: Reply) -> DeadlockedThread {
    let (address, kind, now) = (wait.address, wait.kind, sys::monotonic_ns());
    DeadlockedThread {
        thread_id: reply.thread,
        backtrace: reply.backtrace,
        waiting: Waiting::until(now, address, kind, wait.own, wait.since),
        interruptible: wait.interruptible,
    }
}

/// Requests the backtrace of the thread in each wait. Without a reply the wait is missing in the result.
fn backtraces(waits: &[&Wait]) -> HashMap<u64, Reply> {
    let receiver = open_channel();
    let mut replies = HashMap::new();
    for _ in 0..ROUNDS {
        let missing = waits.iter().filter(|wait| !replies.contains_key(&wait.id));
        // A thread that is just replying is not asleep, so it is not asked twice.
        missing.for_each(|wait| match wait.kind {
            Kind::RawMutex => request_in_word(wait.id),
            _ => lot().ask(wait.key, wait.id),
        });
        while replies.len() < waits.len() {
            let Ok(reply) = receiver.recv_timeout(ROUND) else {
                break;
            };
            // It may be a late reply to an earlier check.
            if waits.iter().any(|wait| wait.id == reply.id) {
                replies.insert(reply.id, reply);
            }
        }
        if replies.len() == waits.len() {
            break;
        }
    }
    close_channel(receiver);
    replies
}
