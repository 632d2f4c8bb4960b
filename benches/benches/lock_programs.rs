//! Locks in other people's programs: a queue with a condition variable, a map of 16 shards behind
//! read-write locks, and the loop that Python threads really run, `with lock: k += 1`.
//!
//! Nanoseconds per item, per access, per turn, all threads together: below 1 is in our favour.

use benches::contend::{Cell, run};
use benches::locks::{C, Lock, Ours, Pl12, Pl13, Std};
use benches::paired::{Options, Table};
use parking_lot_12 as pl12;
use parking_lot_13 as pl13;
use py_sync::typed;
use std::collections::{HashMap, VecDeque};
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// A queue of 64 items at most.
trait Channel: Default + Sync {
    /// False once the queue is closed.
    fn send(&self, item: u64) -> bool;
    fn receive(&self) -> Option<u64>;
    fn close(&self);
}

const ROOM: usize = 64;

struct State {
    items: VecDeque<u64>,
    closed: bool,
}

macro_rules! channel {
    ($name:ident, $mutex:ty, $condvar:ty, |$m:ident| $lock:expr, |$c:ident, $g:ident| $wait:expr) => {
        struct $name {
            state: $mutex,
            filled: $condvar,
            emptied: $condvar,
        }
        impl Default for $name {
            fn default() -> Self {
                let items = VecDeque::with_capacity(ROOM);
                let closed = false;
                $name {
                    state: <$mutex>::new(State { items, closed }),
                    filled: <$condvar>::new(),
                    emptied: <$condvar>::new(),
                }
            }
        }
        impl Channel for $name {
            fn send(&self, item: u64) -> bool {
                let $m = &self.state;
                let mut $g = $lock;
                while $g.items.len() == ROOM && !$g.closed {
                    let $c = &self.emptied;
                    $wait;
                }
                if $g.closed {
                    return false;
                }
                $g.items.push_back(item);
                drop($g);
                self.filled.notify_one();
                true
            }
            fn receive(&self) -> Option<u64> {
                let $m = &self.state;
                let mut $g = $lock;
                while $g.items.is_empty() && !$g.closed {
                    let $c = &self.filled;
                    $wait;
                }
                let item = $g.items.pop_front();
                drop($g);
                self.emptied.notify_one();
                item
            }
            fn close(&self) {
                let $m = &self.state;
                $lock.closed = true;
                self.filled.notify_all();
                self.emptied.notify_all();
            }
        }
    };
}

channel!(
    OurChannel,
    typed::Mutex<State>,
    typed::Condvar,
    |m| m.lock(),
    |c, g| c.wait(&mut g)
);
channel!(
    Pl13Channel,
    pl13::Mutex<State>,
    pl13::Condvar,
    |m| m.lock(),
    |c, g| c.wait(&mut g)
);
channel!(
    Pl12Channel,
    pl12::Mutex<State>,
    pl12::Condvar,
    |m| m.lock(),
    |c, g| c.wait(&mut g)
);
channel!(
    StdChannel,
    std::sync::Mutex<State>,
    std::sync::Condvar,
    |m| m.lock().expect("nothing panics"),
    |c, g| g = c.wait(g).expect("nothing panics")
);

/// Nanoseconds per item that came through.
fn queue<Q: Channel>(producers: usize, consumers: usize, slice: Duration) -> f64 {
    let (queue, received) = (Q::default(), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let start = Instant::now();
        for _ in 0..producers {
            scope.spawn(|| while queue.send(black_box(1)) {});
        }
        for _ in 0..consumers {
            scope.spawn(|| {
                let mut sum = 0;
                while let Some(item) = queue.receive() {
                    sum += item;
                }
                received.fetch_add(sum, Relaxed);
            });
        }
        std::thread::sleep(slice);
        let elapsed = start.elapsed();
        queue.close();
        elapsed
    })
    .as_nanos() as f64
        / received.into_inner().max(1) as f64
}

trait Shard: Default + Sync {
    fn get(&self, key: u64) -> Option<u64>;
    fn set(&self, key: u64, value: u64);
}

macro_rules! shard {
    ($name:ident, $lock:ty, |$l:ident| $read:expr, $write:expr) => {
        #[derive(Default)]
        struct $name($lock);
        impl Shard for $name {
            fn get(&self, key: u64) -> Option<u64> {
                let $l = &self.0;
                $read.get(&key).copied()
            }
            fn set(&self, key: u64, value: u64) {
                let $l = &self.0;
                $write.insert(key, value);
            }
        }
    };
}

