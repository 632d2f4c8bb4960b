//! How a slice ends if not with a yield; and how a microthread ends.

use super::super::id::Id;
use super::super::local::Command;
use super::super::outcome::{Outcome, discard, dropped, dropped_quietly};
use super::super::slot::{
    BLOCKED, DETACHED, Gone, JOINING, LISTED, NO_OUTCOME, PERMIT, READY, SLEEPING, Slot, TIMED,
    WAITING,
};
use super::super::step::{Microthread, On, Step};
use super::Scheduler;
use crate::handle::Panic;
use core::mem;
use std::sync::Arc;

impl<A: Microthread> Scheduler<A> {
    /// The microthread at `at` did not yield: takes it off the list, and does what its step says.
    #[inline(never)]
    pub(super) fn settle(&mut self, index: u32, step: Step<A::Output>) {
        let at = self.at;
        self.at += 1;
        if let Slot::Live(live) = &mut self.slots[index as usize] {
            live.remove(LISTED);
        }
        self.leave(index, step);
        // A wake came before the wait: the microthread stays ready and keeps its place.
        if let Slot::Live(live) = &mut self.slots[index as usize] {
            if live.status() == READY && !live.has(LISTED) {
                debug_assert!(self.keep <= at);
                live.add(LISTED);
                self.list[self.keep] = index;
                self.keep += 1;
            }
        }
    }

    /// Ends the slice of a ready microthread, listed or not, as its step says.
    pub(super) fn leave(&mut self, index: u32, step: Step<A::Output>) {
        let Slot::Live(live) = &mut self.slots[index as usize] else {
            return;
        };
        let id = live.id(index);
        match step {
            Step::Yield | Step::Sleep(0) => {}
            Step::Sleep(rounds) => {
                live.set_status(SLEEPING);
                self.ready -= 1;
                let due = self.now.saturating_add(rounds);
                self.timers.set(index, id, due, true);
            }
            Step::Wait(_) | Step::WaitFor(_, _) if live.remove(PERMIT) => {}
            Step::WaitFor(_, 0) => {}
            Step::Wait(on) => self.wait_on(index, on),
            Step::WaitFor(on, rounds) => {
                live.add(TIMED);
                let due = self.now.saturating_add(rounds);
                let number = self.timers.set(index, id, due, false);
                self.numbers.insert(index, number);
                self.wait_on(index, on);
            }
            // A microthread may join itself: that is a deadlock, and reported as one.
            Step::Join(other) if self.is_to_end(other) => {
                self.set_waiting(index, JOINING);
                self.on.insert(index, On::End(other));
                self.joins += 1;
                self.numbers.insert(index, self.joins);
                self.joiners.insert((other, self.joins), id);
            }
            Step::Join(_) => {}
            Step::Block(job) => {
                self.set_waiting(index, BLOCKED);
                self.begin_job(id, job);
            }
            Step::Done(value) => self.finish(index, value),
        }
    }

    fn wait_on(&mut self, index: u32, on: On) {
        self.set_waiting(index, WAITING);
        if on != On::Wake {
            self.on.insert(index, on);
        }
    }

    fn set_waiting(&mut self, index: u32, status: u8) {
        if let Slot::Live(live) = &mut self.slots[index as usize] {
            live.set_status(status);
            self.ready -= 1;
        }
    }

    /// Whether this microthread has not ended. One that is not adopted yet counts too.
    fn is_to_end(&self, id: Id) -> bool {
        self.live(id).is_some() || self.spawned.borrow().iter().any(|(other, _)| *other == id)
    }

    fn finish(&mut self, index: u32, value: A::Output) {
        let Some((agent, who)) = self.remove(index) else {
            return;
        };
        // M4: the drop may panic, and then that is the outcome.
        match dropped(agent) {
            Ok(()) => self.record(who, Outcome::Done(value)),
            Err(payload) => {
                self.record(who, Outcome::Panicked(Arc::new(Panic::new(payload))));
                dropped_quietly(value);
            }
        }
    }

    /// Ends a microthread that panicked, or that another one kills.
    pub(super) fn end_early(&mut self, index: u32, outcome: Outcome<A::Output>) {
        if let Some((agent, who)) = self.remove(index) {
            let outcome = match (dropped(agent), outcome) {
                (Err(payload), Outcome::Killed) => Outcome::Panicked(Arc::new(Panic::new(payload))),
                (Err(payload), first) => {
                    discard(payload);
                    first
                }
                (Ok(()), outcome) => outcome,
            };
            self.record(who, outcome);
        }
    }

