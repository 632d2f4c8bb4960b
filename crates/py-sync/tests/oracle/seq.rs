//! `_PySeqLock`: the counter and every answer.

use super::c::{self, Ask, Lock, Memory};
use super::{LENGTH, Random, Trace, compare};
use py_sync::SeqLock;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

#[derive(Clone, Copy)]
enum Side {
    C {
        write: [Lock; 3],
        begin: unsafe extern "C" fn(*mut c_void) -> u32,
        end: unsafe extern "C" fn(*mut c_void, u32) -> c_int,
        after_fork: Ask,
    },
    Ours,
}

fn counter(memory: Memory) -> &'static AtomicU32 {
    // SAFETY: 4 bytes of it are valid as an atomic.
    unsafe { memory.as_ref() }
}

impl Side {
    /// 0 locks, 1 unlocks, 2 abandons.
    fn write(self, memory: Memory, op: usize) {
        // SAFETY: a lock is one atomic `u32`, free when even.
        let ours: &SeqLock = unsafe { memory.as_ref() };
        match (self, op) {
            // SAFETY: the memory holds a lock, here and below.
            (Side::C { write, .. }, op) => unsafe { write[op](memory.at()) },
            (_, 0) => ours.lock_write(),
            (_, 1) => ours.unlock_write(),
            _ => ours.abandon_write(),
        }
    }

    fn begin_read(self, memory: Memory) -> u32 {
        match self {
            // SAFETY: as above.
            Side::C { begin, .. } => unsafe { begin(memory.at()) },
            // SAFETY: as above.
            Side::Ours => unsafe { memory.as_ref::<SeqLock>() }.begin_read(),
        }
    }

    fn end_read(self, memory: Memory, begun: u32) -> bool {
        match self {
            // SAFETY: as above.
            Side::C { end, .. } => unsafe { end(memory.at(), begun) != 0 },
            // SAFETY: as above.
            Side::Ours => unsafe { memory.as_ref::<SeqLock>() }.end_read(begun),
        }
    }

    fn after_fork(self, memory: Memory) -> bool {
        match self {
            // SAFETY: as above.
            Side::C { after_fork, .. } => unsafe { after_fork(memory.at()) != 0 },
            // SAFETY: as above.
            Side::Ours => unsafe { memory.as_ref::<SeqLock>() }.after_fork(),
        }
    }
}

fn program(side: Side, random: &mut Random) -> Trace {
    let memory = Memory::new();
    let start = [0, 2, 1 << 31, u32::MAX - 9][random.below(4)];
    counter(memory).store(start, SeqCst);
    let mut trace = Trace::new();
    let (mut writing, mut begun) = (false, start);
    for _ in 0..LENGTH {
        let result = match (random.below(9), writing) {
            (0..4, false) => {
                side.write(memory, 0);
                writing = true;
                0
            }
            (0..4, true) => {
                side.write(memory, 1 + random.below(2));
                writing = false;
                0
            }
            (4..6, false) => {
                begun = side.begin_read(memory);
                u64::from(begun)
            }
            (8, _) => {
                writing = false;
                u64::from(side.after_fork(memory))
            }
            _ => u64::from(side.end_read(memory, begun)),
        };
        trace.push((result, counter(memory).load(SeqCst).into()));
    }
    trace
}

#[test]
fn the_counters_are_the_same() {
    let Some(library) = c::library() else { return };
    // SAFETY: their types, as CPython's headers say.
    let c = unsafe {
        Side::C {
            write: [
                "_PySeqLock_LockWrite",
                "_PySeqLock_UnlockWrite",
                "_PySeqLock_AbandonWrite",
            ]
            .map(|name| c::function(library, name)),
            begin: c::function(library, "_PySeqLock_BeginRead"),
            end: c::function(library, "_PySeqLock_EndRead"),
            after_fork: c::function(library, "_PySeqLock_AfterFork"),
        }
    };
    compare(
        |random| program(c, random),
        |random| program(Side::Ours, random),
    );
}
