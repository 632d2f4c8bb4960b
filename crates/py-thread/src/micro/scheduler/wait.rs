//! How a waiting microthread goes on: wakes, timers, jobs, notices; and deadlocks.

use super::super::id::Id;
use super::super::job::{Job, QueuedJob};
use super::super::offload::Offload;
use super::super::remote::{Inbox, Notice};
use super::super::report::{Deadlock, Report, Waiting};
use super::super::slot::{BLOCKED, PERMIT, READY, SLEEPING, Slot, TIMED, WAITING};
use super::super::step::{Microthread, On};
use super::super::timers::Timer;
use super::{OFFLOAD, Scheduler, UnderWay};
use crate::deadline::Deadline;
use crate::timeout::Timeout;
use core::mem;
use core::time::Duration;
use std::sync::Arc;

impl<A: Microthread> Scheduler<A> {
    /// Wakes a microthread: it goes on in the next round. If it does not wait, its next
    /// [`Step::Wait`](super::super::Step::Wait) is over at once. False if it has ended.
    ///
    /// ```
    /// use py_thread::micro::{On, Scheduler, Step, from_fn};
    /// let mut scheduler = Scheduler::new();
    /// let mut waited = false;
    /// let id = scheduler.spawn(from_fn(move |_, _| {
    ///     match core::mem::replace(&mut waited, true) {
    ///         false => Step::Wait(On::Named("the embedder")),
    ///         true => Step::Done(()),
    ///     }
    /// }));
    /// scheduler.run();
    /// assert!(scheduler.wake(id));
    /// assert!(scheduler.run().stop.is_finished());
    /// ```
    pub fn wake(&mut self, id: Id) -> bool {
        self.adopt_all();
        self.wake_now(id)
    }

    pub(super) fn wake_now(&mut self, id: Id) -> bool {
        match self.live_mut(id) {
            None => false,
            Some(live) if live.status() == WAITING => {
                if live.remove(TIMED) {
                    self.numbers.remove(&(id.index() as u32));
                    self.go_on(id);
                    self.give_up_timer();
                } else {
                    self.go_on(id);
                }
                true
            }
            Some(live) => {
                live.add(PERMIT);
                true
            }
        }
    }

    /// Makes a microthread ready: it runs last in the next round.
    pub(super) fn go_on(&mut self, id: Id) {
        let index = id.index() as u32;
        if let Some(live) = self.live_mut(id) {
            live.set_status(READY);
            self.on.remove(&index);
            self.enlist(index);
        }
    }

    /// A timer that was set is not needed any more.
    pub(super) fn give_up_timer(&mut self) {
        let (slots, numbers) = (&self.slots, &self.numbers);
        self.timers.give_up(|timer| {
            let slot = &slots[timer.index as usize];
            let number = numbers.get(&timer.index).copied();
            !is_needed(slot_bits(slot, timer.id), number, timer)
        });
    }

    fn needs(&self, timer: &Timer) -> bool {
        let slot = &self.slots[timer.index as usize];
        let number = self.numbers.get(&timer.index).copied();
        is_needed(slot_bits(slot, timer.id), number, timer)
    }

    /// Wakes the microthreads whose timers end in this round.
    pub(super) fn fire_timers(&mut self) {
        while let Some(timer) = self.timers.peek().filter(|timer| timer.due <= self.now) {
            let needed = self.needs(&timer);
            self.timers.pop(!needed);
            if needed {
                if self.live_mut(timer.id).is_some_and(|l| l.remove(TIMED)) {
                    self.numbers.remove(&timer.index);
                }
                self.go_on(timer.id);
            }
        }
    }

    /// The round of the next timer that is still needed.
    pub(super) fn next_timer(&mut self) -> Option<u64> {
        while let Some(timer) = self.timers.peek() {
            if self.needs(&timer) {
                return Some(timer.due);
            }
            self.timers.pop(true);
        }
        None
    }

    /// Gives a job to the pool.
    pub(super) fn begin_job(&mut self, id: Id, job: Job) {
        let pool = self.jobs.pool.get_or_insert_with(|| Offload::new(OFFLOAD));
        let number = self.jobs.begun;
        self.jobs.begun += 1;
        let due = self.now.saturating_add(self.jobs.delay.unwrap_or(0));
        let under_way = UnderWay {
            id,
            due,
            is_done: false,
        };
        self.jobs.under_way.insert(number, under_way);
        pool.submit(QueuedJob {
            job,
            inbox: Arc::clone(&self.inbox),
            number,
        });
    }

