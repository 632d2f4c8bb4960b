//! The peers of the microthreads: each as many agents as asked, and a function that runs one round.

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult};
use futures_executor::LocalPool;
use futures_util::task::LocalSpawnExt;
use std::cell::Cell;
use std::future::poll_fn;
use std::hint::black_box;
use std::process::Command;
use std::rc::Rc;
use std::task::Poll;

/// Runs one round.
pub type Round = Box<dyn FnMut()>;

/// Yields once: pending, with its waker woken.
async fn again() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

async fn forever(mut n: u64) {
    loop {
        n = black_box(n.wrapping_add(1));
        again().await;
    }
}

/// An agent that adds to one counter of all slices, which shows when a round has ended.
async fn counting(count: Rc<Cell<u64>>) {
    loop {
        count.set(count.get() + 1);
        again().await;
    }
}

/// futures' pool, with `n` agents.
#[must_use]
pub fn local_pool(n: u64) -> LocalPool {
    let pool = LocalPool::new();
    let spawner = pool.spawner();
    (0..n).for_each(|i| spawner.spawn_local(forever(i)).expect("a pool that runs"));
    pool
}

/// tokio's set and its runtime, with `n` agents.
#[must_use]
pub fn local_set(n: u64) -> (tokio::runtime::Runtime, tokio::task::LocalSet) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let set = tokio::task::LocalSet::new();
    for i in 0..n {
        drop(set.spawn_local(forever(i)));
    }
    (runtime, set)
}

/// smol's local executor, with `n` agents.
#[must_use]
pub fn local_executor(n: u64) -> async_executor::LocalExecutor<'static> {
    let executor = async_executor::LocalExecutor::new();
    (0..n).for_each(|i| executor.spawn(forever(i)).detach());
    executor
}

fn futures_round(n: u64) -> Round {
    let mut pool = LocalPool::new();
    let spawner = pool.spawner();
    let count = Rc::new(Cell::new(0));
    for _ in 0..n {
        let agent = counting(Rc::clone(&count));
        spawner.spawn_local(agent).expect("a pool that runs");
    }
    Box::new(move || {
        let end = count.get() + n;
        let seen = Rc::clone(&count);
        pool.run_until(poll_fn(move |cx| match seen.get() >= end {
            true => Poll::Ready(()),
            false => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }));
    })
}

fn tokio_round(n: u64) -> Round {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let set = tokio::task::LocalSet::new();
    let count = Rc::new(Cell::new(0));
    for _ in 0..n {
        drop(set.spawn_local(counting(Rc::clone(&count))));
    }
    Box::new(move || {
        let end = count.get() + n;
        let seen = Rc::clone(&count);
        set.block_on(&runtime, async move {
            while seen.get() < end {
                again().await;
            }
        });
    })
}

fn smol_round(n: u64) -> Round {
    let executor = async_executor::LocalExecutor::new();
    for i in 0..n {
        executor.spawn(forever(i)).detach();
    }
    Box::new(move || {
        for _ in 0..n {
            executor.try_tick();
        }
    })
}

type Stackful = Coroutine<(), (), (), DefaultStack>;

fn corosensei_round(n: u64) -> Option<Round> {
    let mut all: Vec<Stackful> = Vec::new();
    for i in 0..n {
        let Ok(stack) = DefaultStack::new(65536) else {
            println!("corosensei: no stack for more than {i} of {n} coroutines; left out");
            return None;
        };
        all.push(Coroutine::with_stack(stack, move |y, ()| {
            let mut n = i;
            loop {
                n = black_box(n.wrapping_add(1));
                y.suspend(());
            }
        }));
    }
    Some(Box::new(move || {
        for coroutine in &mut all {
            match coroutine.resume(()) {
                CoroutineResult::Yield(()) => {}
                CoroutineResult::Return(()) => unreachable!("it loops for ever"),
            }
        }
    }))
}

/// All peers that this number of agents is possible with.
#[must_use]
pub fn all(n: u64) -> Vec<(&'static str, Round)> {
    let mut all = vec![
        ("futures LocalPool", futures_round(n)),
        ("tokio LocalSet", tokio_round(n)),
        ("async-executor LocalExecutor", smol_round(n)),
    ];
    // Each stack is two mappings, of which Linux allows 65530.
    if n > 30_000 {
        println!("corosensei: {n} stacks are more than vm.max_map_count allows; left out");
    } else if let Some(round) = corosensei_round(n) {
        all.push(("corosensei, 64 KiB stacks", round));
    }
    all
}

