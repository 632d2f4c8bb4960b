//! The worker threads, and what they make of a list of files.
//!
//! | what | guarded by |
//! |---|---|
//! | the next file | a one-byte mutex |
//! | the begin: no file is started before all threads stand | an event |
//! | the end: the last worker to leave tells the main thread | an event, waited for with a timeout |
//! | a worker's live figures | its own sequence lock: written after each file, read by the bar |
//! | what the workers bring back | a one-byte mutex, taken once by each |

use crate::file::{Desk, FileFigures, Phases};
use crate::input::InputFile;
use crate::nesting::STACK;
use crate::ours::Ours;
use crate::parts::{LandTurns, Lock, Turns};
use crate::problem::Problem;
use crate::table::Table;
use py_sync::{Event, SeqCell};
use py_thread::{Builder, Outcome};
use ruff_python_ast::PythonVersion;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the main thread looks at the live figures.
const TICK: Duration = Duration::from_millis(50);

type Locked<T> = <Ours as crate::parts::Parts>::Lock<T>;

/// What to do, and how.
#[derive(Debug)]
pub struct Plan {
    /// The files, by path.
    pub files: Vec<InputFile>,
    /// Worker threads.
    pub threads: usize,
    /// The version whose syntax is allowed.
    pub target: PythonVersion,
    /// Whether to keep each file's texts, for a comparison.
    pub keep: bool,
}

/// What the workers have done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// Files, done or refused.
    pub files: u64,
    /// Bytes of the files that were done.
    pub bytes: u64,
    /// Tokens.
    pub tokens: u64,
    /// Nodes.
    pub nodes: u64,
}

/// What came of it.
pub struct Done {
    /// The same files.
    pub files: Vec<InputFile>,
    /// What came of each.
    pub results: Vec<Result<FileFigures<Ours>, Problem>>,
    /// The shared table.
    pub table: Table<Ours>,
    /// Turns at the locks of the landing.
    pub turns: LandTurns,
    /// Turns at the lock of the next file.
    pub queue: Turns,
    /// CPU time of all workers.
    pub phases: Phases,
    /// Time from the begin to the end.
    pub wall: Duration,
    /// Workers that ran.
    pub threads: usize,
}

type FileResult = (u32, Result<FileFigures<Ours>, Problem>);

/// What a worker brings back.
struct Report {
    results: Vec<FileResult>,
    turns: LandTurns,
    queue: Turns,
    phases: Phases,
}

/// What the threads share.
struct Shop {
    plan: Plan,
    /// The largest files first, so that none is left for the end.
    order: Vec<u32>,
    table: Table<Ours>,
    next: Locked<usize>,
    begin: Event,
    /// Workers that have not left yet.
    present: Locked<usize>,
    end: Event,
    live: Vec<SeqCell<[u64; 4]>>,
    reports: Locked<Vec<Report>>,
}

/// A worker that has not left yet. It leaves when this is dropped, by whatever way.
struct Present<'a>(&'a Shop);

impl Drop for Present<'_> {
    fn drop(&mut self) {
        let left = self.0.present.with(&Turns::default(), |present| {
            *present -= 1;
            *present
        });
        if left == 0 {
            self.0.end.notify();
        }
    }
}

