//! What does a slice of a microthread cost, and a microthread in bytes? Ours beside the local
//! executors that people use, a stackful coroutine, and, where they are installed, Go and greenlet.

use benches::micro_peers as peers;
use benches::paired::{Options, Table};
use py_thread::micro::{Cx, Microthread, Scheduler, Step, Task, Ticker, give_way};
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicIsize, Ordering::Relaxed};
use std::time::Instant;

struct Counting;

static BYTES: AtomicIsize = AtomicIsize::new(0);

// SAFETY: hands everything on to the system's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size() as isize, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size() as isize, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(p, layout) }
    }
    unsafe fn realloc(&self, p: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        BYTES.fetch_add(size as isize - layout.size() as isize, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(p, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Sixteen bytes, one increment a slice.
struct Counter {
    n: u64,
    _more: u64,
}

impl Counter {
    fn new(n: u64) -> Counter {
        Counter { n, _more: n }
    }
}

impl Microthread for Counter {
    type Output = ();

    #[inline]
    fn step(&mut self, _: &mut Ticker, _: &mut Cx<'_>) -> Step<()> {
        self.n = self.n.wrapping_add(1);
        Step::Yield
    }
}

type Boxed = Box<dyn Microthread<Output = ()>>;

fn filled<A: Microthread>(n: u64, make: impl Fn(u64) -> A) -> Scheduler<A> {
    let mut scheduler = Scheduler::new();
    for i in 0..n {
        scheduler.spawn(make(i));
    }
    scheduler.round();
    scheduler
}

/// As many rounds as `slices` need, at least one.
fn rounds<A: Microthread>(scheduler: &mut Scheduler<A>, slices: u64) {
    let n = scheduler.len() as u64;
    for _ in 0..slices.div_ceil(n) {
        black_box(scheduler.round());
    }
}

fn forever(mut n: u64) -> Task<()> {
    Task::new(async move {
        loop {
            n = black_box(n.wrapping_add(1));
            give_way().await;
        }
    })
}

/// Nanoseconds of one slice, over at least `least` slices and whole rounds.
fn timed(n: u64, mut round: impl FnMut()) -> f64 {
    let least = 400_000_u64.max(n);
    let rounds = least.div_ceil(n);
    let start = Instant::now();
    for _ in 0..rounds {
        round();
    }
    start.elapsed().as_nanos() as f64 / (rounds * n) as f64
}

fn slices(options: &Options, n: u64) {
    let mut table = Table::new(format!("a slice, {n} agents"), "slice");
    let mut typed = filled(n, Counter::new);
    table.timed("py-thread, typed", move |_| {
        timed(n, || rounds(&mut typed, n))
    });
    let mut boxed = filled(n, |i| Box::new(Counter::new(i)) as Boxed);
    table.timed("py-thread, boxed", move |_| {
        timed(n, || rounds(&mut boxed, n))
    });
    let mut tasks = filled(n, forever);
    table.timed("py-thread, futures", move |_| {
        timed(n, || rounds(&mut tasks, n))
    });
    for (name, mut peer) in peers::all(n) {
        table.timed(name, move |_| timed(n, &mut peer));
    }
    table.run(options);
}

/// 1999's question: what does the countdown cost a bytecode loop? Ours is the loop with a ticker;
/// below it the very same loop without any counter.
fn countdown(options: &Options) {
    let program = black_box(peers::toy_program());
    for (what, is_each) in [
        ("at the back edge", false),
        ("before each instruction", true),
    ] {
        let question = format!("ten instructions of a toy VM, a tick {what}");
        let mut table = Table::new(question, "loop");
        for interval in [100, 10, 1000] {
            let mut ticker = Ticker::new(interval, std::sync::Arc::default());
            let program = program.clone();
            table.peer(format!("interval {interval}"), move |n| {
                let mut vm = peers::Vm::new(n);
                let is_done = |vm: &mut peers::Vm, ticker: &mut Ticker| match is_each {
                    true => vm.run(&program, || ticker.tick(), || false),
                    false => vm.run(&program, || false, || ticker.tick()),
                };
                ticker.begin(interval);
                while !is_done(&mut vm, &mut ticker) {
                    ticker.begin(interval);
                }
                black_box(vm.sum());
            });
        }
        let program = program.clone();
        table.peer("no counter", move |n| {
            let mut vm = peers::Vm::new(n);
            vm.run(&program, || false, || false);
            black_box(vm.sum());
        });
        table.run(options);
    }
}

fn bytes_each<T>(what: &str, n: u64, make: impl FnOnce(u64) -> T) {
    let before = BYTES.load(Relaxed);
    let all = make(n);
    let bytes = (BYTES.load(Relaxed) - before) as f64 / n as f64;
    println!("  {what:<34} {bytes:>10.1}");
    drop(all);
}

fn bytes() {
    let n = 1_000_000;
    println!("\nheap bytes per microthread, of {n}, the spare room of vectors included");
    bytes_each("py-thread, typed, 16-byte agent", n, |n| {
        filled(n, Counter::new)
    });
    bytes_each("py-thread, boxed, 16-byte agent", n, |n| {
        filled(n, |i| Box::new(Counter::new(i)) as Boxed)
    });
    bytes_each("py-thread, futures", n, |n| filled(n, forever));
    bytes_each("futures LocalPool", n, peers::local_pool);
    bytes_each("tokio LocalSet", n, peers::local_set);
    bytes_each("async-executor LocalExecutor", n, peers::local_executor);
}

/// Ten million agents of 16 bytes, 100 rounds.
fn ten_million() {
    let n = 10_000_000;
    let start = Instant::now();
    let mut scheduler = filled(n, Counter::new);
    let spawned = start.elapsed();
    let start = Instant::now();
    rounds(&mut scheduler, 100 * n);
    let ran = start.elapsed();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find(|l| l.starts_with("VmHWM"))
        .unwrap_or("VmHWM: unknown");
    println!(
        "\n{n} typed agents: spawned in {spawned:.2?}, 100 rounds in {ran:.2?} ({:.2} ns a slice), {}",
        ran.as_nanos() as f64 / (100 * n) as f64,
        peak.split_whitespace().collect::<Vec<_>>().join(" ")
    );
}

fn main() {
    let options = Options::from_args();
    let is_test = options.rounds == 1;
    if options.wants("ten million") && !is_test {
        ten_million();
    }
    let sizes: &[u64] = if is_test {
        &[100]
    } else {
        &[1_000, 100_000, 1_000_000]
    };
    for &n in sizes {
        if options.wants(&format!("a slice, {n} agents")) {
            slices(&options, n);
        }
    }
    countdown(&options);
    if options.wants("bytes") && !is_test {
        bytes();
    }
    if options.wants("others") {
        println!("\nother languages, ns per switch (what is not installed is left out)");
        peers::go();
        peers::greenlet();
    }
}
