//! `_PyOnceFlag`: the byte before, while and after an initialiser runs, alone and waited for.

use super::c::{self, Memory};
use super::helper::{Helper, until};
use super::{Random, Trace, compare};
use py_sync::OnceFlag;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};

type Initialiser = unsafe extern "C" fn(*mut c_void) -> c_int;
type CallOnce = unsafe extern "C" fn(*mut c_void, Initialiser, *mut c_void) -> c_int;

#[derive(Clone, Copy)]
enum Side {
    C(CallOnce),
    Ours,
}

fn byte(memory: Memory) -> u8 {
    // SAFETY: a byte of it is valid as an atomic.
    unsafe { memory.as_ref::<AtomicU8>() }.load(SeqCst)
}

/// What C calls: the closure behind `arg`.
unsafe extern "C" fn call_closure<F: FnMut() -> bool>(arg: *mut c_void) -> c_int {
    // SAFETY: `Side::call` passes its own closure, and waits.
    let f = unsafe { &mut *arg.cast::<F>() };
    if f() { 0 } else { -1 }
}

impl Side {
    /// True if it is done; `f` says whether its try succeeds.
    fn call<F: FnMut() -> bool>(self, memory: Memory, mut f: F) -> bool {
        match self {
            // The fast path is inlined in C.
            Side::C(_) if byte(memory) == 4 => true,
            Side::C(slow) => {
                let arg = (&raw mut f).cast();
                // SAFETY: the memory holds a flag, and `f` is alive and of that type.
                unsafe { slow(memory.at(), call_closure::<F>, arg) == 0 }
            }
            Side::Ours => {
                // SAFETY: a flag is one atomic byte, untried when zeroed.
                let once = unsafe { memory.as_ref::<OnceFlag>() };
                once.call(|| if f() { Ok(()) } else { Err(()) }).is_ok()
            }
        }
    }
}

fn program(side: Side, helper: &Helper, random: &mut Random) -> Trace {
    let memory = Memory::new();
    let mut trace = Trace::new();
    for _ in 0..6 {
        let succeeds = random.below(4) == 0;
        let waiter_succeeds = random.below(4) == 0;
        let mut waited_for = random.coin();
        let mut inside = 0;
        let done = side.call(memory, || {
            inside = u64::from(byte(memory));
            if waited_for {
                helper.start(move || u64::from(side.call(memory, || waiter_succeeds)));
                until("the helper waits", || byte(memory) == 3);
            }
            succeeds
        });
        waited_for &= inside != 0;
        let helped = if waited_for { helper.finish() } else { 9 };
        let result = u64::from(done) | inside << 8 | helped << 16;
        trace.push((result, byte(memory).into()));
    }
    trace
}

#[test]
fn the_bytes_are_the_same() {
    let Some(library) = c::library() else { return };
    // SAFETY: its type, as CPython's headers say.
    let c = Side::C(unsafe { c::function(library, "_PyOnceFlag_CallOnceSlow") });
    let helper = Helper::new();
    compare(
        |random| program(c, &helper, random),
        |random| program(Side::Ours, &helper, random),
    );
}