    /// Reads the notices.
    pub(in super::super) fn read_notices(&mut self) {
        if !self.inbox.is_of_this_process() {
            self.restart_in_child();
        }
        let mut notices = mem::take(&mut self.notices);
        self.inbox.collect(&mut notices);
        for notice in notices.drain(..) {
            match notice {
                // It came after the shards had met, so it is for the next round.
                Notice::Wake(_) | Notice::Post(_) if self.defers_notices => {
                    self.notices.push(notice)
                }
                Notice::Wake(id) => drop(self.wake_now(id)),
                Notice::Post(postbox) => {
                    if let Some(id) = postbox.open() {
                        self.wake_now(id);
                    }
                }
                Notice::Done(number) if self.jobs.delay.is_some() => {
                    if let Some(job) = self.jobs.under_way.get_mut(&number) {
                        job.is_done = true;
                    }
                }
                Notice::Done(number) => {
                    if let Some(job) = self.jobs.under_way.remove(&number) {
                        self.deliver(job.id);
                    }
                }
            }
        }
        if self.notices.is_empty() {
            self.notices = notices;
        }
    }

    /// A round of a shard: of new notices it reads only those of jobs. The others were read when
    /// the shards met.
    pub(in super::super) fn round_of_shard(&mut self) -> Report {
        self.defers_notices = true;
        let report = self.round();
        self.defers_notices = false;
        report
    }

    fn deliver(&mut self, id: Id) {
        if self.live(id).is_some_and(|l| l.status() == BLOCKED) {
            self.go_on(id);
        }
    }

    /// Delivers the answers of round `round` in the order of the requests. False if the breaker was
    /// raised before one of them had arrived.
    pub(super) fn await_answers(&mut self, round: u64) -> bool {
        if self.jobs.delay.is_none() {
            return true;
        }
        while let Some((&number, &job)) = self.jobs.under_way.first_key_value() {
            if job.due > round {
                return true;
            }
            if job.is_done || self.live(job.id).is_none() {
                self.jobs.under_way.remove(&number);
                self.deliver(job.id);
                continue;
            }
            self.inbox.sleep(Deadline::NEVER);
            self.read_notices();
            if self.breaker().is_raised() {
                return false;
            }
        }
        true
    }

    /// The round of the next answer, if answers have fixed rounds.
    pub(super) fn next_answer(&mut self) -> Option<u64> {
        self.jobs.delay?;
        while let Some((&number, &job)) = self.jobs.under_way.first_key_value() {
            if self.live(job.id).is_some() {
                return Some(job.due);
            }
            self.jobs.under_way.remove(&number);
        }
        None
    }

    /// For a mixed population: a poster notifies this inbox too.
    pub(in super::super) fn set_parent_inbox(&self, parent: &Arc<Inbox>) {
        self.inbox.set_parent(parent);
    }

    /// In a forked child: the pool's threads are gone with their jobs.
    #[cold]
    fn restart_in_child(&mut self) {
        if !self.inbox.go_on_in_child() {
            // The old inbox cannot be used. Handles of it no longer reach this scheduler.
            self.inbox = Arc::new(Inbox::new(Arc::clone(self.breaker())));
            self.local.waker.take();
        }
        let limit = self.jobs.pool.take().map_or(OFFLOAD, |pool| pool.limit());
        self.jobs.pool = Some(Offload::new(limit));
        for (_, job) in mem::take(&mut self.jobs.under_way) {
            self.deliver(job.id);
        }
    }

    /// Sleeps until another thread has something for this scheduler (a wake, an answer, a message),
    /// or the breaker is raised. `timeout` limits the sleep; `None` is for ever. False if the time
    /// ran out first.
    ///
    /// ```
    /// use py_thread::micro::{Scheduler, Task};
    /// use std::time::Duration;
    /// let mut scheduler = Scheduler::<Task<()>>::new();
    /// assert!(!scheduler.wait(Some(Duration::from_millis(1))));
    /// ```
    ///
    /// # Blocking
    /// Until one of these, or for `timeout`.
    pub fn wait(&mut self, timeout: Option<Duration>) -> bool {
        if !self.inbox.is_of_this_process() {
            self.restart_in_child();
        }
        let timeout = timeout.map_or(Timeout::FOREVER, Timeout::from);
        self.inbox.sleep(Deadline::after(timeout))
    }

    /// What each microthread waits for.
    pub(super) fn deadlock(&self) -> Deadlock {
        let waiting = (0_u32..).zip(&self.slots).filter_map(|(index, slot)| {
            let Slot::Live(live) = slot else {
                return None;
            };
            let on = self.on.get(&index).copied().unwrap_or(On::Wake);
            let id = live.id(index);
            Some(Waiting { id, on })
        });
        Deadlock {
            waiting: waiting.collect(),
        }
    }
}

/// The status and the bits of the microthread `id`, if this is its slot.
fn slot_bits<A>(slot: &Slot<A>, id: Id) -> Option<(u8, u8)> {
    match slot {
        Slot::Live(live) if live.is(id) => Some((live.status(), live.bits())),
        _ => None,
    }
}

/// Whether its microthread still waits for this timer.
fn is_needed(slot: Option<(u8, u8)>, number: Option<u64>, timer: &Timer) -> bool {
    match slot {
        // Only its timer ends a sleep, so this must be that timer.
        Some((SLEEPING, _)) => timer.of_sleep,
        Some((WAITING, bits)) => bits & TIMED != 0 && number == Some(timer.number),
        _ => false,
    }
}
