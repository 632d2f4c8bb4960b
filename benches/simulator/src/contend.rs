//! Threads that fight for one lock, as in `lock_contended`: how many turns they get, how evenly, how
//! long the one that waits longest waits, and what it costs in processor time.

use crate::locks::{Lock, Readers};
use machine::{Machine, NS, Ps};
use std::cell::RefCell;
use std::rc::Rc;

/// How the threads behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// How many there are.
    pub threads: usize,
    /// Nanoseconds of work while holding the lock.
    pub inside: u64,
    /// Nanoseconds of work between two turns.
    pub outside: u64,
}

/// What a run found.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Turns per microsecond, all threads together.
    pub per_us: f64,
    /// Of these, how many wrote.
    pub writes_per_us: f64,
    /// The longest time that one thread waited for one turn, in milliseconds.
    pub longest_ms: f64,
    /// Jain's index of the turns per thread.
    pub jain: f64,
    /// Processor time of all threads for each turn, in nanoseconds.
    pub busy_ns: f64,
}

/// What the loop of the benchmark costs in each turn beside the lock, the two looks at the counter and
/// the work.
const LOOP: Ps = 300;

/// What is fought for is one line, as in the benchmark: a lock of one byte and what it guards.
struct Shared<L> {
    lock: Line<(L, machine::AtomicU64)>,
    turns: RefCell<Vec<u64>>,
    longest: std::cell::Cell<Ps>,
    writes: std::cell::Cell<u64>,
}

#[repr(align(256))]
struct Line<T>(T);

/// One run of `slice` nanoseconds of virtual time.
///
/// # Panics
/// If the lock did not exclude.
pub fn run<L: Lock + 'static>(machine: Machine, cell: Cell, slice: u64) -> Run {
    let shared = Rc::new(Shared {
        lock: Line((L::new(), machine::AtomicU64::new(0))),
        turns: RefCell::new(Vec::new()),
        longest: std::cell::Cell::new(0),
        writes: std::cell::Cell::new(0),
    });
    let thread = |number| {
        let shared = Rc::clone(&shared);
        Box::new(move || shared.take_turns(number, cell, slice * NS)) as Box<dyn FnOnce()>
    };
    let report = machine.run((0..cell.threads).map(thread).collect());
    let turns = shared.turns.borrow();
    let sum: u64 = turns.iter().sum();
    let guarded = shared.lock.0.1.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(guarded, shared.writes.get(), "{} excludes nobody", L::NAME);
    let squares: f64 = turns.iter().map(|t| (*t as f64).powi(2)).sum();
    let busy: Ps = report.ran_for.iter().sum();
    Run {
        per_us: sum.max(1) as f64 / (slice as f64 / 1e3),
        writes_per_us: shared.writes.get() as f64 / (slice as f64 / 1e3),
        longest_ms: shared.longest.get() as f64 / 1e9,
        jain: (sum as f64).powi(2) / (cell.threads as f64 * squares).max(1.0),
        busy_ns: busy as f64 / 1e3 / sum.max(1) as f64,
    }
}

impl<L: Lock> Shared<L> {
    fn take_turns(&self, number: usize, cell: Cell, until: Ps) {
        use std::sync::atomic::Ordering::Relaxed;
        let (lock, guarded) = &self.lock.0;
        let (mut turns, mut writes) = (0, 0);
        let mut chance = Chance::of(number);
        while machine::now() < until {
            let reads = match L::READERS {
                Readers::InAHundred(share) => share > 0 && chance.in_a_hundred() < share,
                Readers::AllBut(writers) => number >= writers,
            };
            let asked = machine::counter();
            match reads {
                true => lock.read_lock(),
                false => lock.lock(),
            }
            let got = machine::counter();
            // Two accesses, as a plain count has: it comes out right only if the lock excludes.
            let before = guarded.load(Relaxed);
            if !reads {
                guarded.store(before + 1, Relaxed);
                writes += 1;
            }
            machine::work(cell.inside);
            match reads {
                true => lock.read_unlock(),
                false => lock.unlock(),
            }
            self.longest.set(self.longest.get().max(got - asked));
            turns += 1;
            machine::work_exactly(LOOP);
            machine::work(cell.outside);
        }
        self.turns.borrow_mut().push(turns);
        self.writes.set(self.writes.get() + writes);
    }
}

/// Which turns read: a number for each, and another sequence for each thread.
struct Chance(u64);

impl Chance {
    fn of(thread: usize) -> Chance {
        Chance(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(thread as u64 + 1))
    }

    fn in_a_hundred(&mut self) -> u64 {
        // Xorshift, which never leaves zero and never gets there.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) % 100
    }
}
