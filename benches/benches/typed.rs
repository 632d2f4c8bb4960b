//! What do the locks that carry data cost, beside parking_lot and std? Free ones, and a condition
//! variable that hands a turn around.

use benches::paired::{Options, Table};
use parking_lot_12 as pl12;
use parking_lot_13 as pl13;
use py_sync::typed;
use std::hint::black_box;
use std::time::{Duration, Instant};

fn main() {
    let options = Options::from_args();
    free(&options);
    read_write(&options);
    upgradable(&options);
    reentrant(&options);
    notify(&options);
    once(&options);
    for (threads, question) in [(2, "condvar, ping-pong"), (5, "condvar, notify_all to 4")] {
        let mut table = Table::new(question, "turn of all");
        table.timed("py-sync", move |slice| round_trips::<Ours>(threads, slice));
        table.timed("parking_lot 0.13", move |slice| {
            round_trips::<Pl13>(threads, slice)
        });
        table.timed("parking_lot 0.12", move |slice| {
            round_trips::<Pl12>(threads, slice)
        });
        table.timed("std", move |slice| round_trips::<Std>(threads, slice));
        table.run(&options);
    }
}

/// Adds a peer that does the operation over and over.
macro_rules! peer {
    ($table:ident, $name:expr, $operation:expr) => {
        $table.peer($name, move |n| {
            for _ in 0..n {
                $operation;
            }
        });
    };
}

/// Adds a peer for each of the three crates of the same interface, with `$lock` made by `$new`.
macro_rules! peers {
    ($table:ident, $($new:ident)::+ ($value:expr), $lock:ident => $operation:expr) => {
        let $lock = typed::$($new)::+($value);
        peer!($table, "py-sync", $operation);
        let $lock = pl13::$($new)::+($value);
        peer!($table, "parking_lot 0.13", $operation);
        let $lock = pl12::$($new)::+($value);
        peer!($table, "parking_lot 0.12", $operation);
    };
}

fn free(options: &Options) {
    let mut table = Table::new("a free typed mutex", "add 1");
    peers!(table, Mutex::new(0_u64), m => *black_box(&m).lock() += 1);
    let m = std::sync::Mutex::new(0_u64);
    peer!(
        table,
        "std",
        *black_box(&m).lock().expect("nobody panics") += 1
    );
    table.run(options);
}

fn read_write(options: &Options) {
    let mut table = Table::new("a free typed read-write lock, read", "read");
    peers!(table, RwLock::new(7_u64), lock => black_box(*black_box(&lock).read()));
    let lock = std::sync::RwLock::new(7_u64);
    peer!(
        table,
        "std",
        black_box(*black_box(&lock).read().expect("nobody panics"))
    );
    table.run(options);
    let mut table = Table::new("a free typed read-write lock, write", "add 1");
    peers!(table, RwLock::new(7_u64), lock => *black_box(&lock).write() += 1);
    let lock = std::sync::RwLock::new(7_u64);
    peer!(
        table,
        "std",
        *black_box(&lock).write().expect("nobody panics") += 1
    );
    table.run(options);
}

fn upgradable(options: &Options) {
    let mut table = Table::new("a free typed read-write lock, upgradable", "read");
    peers!(table, RwLock::new(7_u64), lock => black_box(*black_box(&lock).upgradable_read()));
    table.run(options);
    let mut table = Table::new("a free typed read-write lock, upgraded", "add 1");
    peers!(table, RwLock::new(7_u64), lock => {
        black_box(&lock).upgradable_read().with_upgraded(|n| *n += 1);
    });
    table.run(options);
}

fn reentrant(options: &Options) {
    let mut table = Table::new("a typed reentrant mutex, outer", "lock and unlock");
    peers!(table, ReentrantMutex::new(7_u64), m => black_box(*black_box(&m).lock()));
    table.run(options);
    let mut table = Table::new("a typed reentrant mutex, inner", "lock and unlock");
    macro_rules! inner {
        ($name:expr, $crate_name:ident) => {
            let m = $crate_name::ReentrantMutex::new(7_u64);
            // The outer level, which this thread keeps.
            std::mem::forget(m.lock());
            peer!(table, $name, black_box(*black_box(&m).lock()));
        };
    }
    inner!("py-sync", typed);
    inner!("parking_lot 0.13", pl13);
    inner!("parking_lot 0.12", pl12);
    table.run(options);
}