/// Does the files. `watch` is called now and then with what is done so far.
///
/// # Errors
/// If no thread could be started.
pub fn run(parts: Ours, plan: Plan, mut watch: impl FnMut(Live)) -> Result<Done, String> {
    let shop = Arc::new(Shop::new(parts, plan));
    let mut workers = Vec::new();
    let mut refused = None;
    for number in 0..shop.plan.threads {
        let mine = Arc::clone(&shop);
        let builder = Builder::new().name(format!("frontend-{number}"));
        match builder.stack_size(STACK).start(move || mine.work(number)) {
            Ok(worker) => workers.push(worker),
            // The others can do it alone.
            Err(why) => {
                refused = Some(why);
                break;
            }
        }
    }
    if let (Some(why), true) = (refused, workers.is_empty()) {
        return Err(format!("no thread could be started: {why}"));
    }
    let turns = Turns::default();
    shop.present
        .with(&turns, |present| *present = workers.len());
    let start = Instant::now();
    shop.begin.notify();
    while !shop.end.wait_timed(Some(TICK), true) {
        watch(shop.figures());
    }
    let wall = start.elapsed();
    let threads = workers.len();
    for worker in workers {
        let outcome = worker.join().map_err(|e| e.to_string())?;
        if let Outcome::Panicked(panic) = outcome {
            return Err(format!("a defect of this program: {}", panic.message()));
        }
    }
    watch(shop.figures());
    let shop = Arc::into_inner(shop).expect("every worker has been joined");
    Ok(shop.close(wall, threads))
}

impl Shop {
    fn new(parts: Ours, plan: Plan) -> Shop {
        let mut order: Vec<u32> = (0..plan.files.len() as u32).collect();
        order.sort_by_key(|i| std::cmp::Reverse(plan.files[*i as usize].size));
        Shop {
            order,
            table: Table::new(parts, plan.files.len()),
            next: Lock::new(0),
            begin: Event::new(),
            present: Lock::new(0),
            end: Event::new(),
            live: (0..plan.threads).map(|_| SeqCell::new([0; 4])).collect(),
            reports: Lock::new(Vec::new()),
            plan,
        }
    }

    /// A worker's life.
    fn work(&self, number: usize) {
        self.begin.wait();
        let _present = Present(self);
        let mut desk = Desk::new(&self.table, self.plan.target, self.plan.keep);
        let (queue, others) = (Turns::default(), Turns::default());
        let mut results = Vec::new();
        let mut live = Live::default();
        while let Some(file) = self.take(&queue) {
            let path = &self.plan.files[file as usize].path;
            // The parser is not ours: should it panic, the other files are still done.
            let result = catch_unwind(AssertUnwindSafe(|| desk.file(path, file)));
            let result = result.unwrap_or_else(|panic| Err(Problem::Panic(words(&*panic))));
            live.add(&result);
            self.live[number].write([live.files, live.bytes, live.tokens, live.nodes]);
            results.push((file, result));
        }
        let report = Report {
            results,
            turns: desk.turns,
            queue,
            phases: desk.phases,
        };
        self.reports.with(&others, |reports| reports.push(report));
    }

    fn take(&self, turns: &Turns) -> Option<u32> {
        self.next.with(turns, |next| {
            let file = self.order.get(*next).copied();
            *next += 1;
            file
        })
    }

    fn figures(&self) -> Live {
        let mut sum = Live::default();
        for one in &self.live {
            let [files, bytes, tokens, nodes] = one.read();
            sum.files += files;
            sum.bytes += bytes;
            sum.tokens += tokens;
            sum.nodes += nodes;
        }
        sum
    }

    fn close(self, wall: Duration, threads: usize) -> Done {
        let mut done = Done {
            files: self.plan.files,
            results: Vec::new(),
            table: self.table,
            turns: LandTurns::default(),
            queue: Turns::default(),
            phases: Phases::default(),
            wall,
            threads,
        };
        let mut results = Vec::new();
        for report in self.reports.into_inner() {
            results.extend(report.results);
            done.turns.add(&report.turns);
            done.queue.add(&report.queue);
            done.phases.add(report.phases);
        }
        results.sort_by_key(|(number, _)| *number);
        done.results = results.into_iter().map(|(_, result)| result).collect();
        done
    }
}

impl Live {
    fn add(&mut self, result: &Result<FileFigures<Ours>, Problem>) {
        self.files += 1;
        if let Ok(file) = result {
            self.bytes += file.bytes;
            self.tokens += file.landed.tokens;
            self.nodes += file.landed.nodes;
        }
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without words").replace('\n', " ")
}
