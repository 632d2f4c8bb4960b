//! Is there an order of a history's operations that a sequential specification allows?
//!
//! The search of Wing and Gong with Lowe's memory: an operation may come next if no other that is still
//! to come had returned before it was called; a state that was reached with the same operations done is
//! not tried again.

use std::collections::HashSet;
use std::fmt::{Debug, Write};
use std::hash::Hash;

/// A lock as one thread at a time would see it.
pub(crate) trait Spec: Clone + Debug + Eq + Hash {
    /// An operation and its result.
    type Op: Copy + Debug;

    /// The state after it, if it may happen here with that result.
    fn step(&self, who: usize, op: Self::Op) -> Option<Self>;
}

/// One operation of a thread, from its call to its return.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<O> {
    pub(crate) who: usize,
    pub op: O,
    pub called: u64,
    pub returned: u64,
    /// It is the second part of the operation before it in the same thread.
    pub second: bool,
}

/// True if some order of the history is one that `start` allows.
pub(crate) fn is_linearizable<S: Spec>(start: S, history: &[Entry<S::Op>]) -> bool {
    assert!(history.len() <= 128, "a short history");
    let mut search = Search {
        history,
        all: u128::MAX >> (128 - history.len().max(1)),
        seen: HashSet::new(),
    };
    history.is_empty() || search.from(0, start)
}

struct Search<'a, S: Spec> {
    history: &'a [Entry<S::Op>],
    all: u128,
    seen: HashSet<(u128, S)>,
}

impl<S: Spec> Search<'_, S> {
    fn from(&mut self, done: u128, state: S) -> bool {
        if done == self.all {
            return true;
        }
        if !self.seen.insert((done, state.clone())) {
            return false;
        }
        let open = |i: &usize| done & (1 << i) == 0;
        let all = (0..self.history.len()).filter(open);
        let first_return = all.clone().map(|i| self.history[i].returned).min();
        for i in all {
            let entry = &self.history[i];
            let comes = Some(entry.called) < first_return;
            let second_too_early = entry.second && done & (1 << (i - 1)) == 0;
            if !comes || second_too_early {
                continue;
            }
            if let Some(next) = state.step(entry.who, entry.op) {
                if self.from(done | 1 << i, next) {
                    return true;
                }
            }
        }
        false
    }
}

/// The history, one operation a line, for a message.
pub(crate) fn show<O: Debug>(history: &[Entry<O>]) -> String {
    let mut lines = String::new();
    for entry in history {
        let Entry {
            who,
            op,
            called,
            returned,
            ..
        } = entry;
        let _ = writeln!(
            lines,
            "  thread {who}  {called:>4} to {returned:>4}  {op:?}"
        );
    }
    lines
}
