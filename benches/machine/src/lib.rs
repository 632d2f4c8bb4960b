//! A simulated machine of up to 128 processors, on which real code runs in virtual time.
//!
//! A *thread* of the machine is a coroutine. Its atomics, cells, pauses, yields, clocks and sleeps are
//! those of this crate (`world.rs`), and each of them asks the machine how long it takes. Whoever is
//! the earliest in virtual time goes on; one runs at a time, so that one seed gives one result.
//!
//! | file | what |
//! |---|---|
//! | `costs.rs` | what everything costs, and how far apart the processors are |
//! | `lines.rs` | who has which cache line |
//! | `queue.rs` | the scheduler's choice, on one processor |
//! | `state.rs` | virtual time, processors, sleeps and wakes |
//! | `world.rs` | what the program sees |
//!
//! What it does not know: caches that are too small, the order of weak memory (every access takes
//! effect in one order), a store buffer (a store waits for its line), instructions between the
//! accesses, frequencies, hyperthreads, interrupts, other programs, a scheduler that moves threads
//! between busy processors.

mod costs;
mod lines;
mod queue;
mod state;
#[cfg(test)]
mod tests;
mod world;

pub use costs::{Costs, Distance, Idle, Machine, NS, Ps};
pub use lines::Access;
pub use state::Counts;
pub use world::{
    AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, UnsafeCell, counter, fence,
    has_many_processors, monotonic_ns, now, spin_loop, this_thread, touch, wait, wait_until,
    wake_one, work, work_exactly, yield_now,
};

use corosensei::{Coroutine, CoroutineResult, Yielder};
use state::{Next, State};
use std::cell::Cell;
use std::rc::Rc;

/// What a run found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The virtual time at the end of the last thread.
    pub ended: Ps,
    /// How long each thread had a processor.
    pub ran_for: Vec<Ps>,
    /// What was counted.
    pub counts: Counts,
}

/// A program, and the way back from it to the machine once it has begun.
struct Thread {
    coroutine: Coroutine<(), (), ()>,
    yielder: Rc<Cell<*const Yielder<(), ()>>>,
}

impl Thread {
    fn new(program: Box<dyn FnOnce()>) -> Thread {
        let yielder = Rc::new(Cell::new(std::ptr::null()));
        let shown = Rc::clone(&yielder);
        let coroutine = Coroutine::new(move |yielder: &Yielder<(), ()>, ()| {
            shown.set(yielder);
            world::set_yielder(yielder);
            program();
        });
        Thread { coroutine, yielder }
    }

    /// Lets it run up to its next wait; true if it has ended.
    fn resume(&mut self) -> bool {
        world::set_yielder(self.yielder.get());
        matches!(self.coroutine.resume(()), CoroutineResult::Return(()))
    }
}

impl Machine {
    /// Runs the programs, one thread each, to their ends.
    ///
    /// # Panics
    ///
    /// If one of them does; or if threads sleep and nobody is left to wake them.
    #[must_use]
    pub fn run(self, programs: Vec<Box<dyn FnOnce()>>) -> Report {
        assert!((1..=128).contains(&self.processors), "up to 128 processors");
        let count = programs.len();
        let mut threads: Vec<_> = programs.into_iter().map(Thread::new).collect();
        let before = world::install(Some(State::new(self, count)));
        assert!(before.is_none(), "a machine runs already");
        let mut alive = count;
        while let Some(Next::Run(id)) = world::with(State::next) {
            if threads[id].resume() {
                world::with(State::ends);
                alive -= 1;
            }
        }
        let state = world::install(None).expect("installed above");
        assert_eq!(alive, 0, "threads that sleep, and nobody who wakes them");
        Report {
            ended: state.now,
            ran_for: (0..count).map(|thread| state.ran_for(thread)).collect(),
            counts: state.counts(),
        }
    }
}
