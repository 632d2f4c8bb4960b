//! Decides about changes: runs the tests of their areas under them, several changes at once.

use crate::results::Outcome;
use crate::runs::{Ran, Test, run};
use std::collections::HashSet;
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A change to decide about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its number in the build.
    pub change: u32,
    pub area: usize,
    /// The parts of the tests that have not noticed it before.
    pub passed: HashSet<String>,
}

/// What has been decided, and at which cost.
pub struct Decided {
    pub outcome: Outcome,
    /// The hash of the file of the test that caught it, or those of the parts that did not.
    pub tests: String,
    pub took: Duration,
}

/// How a run goes.
#[derive(Clone, Debug)]
pub struct How {
    /// So many changes at once.
    pub jobs: usize,
    /// When to stop, between two tests.
    pub until: Option<Instant>,
    /// No test begins while another program holds a lock on this file.
    pub hold: Option<PathBuf>,
}

impl How {
    pub fn is_over(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }

    pub fn hold(&self) {
        // The lock is let go with the file.
        let file = self.hold.as_ref().and_then(|f| File::open(f).ok());
        let _ = file.map(|f| f.lock_shared());
    }
}

/// An area's tests, and how many changes each has caught.
struct Tests<'a> {
    all: &'a [Test],
    caught: Vec<AtomicU32>,
}

impl<'a> Tests<'a> {
    fn new(all: &'a [Test]) -> Tests<'a> {
        let caught = all.iter().map(|_| AtomicU32::new(0)).collect();
        Tests { all, caught }
    }
}

/// Decides about the tasks in their order. `tests` are those of each area; `report` is called for one
/// change at a time.
pub fn decide(
    tasks: &[Task],
    tests: &[Vec<Test>],
    how: &How,
    report: &mut (dyn FnMut(&Task, Decided) -> Result<(), String> + Send),
) -> Result<(), String> {
    let areas: Vec<Tests> = tests.iter().map(|all| Tests::new(all)).collect();
    let report = Mutex::new(report);
    each(tasks, how, |task| {
        let Some(decided) = one(task, &areas[task.area], how)? else {
            return Ok(());
        };
        let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
        (*report)(task, decided)
    })
}

/// Works on the items, `how.jobs` at once, until the time is over or one fails.
pub fn each<T: Sync>(
    items: &[T],
    how: &How,
    work: impl Fn(&T) -> Result<(), String> + Sync,
) -> Result<(), String> {
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let worker = || {
        while !how.is_over() && !failed.load(Relaxed) {
            let Some(item) = items.get(next.fetch_add(1, Relaxed)) else {
                break;
            };
            if let Err(why) = work(item) {
                failed.store(true, Relaxed);
                return Err(why);
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..how.jobs.max(1)).map(|_| scope.spawn(worker)).collect();
        let ended = workers
            .into_iter()
            .map(|w| w.join().expect("no worker panics"));
        ended.collect::<Result<Vec<()>, String>>().map(drop)
    })
}

/// Decides about one change; `None` if the time was over before.
fn one(task: &Task, tests: &Tests, how: &How) -> Result<Option<Decided>, String> {
    let begun = Instant::now();
    // Tests that have caught much, and cost little, come first.
    let all = tests.all.iter().enumerate();
    let new = all.filter(|(_, t)| !task.passed.contains(&t.part));
    let mut order: Vec<(f64, usize)> = new
        .map(|(i, t)| {
            let caught = f64::from(1 + tests.caught[i].load(Relaxed));
            ((t.took.as_secs_f64() + 0.005) / caught, i)
        })
        .collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut outcome = Outcome::Survived;
    for (_, i) in order {
        how.hold();
        if how.is_over() {
            return Ok(None);
        }
        let test = &tests.all[i];
        match run(test, task.change)? {
            Ran::Passed => {}
            Ran::Undecided => outcome = Outcome::Undecided,
            Ran::Failed(how) => {
                tests.caught[i].fetch_add(1, Relaxed);
                let test_told = test.told.clone();
                return Ok(Some(Decided {
                    outcome: Outcome::Caught {
                        test: test_told,
                        how,
                    },
                    tests: test.file.clone(),
                    took: begun.elapsed(),
                }));
            }
        }
    }
    let mut parts: Vec<&str> = tests.all.iter().map(|t| t.part.as_str()).collect();
    parts.dedup();
    // A test that was left out has taken its part's name from the others.
    parts.retain(|p| !p.is_empty());
    Ok(Some(Decided {
        outcome,
        tests: parts.join(" "),
        took: begun.elapsed(),
    }))
}
