//! The worker threads, and what they make of a list of files.
//!
//! | what | guarded by |
//! |---|---|
//! | the next file | a one-byte mutex |
//! | the start: no file is begun before every thread is ready | an event |
//! | a worker's live figures | its own sequence lock: written after each file, read by the bar |
//! | what the workers have done | a one-byte mutex, taken once by each |

use crate::backend::{Mutex, Ours};
use crate::input::InputFile;
use crate::nesting::STACK;
use crate::problem::Problem;
use crate::stats::{Figures, Locks};
use crate::table::Table;
use crate::worker::{FileReport, Rules, Worker};
use py_sync::{Event, SeqCell};
use py_thread::{Builder, Handle, Outcome};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the main thread looks at the live figures.
const TICK: Duration = Duration::from_millis(50);

/// What to do, and how.
#[derive(Debug)]
pub struct Plan {
    pub files: Vec<InputFile>,
    pub threads: usize,
    pub rules: Rules,
}

type FileResult = Result<FileReport<Ours>, Problem>;

/// What came of it.
pub struct Done {
    /// The same files.
    pub files: Vec<InputFile>,
    /// What came of each.
    pub results: Vec<FileResult>,
    /// Of those that were not refused.
    pub figures: Figures,
    pub table: Table<Ours>,
    /// All workers' use of the locks.
    pub locks: Locks,
    /// Time in each phase, of all workers.
    pub phases: [Duration; 4],
    /// From the start to the end of the last worker.
    pub wall: Duration,
    /// Workers that ran.
    pub threads: usize,
}

/// What one worker has done.
struct Report {
    results: Vec<(u32, FileResult)>,
    figures: Figures,
    locks: Locks,
    phases: [Duration; 4],
}

/// What the threads share.
struct Shared {
    plan: Plan,
    /// The largest files first, so that none is left for the end.
    order: Vec<u32>,
    table: Table<Ours>,
    next: Mutex<Ours, usize>,
    start: Event,
    live: Vec<SeqCell<[u64; 4]>>,
    reports: Mutex<Ours, Vec<Report>>,
}

/// Does the files. `watch` is called now and then with what is done so far.
pub fn run(backend: Ours, plan: Plan, mut watch: impl FnMut(Figures)) -> Result<Done, String> {
    let shared = Arc::new(Shared::new(backend, plan));
    let workers = start(&shared)?;
    let start = Instant::now();
    shared.start.notify();
    let mut outcomes = Vec::new();
    for worker in &workers {
        outcomes.push(loop {
            if let Some(outcome) = worker.join_timeout(Some(TICK)).map_err(|e| e.to_string())? {
                break outcome;
            }
            watch(shared.live());
        });
    }
    let wall = start.elapsed();
    watch(shared.live());
    for outcome in outcomes {
        if let Outcome::Panicked(panic) = outcome {
            return Err(format!("a bug in this program: {}", panic.message()));
        }
    }
    let shared = Arc::into_inner(shared).expect("every worker has been joined");
    Ok(shared.close(wall, workers.len()))
}

/// Starts the workers. If the system refuses one, those before it do the work alone.
fn start(shared: &Arc<Shared>) -> Result<Vec<Handle>, String> {
    let mut workers = Vec::new();
    for number in 0..shared.plan.threads {
        let mine = Arc::clone(shared);
        let builder = Builder::new().name(format!("frontend-{number}"));
        match builder.stack_size(STACK).start(move || mine.work(number)) {
            Ok(worker) => workers.push(worker),
            Err(why) if workers.is_empty() => {
                return Err(format!("no thread could be started: {why}"));
            }
            Err(_) => break,
        }
    }
    Ok(workers)
}

impl Shared {
    fn new(backend: Ours, plan: Plan) -> Shared {
        Shared {
            order: largest_first(&plan.files),
            table: Table::new(backend, plan.files.len()),
            next: Mutex::<Ours, _>::new(0),
            start: Event::new(),
            live: (0..plan.threads).map(|_| SeqCell::new([0; 4])).collect(),
            reports: Mutex::<Ours, _>::new(Vec::new()),
            plan,
        }
    }

    fn work(&self, number: usize) {
        self.start.wait();
        let mut worker = Worker::new(&self.table, self.plan.rules);
        let mut results = Vec::new();
        while let Some(file) = self.take(&worker.locks) {
            let path = &self.plan.files[file as usize].path;
            // The parser is not ours: should it panic, the other files are still done.
            let result = catch_unwind(AssertUnwindSafe(|| worker.file(path, file)));
            let result = result.unwrap_or_else(|panic| Err(Problem::Panic(message(&*panic))));
            results.push((file, result));
            let f = &worker.figures;
            let live = [results.len() as u64, f.bytes, f.tokens, f.nodes];
            self.live[number].write(live);
        }
        self.reports.lock().push(Report {
            results,
            figures: worker.figures,
            locks: worker.locks,
            phases: worker.phases,
        });
    }

    fn take(&self, locks: &Locks) -> Option<u32> {
        let mut next = locks.queue.take(self.next.try_lock(), || self.next.lock());
        let file = self.order.get(*next).copied();
        *next += 1;
        file
    }

    fn live(&self) -> Figures {
        let mut sum = Figures::default();
        for one in &self.live {
            let [files, bytes, tokens, nodes] = one.read();
            sum.add(&Figures {
                files,
                bytes,
                tokens,
                nodes,
                ..Figures::default()
            });
        }
        sum
    }

    fn close(self, wall: Duration, threads: usize) -> Done {
        let mut done = Done {
            files: self.plan.files,
            results: Vec::new(),
            figures: Figures::default(),
            table: self.table,
            locks: Locks::default(),
            phases: [Duration::ZERO; 4],
            wall,
            threads,
        };
        let mut results = Vec::new();
        for report in self.reports.into_inner() {
            results.extend(report.results);
            done.figures.add(&report.figures);
            done.locks.add(&report.locks);
            for (sum, one) in done.phases.iter_mut().zip(report.phases) {
                *sum += one;
            }
        }
        results.sort_by_key(|(number, _)| *number);
        done.results = results.into_iter().map(|(_, result)| result).collect();
        done
    }
}

/// The numbers of the files, the largest file first.
pub fn largest_first(files: &[InputFile]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..files.len() as u32).collect();
    order.sort_by_key(|i| std::cmp::Reverse(files[*i as usize].size));
    order
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message")
        .replace('\n', " ")
}
