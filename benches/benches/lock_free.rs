//! What does a mutex cost that nobody fights for? One pair of lock and unlock.

use benches::locks::{C, CCalled, Lock, Ours, Pl12, Pl13, Spin, Std, Usync};
use benches::paired::{Options, Table};
use std::cell::Cell;
use std::hint::black_box;

fn add<'a, L: Lock + 'a>(table: &mut Table<'a>) {
    if L::exists() {
        let (lock, counter) = (L::new(), Cell::new(0u64));
        table.peer(L::NAME, move |n| {
            for _ in 0..n {
                black_box(&lock).with(|| counter.set(counter.get() + 1));
            }
            black_box(counter.get());
        });
    }
}

fn main() {
    let options = Options::from_args();
    let mut table = Table::new("a free mutex", "lock and unlock");
    add::<Ours>(&mut table);
    add::<Pl13>(&mut table);
    add::<Pl12>(&mut table);
    add::<Std>(&mut table);
    add::<Usync>(&mut table);
    add::<Spin>(&mut table);
    add::<C>(&mut table);
    add::<CCalled>(&mut table);
    table.run(&options);
}
