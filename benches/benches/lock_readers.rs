//! What does a readers-writer lock cost: a pair of each kind that nobody fights for, and 1, 2 and
//! 4 readers at once, wherever the system puts them and each on a processor of its own?
//!
//! Readers together are given in nanoseconds per turn of all threads, the inverse of the total
//! throughput, so that a ratio below 1 is in our favour as everywhere.

use benches::paired::{Options, Table};
use benches::readers;
use benches::rw_locks::{C, Ours, Pl12, Pl13, RwLock, Spin, Std, Usync};
use std::hint::black_box;

/// Calls a generic function once for every lock, ours first.
macro_rules! every_lock {
    ($add:ident, $($argument:expr),*) => {
        $add::<Ours>($($argument),*);
        $add::<Pl13>($($argument),*);
        $add::<Pl12>($($argument),*);
        $add::<Std>($($argument),*);
        $add::<Usync>($($argument),*);
        $add::<Spin>($($argument),*);
        $add::<C>($($argument),*);
    };
}

fn add_read<'a, L: RwLock + 'a>(table: &mut Table<'a>) {
    if L::exists() {
        let lock = L::new();
        table.peer(L::NAME, move |n| {
            for _ in 0..n {
                black_box(&lock).read(|| black_box(()));
            }
        });
    }
}

fn add_write<'a, L: RwLock + 'a>(table: &mut Table<'a>) {
    if L::exists() {
        let lock = L::new();
        table.peer(L::NAME, move |n| {
            for _ in 0..n {
                black_box(&lock).write(|| black_box(()));
            }
        });
    }
}

fn add_readers<L: RwLock>(table: &mut Table<'_>, threads: usize, pinned: bool) {
    if L::exists() {
        table.timed(L::NAME, move |slice| {
            readers::run::<L>(threads, pinned, slice)
        });
    }
}

fn main() {
    let options = Options::from_args();
    let mut table = Table::new("a read lock, alone", "lock and unlock");
    every_lock!(add_read, &mut table);
    table.run(&options);
    let mut table = Table::new("a write lock, alone", "lock and unlock");
    every_lock!(add_write, &mut table);
    table.run(&options);
    for (pinned, how) in [(false, "unpinned"), (true, "pinned")] {
        for threads in [1, 2, 4, 8, 16] {
            let mut table = Table::new(format!("readers, {threads} threads, {how}"), "turn of all");
            every_lock!(add_readers, &mut table, threads, pinned);
            table.run(&options);
        }
    }
}
