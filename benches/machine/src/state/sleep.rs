//! Threads that sleep in the kernel, and how they come back.

use super::{Event, State, TIMER};
use crate::costs::Ps;
use crate::queue::ThreadId;
use std::collections::VecDeque;

impl State {
    /// The kernel's own line for the sleepers on an address: one of 512, by the order in which the
    /// addresses came, since the addresses themselves are others in every run.
    pub(crate) fn kernel_line(&mut self, address: usize) -> usize {
        let next = self.kernel_lines.len() % 512;
        let line = *self.kernel_lines.entry(address).or_insert(next);
        // In no program's memory.
        usize::MAX / 2 + line * 64
    }

    /// The running thread sleeps on `address`.
    pub(crate) fn sleep(&mut self, address: usize, until: Option<Ps>) {
        let (here, thread) = (self.here, self.thread_here());
        self.account(here);
        let average = self.average(here);
        self.entities[thread].sleeps(average);
        self.counts.sleeps += 1;
        self.threads[thread].sleeps_on = Some(address);
        self.threads[thread].sleep += 1;
        self.sleepers.entry(address).or_default().push_back(thread);
        if let Some(until) = until {
            let stamp = self.threads[thread].sleep;
            let late = self.chance(self.machine.costs.timer_slack);
            self.at(until.max(self.now) + late, Event::Timer { thread, stamp });
        }
        self.leave(here, average);
    }

    /// The running thread has ended.
    pub(crate) fn ends(&mut self) {
        let here = self.here;
        self.account(here);
        let average = self.average(here);
        self.leave(here, average);
    }

    fn leave(&mut self, processor: usize, average: i64) {
        let block = self.about(self.machine.costs.block);
        let this = &mut self.processors[processor];
        this.must_yield = false;
        this.stamp += 1;
        this.queue.remember(average);
        if let Some(thread) = this.running.take() {
            self.threads[thread].ran_for += block;
        }
        self.dispatch(processor, block);
    }

    /// Wakes one thread that sleeps on `address`: what that costs more than finding nobody.
    pub(crate) fn wake(&mut self, address: usize) -> Ps {
        let Some(thread) = self
            .sleepers
            .get_mut(&address)
            .and_then(VecDeque::pop_front)
        else {
            return 0;
        };
        self.counts.wakes += 1;
        self.rouse(thread)
    }

    pub(super) fn time_is_up(&mut self, thread: ThreadId, stamp: u64) {
        let this = &mut self.threads[thread];
        if this.sleep != stamp || this.sleeps_on.is_none() {
            return;
        }
        if let Some(sleepers) = this.sleeps_on.and_then(|on| self.sleepers.get_mut(&on)) {
            sleepers.retain(|other| *other != thread);
        }
        self.here = TIMER;
        self.rouse(thread);
    }

    /// Makes a sleeper want a processor: what that costs who wakes it.
    fn rouse(&mut self, thread: ThreadId) -> Ps {
        self.threads[thread].sleeps_on = None;
        let before = self.threads[thread].processor;
        let processor = if self.machine.pinned {
            before
        } else {
            self.place(before)
        };
        self.account(processor);
        let average = self.average(processor);
        let same = processor == before;
        self.entities[thread].wakes(average, self.machine.costs.slice, same);
        self.threads[thread].processor = processor;
        self.threads[thread].left = self.machine.costs.wait_refused / 2;
        let this = &self.processors[processor];
        let cost = match this.running {
            None if !this.awaking => {
                self.machine
                    .costs
                    .idle(self.now.saturating_sub(this.idle_since))
                    .wake
            }
            _ => self.machine.costs.wake_busy,
        };
        match self.enqueue(thread) {
            true => self.machine.costs.kick.wake,
            false => cost,
        }
    }

    /// Where a woken thread goes: where it was, if that is idle; to an idle one of its cluster; to any
    /// idle one; or else where it was.
    fn place(&self, before: usize) -> usize {
        let idle = |p: &usize| {
            let this = &self.processors[*p];
            this.running.is_none() && !this.awaking && this.queue.len() == 0
        };
        if idle(&before) {
            return before;
        }
        let first = before / self.machine.cluster * self.machine.cluster;
        let end = (first + self.machine.cluster).min(self.processors.len());
        let near = (first..end).find(idle);
        near.or_else(|| (0..self.processors.len()).find(idle))
            .unwrap_or(before)
    }
}