const GO: &str = "package main
import (\"fmt\"; \"runtime\"; \"sync\"; \"time\")
func main() {
  runtime.GOMAXPROCS(1)
  for _, n := range []int{1000, 100000, 1000000} {
    rounds := 1000000/n + 1
    var wg sync.WaitGroup
    start := time.Now()
    for i := 0; i < n; i++ { wg.Add(1); go func() { for r := 0; r < rounds; r++ { runtime.Gosched() }; wg.Done() }() }
    wg.Wait()
    fmt.Printf(\"  Go, %d goroutines (spawning included): %.0f\\n\", n, float64(time.Since(start).Nanoseconds())/float64(n*rounds))
  }
}
";

/// Go's goroutines, if there is a Go.
pub fn go() {
    let folder = std::env::temp_dir().join(format!("micro-bench-{}", std::process::id()));
    let file = folder.join("main.go");
    let ran = std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&file, GO))
        .and_then(|()| Command::new("go").arg("run").arg(&file).output());
    report("Go", ran);
    drop(std::fs::remove_dir_all(&folder));
}

const GREENLET: &str = "
import time, greenlet
for n in (1000, 100000):
    rounds = 200000 // n + 1
    def agent():
        while True:
            main.switch()
    main = greenlet.getcurrent()
    all = [greenlet.greenlet(agent) for _ in range(n)]
    for g in all: g.switch()
    start = time.perf_counter()
    for _ in range(rounds):
        for g in all: g.switch()
    print(f'  greenlet, {n}: {(time.perf_counter() - start) / n / rounds * 1e9:.0f}')
";

/// greenlet, if a python3 has it.
pub fn greenlet() {
    report(
        "greenlet",
        Command::new("python3").arg("-c").arg(GREENLET).output(),
    );
}

fn report(name: &str, ran: std::io::Result<std::process::Output>) {
    match ran {
        Ok(out) if out.status.success() => print!("{}", String::from_utf8_lossy(&out.stdout)),
        Ok(out) => {
            let text = String::from_utf8_lossy(&out.stderr);
            let why = text.lines().last().unwrap_or("it failed").to_owned();
            println!("  {name}: left out: {why}");
        }
        Err(error) => println!("  {name}: left out: {error}"),
    }
}

/// The toy VM of the countdown's question.
#[derive(Clone, Copy, Debug)]
pub enum Op {
    Load(usize),
    Store(usize),
    Push(i64),
    Add,
    Multiply,
    Mask,
    /// Counts a local down, and goes back to the start until it is 0: the back edge.
    Loop(usize),
}

/// A loop of ten instructions.
#[must_use]
pub fn toy_program() -> Vec<Op> {
    use Op::{Add, Load, Loop, Mask, Multiply, Push, Store};
    vec![
        Load(0),
        Push(3),
        Multiply,
        Load(1),
        Add,
        Mask,
        Store(0),
        Load(0),
        Store(1),
        Loop(2),
    ]
}

/// Its program counter, locals and stack.
#[derive(Debug, Default)]
pub struct Vm {
    pc: usize,
    locals: [i64; 3],
    stack: Vec<i64>,
}

impl Vm {
    /// One that goes round `n` times.
    #[must_use]
    pub fn new(n: u64) -> Vm {
        Vm {
            pc: 0,
            locals: [0, 0, n as i64],
            stack: Vec::with_capacity(8),
        }
    }

    /// Runs until the program ends, and then says true; or until it is told to give way: `before` is
    /// asked before each instruction, `back` at each back edge.
    #[inline]
    pub fn run(
        &mut self,
        program: &[Op],
        mut before: impl FnMut() -> bool,
        mut back: impl FnMut() -> bool,
    ) -> bool {
        loop {
            if before() {
                return false;
            }
            match program[self.pc] {
                Op::Load(i) => self.stack.push(self.locals[i]),
                Op::Store(i) => self.locals[i] = self.stack.pop().unwrap_or(0),
                Op::Push(n) => self.stack.push(n),
                Op::Add => {
                    let (a, b) = self.two();
                    self.stack.push(a.wrapping_add(b));
                }
                Op::Multiply => {
                    let (a, b) = self.two();
                    self.stack.push(a.wrapping_mul(b));
                }
                Op::Mask => {
                    let a = self.stack.pop().unwrap_or(0);
                    self.stack.push(a & 0xFFFF);
                }
                Op::Loop(i) => {
                    self.locals[i] -= 1;
                    if self.locals[i] <= 0 {
                        return true;
                    }
                    self.pc = 0;
                    if back() {
                        return false;
                    }
                    continue;
                }
            }
            self.pc += 1;
        }
    }

    fn two(&mut self) -> (i64, i64) {
        (self.stack.pop().unwrap_or(0), self.stack.pop().unwrap_or(0))
    }

    /// What it came to.
    #[must_use]
    pub fn sum(&self) -> i64 {
        self.locals[0] + self.locals[1]
    }
}
