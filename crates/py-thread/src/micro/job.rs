//! [`Job`] and [`Answer`]: a blocking call, done by another thread.

use super::remote::{Door, Letter};
use crate::fork;
use crate::handle::{Panic, StartError};
use crate::primitive::{Arc, Mutex, lock, try_lock};
use core::fmt;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc as StdArc;

/// A call that may block, for [`Step::Block`](super::Step::Block). [`job`] makes it.
///
/// One that is dropped is not done, and its [`Answer`] stays empty.
pub struct Job(Box<dyn Work>);

/// Where a job's answer arrives. When the microthread goes on after
/// [`Step::Block`](super::Step::Block), it is there.
///
/// A job whose answer was dropped before its turn came is not done: so a microthread that is killed
/// takes its jobs along, all but one that is under way.
///
/// In the child of a fork the threads that do jobs are gone. An answer that was not there at the fork
/// is [`JobError::Forked`] then; one that was there can be taken on both sides.
#[derive(Debug)]
pub struct Answer<T> {
    sheet: Arc<Sheet<T>>,
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
    /// It panicked.
    Panicked(StdArc<Panic>),
    /// The system had no thread for it, and none of the pool was left to do it.
    NotStarted(StdArc<StartError>),
    /// The process was forked meanwhile, and its threads are the parent's.
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

/// What is written on it: nothing yet, or how the job went.
#[derive(Debug)]
struct Sheet<T>(Mutex<Option<Result<T, JobError>>>);

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
    let sheet = Arc::new(Sheet(Mutex::new(None)));
    let work = Typed {
        f,
        sheet: Arc::clone(&sheet),
    };
    let generation = fork::generation();
    (
        Job(Box::new(work)),
        Answer {
            sheet,
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
            true => lock(&self.sheet.0).take(),
            // The thread that wrote it may have vanished with the lock in its hands.
            false => try_lock(&self.sheet.0)
                .and_then(|mut sheet| sheet.take())
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
    /// Does it, and writes the answer down.
    fn run(self: Box<Self>);
    /// Writes down why there is none.
    fn fail(self: Box<Self>, error: JobError);
    /// Whether somebody can still read the answer.
    fn is_wanted(&self) -> bool;
}

struct Typed<T, F> {
    f: F,
    sheet: Arc<Sheet<T>>,
}

impl<T: Send, F: FnOnce() -> T + Send> Work for Typed<T, F> {
    fn run(self: Box<Self>) {
        let Typed { f, sheet } = *self;
        let result = catch_unwind(AssertUnwindSafe(f));
        let result = result.map_err(|p| JobError::Panicked(StdArc::new(Panic::new(p))));
        *lock(&sheet.0) = Some(result);
    }

    fn fail(self: Box<Self>, error: JobError) {
        *lock(&self.sheet.0) = Some(Err(error));
    }

    fn is_wanted(&self) -> bool {
        Arc::strong_count(&self.sheet) > 1
    }
}

/// A job on its way, and whom to tell.
pub(super) struct Order {
    pub(super) job: Job,
    pub(super) door: StdArc<Door>,
    pub(super) number: u64,
}

impl Order {
    /// Does the job if somebody wants it, and tells the scheduler. Never unwinds.
    pub(super) fn carry_out(self) {
        let Order { job, door, number } = self;
        let work = job.0;
        // A job catches its own panics; what is left is a destructor's: of the job, or of an answer
        // that nobody wants any more.
        let result = catch_unwind(AssertUnwindSafe(|| {
            if work.is_wanted() {
                work.run();
            }
        }));
        // Nobody is there to hear it, and dropping it could panic again.
        result.unwrap_or_else(core::mem::forget);
        door.post(Letter::Done(number));
    }

    /// Tells why it is not done.
    pub(super) fn fail(self, error: JobError) {
        let failed = catch_unwind(AssertUnwindSafe(|| self.job.0.fail(error)));
        failed.unwrap_or_else(core::mem::forget);
        self.door.post(Letter::Done(self.number));
    }
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Order({})", self.number)
    }
}
