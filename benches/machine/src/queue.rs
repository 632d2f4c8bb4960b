//! The threads of one processor, and which of them runs next: Linux's EEVDF, for threads of one weight.
//!
//! Each thread has a virtual runtime, which grows while it runs, and a deadline one slice ahead of it.
//! A thread is eligible while it has run for no longer than the average of its processor. The eligible
//! one with the earliest deadline runs, to the end of its slice. Who sleeps keeps what it was owed; who
//! has run too long waits until the average has caught up.

use crate::costs::Ps;

pub(crate) type ThreadId = usize;

/// What the scheduler knows of a thread.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Entity {
    pub(crate) ran: i64,
    pub(crate) deadline: i64,
    /// The average less its own, when it went to sleep.
    lag: i64,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Queue {
    /// Those that wait for the processor, in the order of their arrival.
    waiting: Vec<ThreadId>,
    /// The average when somebody was here last.
    last_average: i64,
}

impl Queue {
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn push(&mut self, thread: ThreadId) {
        self.waiting.push(thread);
    }

    /// The average of all that want the processor.
    pub(crate) fn average(&self, running: Option<ThreadId>, all: &[Entity]) -> i64 {
        let (mut sum, mut n) = (0_i128, 0);
        for thread in self.waiting.iter().chain(&running) {
            sum += i128::from(all[*thread].ran);
            n += 1;
        }
        if n == 0 {
            self.last_average
        } else {
            (sum / n) as i64
        }
    }

    pub(crate) fn remember(&mut self, average: i64) {
        self.last_average = average;
    }

    /// Takes out who runs next.
    pub(crate) fn take_next(&mut self, all: &[Entity]) -> Option<ThreadId> {
        let average = self.average(None, all);
        let key = |&(_, thread): &(usize, &ThreadId)| {
            let entity = all[*thread];
            (entity.ran > average, entity.deadline)
        };
        let next = self.waiting.iter().enumerate().min_by_key(key)?.0;
        self.remember(average);
        Some(self.waiting.remove(next))
    }

    /// Takes out one that waits, for another processor.
    pub(crate) fn take_last(&mut self) -> Option<ThreadId> {
        self.waiting.pop()
    }
}

impl Entity {
    /// It has run; true if its slice is over.
    pub(crate) fn run(&mut self, time: Ps) {
        self.ran += time as i64;
    }

    pub(crate) fn slice_is_over(&self) -> bool {
        self.ran >= self.deadline
    }

    /// A new slice, if the old one is over.
    pub(crate) fn renew(&mut self, slice: Ps) {
        if self.slice_is_over() {
            self.deadline = self.ran + slice as i64;
        }
    }

    /// It gives up the rest of its slice.
    pub(crate) fn yields(&mut self, average: i64, slice: Ps) {
        if self.ran <= average {
            self.ran = self.ran.max(self.deadline);
        }
        self.deadline = self.ran.max(self.deadline) + slice as i64;
    }

    pub(crate) fn sleeps(&mut self, average: i64) {
        self.lag = average - self.ran;
    }

    /// It wants a processor with that average, the one where it slept or another.
    pub(crate) fn wakes(&mut self, average: i64, slice: Ps, same: bool) {
        let most = 2 * slice as i64;
        self.ran = match self.lag {
            // It stays out until the average has caught up, if that has not happened yet.
            lag if lag < 0 && same => self.ran.max(average),
            lag if lag < 0 => average - lag.max(-most),
            lag => average - lag.min(most),
        };
        self.deadline = self.ran + slice as i64;
    }
}
