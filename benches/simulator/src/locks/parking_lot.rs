//! parking_lot's mutex, by the protocols of its versions 0.12 and 0.13.
//!
//! | | |
//! |---|---|
//! | lock | 0 to 1; else take it if bit 0 is clear; else, while nobody is parked, spin: 1, 2, 4 pauses, then seven yields; else set bit 1 and park |
//! | unlock, 0.12 | 1 to 0; else under the bucket's lock the first waiter is taken out; it is handed the lock if the bucket's random time of up to 1 ms has passed, or else the byte says whether more wait, and it is woken |
//! | unlock, 0.13 | takes bit 0 off first; if bit 1 was set, one waiter is woken, and bit 1 goes with the last |
//! | the bucket's lock | a word that spins in the same way, then a queue of sleepers, first in first out, of whom an unlock wakes one if the lock is still free |

use super::Lock;
use super::lot::{Node, Nodes, Waiters};
use machine::{AtomicU8, AtomicUsize};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

const LOCKED: u8 = 1;
const PARKED: u8 = 2;

/// Version 0.12: fair once in a while.
pub struct ParkingLot12(Mutex);

/// Version 0.13: never.
pub struct ParkingLot13(Mutex);

impl Lock for ParkingLot12 {
    const NAME: &'static str = "parking_lot 0.12";

    fn new() -> Self {
        ParkingLot12(Mutex::new())
    }

    fn lock(&self) {
        self.0.lock();
    }

    fn unlock(&self) {
        if !self.0.swap(LOCKED, 0) {
            self.0.unlock_under_the_bucket();
        }
    }
}

impl Lock for ParkingLot13 {
    const NAME: &'static str = "parking_lot 0.13";

    fn new() -> Self {
        ParkingLot13(Mutex::new())
    }

    fn lock(&self) {
        self.0.lock();
    }

    fn unlock(&self) {
        if self.0.byte.fetch_sub(LOCKED, Release) & PARKED != 0 {
            self.0.wake_one();
        }
    }
}

/// How a thread passes the time before it parks.
#[derive(Default)]
struct Spin(u32);

impl Spin {
    fn once(&mut self) -> bool {
        self.0 += 1;
        match self.0 {
            1..=3 => (0..1 << (self.0 - 1)).for_each(|_| machine::spin_loop()),
            4..=10 => machine::yield_now(),
            _ => return false,
        }
        true
    }
}

#[repr(align(64))]
struct Line<T>(T);

struct Mutex {
    byte: AtomicU8,
    /// Elsewhere, as in the process: a bucket.
    bucket: Box<Bucket>,
}

struct Bucket {
    lock: WordLock,
    waiters: Waiters,
    nodes: Nodes,
    /// When it is fair next, and what its chance goes by.
    fair: Cell<(u64, u32)>,
}

impl Mutex {
    fn new() -> Mutex {
        Mutex {
            byte: AtomicU8::new(0),
            bucket: Box::new(Bucket {
                lock: WordLock::new(),
                waiters: Waiters::default(),
                nodes: Nodes::default(),
                fair: Cell::new((0, 1)),
            }),
        }
    }

    fn swap(&self, from: u8, to: u8) -> bool {
        self.byte
            .compare_exchange(from, to, Acquire, Relaxed)
            .is_ok()
    }

    fn lock(&self) {
        if !self.swap(0, LOCKED) {
            self.lock_contended();
        }
    }

    fn lock_contended(&self) {
        let mut spin = Spin::default();
        let node = self.bucket.nodes.own();
        loop {
            let seen = self.byte.load(Relaxed);
            if seen & LOCKED == 0 {
                if self.swap(seen, seen | LOCKED) {
                    return;
                }
            } else if seen & PARKED == 0 && spin.once() {
                // It looks again.
            } else if seen & PARKED != 0 || self.swap(seen, seen | PARKED) {
                if self.park(&node) && node.wait() {
                    return;
                }
                spin = Spin::default();
            }
        }
    }

    fn park(&self, node: &Rc<Node>) -> bool {
        self.bucket.lock.lock();
        let parks = self.byte.load(Relaxed) == LOCKED | PARKED;
        if parks {
            self.bucket.waiters.push(Rc::clone(node));
        }
        self.bucket.lock.unlock();
        parks
    }

