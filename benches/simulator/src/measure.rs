//! `simulator measure`: what things cost on the machine at hand, for `costs.rs` to take over. Needs two
//! processors to itself, and Linux.

use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// A line of its own.
#[repr(align(128))]
struct Line<T>(T);

/// Prints them all.
pub fn run() {
    println!("nanoseconds, medians");
    alone();
    println!(
        "{:<44} {:>9.1}",
        "a line goes to the other processor",
        transfer()
    );
    println!(
        "{:<44} {:>9.1}",
        "a turn of two that add to one word",
        shared_adds()
    );
    println!(
        "{:<44} {:>9.0}",
        "sleep and wake on one processor, one way",
        one_processor()
    );
    for idle in [0, 1, 2, 3, 4, 6, 8, 10, 15, 20, 50, 100, 300, 1000, 3000] {
        let (call, arrives) = other_processor(Duration::from_micros(idle));
        println!(
            "other processor, idle for {idle:>5} us: wake call {call:>7.0}, sleeper runs after {arrives:>7.0}"
        );
    }
    let (call, arrives) = beside(|| other_processor(Duration::from_micros(100)));
    println!("other processor, busy: wake call {call:>7.0}, sleeper runs after {arrives:>7.0}");
    let (yields, share) = yields_beside_a_busy_thread();
    println!(
        "yields a ms beside a busy thread of the same processor: {yields:.2}; its share {share:.2}"
    );
}

fn alone() {
    let word = Line(AtomicU32::new(0));
    let word = &word.0;
    let line = |what: &str, nanos: f64| println!("{what:<44} {nanos:>9.2}");
    line(
        "a locked instruction",
        each(|| _ = black_box(word.fetch_add(1, SeqCst))),
    );
    line("a pause", each(spin_loop));
    line("the counter", each(|| _ = black_box(counter())));
    line("the clock", each(|| _ = black_box(Instant::now())));
    line("a yield", each(std::thread::yield_now));
    line("a wake that finds nobody", each(|| wake(word)));
    line(
        "a wait that is refused",
        each(|| wait(word, word.load(SeqCst) ^ 1)),
    );
    let guarded = Line(AtomicU64::new(0));
    let turn = || {
        let asked = counter();
        let _ = black_box(word.compare_exchange(0, 1, SeqCst, SeqCst));
        let got = counter();
        black_box(&guarded.0).store(got - asked, std::sync::atomic::Ordering::Relaxed);
        let _ = black_box(word.compare_exchange(1, 0, SeqCst, SeqCst));
    };
    word.store(0, SeqCst);
    line("a turn of the benchmark, alone", each(turn));
}

/// Nanoseconds of one call.
fn each(mut f: impl FnMut()) -> f64 {
    let mut round = || {
        let start = Instant::now();
        (0..20_000).for_each(|_| f());
        start.elapsed().as_nanos() as f64 / 20_000.0
    };
    median((0..15).map(|_| round()).collect())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn counter() -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: every x86-64 has the counter.
        unsafe { core::arch::x86_64::_rdtsc() }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        0
    }
}

fn pin(processor: usize) {
    // SAFETY: all-zero is the empty set; the call reads `set`, which is ours.
    let done = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(processor, &mut set);
        libc::sched_setaffinity(0, size_of_val(&set), &raw const set)
    };
    assert_eq!(done, 0, "processor {processor} is not ours");
}

fn futex(word: &AtomicU32, operation: i32, value: u32) {
    let none = std::ptr::null::<libc::timespec>();
    // SAFETY: the word is alive; without a timeout the kernel reads nothing else.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            operation | libc::FUTEX_PRIVATE_FLAG,
            value,
            none,
        )
    };
}

fn wait(word: &AtomicU32, expected: u32) {
    futex(word, libc::FUTEX_WAIT, expected);
}

fn wake(word: &AtomicU32) {
    futex(word, libc::FUTEX_WAKE, 1);
}

/// Two threads, pinned; `f` gets its number.
fn two<R: Send>(processors: [usize; 2], f: impl Fn(usize) -> R + Sync) -> [R; 2] {
    std::thread::scope(|scope| {
        let f = &f;
        let spawn = |i: usize| {
            scope.spawn(move || {
                pin(processors[i]);
                f(i)
            })
        };
        let (a, b) = (spawn(0), spawn(1));
        [a.join().expect("no panic"), b.join().expect("no panic")]
    })
}

