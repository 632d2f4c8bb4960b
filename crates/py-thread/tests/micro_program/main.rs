//! The scheduler against a slow, obvious one: random programs of random agents give the same trace.
#![cfg(feature = "micro")]

mod obvious;
mod script;

use obvious::{DELAY, Obvious, ROOM, Told};
use proptest::collection::vec;
use proptest::prelude::*;
use py_thread::micro::{
    Answer, Cx, Id, Microthread, Offload, On, Receiver, Scheduler, SendError, Sender, Spawner,
    Step, Stepped, Stop, Ticker, bounded, job,
};
use script::{Env, Log, Op, Said, Script, Scripts, Sent, op};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// What the embedder does between runs.
#[derive(Clone, Copy, Debug)]
enum Act {
    Spawn(u8),
    RunFor(u8),
    Step(u8, u8),
    Wake(u8),
    Kill(u8),
    Interval(u8),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => any::<u8>().prop_map(Act::Spawn),
        6 => any::<u8>().prop_map(Act::RunFor),
        1 => (any::<u8>(), 0_u8..20).prop_map(|(n, steps)| Act::Step(n, steps)),
        1 => any::<u8>().prop_map(Act::Wake),
        1 => any::<u8>().prop_map(Act::Kill),
        1 => (1_u8..20).prop_map(Act::Interval),
    ]
}

/// What all agents of the real scheduler share.
#[derive(Default)]
struct World {
    ids: RefCell<Vec<Id>>,
    boxes: RefCell<Vec<Sender<usize>>>,
}

struct Real {
    script: Script,
    scripts: Scripts,
    log: Log,
    world: Rc<World>,
    mail: Receiver<usize>,
    spawner: Spawner<Real>,
    answer: Option<Answer<usize>>,
}

impl Real {
    fn new(
        script: usize,
        scripts: &Scripts,
        log: &Log,
        world: &Rc<World>,
        s: &Spawner<Real>,
    ) -> Real {
        let (tx, mail) = bounded(ROOM);
        world.boxes.borrow_mut().push(tx);
        Real {
            script: Script::new(world.boxes.borrow().len() - 1, script),
            scripts: Rc::clone(scripts),
            log: Rc::clone(log),
            world: Rc::clone(world),
            mail,
            spawner: s.clone(),
            answer: None,
        }
    }
}

struct Slice<'a, 'b> {
    ticker: &'a mut Ticker,
    cx: &'a mut Cx<'b>,
    mail: &'a mut Receiver<usize>,
    world: &'a Rc<World>,
    scripts: &'a Scripts,
    log: &'a Log,
    spawner: &'a Spawner<Real>,
}

impl Env for Slice<'_, '_> {
    fn tick(&mut self) -> bool {
        self.ticker.tick()
    }
    fn charge(&mut self, n: u32) {
        self.ticker.charge(n);
    }
    fn give_way(&mut self) {
        self.ticker.give_way();
    }
    fn now(&self) -> u64 {
        self.cx.now()
    }
    fn agents(&self) -> usize {
        self.world.ids.borrow().len()
    }
    fn wake(&mut self, agent: usize) {
        let id = self.world.ids.borrow()[agent];
        self.cx.wake(id);
    }
    fn kill(&mut self, agent: usize) {
        let id = self.world.ids.borrow()[agent];
        self.cx.kill(id);
    }
    fn send(&mut self, to: usize, message: usize) -> Sent {
        let tx = self.world.boxes.borrow()[to].clone();
        match tx.send(message) {
            Ok(()) => Sent::Yes,
            Err(SendError::Closed(_)) => Sent::Closed,
            Err(SendError::Full(_)) => Sent::Full,
        }
    }
    fn receive(&mut self) -> Option<usize> {
        self.mail.receive(self.cx).message()
    }
    fn spawn(&mut self, script: usize) {
        let young = Real::new(script, self.scripts, self.log, self.world, self.spawner);
        let id = self.spawner.spawn(young);
        self.world.ids.borrow_mut().push(id);
    }
}

impl Microthread for Real {
    type Output = usize;

