//! Each lock's public calls, by real threads, against what a lock of that kind does for one thread at a
//! time: every history must have an order that explains its results (Herlihy and Wing, 1990).
//!
//! Each kind has a planted fault, a wrapper that answers wrongly or lets too many in, which the same
//! program must find. `cargo xtask linearizable` plants faults in the code of the locks.

mod event;
mod mutex;
mod once;
mod record;
mod recursive;
mod search;
mod semaphore;

#[cfg(feature = "typed")]
mod condvar;
#[cfg(feature = "typed")]
mod rw;

use search::{Entry, Spec, is_linearizable};

/// A register of one bit, to check the search itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Bit(bool);

#[derive(Clone, Copy, Debug)]
enum Op {
    Write(bool),
    Read(bool),
}

impl Spec for Bit {
    type Op = Op;

    fn step(&self, _: usize, op: Op) -> Option<Bit> {
        match op {
            Op::Write(bit) => Some(Bit(bit)),
            Op::Read(bit) => (bit == self.0).then(|| self.clone()),
        }
    }
}

fn entry(op: Op, called: u64, returned: u64) -> Entry<Op> {
    Entry {
        who: 0,
        op,
        called,
        returned,
        second: false,
    }
}

#[rstest::rstest]
#[case::reads_what_was_written(&[(Op::Write(true), 0, 1), (Op::Read(true), 2, 3)], true)]
#[case::reads_what_is_gone(&[(Op::Write(true), 0, 1), (Op::Read(false), 2, 3)], false)]
#[case::the_write_may_come_first(&[(Op::Write(true), 0, 3), (Op::Read(true), 1, 2)], true)]
#[case::or_last(&[(Op::Write(true), 0, 3), (Op::Read(false), 1, 2)], true)]
#[case::but_not_both(
    &[(Op::Write(true), 0, 9), (Op::Read(true), 1, 2), (Op::Read(false), 3, 4)],
    false
)]
#[case::two_writes_explain_it(
    &[
        (Op::Write(true), 0, 9),
        (Op::Read(true), 1, 2),
        (Op::Write(false), 1, 9),
        (Op::Read(false), 3, 4),
    ],
    true
)]
fn the_search_knows_what_has_an_order(#[case] ops: &[(Op, u64, u64)], #[case] has: bool) {
    let history: Vec<_> = ops
        .iter()
        .map(|&(op, from, to)| entry(op, from, to))
        .collect();
    assert_eq!(is_linearizable(Bit(false), &history), has);
}

#[test]
fn a_second_part_comes_after_the_first() {
    let both = |first, second| {
        let mut history = [entry(first, 0, 1), entry(second, 0, 1)];
        history[1].second = true;
        is_linearizable(Bit(false), &history)
    };
    assert!(both(Op::Write(true), Op::Read(true)));
    assert!(!both(Op::Read(true), Op::Write(true)));
}
