//! A toy interpreter as a microthread: frames on the heap, ticks at back edges and calls, a native
//! function that calls back, and one that blocks.

use py_thread::micro::{Answer, Cx, Microthread, Scheduler, Step, Stop, Ticker, job};
use std::rc::Rc;

/// The instructions of a stack machine.
#[derive(Clone, Copy)]
enum Op {
    Push(i64),
    Load(usize),
    Store(usize),
    Add,
    Subtract,
    /// Jumps if the top is not zero. Backwards it is a back edge.
    JumpIf(usize),
    Call(usize),
    Return,
    /// Calls a native function with the top as its argument.
    Native(fn(&mut Vm, &mut Ticker, i64) -> Native),
}

/// The result of a native function.
enum Native {
    Value(i64),
    /// A call that blocks: a thread of the pool makes it, and the other microthreads run on.
    Block(fn() -> i64),
}

/// The frame of one call. Frames are on the heap, so that a slice can end at any depth of calls.
struct Frame {
    function: usize,
    pc: usize,
    locals: [i64; 4],
}

struct Vm {
    functions: Rc<Vec<Vec<Op>>>,
    frames: Vec<Frame>,
    stack: Vec<i64>,
    answer: Option<Answer<i64>>,
}

impl Vm {
    fn new(functions: &Rc<Vec<Vec<Op>>>, function: usize, argument: i64) -> Vm {
        let mut vm = Vm {
            functions: Rc::clone(functions),
            frames: Vec::new(),
            stack: vec![argument],
            answer: None,
        };
        vm.enter(function);
        vm
    }

    /// A call: its argument is the top of the stack.
    fn enter(&mut self, function: usize) {
        let argument = self.pop();
        self.frames.push(Frame {
            function,
            pc: 0,
            locals: [argument, 0, 0, 0],
        });
    }

    fn pop(&mut self) -> i64 {
        self.stack.pop().expect("the compiler counts its pushes")
    }

    /// Runs until only `depth` frames are left, or the slice is over. In the second case it yields,
    /// and the frames say where to continue.
    fn run(&mut self, ticker: &mut Ticker, depth: usize) -> Step<i64> {
        while self.frames.len() > depth {
            let frame = self.frames.last_mut().expect("more than `depth`");
            let op = self.functions[frame.function][frame.pc];
            // The ticker is asked before the instruction, with the frame unchanged. The next slice
            // asks again.
            if matches!(op, Op::JumpIf(_) | Op::Call(_)) && ticker.check() {
                return Step::Yield;
            }
            frame.pc += 1;
            match op {
                Op::Push(n) => self.stack.push(n),
                Op::Load(i) => self.stack.push(frame.locals[i]),
                Op::Store(i) => frame.locals[i] = self.stack.pop().expect("counted"),
                Op::Add | Op::Subtract => {
                    let (b, a) = (self.pop(), self.pop());
                    let sum = if let Op::Add = op { a + b } else { a - b };
                    self.stack.push(sum);
                }
                Op::JumpIf(to) => {
                    if self.stack.pop() != Some(0) {
                        self.frames.last_mut().expect("this one").pc = to;
                    }
                }
                Op::Call(function) => self.enter(function),
                Op::Return => drop(self.frames.pop()),
                Op::Native(f) => {
                    let argument = self.pop();
                    match f(self, ticker, argument) {
                        Native::Value(value) => self.stack.push(value),
                        Native::Block(call) => {
                            let (job, answer) = job(call);
                            self.answer = Some(answer);
                            return Step::Block(job);
                        }
                    }
                }
            }
        }
        Step::Done(self.pop())
    }
}

impl Microthread for Vm {
    type Output = i64;

    fn step(&mut self, ticker: &mut Ticker, _: &mut Cx<'_>) -> Step<i64> {
        if let Some(mut answer) = self.answer.take() {
            // An error would be the language's exception.
            let value = answer.take().and_then(Result::ok).unwrap_or(-1);
            self.stack.push(value);
        }
        self.run(ticker, 0)
    }
}

/// A native function that calls function 1 of the program twice. Its own frame is on Rust's stack,
/// so the calls run unsliced. Their instructions are counted all the same.
fn twice(vm: &mut Vm, ticker: &mut Ticker, argument: i64) -> Native {
    let depth = vm.frames.len();
    let mut sum = 0;
    for _ in 0..2 {
        vm.stack.push(argument);
        vm.enter(1);
        match ticker.unsliced(|ticker| vm.run(ticker, depth)) {
            Step::Done(value) => sum += value,
            _ => unreachable!("an unsliced call neither yields nor, here, blocks"),
        }
    }
    Native::Value(sum)
}

fn count_arguments(_: &mut Vm, _: &mut Ticker, _: i64) -> Native {
    Native::Block(|| std::env::args().count() as i64)
}

/// How many run at once. Miri, which runs it too, takes a hundred times as long for each instruction.
const VMS: i64 = if cfg!(miri) { 4 } else { 50 };

/// Runs it; a test does too.
pub fn main() {
    use Op::{Add, Call, JumpIf, Load, Native, Push, Return, Store, Subtract};
    // 1: the sum of 1 to its argument. 0: twice that, and a blocking call, and the sum once more.
    let sum = vec![
        Load(1),
        Load(0),
        Add,
        Store(1), // sum += n
        Load(0),
        Push(1),
        Subtract,
        Store(0), // n -= 1
        Load(0),
        JumpIf(0),
        Load(1),
        Return,
    ];
    let main = vec![
        Load(0),
        Native(twice),
        Push(0),
        Native(count_arguments),
        Store(2),
        Load(0),
        Call(1),
        Add,
        Return,
    ];
    let functions = Rc::new(vec![main, sum]);
    let mut scheduler = Scheduler::new().interval(100);
    let ids: Vec<_> = (1..=VMS)
        .map(|n| scheduler.spawn(Vm::new(&functions, 0, n * 10)))
        .collect();
    let report = scheduler.run();
    assert_eq!(report.stop, Stop::Finished);
    for (id, n) in ids.into_iter().zip(1..) {
        let n = n * 10;
        let sum = scheduler.take(id).and_then(|outcome| outcome.done());
        assert_eq!(sum, Some(3 * n * (n + 1) / 2));
    }
    println!("{} slices, {} ticks", report.slices, report.steps);
}
