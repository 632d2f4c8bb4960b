//! Microthreads: dumb little agents by the million, each run for so many instructions at a time.
#![forbid(unsafe_code)]

mod cx;
mod id;
mod job;
mod local;
mod mailbox;
mod mixed;
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
mod ticker;
mod timers;

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
pub use task::{Block, Task, TaskTicker, block, give_way, join, now, sleep, ticker, wait};
pub use ticker::Ticker;
