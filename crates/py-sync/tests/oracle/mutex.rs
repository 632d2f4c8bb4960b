//! `PyMutex`: the byte after every lock, unlock, timeout and wait.

use super::c::{self, Lock, Memory};
use super::helper::{Helper, until};
use super::{LENGTH, Random, Trace, compare};
use py_sync::{LockFlags, LockStatus, Mutex};
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};
use std::time::Duration;

type LockTimed = unsafe extern "C" fn(*mut c_void, i64, c_int) -> c_int;

/// One way to work on a byte.
#[derive(Clone, Copy)]
enum Side {
    C {
        lock: Lock,
        unlock: Lock,
        timed: Option<LockTimed>,
    },
    Ours,
}

fn sides() -> Option<[Side; 2]> {
    let library = c::library()?;
    // SAFETY: their types, as CPython's headers say.
    let c = unsafe {
        Side::C {
            lock: c::function(library, "PyMutex_Lock"),
            unlock: c::function(library, "PyMutex_Unlock"),
            timed: c::optional(library, "_PyMutex_LockTimed"),
        }
    };
    Some([c, Side::Ours])
}

fn byte(memory: Memory) -> u8 {
    // SAFETY: a byte of it is valid as an atomic.
    unsafe { memory.as_ref::<AtomicU8>() }.load(SeqCst)
}

fn ours(memory: Memory) -> &'static Mutex {
    // SAFETY: never freed, and touched by the locks in it only.
    unsafe { Mutex::from_ptr(memory.at().cast()) }
}

impl Side {
    fn lock(self, memory: Memory) {
        match self {
            // SAFETY: the memory holds a mutex.
            Side::C { lock, .. } => unsafe { lock(memory.at()) },
            Side::Ours => ours(memory).lock(),
        }
    }

    fn unlock(self, memory: Memory) {
        match self {
            // SAFETY: as above; it is locked, by the program's own book-keeping.
            Side::C { unlock, .. } => unsafe { unlock(memory.at()) },
            Side::Ours => ours(memory).unlock(),
        }
    }

    /// With a timeout in nanoseconds; `None` if this libpython does not export it.
    fn lock_timed(self, memory: Memory, nanos: u64) -> Option<u64> {
        match self {
            Side::C { timed, .. } => {
                // SAFETY: as above.
                let status = timed.map(|f| unsafe { f(memory.at(), nanos as i64, 0) });
                status.map(|status| status as u64)
            }
            Side::Ours => {
                let timeout = Some(Duration::from_nanos(nanos));
                Some(ours(memory).lock_timed(timeout, LockFlags::NONE) as u64)
            }
        }
    }
}

/// Timed operations only if C has them.
fn program(side: Side, with_timed: bool, helper: &Helper, random: &mut Random) -> Trace {
    let memory = Memory::new();
    let mut trace = Trace::new();
    let (mut locked, mut waiting) = (false, false);
    for _ in 0..LENGTH {
        let mut result = 0;
        match (random.below(8), locked) {
            (0..4, false) => {
                side.lock(memory);
                locked = true;
            }
            (0..5, true) => {
                side.unlock(memory);
                if waiting {
                    result = helper.finish();
                }
                (locked, waiting) = (waiting, false);
            }
            (5, true) if !waiting => {
                helper.start(move || {
                    side.lock(memory);
                    7
                });
                until("the helper waits", || byte(memory) == 3);
                waiting = true;
            }
            (_, _) if with_timed => {
                let nanos = [0, 1, 2_000][random.below(3)];
                result = side.lock_timed(memory, nanos).expect("exported");
                locked |= result == LockStatus::Acquired as u64;
            }
            _ => continue,
        }
        trace.push((result, byte(memory).into()));
    }
    if locked {
        side.unlock(memory);
    }
    if waiting {
        helper.finish();
        side.unlock(memory);
    }
    trace.push((0, byte(memory).into()));
    trace
}

#[test]
fn the_bytes_are_the_same() {
    let Some([c, rust]) = sides() else { return };
    let timed = c.lock_timed(Memory::new(), 0).is_some();
    let helper = Helper::new();
    let run = |side| {
        let helper = &helper;
        move |random: &mut Random| program(side, timed, helper, random)
    };
    compare(run(c), run(rust));
}

/// Over one byte, with nobody waiting: each takes what the other has freed, and frees what it took.
#[test]
fn a_byte_locked_by_one_is_locked_for_the_other() {
    let Some(sides) = sides() else { return };
    let (memory, mut random) = (Memory::new(), Random(5));
    for _ in 0..super::operations() {
        sides[random.below(2)].lock(memory);
        assert_eq!(byte(memory), 1);
        for side in sides {
            assert!(matches!(side.lock_timed(memory, 0), None | Some(0)));
        }
        assert!(!ours(memory).try_lock() && ours(memory).is_locked());
        sides[random.below(2)].unlock(memory);
        assert_eq!(byte(memory), 0);
        assert!(!ours(memory).try_unlock());
    }
}
