//! [`Timers`]: which microthread goes on in which round.
//!
//! When a microthread is woken or killed before its timer, the entry stays in the heap as a stale
//! one, and is recognised when it is taken out. When half of the entries are stale, all stale ones
//! are removed at once. So it costs constant time to set a timer and give it up, and at most half
//! of the heap is stale.

use super::Id;
use core::cmp::Reverse;
use std::collections::BinaryHeap;

/// An entry of the heap. Entries are ordered by their round, and within a round by their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Timer {
    pub(super) due: u64,
    pub(super) number: u64,
    pub(super) index: u32,
    pub(super) id: Id,
    /// Whether it belongs to a sleep, which nothing else ends, or to a wait.
    pub(super) of_sleep: bool,
}

#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<Timer>>,
    set: u64,
    stale: usize,
}

impl Timers {
    /// Sets a timer, and returns its number.
    pub(super) fn set(&mut self, index: u32, id: Id, due: u64, of_sleep: bool) -> u64 {
        self.set += 1;
        self.heap.push(Reverse(Timer {
            due,
            number: self.set,
            index,
            id,
            of_sleep,
        }));
        self.set
    }

    /// Counts one more stale entry. `is_stale` says which entries are stale.
    pub(super) fn give_up(&mut self, is_stale: impl Fn(&Timer) -> bool) {
        const FEW: usize = 16;
        self.stale += 1;
        if self.stale > FEW && self.stale > self.heap.len() / 2 {
            self.heap.retain(|timer| !is_stale(&timer.0));
            self.stale = 0;
        }
    }

    /// The next one, stale or not.
    pub(super) fn peek(&self) -> Option<Timer> {
        self.heap.peek().map(|timer| timer.0)
    }

    /// Takes the next one out.
    pub(super) fn pop(&mut self, was_stale: bool) {
        self.heap.pop();
        self.stale -= usize::from(was_stale);
    }
}
