//! CPython's `PyMutex`, in the build with a GIL (which does not spin) or without (which yields 40 times
//! without a look at the byte), as 3.13 and 3.14 have it.
//!
//! | | |
//! |---|---|
//! | lock | 0 to 1; else take it if bit 0 is clear; else set bit 1 and park |
//! | unlock | 1 to 0; else, under the bucket's lock, the first waiter is taken out: it is handed the lock if it asked for it more than 1 ms ago, or else the byte is what the queue says and it is woken |
//! | woken | competes; who loses parks at the end, with the time of its first try |
//! | the bucket's lock | a word with a list of sleepers, last in first out; no spin, no hand-over |

use super::Lock;
use super::lot::{Node, Nodes, Waiters};
use machine::{Access, AtomicU8, AtomicUsize, touch};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

const LOCKED: u8 = 1;
const PARKED: u8 = 2;
const TIME_TO_BE_FAIR_NS: u64 = 1_000_000;

/// `SPINS` yields before a thread parks: 0 with a GIL, 40 without.
pub struct PyMutex<const SPINS: u32> {
    byte: AtomicU8,
    /// Elsewhere, as in the process: a bucket.
    bucket: Box<Bucket>,
}

struct Bucket {
    lock: RawMutex,
    waiters: Waiters,
    nodes: Nodes,
}

#[repr(align(64))]
struct Line<T>(T);

impl<const SPINS: u32> Lock for PyMutex<SPINS> {
    const NAME: &'static str = if SPINS == 0 {
        "CPython"
    } else {
        "CPython, no GIL"
    };

    fn new() -> Self {
        PyMutex {
            byte: AtomicU8::new(0),
            bucket: Box::new(Bucket {
                lock: RawMutex::new(),
                waiters: Waiters::default(),
                nodes: Nodes::default(),
            }),
        }
    }

    fn lock(&self) {
        if !self.swap(0, LOCKED) {
            self.lock_contended();
        }
    }

    fn unlock(&self) {
        if !self.swap(LOCKED, 0) {
            self.unlock_contended();
        }
    }
}

impl<const SPINS: u32> PyMutex<SPINS> {
    fn swap(&self, from: u8, to: u8) -> bool {
        self.byte.compare_exchange(from, to, SeqCst, SeqCst).is_ok()
    }

    fn lock_contended(&self) {
        let mut seen = self.byte.load(Relaxed);
        if seen & LOCKED == 0 && self.swap(seen, seen | LOCKED) {
            return;
        }
        let node = self.bucket.nodes.own();
        node.fair_at
            .set(machine::monotonic_ns() + TIME_TO_BE_FAIR_NS);
        let mut spins = 0;
        loop {
            if seen & LOCKED == 0 {
                if self.swap(seen, seen | LOCKED) {
                    return;
                }
                seen = self.byte.load(Relaxed);
            } else if seen & PARKED == 0 && spins < SPINS {
                machine::yield_now();
                spins += 1;
            } else if seen & PARKED == 0 && !self.swap(seen, seen | PARKED) {
                seen = self.byte.load(Relaxed);
            } else {
                if self.park(&node) && node.wait() {
                    return;
                }
                seen = self.byte.load(Relaxed);
            }
        }
    }

    /// Queues the thread if the byte is still that of a lock with waiters.
    fn park(&self, node: &Rc<Node>) -> bool {
        self.bucket.lock.lock();
        let parks = self.byte.load(SeqCst) == LOCKED | PARKED;
        if parks {
            self.bucket.waiters.push(Rc::clone(node));
        }
        self.bucket.lock.unlock();
        parks
    }

    fn unlock_contended(&self) {
        // Bit 1 is set: only an unlock changes the byte, and this is the only one.
        self.bucket.lock.lock();
        let first = self.bucket.waiters.pop();
        let byte = first.as_ref().map_or(0, |(node, more)| {
            let fair = machine::monotonic_ns() > node.fair_at.get();
            u8::from(fair) | if *more { PARKED } else { 0 }
        });
        self.byte.store(byte, SeqCst);
        self.bucket.lock.unlock();
        if let Some((node, _)) = first {
            node.post(byte & LOCKED != 0);
        }
    }
}

/// The bucket's lock.
struct RawMutex {
    word: Line<AtomicUsize>,
    /// What the word's upper bits point to, newest last.
    sleepers: RefCell<Vec<Rc<Node>>>,
    nodes: Nodes,
}

impl RawMutex {
    fn new() -> RawMutex {
        RawMutex {
            word: Line(AtomicUsize::new(0)),
            sleepers: RefCell::new(Vec::new()),
            nodes: Nodes::default(),
        }
    }

    /// The word while `sleepers` are so many.
    fn pointer(&self) -> usize {
        self.sleepers
            .borrow()
            .last()
            .map_or(0, |node| Rc::as_ptr(node).addr())
    }

    fn swap(&self, from: usize, to: usize) -> bool {
        self.word
            .0
            .compare_exchange(from, to, SeqCst, SeqCst)
            .is_ok()
    }

    fn lock(&self) {
        if self.swap(0, 1) {
            return;
        }
        let node = self.nodes.own();
        loop {
            let seen = self.word.0.load(Relaxed);
            if seen & 1 == 0 {
                if self.swap(seen, seen | 1) {
                    return;
                }
            } else if self.swap(seen, Rc::as_ptr(&node).addr() | 1) {
                // Nobody runs between the exchange and this.
                self.sleepers.borrow_mut().push(Rc::clone(&node));
                node.wait();
            }
        }
    }

    fn unlock(&self) {
        if self.swap(1, 0) {
            return;
        }
        loop {
            let seen = self.word.0.load(Relaxed);
            let newest = self.sleepers.borrow().last().cloned();
            let Some(newest) = newest else {
                if self.swap(seen, 0) {
                    return;
                }
                continue;
            };
            touch(Rc::as_ptr(&newest), Access::Read);
            let left = {
                let sleepers = self.sleepers.borrow();
                let second = sleepers.len().checked_sub(2).map(|i| &sleepers[i]);
                second.map_or(0, |node| Rc::as_ptr(node).addr())
            };
            if self.pointer() | 1 == seen && self.swap(seen, left) {
                self.sleepers.borrow_mut().pop();
                newest.post(false);
                return;
            }
        }
    }
}
