//! [`Timers`]: who is to go on in which round.
//!
//! An entry is not looked for when its microthread was woken or killed earlier: it is stale, and
//! whoever takes it out finds that. When half of them are stale, all are thrown out at once: so a
//! timer that is set and given up costs constant time, and the heap is no longer than twice what it
//! is for.

use super::Id;
use core::cmp::Reverse;
use std::collections::BinaryHeap;

/// Due, in the order in which they were set, by one number for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Timer {
    pub(super) due: u64,
    pub(super) number: u64,
    pub(super) index: u32,
    pub(super) id: Id,
    /// Of a sleep, which nothing else ends; not of a wait.
    pub(super) of_sleep: bool,
}

#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<Timer>>,
    set: u64,
    stale: usize,
}

impl Timers {
    /// Sets a timer, and gives its number.
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

    /// One of them became stale; `is_stale` knows which are.
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
