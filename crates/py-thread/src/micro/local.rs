//! [`Local`]: what the microthreads of one scheduler share with it. Mailboxes (to wake their waiter)
//! and [`Spawner`](super::Spawner)s keep it alive too.
//!
//! Invariants:
//! * L1: requests of microthreads are queued, and carried out in that order when the round ends. So
//!   the result does not depend on how many runs a round is spread over.
//! * L2: an index is on the free list, or in use by one microthread, or reserved for one that will
//!   be adopted.

use super::id::{Id, serial};
use super::task_waker::Place;
use crate::ident::Ident;
use core::cell::{Cell, RefCell};

/// How many idents are minted at first; each block is twice the one before.
const FIRST_BLOCK: u64 = 16;
const LAST_BLOCK: u64 = 1 << 16;

/// A request that was made during a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Adopts this spawned microthread, if it is still there.
    Adopt(Id),
    Wake(Id),
    Kill(Id),
}

pub(super) struct Local {
    commands: RefCell<Vec<Command>>,
    pub(super) interval: Cell<u32>,
    free: RefCell<Vec<u32>>,
    /// How many indices were given out so far.
    len: Cell<u32>,
    /// The idents that are minted and not given out yet: first, end, and the size of the block.
    idents: Cell<(u64, u64, u64)>,
    /// The waker that tasks share. The first task makes it, and a new one is made when a task has
    /// kept it.
    pub(super) waker: Place,
}

impl Local {
    pub(super) fn new(interval: u32) -> Local {
        Local {
            commands: RefCell::new(Vec::new()),
            interval: Cell::new(interval),
            free: RefCell::new(Vec::new()),
            len: Cell::new(0),
            idents: Cell::new((0, 0, FIRST_BLOCK / 2)),
            waker: Cell::new(None),
        }
    }

    pub(super) fn ask(&self, command: Command) {
        self.commands.borrow_mut().push(command);
    }

    /// Takes the requests, and leaves the empty `spare` in their place.
    pub(super) fn take_commands(&self, spare: &mut Vec<Command>) {
        let mut commands = self.commands.borrow_mut();
        if !commands.is_empty() {
            core::mem::swap(&mut *commands, spare);
        }
    }

    pub(super) fn has_commands(&self) -> bool {
        !self.commands.borrow().is_empty()
    }

    /// A place and an ident for one more microthread.
    pub(super) fn new_id(&self) -> Id {
        let index = self.free.borrow_mut().pop().unwrap_or_else(|| {
            let index = self.len.get();
            assert!(index < u32::MAX, "2^32 microthreads at a time");
            self.len.set(index + 1);
            index
        });
        Id::new(index, serial(self.new_ident()))
    }

    fn new_ident(&self) -> u64 {
        let (mut from, mut to, mut size) = self.idents.get();
        if from == to {
            size = (size * 2).min(LAST_BLOCK);
            from = Ident::mint_block(size);
            to = from + size;
        }
        self.idents.set((from + 1, to, size));
        from
    }

    /// Frees a place: its microthread has ended, and no list holds it.
    pub(super) fn free(&self, index: u32) {
        self.free.borrow_mut().push(index);
    }
}