    fn step(&mut self, ticker: &mut Ticker, cx: &mut Cx<'_>) -> Step<usize> {
        if let Some(mut answer) = self.answer.take() {
            assert_eq!(answer.take().unwrap().unwrap(), self.script.number);
        }
        let mut env = Slice {
            ticker,
            cx,
            mail: &mut self.mail,
            world: &self.world,
            scripts: &self.scripts,
            log: &self.log,
            spawner: &self.spawner,
        };
        match self.script.step(&self.scripts, &self.log, &mut env) {
            Said::Yield => Step::Yield,
            Said::Sleep(n) => Step::Sleep(n),
            Said::Wait => Step::Wait(On::Wake),
            Said::WaitFor(n) => Step::WaitFor(On::Wake, n),
            Said::WaitForMail => self.mail.wait(),
            Said::WaitForRoom(to) => self.world.boxes.borrow()[to].wait(cx),
            Said::Join(n) => Step::Join(self.world.ids.borrow()[n]),
            Said::Block => {
                let number = self.script.number;
                let (job, answer) = job(move || number);
                self.answer = Some(answer);
                Step::Block(job)
            }
            // Without a word from the hook.
            Said::Panic => std::panic::resume_unwind(Box::new("planned")),
            Said::Done(n) => Step::Done(n),
        }
    }
}

/// Plays the acts on both, and compares what they tell after each; gives the trace.
fn play(pool: &Arc<Offload>, scripts: &Scripts, acts: &[Act]) -> Vec<(usize, u64, String)> {
    let (ours, theirs) = (Log::default(), Log::default());
    let world = Rc::new(World::default());
    let mut real = Scheduler::new()
        .interval(7)
        .offload(pool)
        .deterministic(DELAY);
    let mut model = Obvious::new(7, Rc::clone(scripts), Rc::clone(&theirs));
    let spawner = real.spawner();
    let last = [Act::RunFor(u8::MAX), Act::Spawn(0), Act::RunFor(u8::MAX)];
    for act in acts.iter().chain(&last) {
        let count = world.ids.borrow().len();
        let who = |n: u8| usize::from(n) % count;
        let id = |n: u8| world.ids.borrow()[who(n)];
        match *act {
            Act::Spawn(n) => {
                let script = usize::from(n) % scripts.len();
                let id = real.spawn(Real::new(script, scripts, &ours, &world, &spawner));
                world.ids.borrow_mut().push(id);
                model.spawn(script);
            }
            Act::RunFor(n) => {
                let budget = u64::from(n);
                let report = real.run_for(budget);
                let told = tell(&report, &world.ids.borrow());
                assert_eq!(told, model.run_for(budget), "{act:?}");
            }
            _ if count == 0 => {}
            Act::Step(n, steps) => {
                let told = match real.step(id(n), steps.into()) {
                    Stepped::Ran { steps, is_ready } if is_ready => ("ready", steps),
                    Stepped::Ran { steps, .. } => ("waits", steps),
                    Stepped::Ended => ("ended", 0),
                    Stepped::NotReady => ("not ready", 0),
                    _ => ("unknown", 0),
                };
                assert_eq!(told, model.step(who(n), steps.into()), "{act:?}");
            }
            Act::Wake(n) => {
                real.wake(id(n));
                model.wake(who(n));
            }
            Act::Kill(n) => {
                drop(real.kill(id(n)));
                model.kill(who(n));
            }
            Act::Interval(n) => {
                real.set_interval(n.into());
                model.set_interval(n.into());
            }
        }
        let (real, obvious) = (ours.borrow(), theirs.borrow());
        let same = real
            .iter()
            .zip(&*obvious)
            .take_while(|(a, b)| a == b)
            .count();
        assert_eq!(
            (real.get(same), real.len()),
            (obvious.get(same), obvious.len()),
            "line {same} after {act:?}"
        );
    }
    if let Stop::Deadlock(deadlock) = real.run_for(1).stop {
        model.run_for(1);
        assert_eq!(deadlock.waiting().len(), model.waiting());
    }
    ours.take()
}

fn tell(report: &py_thread::micro::Report, ids: &[Id]) -> Told {
    let who = report.stop.interrupted();
    let who = who.map(|id| ids.iter().position(|other| *other == id).unwrap());
    let stop = match &report.stop {
        Stop::Finished => "finished",
        Stop::Budget(_) => "budget",
        Stop::Deadlock(_) => "deadlock",
        _ => "another",
    };
    (
        stop,
        who,
        report.rounds,
        report.slices,
        report.steps,
        report.ended,
        report.panicked,
    )
}

fn programs() -> impl Strategy<Value = (Vec<Vec<Op>>, Vec<Act>)> {
    (vec(vec(op(), 0..12), 1..6), vec(act(), 1..24))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 1500 }))]

    #[test]
    fn random_programs_give_the_same_trace((scripts, acts) in programs()) {
        let pool = Offload::new(2);
        play(&pool, &Rc::new(scripts), &acts);
    }
}
