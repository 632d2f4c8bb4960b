//! `_PySemaphore`: the status of each wait. The word is no part of C's interface.

use super::c::{self, Lock, Memory};
use super::helper::Helper;
use super::{LENGTH, Random, Trace, compare};
use py_sync::{LockFlags, LockStatus, ParkStatus, Semaphore};
use std::ffi::{c_int, c_void};
use std::time::Duration;

#[derive(Clone, Copy)]
enum Side {
    C {
        init: Lock,
        wait: unsafe extern "C" fn(*mut c_void, i64, c_int) -> c_int,
        wakeup: Lock,
        destroy: Lock,
    },
    Ours,
}

fn ours(memory: Memory) -> &'static Semaphore {
    // SAFETY: a semaphore is one atomic word, without a permit when zeroed.
    unsafe { memory.as_ref() }
}

impl Side {
    fn init(self) -> Memory {
        let memory = Memory::large();
        match self {
            // SAFETY: room enough for a `sem_t`, or a mutex and a condition variable.
            Side::C { init, .. } => unsafe { init(memory.at()) },
            Side::Ours => assert_eq!(ours(memory).permits(), 0),
        }
        memory
    }

    /// For ever if there is no timeout.
    fn wait(self, memory: Memory, nanos: Option<u64>) -> i32 {
        match self {
            Side::C { wait, .. } => {
                let nanos = nanos.map_or(-1, |n| n as i64);
                // SAFETY: initialised, here and below.
                unsafe { wait(memory.at(), nanos, 0) }
            }
            Side::Ours => {
                let timeout = nanos.map(Duration::from_nanos);
                let flags = LockFlags::FAIL_IF_INTERRUPTED;
                let status = match ours(memory).acquire_timed(timeout, flags) {
                    LockStatus::Acquired => ParkStatus::Ok,
                    LockStatus::Failure => ParkStatus::Timeout,
                    LockStatus::Intr => ParkStatus::Intr,
                };
                status as i32
            }
        }
    }

    fn wakeup(self, memory: Memory) {
        match self {
            // SAFETY: as above.
            Side::C { wakeup, .. } => unsafe { wakeup(memory.at()) },
            Side::Ours => ours(memory).release(),
        }
    }

    fn destroy(self, memory: Memory) {
        if let Side::C { destroy, .. } = self {
            // SAFETY: as above, and nobody waits.
            unsafe { destroy(memory.at()) };
        }
    }
}

fn program(side: Side, helper: &Helper, random: &mut Random) -> Trace {
    let memory = side.init();
    let mut trace = Trace::new();
    let (mut permits, mut waiting) = (0, false);
    for _ in 0..LENGTH {
        let result = match random.below(6) {
            0..2 => {
                side.wakeup(memory);
                match std::mem::take(&mut waiting) {
                    true => helper.finish(),
                    false => {
                        permits += 1;
                        9
                    }
                }
            }
            // Two that wait for one permit would race for it.
            2..4 => {
                let status = side.wait(memory, Some([0, 1, 1_000][random.below(3)]));
                permits -= u64::from(permits > 0);
                status as u64
            }
            4 if permits > 0 => {
                permits -= 1;
                side.wait(memory, None) as u64
            }
            5 if permits == 0 && !waiting => {
                waiting = true;
                helper.start(move || side.wait(memory, None) as u64);
                8
            }
            _ => continue,
        };
        trace.push((result, permits));
    }
    if waiting {
        side.wakeup(memory);
        trace.push((helper.finish(), permits));
    }
    // As many as the program has counted, and no more.
    for _ in 0..=permits {
        trace.push((side.wait(memory, Some(0)) as u64, 0));
    }
    side.destroy(memory);
    trace
}

#[test]
fn the_statuses_are_the_same() {
    let Some(library) = c::library() else { return };
    // SAFETY: their types, as CPython's headers say.
    let c = unsafe {
        let Some(init) = c::optional(library, "_PySemaphore_Init") else {
            println!("skipped: this libpython does not export _PySemaphore_Init");
            return;
        };
        Side::C {
            init,
            wait: c::function(library, "_PySemaphore_Wait"),
            wakeup: c::function(library, "_PySemaphore_Wakeup"),
            destroy: c::function(library, "_PySemaphore_Destroy"),
        }
    };
    let helper = Helper::new();
    compare(
        |random| program(c, &helper, random),
        |random| program(Side::Ours, &helper, random),
    );
}
