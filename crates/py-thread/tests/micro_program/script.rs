//! What the agents of the random programs do: the same code in both schedulers.

use proptest::prelude::*;
use std::cell::RefCell;
use std::rc::Rc;

/// One instruction. Agents are meant by number, modulo how many there are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Work(u8),
    Charge(u8),
    GiveWay,
    Yield,
    Sleep(u8),
    Wait,
    WaitFor(u8),
    Join(u8),
    Block,
    Wake(u8),
    Kill(u8),
    Send(u8),
    Receive,
    Spawn(u8),
    Panic,
}

pub(crate) fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (1_u8..12).prop_map(Op::Work),
        1 => (1_u8..30).prop_map(Op::Charge),
        1 => Just(Op::GiveWay),
        2 => Just(Op::Yield),
        2 => (0_u8..5).prop_map(Op::Sleep),
        1 => Just(Op::Wait),
        2 => (0_u8..5).prop_map(Op::WaitFor),
        1 => any::<u8>().prop_map(Op::Join),
        1 => Just(Op::Block),
        3 => any::<u8>().prop_map(Op::Wake),
        1 => any::<u8>().prop_map(Op::Kill),
        3 => any::<u8>().prop_map(Op::Send),
        3 => Just(Op::Receive),
        1 => any::<u8>().prop_map(Op::Spawn),
        1 => Just(Op::Panic),
    ]
}

pub(crate) type Log = Rc<RefCell<Vec<(usize, u64, String)>>>;
pub(crate) type Scripts = Rc<Vec<Vec<Op>>>;

/// What a slice of a script says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Said {
    Yield,
    Sleep(u64),
    Wait,
    WaitFor(u64),
    Join(usize),
    Block,
    WaitForRoom(usize),
    WaitForMail,
    Panic,
    Done(usize),
}

#[derive(Debug, PartialEq)]
pub(crate) enum Sent {
    Yes,
    Full,
    Closed,
}

/// What a scheduler offers to a script.
pub(crate) trait Env {
    fn tick(&mut self) -> bool;
    fn charge(&mut self, n: u32);
    fn give_way(&mut self);
    fn now(&self) -> u64;
    fn agents(&self) -> usize;
    fn wake(&mut self, agent: usize);
    fn kill(&mut self, agent: usize);
    fn send(&mut self, to: usize, message: usize) -> Sent;
    fn receive(&mut self) -> Option<usize>;
    fn spawn(&mut self, script: usize);
}

/// An agent: which script, and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) number: usize,
    pub(crate) script: usize,
    pub(crate) pc: usize,
    /// Instructions of a `Work` that are done.
    pub(crate) done: u8,
}

impl Script {
    pub(crate) fn new(number: usize, script: usize) -> Script {
        Script {
            number,
            script,
            pc: 0,
            done: 0,
        }
    }

    /// One slice.
    pub(crate) fn step(&mut self, scripts: &Scripts, log: &Log, env: &mut dyn Env) -> Said {
        loop {
            let Some(&op) = scripts[self.script].get(self.pc) else {
                return Said::Done(self.number);
            };
            let (number, now, agents) = (self.number, env.now(), env.agents());
            let note = |text: String| log.borrow_mut().push((number, now, text));
            note(format!("{op:?}"));
            let other = |n: u8| usize::from(n) % agents;
            match op {
                Op::Work(n) => {
                    while self.done < n {
                        if env.tick() {
                            return Said::Yield;
                        }
                        self.done += 1;
                    }
                    self.done = 0;
                }
                Op::Charge(n) => env.charge(n.into()),
                Op::GiveWay => env.give_way(),
                Op::Wake(n) => env.wake(other(n)),
                Op::Kill(n) => env.kill(other(n)),
                Op::Spawn(n) if env.agents() < 40 => env.spawn(usize::from(n) % scripts.len()),
                Op::Spawn(_) => {}
                Op::Send(n) => {
                    let to = other(n);
                    match env.send(to, self.number) {
                        Sent::Full => return Said::WaitForRoom(to),
                        sent => note(format!("{sent:?}")),
                    }
                }
                Op::Receive => match env.receive() {
                    None => return Said::WaitForMail,
                    Some(message) => note(format!("got {message}")),
                },
                _ => {
                    let to = match op {
                        Op::Join(n) => other(n),
                        _ => 0,
                    };
                    self.pc += 1;
                    return match op {
                        Op::Sleep(n) => Said::Sleep(n.into()),
                        Op::Wait => Said::Wait,
                        Op::WaitFor(n) => Said::WaitFor(n.into()),
                        Op::Join(_) => Said::Join(to),
                        Op::Block => Said::Block,
                        Op::Panic => Said::Panic,
                        _ => Said::Yield,
                    };
                }
            }
            self.pc += 1;
        }
    }
}
