//! `_PyRecursiveMutex`: byte, level, and whether there is an owner. (Idents are numbers of our own.)

use super::c::{self, Ask, Lock, Memory};
use super::helper::{Helper, until};
use super::{LENGTH, Random, Trace, compare};
use py_sync::RecursiveMutex;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering::SeqCst};

#[derive(Clone, Copy)]
enum Side {
    C {
        lock: Lock,
        unlock: Lock,
        is_locked: Ask,
    },
    Ours,
}

/// The fields, at CPython's offsets.
#[repr(C)]
struct Fields {
    mutex: AtomicU8,
    owner: AtomicU64,
    level: AtomicUsize,
}

fn seen(memory: Memory) -> u64 {
    // SAFETY: the layout of both sides.
    let fields: &Fields = unsafe { memory.as_ref() };
    let owned = u64::from(fields.owner.load(SeqCst) != 0);
    u64::from(fields.mutex.load(SeqCst)) | owned << 8 | (fields.level.load(SeqCst) as u64) << 16
}

fn ours(memory: Memory) -> &'static RecursiveMutex {
    // SAFETY: a recursive mutex is 24 bytes, free when zeroed.
    unsafe { memory.as_ref() }
}

impl Side {
    fn lock(self, memory: Memory) {
        match self {
            // SAFETY: the memory holds a recursive mutex, here and below.
            Side::C { lock, .. } => unsafe { lock(memory.at()) },
            Side::Ours => ours(memory).lock(),
        }
    }

    fn unlock(self, memory: Memory) {
        match self {
            // SAFETY: as above; this thread has it, by the program's book-keeping.
            Side::C { unlock, .. } => unsafe { unlock(memory.at()) },
            Side::Ours => ours(memory).unlock(),
        }
    }

    fn is_locked_here(self, memory: Memory) -> bool {
        match self {
            // SAFETY: as above.
            Side::C { is_locked, .. } => unsafe { is_locked(memory.at()) != 0 },
            Side::Ours => ours(memory).is_locked_by_current_thread(),
        }
    }
}

fn program(side: Side, helper: &Helper, random: &mut Random) -> Trace {
    let memory = Memory::new();
    let mut trace = Trace::new();
    let (mut held, mut waiting) = (0, false);
    for _ in 0..LENGTH {
        match random.below(9) {
            0..4 => {
                side.lock(memory);
                held += 1;
            }
            4..8 if held > 0 => {
                side.unlock(memory);
                held -= 1;
            }
            8 if held > 0 && !waiting => {
                helper.start(move || {
                    side.lock(memory);
                    u64::from(side.is_locked_here(memory))
                });
                until("the helper waits", || seen(memory) & 255 == 3);
                waiting = true;
            }
            _ => continue,
        }
        if held == 0 && std::mem::take(&mut waiting) {
            assert_eq!(helper.finish(), 1);
            trace.push((u64::from(side.is_locked_here(memory)), seen(memory)));
            helper.run(move || {
                side.unlock(memory);
                0
            });
        }
        trace.push((u64::from(side.is_locked_here(memory)), seen(memory)));
    }
    (0..held).for_each(|_| side.unlock(memory));
    if waiting {
        helper.finish();
        helper.run(move || {
            side.unlock(memory);
            0
        });
    }
    trace.push((0, seen(memory)));
    trace
}

#[test]
fn the_fields_are_the_same() {
    let Some(library) = c::library() else { return };
    // SAFETY: their types, as CPython's headers say.
    let c = unsafe {
        Side::C {
            lock: c::function(library, "_PyRecursiveMutex_Lock"),
            unlock: c::function(library, "_PyRecursiveMutex_Unlock"),
            is_locked: c::function(library, "_PyRecursiveMutex_IsLockedByCurrentThread"),
        }
    };
    let helper = Helper::new();
    compare(
        |random| program(c, &helper, random),
        |random| program(Side::Ours, &helper, random),
    );
}
