//! CPython's own locks beside ours in one process: the same random operations leave the same bytes
//! and words, whenever at most one thread waits and nobody is between its wake-up and the lock.
//!
//! `PYTHON_ORACLE_LIB` is the path of a libpython; without it every test says that it is skipped.
//! `PYTHON_ORACLE_OPS` is the number of operations per primitive, 1e5 if it is not set.
#![cfg(all(unix, not(miri)))]

mod c;
mod event;
mod helper;
mod lot;
mod mutex;
mod once;
mod recursive;
mod rw;
mod semaphore;
mod seq;

/// A small generator of random numbers: a run is repeated by its seed.
struct Random(u64);

impl Random {
    /// Below `n`. SplitMix64.
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }
}

/// How many operations each test does.
fn operations() -> usize {
    let set = std::env::var("PYTHON_ORACLE_OPS").ok();
    set.map_or(100_000, |n| {
        n.parse().expect("PYTHON_ORACLE_OPS is a number")
    })
}

/// Operations of one program: after that both sides start anew.
const LENGTH: usize = 50;

/// What a program has seen: after each operation its result and the word.
type Trace = Vec<(u64, u64)>;

/// One test at a time: a waiter of another one in the same bucket shows in a byte, as `has_more`.
static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// Runs `theirs` and `ours` on the same random programs and compares what they have seen.
fn compare(
    mut theirs: impl FnMut(&mut Random) -> Trace,
    mut ours: impl FnMut(&mut Random) -> Trace,
) {
    let _alone = ALONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut done = 0;
    let mut seed = 1;
    while done < operations() {
        let (c, rust) = (theirs(&mut Random(seed)), ours(&mut Random(seed)));
        assert_eq!(c, rust, "C left, ours right, seed {seed}");
        assert!(!c.is_empty());
        (done, seed) = (done + c.len(), seed + 1);
    }
    println!("{done} operations, {} programs", seed - 1);
}