shard!(
    OurShard,
    typed::RwLock<HashMap<u64, u64>>,
    |l| l.read(),
    l.write()
);
shard!(
    Pl13Shard,
    pl13::RwLock<HashMap<u64, u64>>,
    |l| l.read(),
    l.write()
);
shard!(
    Pl12Shard,
    pl12::RwLock<HashMap<u64, u64>>,
    |l| l.read(),
    l.write()
);
shard!(
    StdShard,
    std::sync::RwLock<HashMap<u64, u64>>,
    |l| l.read().expect("nothing panics"),
    l.write().expect("nothing panics")
);

/// Nanoseconds per access of a map of 16 shards, `percent` of them writes.
fn shards<S: Shard>(threads: usize, percent: u64, slice: Duration) -> f64 {
    let shards: [S; 16] = Default::default();
    for key in 0..4096 {
        shards[key as usize % 16].set(key, key);
    }
    let (stop, accesses) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let start = Instant::now();
        for thread in 0..threads as u64 {
            let (shards, stop, accesses) = (&shards, &stop, &accesses);
            scope.spawn(move || {
                let (mut x, mut n) = (thread.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, 0);
                while !stop.load(Relaxed) {
                    // xorshift64.
                    x ^= x << 13;
                    x ^= x >> 7;
                    x ^= x << 17;
                    let key = x % 4096;
                    let shard = &shards[key as usize % 16];
                    if (x >> 32) % 100 < percent {
                        shard.set(key, x);
                    } else {
                        black_box(shard.get(key));
                    }
                    n += 1;
                }
                accesses.fetch_add(n, Relaxed);
            });
        }
        std::thread::sleep(slice);
        stop.store(true, Relaxed);
        start.elapsed()
    })
    .as_nanos() as f64
        / accesses.into_inner().max(1) as f64
}

/// Nanoseconds per turn of a loop that does nothing but take the lock: what `with lock: k += 1` is.
fn tight<L: Lock>(threads: usize, outside: u64, slice: Duration) -> f64 {
    let cell = Cell {
        threads,
        inside: 20,
        outside,
        pinned: false,
    };
    1e3 / run::<L>(cell, slice).per_us
}

fn main() {
    let mut options = Options::from_args();
    options.rounds = options.rounds.div_ceil(4);
    for (producers, consumers) in [(1, 1), (2, 2), (1, 4), (4, 1), (8, 8)] {
        let question = format!("queue, {producers} to {consumers}");
        let mut table = Table::new(&question, "item");
        table.timed("py-sync", move |s| {
            queue::<OurChannel>(producers, consumers, s)
        });
        table.timed("parking_lot 0.13", move |s| {
            queue::<Pl13Channel>(producers, consumers, s)
        });
        table.timed("parking_lot 0.12", move |s| {
            queue::<Pl12Channel>(producers, consumers, s)
        });
        table.timed("std", move |s| queue::<StdChannel>(producers, consumers, s));
        table.run(&options);
    }
    for percent in [5, 50] {
        for threads in [2, 8] {
            let question = format!("16 shards, {percent} % writes, {threads} threads");
            let mut table = Table::new(&question, "access");
            table.timed("py-sync", move |s| shards::<OurShard>(threads, percent, s));
            table.timed("parking_lot 0.13", move |s| {
                shards::<Pl13Shard>(threads, percent, s)
            });
            table.timed("parking_lot 0.12", move |s| {
                shards::<Pl12Shard>(threads, percent, s)
            });
            table.timed("std", move |s| shards::<StdShard>(threads, percent, s));
            table.run(&options);
        }
    }
    for (threads, outside) in [(2, 20), (4, 20), (2, 200), (4, 200)] {
        let question = format!("tight loop, {threads} threads, {outside} ns outside");
        let mut table = Table::new(&question, "turn");
        table.timed(Ours::NAME, move |s| tight::<Ours>(threads, outside, s));
        table.timed(Pl13::NAME, move |s| tight::<Pl13>(threads, outside, s));
        table.timed(Pl12::NAME, move |s| tight::<Pl12>(threads, outside, s));
        table.timed(Std::NAME, move |s| tight::<Std>(threads, outside, s));
        if C::exists() {
            table.timed(C::NAME, move |s| tight::<C>(threads, outside, s));
        }
        table.run(&options);
    }
}