    /// 0.12's.
    fn unlock_under_the_bucket(&self) {
        self.bucket.lock.lock();
        let first = self.bucket.waiters.pop();
        let fair = first.is_some() && self.is_fair_now();
        let more = first.as_ref().is_some_and(|(_, more)| *more);
        let byte = u8::from(fair) | if more { PARKED } else { 0 };
        if byte != LOCKED | PARKED {
            self.byte.store(byte, Release);
        }
        self.bucket.lock.unlock();
        if let Some((node, _)) = first {
            node.post(fair);
        }
    }

    fn is_fair_now(&self) -> bool {
        let ((at, random), now) = (self.bucket.fair.get(), machine::monotonic_ns());
        if now < at {
            return false;
        }
        let random = random ^ (random << 13);
        let random = random ^ (random >> 17);
        let random = random ^ (random << 5);
        self.bucket
            .fair
            .set((now + u64::from(random) % 1_000_000, random));
        true
    }

    /// 0.13's.
    fn wake_one(&self) {
        self.bucket.lock.lock();
        let first = self.bucket.waiters.pop();
        if first.as_ref().is_none_or(|(_, more)| !more) {
            self.byte.fetch_and(!PARKED, Relaxed);
        }
        self.bucket.lock.unlock();
        if let Some((node, _)) = first {
            node.post(false);
        }
    }
}

const WORD_LOCKED: usize = 1;
const QUEUE_LOCKED: usize = 2;
const QUEUED: usize = !3;

/// The bucket's lock. Its queue is beside the word, which says whether anybody is in it.
struct WordLock {
    word: Line<AtomicUsize>,
    queue: RefCell<VecDeque<Rc<Node>>>,
    nodes: Nodes,
}

impl WordLock {
    fn new() -> WordLock {
        WordLock {
            word: Line(AtomicUsize::new(0)),
            queue: RefCell::new(VecDeque::new()),
            nodes: Nodes::default(),
        }
    }

    fn swap(&self, from: usize, to: usize) -> bool {
        self.word
            .0
            .compare_exchange(from, to, Acquire, Relaxed)
            .is_ok()
    }

    fn lock(&self) {
        if self.swap(0, WORD_LOCKED) {
            return;
        }
        let mut spin = Spin::default();
        let node = self.nodes.own();
        loop {
            let seen = self.word.0.load(Relaxed);
            if seen & WORD_LOCKED == 0 {
                if self.swap(seen, seen | WORD_LOCKED) {
                    return;
                }
            } else if seen & QUEUED == 0 && spin.once() {
                // It looks again.
            } else {
                let queued = Rc::as_ptr(&node).addr() & QUEUED;
                if self.swap(seen, (seen & !QUEUED) | queued) {
                    // Nobody runs between the exchange and this.
                    self.queue.borrow_mut().push_back(Rc::clone(&node));
                    node.wait();
                    spin = Spin::default();
                }
            }
        }
    }

    fn unlock(&self) {
        let seen = self.word.0.fetch_sub(WORD_LOCKED, Release);
        if seen & QUEUE_LOCKED == 0 && seen & QUEUED != 0 {
            self.wake_one();
        }
    }

    fn wake_one(&self) {
        loop {
            let seen = self.word.0.load(Relaxed);
            if seen & QUEUE_LOCKED != 0 || seen & QUEUED == 0 {
                return;
            }
            if self.swap(seen, seen | QUEUE_LOCKED) {
                break;
            }
        }
        loop {
            let seen = self.word.0.load(Relaxed);
            if seen & WORD_LOCKED != 0 {
                // Who has it now wakes one later.
                if self.swap(seen, seen & !QUEUE_LOCKED) {
                    return;
                }
                continue;
            }
            let last = self.queue.borrow().len() == 1;
            let left = if last {
                seen & WORD_LOCKED
            } else {
                seen & !QUEUE_LOCKED
            };
            if self.swap(seen, left) {
                let oldest = self.queue.borrow_mut().pop_front();
                oldest.expect("the word says so").post(false);
                return;
            }
        }
    }
}
