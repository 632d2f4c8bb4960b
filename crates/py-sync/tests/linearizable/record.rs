//! Histories of real threads.

use crate::search::{Entry, Spec, is_linearizable, show};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

/// Threads of one history.
const THREADS: usize = 3;

/// What one thread did.
pub(crate) struct Recorder<'a, O> {
    pub(crate) who: usize,
    /// Tells calls and returns of all threads apart.
    clock: &'a AtomicU64,
    entries: Vec<Entry<O>>,
    dice: u64,
}

impl<O: Copy> Recorder<'_, O> {
    /// Records an operation. `f` says what it was and how it ended.
    pub(crate) fn record(&mut self, f: impl FnOnce() -> O) -> O {
        let called = self.clock.fetch_add(1, SeqCst);
        let op = f();
        self.entries.push(Entry {
            who: self.who,
            op,
            called,
            returned: self.clock.fetch_add(1, SeqCst),
            second: false,
        });
        op
    }

    /// Records an operation that has two parts; gives the second.
    #[allow(dead_code, reason = "only the typed locks have such operations")]
    pub(crate) fn record_in_two(&mut self, f: impl FnOnce() -> [O; 2]) -> O {
        let mut second = None;
        self.record(|| {
            let [first, then] = f();
            second = Some(then);
            first
        });
        let second = second.expect("recorded just now");
        self.second_part(second);
        second
    }

    /// The last one has a second part, which happens after the first and before the return.
    pub(crate) fn second_part(&mut self, op: O) {
        let first = self.entries.last().copied().expect("after a record");
        self.entries.push(Entry {
            op,
            second: true,
            ..first
        });
    }

    /// One time in four, goes on with what it has for so long that those who wait go to sleep: they spin
    /// for some microseconds first.
    pub(crate) fn linger(&mut self) {
        if self.dice(4) == 0 {
            std::thread::sleep(Duration::from_micros(50));
        }
    }

    /// A number below `sides`.
    pub(crate) fn dice(&mut self, sides: u64) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        (self.dice >> 20) % sides
    }
}

/// Histories of a lock that is right.
const ENOUGH: u64 = if cfg!(miri) { 3 } else { 1_500 };

/// Histories until a planted fault must have shown. On a loaded machine threads may come one after
/// another for long.
const MANY: u64 = 200_000;

/// Every history of the program has an order that `start` allows.
pub(crate) fn assert_linearizable<S: Spec, L: Sync>(
    start: &S,
    make: impl Fn() -> L,
    program: impl Fn(&L, &mut Recorder<'_, S::Op>) + Sync,
) where
    S::Op: Send,
{
    if let Some(fault) = first_fault(start, make, program, ENOUGH) {
        panic!("{fault}");
    }
}

/// Some history of the program has none: the lock has a fault.
pub(crate) fn assert_found<S: Spec, L: Sync>(
    start: &S,
    make: impl Fn() -> L,
    program: impl Fn(&L, &mut Recorder<'_, S::Op>) + Sync,
) where
    S::Op: Send,
{
    let fault = first_fault(start, make, program, MANY);
    assert!(fault.is_some(), "the planted fault has not been found");
}

/// Runs so many histories of a program and says how the first one looks that no order explains.
fn first_fault<S: Spec, L: Sync>(
    start: &S,
    make: impl Fn() -> L,
    program: impl Fn(&L, &mut Recorder<'_, S::Op>) + Sync,
    histories: u64,
) -> Option<String>
where
    S::Op: Send,
{
    (1..=histories).find_map(|seed| {
        let history = history(&make(), &program, seed);
        let fine = is_linearizable(start.clone(), &history);
        (!fine).then(|| format!("seed {seed}, no order of these:\n{}", show(&history)))
    })
}

fn history<O: Copy + Send, L: Sync>(
    lock: &L,
    program: &(impl Fn(&L, &mut Recorder<'_, O>) + Sync),
    seed: u64,
) -> Vec<Entry<O>> {
    let (clock, ready) = (AtomicU64::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let run = |who: usize| {
            let (clock, ready) = (&clock, &ready);
            scope.spawn(move || {
                let dice = (seed * 64 + who as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
                let mut recorder = Recorder {
                    who,
                    clock,
                    entries: Vec::new(),
                    dice,
                };
                // Together, if there are processors for it.
                ready.fetch_add(1, SeqCst);
                while ready.load(SeqCst) < THREADS {
                    std::thread::yield_now();
                }
                program(lock, &mut recorder);
                recorder.entries
            })
        };
        let threads: Vec<_> = (0..THREADS).map(run).collect();
        let entries = threads
            .into_iter()
            .map(|t| t.join().expect("no thread panics"));
        entries.flatten().collect()
    })
}