fn notify(options: &Options) {
    let mut table = Table::new("condvar, notify_one without a waiter", "notify_one");
    let ours = typed::Condvar::new();
    peer!(table, "py-sync", black_box(black_box(&ours).notify_one()));
    let pl13 = pl13::Condvar::new();
    peer!(
        table,
        "parking_lot 0.13",
        black_box(black_box(&pl13).notify_one())
    );
    let pl12 = pl12::Condvar::new();
    peer!(
        table,
        "parking_lot 0.12",
        black_box(black_box(&pl12).notify_one())
    );
    let std = std::sync::Condvar::new();
    peer!(table, "std", black_box(&std).notify_one());
    table.run(options);
}

fn once(options: &Options) {
    let mut table = Table::new("typed once, already done", "call_once");
    let (ours, std) = (typed::Once::new(), std::sync::Once::new());
    let (pl13, pl12) = (pl13::Once::new(), pl12::Once::new());
    ours.call_once(|| ());
    pl13.call_once(|| ());
    pl12.call_once(|| ());
    std.call_once(|| ());
    peer!(table, "py-sync", black_box(&ours).call_once(|| ()));
    peer!(table, "parking_lot 0.13", black_box(&pl13).call_once(|| ()));
    peer!(table, "parking_lot 0.12", black_box(&pl12).call_once(|| ()));
    peer!(table, "std", black_box(&std).call_once(|| ()));
    table.run(options);
}

/// A counter under a mutex, with a condition variable for the first thread and one for the others.
trait Turns: Sync + Default {
    /// Waits at the `which`th variable while the counter says so, then adds one and, if it is a
    /// multiple of `round` then, notifies all at the other variable.
    fn turn(&self, which: usize, round: u64, not_yet: impl FnMut(&mut u64) -> bool);
}

macro_rules! turns {
    ($name:ident, $crate_name:ident) => {
        #[derive(Default)]
        struct $name($crate_name::Mutex<u64>, [$crate_name::Condvar; 2]);

        impl Turns for $name {
            fn turn(&self, which: usize, round: u64, not_yet: impl FnMut(&mut u64) -> bool) {
                let mut guard = self.0.lock();
                self.1[which].wait_while(&mut guard, not_yet);
                *guard += 1;
                if which == 0 || (*guard).is_multiple_of(round) {
                    self.1[1 - which].notify_all();
                }
            }
        }
    };
}

turns!(Ours, typed);
turns!(Pl13, pl13);
turns!(Pl12, pl12);

#[derive(Default)]
struct Std(std::sync::Mutex<u64>, [std::sync::Condvar; 2]);

impl Turns for Std {
    fn turn(&self, which: usize, round: u64, not_yet: impl FnMut(&mut u64) -> bool) {
        let guard = self.0.lock().expect("nobody panics");
        let guard = self.1[which].wait_while(guard, not_yet);
        let mut guard = guard.expect("nobody panics");
        *guard += 1;
        if which == 0 || (*guard).is_multiple_of(round) {
            self.1[1 - which].notify_all();
        }
    }
}

/// Nanoseconds for a turn of each of `threads`: the first thread's, then the others' in any order.
fn round_trips<T: Turns>(threads: u64, slice: Duration) -> f64 {
    let turns = T::default();
    // Every 16th round the first thread looks at the clock, and may say that the next is the last.
    let last = std::sync::atomic::AtomicU64::new(u64::MAX);
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| {
                for round in 0.. {
                    // The first has had its turn of this round.
                    let start = round * threads;
                    turns.turn(1, threads, |count| *count <= start);
                    if round == last.load(std::sync::atomic::Ordering::SeqCst) {
                        break;
                    }
                }
            });
        }
        let (start, mut round) = (Instant::now(), 0);
        loop {
            if round % 16 == 15 && start.elapsed() >= slice {
                last.store(round, std::sync::atomic::Ordering::SeqCst);
            }
            turns.turn(0, threads, |count| *count < round * threads);
            if round == last.load(std::sync::atomic::Ordering::SeqCst) {
                return start.elapsed().as_nanos() as f64 / (round + 1) as f64;
            }
            round += 1;
        }
    })
}
