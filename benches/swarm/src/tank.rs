//! A tank: a program's state, and the microthread that runs it.

use crate::field::{Action, Field, random};
use crate::program::{Op, Program, Value};
use py_thread::micro::{Answer, Cx, Microthread, Step, Ticker, job};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// What the tanks of one thread share: the field of the last round, and what they want done.
pub struct World {
    pub field: Arc<Field>,
    pub actions: Vec<(usize, Action)>,
}

pub type Shared = Rc<RefCell<World>>;

pub struct Tank {
    number: usize,
    program: Arc<Program>,
    pc: usize,
    registers: [i64; 8],
    random: u64,
    world: Shared,
    answer: Option<Answer<i64>>,
}

impl Tank {
    pub fn new(number: usize, program: Arc<Program>, seed: u64, world: Shared) -> Tank {
        Tank {
            number,
            program,
            pc: 0,
            registers: [0; 8],
            random: seed ^ (number as u64).wrapping_mul(0xD134_2543_DE82_EF95),
            world,
            answer: None,
        }
    }

    fn value(&self, value: Value) -> i64 {
        match value {
            Value::Register(r) => self.registers[r],
            Value::Number(n) => n,
        }
    }

    fn act(&mut self, action: Action) -> Step<()> {
        self.world.borrow_mut().actions.push((self.number, action));
        Step::Yield
    }

    /// Runs one instruction; the step that ends the slice, if it does.
    fn instruction(&mut self, op: Op) -> Option<Step<()>> {
        match op {
            Op::Set(r, v) => self.registers[r] = self.value(v),
            Op::Add(r, v) => self.registers[r] = self.registers[r].wrapping_add(self.value(v)),
            Op::Mod(r, v) => {
                let n = self.value(v).max(1);
                self.registers[r] = self.registers[r].rem_euclid(n);
            }
            Op::Rand(r, v) => {
                let n = self.value(v).max(1) as u64;
                self.registers[r] = (random(&mut self.random) % n) as i64;
            }
            Op::Jump(to) => self.pc = to,
            Op::JumpLess(r, v, to) => {
                if self.registers[r] < self.value(v) {
                    self.pc = to;
                }
            }
            Op::Scan(r) => {
                let ahead = self.world.borrow().field.ahead(self.number);
                self.registers[r] = ahead.map_or(0, |(_, distance)| distance.into());
            }
            Op::Sleep(v) => return Some(Step::Sleep(self.value(v).max(0) as u64)),
            Op::Turn(v) => return Some(self.act(Action::Turn(self.value(v)))),
            Op::Move => return Some(self.act(Action::Move)),
            Op::Fire => return Some(self.act(Action::Fire)),
            Op::Read(_) => {
                // This very program's file, as it lies on the disk.
                let path = self.program.path.clone();
                let (job, answer) = job(move || std::fs::read(path).map_or(-1, |b| b.len() as i64));
                self.answer = Some(answer);
                return Some(Step::Block(job));
            }
        }
        None
    }

    /// The instruction before this one was a `read`: its answer has come.
    fn receive(&mut self) {
        if let Some(mut answer) = self.answer.take() {
            let length = answer.take().and_then(Result::ok).unwrap_or(-1);
            if let Some(Op::Read(r)) = self.pc.checked_sub(1).map(|pc| self.program.ops[pc]) {
                self.registers[r] = length;
            }
        }
    }
}

impl Microthread for Tank {
    type Output = ();

    fn step(&mut self, ticker: &mut Ticker, _: &mut Cx<'_>) -> Step<()> {
        if self.world.borrow().field.bodies[self.number].health <= 0 {
            return Step::Done(());
        }
        self.receive();
        loop {
            let Some(&op) = self.program.ops.get(self.pc) else {
                self.pc = 0; // a program that runs out begins again
                return Step::Yield;
            };
            if ticker.tick() {
                return Step::Yield;
            }
            self.pc += 1;
            if let Some(step) = self.instruction(op) {
                return step;
            }
        }
    }
}
