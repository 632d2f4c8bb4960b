//! A hundred thousand agents that send messages to a bank: microthreads, each of which runs for a
//! few instructions at a time. The result is the same in every run.
//!
//! Run: `cargo run --release -p py-thread --features micro --example agents`

use py_thread::micro::{Received, Scheduler, Sender, Step, from_fn, mailbox};
use std::cell::Cell;
use std::rc::Rc;

/// Adds up `amount` in steps of one, and sends the sum to the bank.
fn saver(amount: u64, bank: Sender<u64>) -> impl FnMut(&mut py_thread::micro::Ticker) -> bool {
    let mut saved = 0;
    move |ticker| {
        while saved < amount {
            if ticker.tick() {
                return false; // the slice is over; the next one continues here
            }
            saved += 1;
        }
        bank.send(saved).expect("the bank has not closed");
        true
    }
}

/// Runs `agents` savers and a bank, and returns the money in the bank; a test does too.
pub fn run(agents: u64) -> u64 {
    let mut scheduler: Scheduler<Box<dyn py_thread::micro::Microthread<Output = ()>>> =
        Scheduler::new().interval(10);
    let (sender, mut receiver) = mailbox();
    for n in 0..agents {
        let mut save = saver(n % 50, sender.clone());
        scheduler.spawn(Box::new(from_fn(move |ticker, _| match save(ticker) {
            false => Step::Yield,
            true => Step::Done(()),
        })));
    }
    drop(sender); // the bank closes when the last saver is done
    let total = Rc::new(Cell::new(0));
    let money = Rc::clone(&total);
    scheduler.spawn(Box::new(from_fn(move |ticker, cx| {
        loop {
            if ticker.tick() {
                return Step::Yield;
            }
            match receiver.receive(cx) {
                Received::Message(amount) => money.set(money.get() + amount),
                Received::Empty => return receiver.wait(),
                Received::Closed => return Step::Done(()),
            }
        }
    })));
    let report = scheduler.run();
    assert!(report.stop.is_finished(), "{:?}", report.stop);
    println!("{} rounds, {} slices", report.rounds, report.slices);
    total.get()
}

fn main() {
    println!("{} in the bank", run(100_000));
}
