//! [`Job`] and [`Answer`]: a blocking call, done by another thread.

use super::outcome::discard;
use super::remote::{Inbox, Notice};
use crate::fork;
use crate::handle::{Panic, StartError};
use crate::sync::{Arc, Mutex, lock, try_lock};
use core::fmt;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc as StdArc;

/// A call that may block, for [`Step::Block`](super::Step::Block). [`job`] makes it.
///
/// A job that is dropped never runs, and its [`Answer`] stays empty.
pub struct Job(Box<dyn Work>);

/// The place where a job's answer arrives. When the microthread goes on after
/// [`Step::Block`](super::Step::Block), the answer is there.
///
/// A job whose answer is dropped before the job begins never runs. So the jobs of a microthread
/// that is killed do not run, except for one that has begun.
///
/// In the child of a fork the threads that run jobs are gone. An answer that had not arrived before
/// the fork is [`JobError::Forked`] in the child. One that had arrived can be taken in both
/// processes.
#[derive(Debug)]
pub struct Answer<T> {
    cell: Arc<AnswerCell<T>>,
    /// The process that the job was given to.
    generation: u32,
    is_taken: bool,
}

/// Why a job has no answer.
///
/// ```
/// use py_thread::micro::{JobError, Scheduler, Task, block};
/// let mut scheduler = Scheduler::new();
/// let id = scheduler.spawn(Task::new(async {
///     match block(|| panic!("no such file")).await {
///         Err(JobError::Panicked(panic)) => panic.message().to_owned(),
///         other => panic!("{other:?}"),
///     }
/// }));
/// scheduler.run();
/// # let said =
/// scheduler.take(id)
/// # ;
/// # assert_eq!(said.unwrap().done().as_deref(), Some("no such file"));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum JobError {
    /// The job panicked.
    Panicked(StdArc<Panic>),
    /// The system could not start a thread for the job, and the pool had no other thread.
    NotStarted(StdArc<StartError>),
    /// The process was forked meanwhile, and the child has none of its parent's threads.
    Forked,
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JobError::Panicked(panic) => write!(f, "the job panicked: {panic}"),
            JobError::NotStarted(error) => write!(f, "the job was not started: {error}"),
            JobError::Forked => f.write_str("the job was lost in a fork"),
        }
    }
}

impl std::error::Error for JobError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            JobError::NotStarted(error) => Some(&**error),
            JobError::Panicked(_) | JobError::Forked => None,
        }
    }
}

/// The result of a job, once there is one. The job and its [`Answer`] share it.
#[derive(Debug)]
struct AnswerCell<T>(Mutex<Option<Result<T, JobError>>>);

/// Makes a job of a call that may block, and the place where its answer arrives.
///
/// ```
/// use py_thread::micro::{Answer, Scheduler, Step, from_fn, job};
/// let mut scheduler = Scheduler::new();
/// let mut answer: Option<Answer<usize>> = None;
/// let id = scheduler.spawn(from_fn(move |_, _| match &mut answer {
///     None => {
///         let (job, place) = job(|| std::fs::read_dir(".").map_or(0, Iterator::count));
///         answer = Some(place);
///         Step::Block(job)
///     }
///     Some(answer) => Step::Done(answer.take().unwrap().unwrap() > 0),
/// }));
/// # if cfg!(miri) { return }
/// scheduler.run();
/// assert_eq!(scheduler.take(id).unwrap().done(), Some(true));
/// ```
pub fn job<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> (Job, Answer<T>) {
    let cell = Arc::new(AnswerCell(Mutex::new(None)));
    let work = Typed {
        f,
        cell: Arc::clone(&cell),
    };
    let generation = fork::generation();
    (
        Job(Box::new(work)),
        Answer {
            cell,
            generation,
            is_taken: false,
        },
    )
}

impl<T> Answer<T> {
    /// Takes the answer, if it has arrived and was not taken yet.
    ///
    /// See [`job`] for an example.
    pub fn take(&mut self) -> Option<Result<T, JobError>> {
        if self.is_taken {
            return None;
        }
        let answer = match self.generation == fork::generation() {
            true => lock(&self.cell.0).take(),
            // A forked child: the thread that wrote the answer may have vanished with the lock
            // held.
            false => try_lock(&self.cell.0)
                .and_then(|mut cell| cell.take())
                .or(Some(Err(JobError::Forked))),
        };
        self.is_taken = answer.is_some();
        answer
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Job")
    }
}

/// A job of any type.
pub(super) trait Work: Send {
    /// Runs the job and stores the answer.
    fn run(self: Box<Self>);
    /// Stores why there is no answer.
    fn fail(self: Box<Self>, error: JobError);
    /// Whether the [`Answer`] still exists.
    fn is_wanted(&self) -> bool;
}

struct Typed<T, F> {
    f: F,
    cell: Arc<AnswerCell<T>>,
}

impl<T: Send, F: FnOnce() -> T + Send> Work for Typed<T, F> {
    fn run(self: Box<Self>) {
        let Typed { f, cell } = *self;
        let result = catch_unwind(AssertUnwindSafe(f));
        let result = result.map_err(|p| JobError::Panicked(StdArc::new(Panic::new(p))));
        *lock(&cell.0) = Some(result);
    }

    fn fail(self: Box<Self>, error: JobError) {
        *lock(&self.cell.0) = Some(Err(error));
    }

    fn is_wanted(&self) -> bool {
        Arc::strong_count(&self.cell) > 1
    }
}

/// A job in the queue of the pool, and the inbox that learns of its end.
pub(super) struct QueuedJob {
    pub(super) job: Job,
    pub(super) inbox: StdArc<Inbox>,
    pub(super) number: u64,
}

impl QueuedJob {
    /// Runs the job if its answer is still wanted, and notifies the scheduler. Never unwinds.
    pub(super) fn run(self) {
        let QueuedJob { job, inbox, number } = self;
        let work = job.0;
        // A job catches its own panics. What may still panic is a destructor: of the job, or of an
        // answer that is no longer wanted.
        let result = catch_unwind(AssertUnwindSafe(|| {
            if work.is_wanted() {
                work.run();
            }
        }));
        result.unwrap_or_else(discard);
        inbox.post(Notice::Done(number));
    }

    /// Stores why the job did not run, and notifies the scheduler.
    pub(super) fn fail(self, error: JobError) {
        let failed = catch_unwind(AssertUnwindSafe(|| self.job.0.fail(error)));
        failed.unwrap_or_else(discard);
        self.inbox.post(Notice::Done(self.number));
    }
}

impl fmt::Debug for QueuedJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QueuedJob({})", self.number)
    }
}
