//! Who has which cache line: a directory of 64-byte lines, each held by one processor that may write
//! it or by several that may read it.
//!
//! | an access | costs |
//! |---|---|
//! | to a line that the processor has | a load or a locked instruction |
//! | a read of a line that others have | a transfer from the nearest of them |
//! | a write to a line that others have | until the farthest of them has given it up |
//! | to a line that nobody has | memory |
//!
//! Accesses to one line that need others to act are served one after another, in the order of their
//! arrival. A line leaves its holder somewhere on the way of the transfer, by chance: until then the holder
//! goes on with it at the cost of a line that it has, which is how one processor takes a lock many times
//! while the others' requests are on their way. Reads of a line that is shared already overlap.

use crate::costs::{Costs, Machine, Ps, Set};
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

/// What is done to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A load.
    Read,
    /// A store.
    Write,
    /// A locked instruction.
    Locked,
}

#[derive(Clone, Copy, Debug, Default)]
struct Holders {
    set: Set,
    /// The one of the set may write.
    writable: bool,
}

#[derive(Debug, Default)]
struct Line {
    now: Holders,
    /// What becomes of it, and when.
    to_come: VecDeque<(Ps, Holders)>,
    /// Until when it is under way.
    busy_until: Ps,
}

/// A number below another, by the run's seed.
pub(crate) type Chance<'a> = &'a mut dyn FnMut(Ps) -> Ps;

/// All lines that were ever touched.
///
/// They stand in the order in which they were touched first. What they own goes back to the allocator in
/// that order, not in one of addresses, so that the next run of the process finds the same heap.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    lines: Vec<Line>,
    numbers: HashMap<usize, usize, BuildHasherDefault<LineHasher>>,
    pub(crate) transfers: u64,
}

impl Lines {
    /// When the access of `processor` to the line at `address` that begins `now` is done.
    pub(crate) fn access(
        &mut self,
        machine: &Machine,
        address: usize,
        processor: usize,
        access: Access,
        now: Ps,
        chance: Chance<'_>,
    ) -> Ps {
        let next = self.lines.len();
        let number = *self.numbers.entry(address / 64).or_insert(next);
        if number == next {
            self.lines.push(Line::default());
        }
        let line = &mut self.lines[number];
        while line.to_come.front().is_some_and(|(at, _)| *at <= now) {
            line.now = line.to_come.pop_front().map_or(line.now, |(_, then)| then);
        }
        let (costs, own) = (&machine.costs, 1 << processor);
        let held = match access {
            Access::Read => line.now.set & own != 0,
            _ => line.now.writable && line.now.set == own,
        };
        if held {
            return now + cost_of(costs, access);
        }
        self.transfers += 1;
        line.transfer(machine, processor, access, now, chance)
    }
}

impl Line {
    fn transfer(
        &mut self,
        machine: &Machine,
        processor: usize,
        access: Access,
        now: Ps,
        chance: Chance<'_>,
    ) -> Ps {
        let (costs, own) = (&machine.costs, 1 << processor);
        let before = self.to_come.back().map_or(self.now, |(_, then)| *then);
        let others = before.set & !own;
        let reads = access == Access::Read;
        let takes = match (others, reads) {
            (0, _) if before.set != 0 => 0,
            (0, _) => costs.memory,
            (_, true) => costs.transfer(machine.nearest(processor, others)),
            (_, false) => costs.transfer(machine.farthest(processor, others)),
        };
        let start = now.max(self.busy_until);
        let done = start + takes + cost_of(costs, access);
        let overlaps = reads && !before.writable && before.set != 0;
        self.busy_until = if overlaps { start + takes / 8 } else { done };
        let then = Holders {
            set: if reads { before.set | own } else { own },
            writable: !reads || before.set == 0,
        };
        let last = self.to_come.back().map_or(0, |(at, _)| *at);
        self.to_come
            .push_back((last.max(start + chance(takes)), then));
        done
    }
}

fn cost_of(costs: &Costs, access: Access) -> Ps {
    match access {
        Access::Read | Access::Write => costs.cached,
        Access::Locked => costs.locked,
    }
}

/// Mixes a line's number. Nothing depends on it but time: no table here is iterated.
#[derive(Debug, Default)]
struct LineHasher(u64);

impl Hasher for LineHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0 ^ value)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }
}
