//! `PyEvent`: the byte after every wait and notify.

use super::c::{self, Ask, Lock, Memory};
use super::helper::{Helper, until};
use super::{Random, Trace, compare};
use py_sync::Event;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};
use std::time::Duration;

#[derive(Clone, Copy)]
enum Side {
    C {
        is_set: Ask,
        notify: Lock,
        wait: Lock,
        timed: unsafe extern "C" fn(*mut c_void, i64, c_int) -> c_int,
    },
    Ours,
}

fn ours(memory: Memory) -> &'static Event {
    // SAFETY: an event is one atomic byte, unset when zeroed.
    unsafe { memory.as_ref() }
}

fn byte(memory: Memory) -> u8 {
    // SAFETY: a byte of it is valid as an atomic.
    unsafe { memory.as_ref::<AtomicU8>() }.load(SeqCst)
}

impl Side {
    fn is_set(self, memory: Memory) -> bool {
        match self {
            // SAFETY: the memory holds an event, here and below.
            Side::C { is_set, .. } => unsafe { is_set(memory.at()) != 0 },
            Side::Ours => ours(memory).is_set(),
        }
    }

    fn notify(self, memory: Memory) {
        match self {
            // SAFETY: as above.
            Side::C { notify, .. } => unsafe { notify(memory.at()) },
            Side::Ours => ours(memory).notify(),
        }
    }

    fn wait(self, memory: Memory) {
        match self {
            // SAFETY: as above.
            Side::C { wait, .. } => unsafe { wait(memory.at()) },
            Side::Ours => ours(memory).wait(),
        }
    }

    fn wait_timed(self, memory: Memory, nanos: u64) -> bool {
        match self {
            // SAFETY: as above.
            Side::C { timed, .. } => unsafe { timed(memory.at(), nanos as i64, 1) != 0 },
            Side::Ours => ours(memory).wait_timed(Some(Duration::from_nanos(nanos)), true),
        }
    }
}

fn program(side: Side, helper: &Helper, random: &mut Random) -> Trace {
    let memory = Memory::new();
    let mut trace = Trace::new();
    let (mut set, mut waiting) = (false, false);
    for _ in 0..8 {
        let result = match random.below(8) {
            0..3 => u64::from(side.is_set(memory)),
            3..5 => u64::from(side.wait_timed(memory, [0, 1, 1_000][random.below(3)])),
            5 if !waiting && !set => {
                helper.start(move || {
                    side.wait(memory);
                    3
                });
                until("the helper waits", || byte(memory) == 2);
                waiting = true;
                0
            }
            6 => {
                side.notify(memory);
                set = true;
                match std::mem::take(&mut waiting) {
                    true => helper.finish(),
                    false => 0,
                }
            }
            _ if set => {
                side.wait(memory);
                1
            }
            _ => continue,
        };
        trace.push((result, byte(memory).into()));
    }
    side.notify(memory);
    if waiting {
        helper.finish();
    }
    trace.push((0, byte(memory).into()));
    trace
}

#[test]
fn the_bytes_are_the_same() {
    let Some(library) = c::library() else { return };
    // SAFETY: their types, as CPython's headers say.
    let c = unsafe {
        Side::C {
            is_set: c::function(library, "_PyEvent_IsSet"),
            notify: c::function(library, "_PyEvent_Notify"),
            wait: c::function(library, "PyEvent_Wait"),
            timed: c::function(library, "PyEvent_WaitTimed"),
        }
    };
    let helper = Helper::new();
    compare(
        |random| program(c, &helper, random),
        |random| program(Side::Ours, &helper, random),
    );
}
