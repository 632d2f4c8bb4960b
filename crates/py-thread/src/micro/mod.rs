//! Microthreads: small agents by the million, each run for a number of instructions at a time.
//!
//! In August 1999 Will Ware asked on python-list for threads that the interpreter's own ticker
//! slices. He wanted them for simulations of swarms, with a `step` for one of them, a state that
//! says "still working", and an answer to what happens when one of them blocks. This module is
//! that. A [`Microthread`] is a value with a `step`, a [`Scheduler`] runs them in rounds, one slice
//! each, and a [`Ticker`] counts the instructions of a slice.
//!
//! ```
//! use py_thread::micro::{Scheduler, Step, from_fn};
//! let mut scheduler = Scheduler::new().interval(100);
//! for limit in 1..=1000_u64 {
//!     let mut n = 0;
//!     scheduler.spawn(from_fn(move |ticker, _| {
//!         while n < limit {
//!             if ticker.tick() {
//!                 return Step::Yield; // still working
//!             }
//!             n += 1;
//!         }
//!         Step::Done(n)
//!     }));
//! }
//! assert_eq!(scheduler.run().steps, 500_500);
//! let sum: u64 = scheduler.finished().filter_map(|(_, outcome)| outcome.done()).sum();
//! assert_eq!(sum, 500_500);
//! ```
//!
//! | to | use |
//! |---|---|
//! | run one for n instructions | [`Scheduler::step`] |
//! | run all, for a frame, to the end, for a budget | [`round`](Scheduler::round), [`run`](Scheduler::run), [`run_for`](Scheduler::run_for) |
//! | wait: for time, a wake, an end, a blocking call | [`Step`] |
//! | talk: in one thread, across threads | [`mailbox`], [`post`] |
//! | write it as a future | [`Task`] |
//! | be woken or interrupted by other threads | [`Remote`] |
//! | sweep several types | [`Mixed`] |
//! | use several processors | [`Swarm`] |
//! | embed an interpreter | [`embedding`] |
//!
//! What is not here: priorities (there are [weights](Scheduler::set_weight)), timers by the clock,
//! an I/O reactor, stacks, and stealing of work between threads.
#![forbid(unsafe_code)]

#[doc = include_str!("embedding.md")]
///
/// ```
#[doc = include_str!("../../examples/interpreter.rs")]
/// ```
pub mod embedding {}

mod awaits;
mod cx;
mod id;
mod job;
mod local;
mod mailbox;
mod mixed;
#[cfg(all(test, loom))]
pub(crate) mod model;
mod offload;
mod outcome;
mod post;
mod random;
mod remote;
mod report;
mod scheduler;
mod slot;
mod step;
mod swarm;
mod task;
mod task_ticker;
mod task_waker;
mod ticker;
mod timers;

pub use awaits::{Block, block, give_way, join, now, sleep, wait};
pub use cx::{Cx, Spawner};
pub use id::Id;
pub use job::{Answer, Job, JobError, job};
pub use mailbox::{Received, Receiver, SendError, Sender, bounded, mailbox};
pub use mixed::{Key, Mixed};
pub use offload::Offload;
pub use outcome::Outcome;
pub use post::{PostReceiver, PostSender, post};
pub use remote::Remote;
pub use report::{Deadlock, Report, Stop, Waiting};
pub use scheduler::{Scheduler, Stepped};
pub use step::{FromFn, Microthread, On, Step, from_fn};
pub use swarm::Swarm;
pub use task::Task;
pub use task_ticker::{TaskTicker, ticker};
pub use ticker::Ticker;
