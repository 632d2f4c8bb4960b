//! A queue of parked threads under a lock, as both peers have it: what is in it is plain Rust, since one
//! thread of the machine runs at a time; what it costs is charged by touching its lines.

use machine::{Access, AtomicU32, touch};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

const EMPTY: u32 = 0;
const POSTED: u32 = 1;

/// One parked thread, on a line of its own as on its stack.
#[repr(align(64))]
pub struct Node {
    word: AtomicU32,
    /// When it asked for the lock first.
    pub fair_at: Cell<u64>,
    /// Written by who takes it out, before the post.
    handed_over: Cell<bool>,
}

/// The node of each thread, the same in all its calls, as it is at the same place of its stack or in its
/// thread-locals.
#[derive(Default)]
pub struct Nodes(RefCell<BTreeMap<usize, Rc<Node>>>);

impl Nodes {
    /// The calling thread's.
    pub fn own(&self) -> Rc<Node> {
        let mut nodes = self.0.borrow_mut();
        let own = nodes
            .entry(machine::this_thread())
            .or_insert_with(Node::new);
        Rc::clone(own)
    }
}

impl Node {
    fn new() -> Rc<Node> {
        Rc::new(Node {
            word: AtomicU32::new(EMPTY),
            fair_at: Cell::new(0),
            handed_over: Cell::new(false),
        })
    }

    /// Sleeps until posted; true if the lock was handed over.
    pub fn wait(&self) -> bool {
        while self.word.load(Acquire) == EMPTY {
            machine::wait(&self.word, EMPTY);
        }
        self.word.store(EMPTY, Relaxed);
        self.handed_over.replace(false)
    }

    /// Ends the wait.
    pub fn post(&self, handed_over: bool) {
        self.handed_over.set(handed_over);
        self.word.swap(POSTED, Release);
        machine::wake_one(&raw const self.word);
    }

    fn touch(self: &Rc<Node>) {
        touch(Rc::as_ptr(self), Access::Write);
    }
}

/// The waiters; whoever calls has the lock that guards them.
#[derive(Default)]
#[repr(align(64))]
pub struct Waiters(RefCell<VecDeque<Rc<Node>>>);

impl Waiters {
    fn touch(&self) {
        touch(self, Access::Write);
    }

    pub fn push(&self, node: Rc<Node>) {
        self.touch();
        if let Some(last) = self.last() {
            last.touch();
        }
        self.0.borrow_mut().push_back(node);
    }

    fn last(&self) -> Option<Rc<Node>> {
        self.0.borrow().back().cloned()
    }

    /// Takes the first one out; and whether more stay.
    pub fn pop(&self) -> Option<(Rc<Node>, bool)> {
        self.touch();
        let node = self.0.borrow_mut().pop_front()?;
        node.touch();
        let next = self.0.borrow().front().cloned();
        if let Some(next) = &next {
            next.touch();
        }
        Some((node, next.is_some()))
    }
}
