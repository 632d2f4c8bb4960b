//! The parking lot: who is woken, in which order, and what is said of those who are left.

use super::c::{self, Memory};
use super::helper::{Helper, until};
use super::{Random, Trace, compare};
use py_sync::{LockFlags, park, unpark, unpark_all};
use std::ffi::{c_int, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

type Park =
    unsafe extern "C" fn(*const c_void, *const c_void, usize, i64, *mut c_void, c_int) -> c_int;
type Callback = unsafe extern "C" fn(*mut c_void, *mut c_void, c_int);
type Unpark = unsafe extern "C" fn(*const c_void, Callback, *mut c_void);

#[derive(Clone, Copy)]
enum Side {
    C {
        park: Park,
        unpark: Unpark,
        unpark_all: unsafe extern "C" fn(*const c_void),
    },
    Ours,
}

/// The arguments of a callback: the token, 0 if there was no waiter, and whether there are more.
unsafe extern "C" fn told(arg: *mut c_void, token: *mut c_void, has_more: c_int) {
    // SAFETY: `Side::unpark` passes its own pair, and waits.
    unsafe { *arg.cast::<(usize, bool)>() = (token.addr(), has_more != 0) };
}

/// A place that threads park on, in an arena of bytes of which none is written.
#[derive(Clone, Copy)]
struct Place(Memory, usize);

impl Place {
    fn at(self) -> *const c_void {
        self.0.at().cast::<u8>().wrapping_add(self.1).cast()
    }
}

impl Side {
    /// 0 if it was woken, as in C. It parks if the byte there is `expected`.
    fn park(self, place: Place, expected: u8, token: usize, timeout: Option<Duration>) -> i32 {
        match self {
            Side::C { park, .. } => {
                let nanos = timeout.map_or(-1, |timeout| timeout.as_nanos() as i64);
                let (expected, token) =
                    (&raw const expected, std::ptr::without_provenance_mut(token));
                // SAFETY: a byte is read at either address, and both are alive.
                unsafe { park(place.at(), expected.cast(), 1, nanos, token, 0) }
            }
            Side::Ours => {
                // SAFETY: alive, and never written.
                let as_expected = || unsafe { *place.at().cast::<u8>() } == expected;
                let key = place.at().addr();
                // SAFETY: the key is the address of a byte of this test's.
                unsafe { park(key, as_expected, token, timeout, LockFlags::NONE) as i32 }
            }
        }
    }

    fn unpark(self, place: Place) -> (usize, bool) {
        let mut seen = (0, false);
        match self {
            Side::C { unpark, .. } => {
                // SAFETY: `told` writes to `seen`, which is alive.
                unsafe { unpark(place.at(), told, (&raw mut seen).cast()) };
            }
            Side::Ours => {
                let callback = |token: Option<usize>, more| (token.unwrap_or(0), more);
                // SAFETY: as in `park`.
                seen = unsafe { unpark(place.at().addr(), callback) };
            }
        }
        seen
    }

    fn unpark_all(self, place: Place) {
        match self {
            // SAFETY: nothing is read there.
            Side::C { unpark_all, .. } => unsafe { unpark_all(place.at()) },
            Side::Ours => {
                // SAFETY: as in `park`.
                unsafe { unpark_all(place.at().addr()) };
            }
        }
    }
}

/// True if the thread sleeps in the kernel.
fn sleeps(tid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/self/task/{tid}/stat")).unwrap_or_default();
    stat.rsplit(')')
        .next()
        .is_some_and(|rest| rest.trim_start().starts_with('S'))
}

/// Parks on `place` and returns once the thread is asleep there.
fn park_helper(side: Side, helper: &Helper, place: Place, token: usize) {
    let tid = Arc::new(AtomicU32::new(0));
    let told = Arc::clone(&tid);
    helper.start(move || {
        // SAFETY: no precondition.
        told.store(unsafe { libc::gettid() } as u32, SeqCst);
        u64::from(side.park(place, 0, token, None).unsigned_abs())
    });
    until("the helper sleeps", || match tid.load(SeqCst) {
        0 => false,
        tid => sleeps(tid),
    });
}

/// Some threads park in an order, on places of which two share a bucket; then they are woken.
fn program(side: Side, arena: Memory, helpers: &[Helper], random: &mut Random) -> Trace {
    let places = [0, 1, 257, 514].map(|offset| Place(arena, offset));
    let mut trace = Trace::new();
    let mut parked = Vec::new();
    for (i, helper) in helpers.iter().enumerate() {
        let place = random.below(4);
        park_helper(side, helper, places[place], 100 + i);
        parked.push((place, i));
    }
    let briefly = Some(Duration::from_micros(1));
    trace.push((
        0,
        u64::from(side.park(places[1], 1, 1, None).unsigned_abs()),
    ));
    trace.push((
        1,
        u64::from(side.park(places[2], 0, 1, briefly).unsigned_abs()),
    ));
    trace.push((
        2,
        u64::from(
            side.park(places[3], 0, 1, Some(Duration::ZERO))
                .unsigned_abs(),
        ),
    ));
    while !parked.is_empty() {
        let place = random.below(4);
        let (gone, left): (Vec<_>, Vec<_>) = if random.below(6) == 0 {
            side.unpark_all(places[place]);
            parked.iter().partition(|(p, _)| *p == place)
        } else {
            let (token, more) = side.unpark(places[place]);
            trace.push((token as u64, u64::from(more)));
            parked.iter().partition(|(_, i)| 100 + i == token)
        };
        for (_, i) in &gone {
            trace.push((*i as u64, helpers[*i].finish()));
        }
        parked = left;
    }
    trace
}

#[test]
#[cfg(target_os = "linux")]
fn the_order_is_the_same() {
    let Some(library) = c::library() else { return };
    // SAFETY: their types, as CPython's headers say.
    let c = unsafe {
        Side::C {
            park: c::function(library, "_PyParkingLot_Park"),
            unpark: c::function(library, "_PyParkingLot_Unpark"),
            unpark_all: c::function(library, "_PyParkingLot_UnparkAll"),
        }
    };
    let helpers: Vec<_> = (0..4).map(|_| Helper::new()).collect();
    let arena = Memory::large();
    compare(
        |random| program(c, arena, &helpers, random),
        |random| program(Side::Ours, arena, &helpers, random),
    );
}
