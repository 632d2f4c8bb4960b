//! [`check_deadlock`]: looks at who waits and who holds, and a question to those in a circle.
//!
//! ```text
//!   look: the waits, bucket by bucket ─▶ the records, store by store ─▶ edges ┐
//!   look again ─────────────────────────────────────────────────────▶ edges ─┴▶ those in both ─▶ circles
//!                                                                                                  │
//!   report ◀── those still there ◀── a third look ◀── answers ◀── ask each thread where it is ◀────┘
//! ```
//!
//! An edge leads from one wait to another: *the first cannot end before the second does*. It is made of
//! two waits and a record, each with a number that no other has (`held`, H2), or of two waits in one
//! queue.
//!
//! The first look and the second see to it that hardly any thread is asked in vain. Why a circle that is
//! reported is one: let *t* be the moment between the second look and the third.
//! * D1: a wait, and a record, that both of these find has been there all the time between, hence at *t*:
//!   each is written once, and its number never comes back. That no look is of one instant does not
//!   matter, nor that no two buckets are locked together.
//! * D2: a wait that counts is of a thread that is queued, asleep, and has nothing left to do before its
//!   sleep (its critical sections are given up: it said [`falls_asleep`] after that, and the records are
//!   read after the waits). No time ends it. So its thread does nothing, and what is recorded of it is
//!   true (H1).
//! * D3: at *t* every wait of the circle is there, and each needs an act of the next one's thread: to give
//!   up the lock that the record names; or, for a reader behind a waiting writer, to come and go, since it
//!   stands in front and does not give up. The first thread of the circle to act would need another to
//!   have acted before. So none ever does.
//! * D4: a waiting writer stops a reader for good only if no upgradable reader lets it pass: `rw_mutex`,
//!   U2. One may be on its way that is in no queue: it is recorded as an attempt from before it could be
//!   until it has let the readers in. The second look has found none, nor an upgradable reader. So those
//!   that had come by then have let nobody in that the third look finds in the queue, and who came later
//!   stands behind the writer.
//! * D5: who acts on behalf of a thread of the circle may end it nevertheless: a thread that unlocks what
//!   another locked, a signal. For that see "Who holds a lock" in the module's documentation.
//!
//! A circle is found by the first check that begins after its threads have fallen asleep.
//!
//! [`falls_asleep`]: crate::parking_lot::record::Record::falls_asleep

mod graph;
#[cfg(all(test, not(loom)))]
mod tests;

use crate::diagnostics::Waiting;
use crate::held::asking::{Answer, ask_in_word, checking, hears, wants_answers};
use crate::parking_lot::{Kind, lot};
use crate::sys;
use core::fmt;
use core::time::Duration;
use graph::{Graph, Wait};
use py_thread::Ident;
use std::backtrace::Backtrace;
use std::collections::HashMap;
use std::thread::ThreadId;

/// So often are threads asked, and so long is each round listened for: five seconds for one that is not
/// run.
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
    /// Its id, as std and parking_lot have it.
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

    /// Where it waits, and how it came there. Captured whatever `RUST_BACKTRACE` says; names are looked
    /// up when it is printed.
    ///
    /// ```
    /// for thread in py_sync::deadlock::check_deadlock().iter().flatten() {
    ///     println!("{}", thread.backtrace());
    /// }
    /// ```
    pub fn backtrace(&self) -> &Backtrace {
        &self.backtrace
    }

    /// What it waits for, and for how long it has.
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

    /// Its [`Ident::own`].
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

    /// True if a signal may end its wait, and with it the deadlock.
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

/// The deadlocks that have not been reported yet. Each is a circle: every thread waits for something of
/// the next one's, and the last for something of the first one's. A thread that waits for itself is a
/// circle of one.
///
/// A deadlock is reported once; one of the same threads is a new one if any of them waits anew. Threads
/// that wait for a deadlocked one and are in no circle themselves are not reported: see
/// [`diagnostics::snapshot`](crate::diagnostics::snapshot). Of circles that share threads one is
/// reported.
///
/// What is reported is a deadlock: no moment between two steps of threads that make progress is taken for
/// one. The module says [what is seen](crate::deadlock#what-is-seen), and of which programs it does not
/// hold.
///
/// # Blocking
///
/// On one bucket lock at a time, and on another thread's check. If there is a deadlock, until its threads
/// have told where they are: each is woken for that, and sleeps on. One that cannot answer within five
/// seconds, since the process's other threads are stopped, say, is left for a later check, with its whole
/// circle. Not for a signal handler.
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
    let graph = Graph::of_two_looks();
    reported.retain(|id| graph.waits().iter().any(|wait| wait.id == *id));
    let mut circles = graph.circles();
    circles.retain(|circle| {
        circle
            .iter()
            .any(|&i| !reported.contains(&graph.waits()[i].id))
    });
    if circles.is_empty() {
        return Vec::new();
    }
    let asked = circles.iter().flatten().map(|&i| &graph.waits()[i]);
    let mut answers = ask(&asked.collect::<Vec<_>>());
    let third = Graph::look();
    circles.retain(|circle| graph.still_has(circle, &third));
    let mut deadlocks = Vec::new();
    for circle in circles {
        let waits = || circle.iter().map(|&i| &graph.waits()[i]);
        if waits().all(|wait| answers.contains_key(&wait.id)) {
            let threads = waits().filter_map(|wait| Some(thread(wait, answers.remove(&wait.id)?)));
            deadlocks.push(threads.collect());
            reported.extend(waits().map(|wait| wait.id));
        }
    }
    deadlocks
}

fn thread(wait: &Wait, answer: Answer) -> DeadlockedThread {
    let (address, kind, now) = (wait.address, wait.kind, sys::monotonic_ns());
    DeadlockedThread {
        thread_id: answer.thread,
        backtrace: answer.backtrace,
        waiting: Waiting::until(now, address, kind, wait.own, wait.since),
        interruptible: wait.interruptible,
    }
}

/// Asks each where it is.
fn ask(waits: &[&Wait]) -> HashMap<u64, Answer> {
    let receiver = wants_answers();
    let mut answers = HashMap::new();
    for _ in 0..ROUNDS {
        let silent = waits.iter().filter(|wait| !answers.contains_key(&wait.id));
        // One that is just answering is not asleep, and not asked again.
        silent.for_each(|wait| match wait.kind {
            Kind::RawMutex => ask_in_word(wait.id),
            _ => lot().ask(wait.key, wait.id),
        });
        while answers.len() < waits.len() {
            let Ok(answer) = receiver.recv_timeout(ROUND) else {
                break;
            };
            // Another answer to a check before this one.
            if waits.iter().any(|wait| wait.id == answer.id) {
                answers.insert(answer.id, answer);
            }
        }
        if answers.len() == waits.len() {
            break;
        }
    }
    hears(receiver);
    answers
}