fn transfer() -> f64 {
    const TURNS: u32 = 400_000;
    let word = Line(AtomicU32::new(0));
    let nanos = two([0, 1], |i| {
        let start = Instant::now();
        for turn in 0..TURNS {
            let mine = turn * 2 + i as u32;
            while word.0.load(SeqCst) != mine {
                std::hint::black_box(());
            }
            word.0.store(mine + 1, std::sync::atomic::Ordering::Release);
        }
        start.elapsed().as_nanos() as f64 / f64::from(TURNS) / 2.0
    });
    nanos[0]
}

fn shared_adds() -> f64 {
    const TURNS: u32 = 2_000_000;
    let word = Line(AtomicU32::new(0));
    let nanos = two([0, 1], |_| {
        let start = Instant::now();
        (0..TURNS).for_each(|_| _ = word.0.fetch_add(1, SeqCst));
        start.elapsed().as_nanos() as f64 / f64::from(TURNS) / 2.0
    });
    nanos[0]
}

fn one_processor() -> f64 {
    const TURNS: u32 = 20_000;
    let word = Line(AtomicU32::new(0));
    let nanos = two([0, 0], |i| {
        let start = Instant::now();
        for turn in 0..TURNS {
            let mine = turn * 2 + i as u32;
            loop {
                let now = word.0.load(SeqCst);
                if now == mine {
                    break;
                }
                wait(&word.0, now);
            }
            word.0.store(mine + 1, SeqCst);
            wake(&word.0);
        }
        start.elapsed().as_nanos() as f64 / f64::from(TURNS) / 2.0
    });
    nanos[0]
}

/// The length of the call that wakes, and when the sleeper runs, after a sleep of that length.
fn other_processor(idle: Duration) -> (f64, f64) {
    const TURNS: u32 = 300;
    let (word, asleep) = (Line(AtomicU32::new(0)), Line(AtomicU32::new(0)));
    let origin = Instant::now();
    let now = || origin.elapsed().as_nanos() as u64;
    let times = two([0, 1], |i| {
        let mut times = Vec::new();
        for turn in 1..=TURNS {
            if i == 1 {
                asleep.0.store(turn, SeqCst);
                while word.0.load(SeqCst) != turn {
                    wait(&word.0, turn - 1);
                }
                times.push([now(), 0]);
                continue;
            }
            while asleep.0.load(SeqCst) != turn {
                spin_loop();
            }
            let start = Instant::now();
            while start.elapsed() < idle {
                spin_loop();
            }
            let before = now();
            word.0.store(turn, SeqCst);
            wake(&word.0);
            times.push([before, now()]);
        }
        times
    });
    let [waker, sleeper] = times;
    let calls = waker.iter().map(|[before, after]| (after - before) as f64);
    let runs = waker.iter().zip(&sleeper);
    let runs = runs.map(|([before, _], [ran, _])| ran.saturating_sub(*before) as f64);
    (median(calls.collect()), median(runs.collect()))
}

/// Runs `f` while a thread computes on the second processor.
fn beside<R>(f: impl FnOnce() -> R) -> R {
    let stop = AtomicU32::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            pin(1);
            while stop.load(SeqCst) == 0 {
                spin_loop();
            }
        });
        let result = f();
        stop.store(1, SeqCst);
        result
    })
}

fn yields_beside_a_busy_thread() -> (f64, f64) {
    let results = two([0, 0], |i| {
        let (start, mut turns) = (Instant::now(), 0_u64);
        let mut thread_time = 0.0;
        while start.elapsed() < Duration::from_millis(400) {
            turns += 1;
            if i == 0 {
                std::thread::yield_now();
            }
            if turns % 64 == 0 {
                thread_time = own_time();
            }
        }
        (turns as f64 / 400.0, thread_time.max(own_time()) / 0.4)
    });
    results[0]
}

/// Seconds of processor time of the calling thread.
fn own_time() -> f64 {
    // SAFETY: all-zero is a timespec, and the call writes to it.
    let time = unsafe {
        let mut time: libc::timespec = std::mem::zeroed();
        libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time);
        time
    };
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