    /// Takes the microthread out of its place, and out of the tables that hold its waits.
    fn remove(&mut self, index: u32) -> Option<(A, Removed)> {
        let Slot::Live(live) = &self.slots[index as usize] else {
            return None;
        };
        let (id, status) = (live.id(index), live.status());
        let is_timed = live.has(TIMED);
        let gone = Slot::Gone(Gone::new(live.has(LISTED)));
        let Slot::Live(live) = mem::replace(&mut self.slots[index as usize], gone) else {
            return None;
        };
        self.live -= 1;
        self.count.ended += 1;
        match status {
            READY => self.ready -= 1,
            SLEEPING => self.give_up_timer(),
            JOINING => self.stop_joining(index),
            _ => {}
        }
        if is_timed {
            self.numbers.remove(&index);
            self.give_up_timer();
        }
        if status == WAITING || status == JOINING {
            self.on.remove(&index);
        }
        let is_detached = live.has(DETACHED);
        Some((live.agent, Removed { id, is_detached }))
    }

    fn stop_joining(&mut self, index: u32) {
        let other = self.on.get(&index).copied();
        if let (Some(number), Some(On::End(other))) = (self.numbers.remove(&index), other) {
            self.joiners.remove(&(other, number));
        }
    }

    /// Keeps the outcome unless it was given up, and wakes the microthreads that wait for this end.
    fn record(&mut self, who: Removed, outcome: Outcome<A::Output>) {
        self.count.panicked += u64::from(outcome.panic().is_some());
        if who.is_detached {
            dropped_quietly(outcome);
        } else if let Slot::Gone(gone) = &mut self.slots[who.id.index()] {
            gone.outcome = self.outcomes.keep(who.id, outcome);
        }
        self.ended(who.id);
    }

    /// Wakes the microthreads that wait for this end, and frees the place if no outcome is kept.
    fn ended(&mut self, id: Id) {
        let all = (id, 0)..=(id, u64::MAX);
        while let Some((&key, &joiner)) = self.joiners.range(all.clone()).next() {
            self.joiners.remove(&key);
            self.numbers.remove(&(joiner.index() as u32));
            self.go_on(joiner);
        }
        self.free_if_unused(id.index() as u32);
    }

    pub(super) fn free_if_unused(&mut self, index: u32) {
        if let Slot::Gone(gone) = &self.slots[index as usize] {
            if !gone.listed && gone.outcome == NO_OUTCOME {
                self.local.free(index);
            }
        }
    }

    /// Takes a microthread that has ended off the list, when a sweep comes to it.
    pub(super) fn unlist_gone(&mut self, index: u32) {
        if let Slot::Gone(gone) = &mut self.slots[index as usize] {
            gone.listed = false;
            self.free_if_unused(index);
        }
    }

    /// Ends a microthread and returns it. `None` if it has ended, or the id is unknown. No outcome
    /// is kept. If it waits for a job that has begun, the answer is dropped. Constant time.
    ///
    /// ```
    /// use py_thread::micro::{Scheduler, Step, from_fn};
    /// let mut scheduler = Scheduler::new();
    /// let id = scheduler.spawn(from_fn(|_, _| Step::<()>::Yield));
    /// scheduler.round();
    /// assert!(scheduler.kill(id).is_some());
    /// assert!(scheduler.kill(id).is_none());
    /// assert!(scheduler.run().stop.is_finished());
    /// ```
    pub fn kill(&mut self, id: Id) -> Option<A> {
        self.adopt_all();
        self.live(id)?;
        let (agent, _) = self.remove(id.index() as u32)?;
        self.ended(id);
        Some(agent)
    }

    /// Adopts all microthreads that others have spawned.
    pub(super) fn adopt_all(&mut self) {
        while self.adopt() {}
    }

    fn adopt(&mut self) -> bool {
        let young = self.spawned.borrow_mut().pop_front();
        young.map(|(id, agent)| self.admit(id, agent)).is_some()
    }

    /// Carries out the requests of the round, in their order.
    pub(super) fn apply_commands(&mut self) {
        while self.local.has_commands() {
            let mut commands = mem::take(&mut self.commands);
            self.local.take_commands(&mut commands);
            for command in commands.drain(..) {
                match command {
                    Command::Adopt(id) => {
                        // `get_mut` and others may have adopted some early, but in the same order.
                        let first = self.spawned.borrow().front().map(|(first, _)| *first);
                        if first == Some(id) {
                            self.adopt();
                        }
                    }
                    Command::Wake(id) => {
                        self.wake_now(id);
                    }
                    Command::Kill(id) if self.live(id).is_some() => {
                        self.end_early(id.index() as u32, Outcome::Killed);
                    }
                    Command::Kill(_) => {}
                }
            }
            self.commands = commands;
        }
    }
}

/// A microthread that was taken out of its place.
struct Removed {
    id: Id,
    is_detached: bool,
}
