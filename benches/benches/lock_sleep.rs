//! What does a sleep with its wake-up cost? Two threads wake each other through a parking lot; a
//! round trip is two sleeps and two wake-ups.

use benches::cpython;
use benches::paired::{Options, Table};
use benches::pin::pin_current;
use py_sync::LockFlags;
use std::ffi::c_void;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// A parking lot.
trait Lot {
    const NAME: &'static str;
    /// Sleeps while the word is `value`, or returns at once; may return early.
    fn park(word: &AtomicU32, value: u32);
    /// Wakes the one that sleeps on the word, if there is one.
    fn unpark(word: &AtomicU32);
    fn exists() -> bool {
        true
    }
}

struct Ours;

impl Lot for Ours {
    const NAME: &'static str = "py-sync";

    fn park(word: &AtomicU32, value: u32) {
        let still = || word.load(SeqCst) == value;
        // SAFETY: the key is the word's address; the closure does not call into the lot.
        let _ = unsafe { py_sync::park(word.as_ptr() as usize, still, 0, None, LockFlags::NONE) };
    }

    fn unpark(word: &AtomicU32) {
        // SAFETY: as above.
        unsafe { py_sync::unpark(word.as_ptr() as usize, |_, _| ()) };
    }
}

struct Core;

impl Lot for Core {
    const NAME: &'static str = "parking_lot_core 0.10";

    fn park(word: &AtomicU32, value: u32) {
        let (key, still) = (word.as_ptr() as usize, || word.load(SeqCst) == value);
        let token = parking_lot_core::DEFAULT_PARK_TOKEN;
        // SAFETY: the key is the word's address; nothing calls into the lot.
        unsafe { parking_lot_core::park(key, still, || {}, |_, _| {}, token, None) };
    }

    fn unpark(word: &AtomicU32) {
        let token = |_| parking_lot_core::DEFAULT_UNPARK_TOKEN;
        // SAFETY: as above.
        unsafe { parking_lot_core::unpark_one(word.as_ptr() as usize, token) };
    }
}

type Callback = unsafe extern "C" fn(*mut c_void, *mut c_void, i32);
type ParkFn =
    unsafe extern "C" fn(*const u32, *const u32, usize, i64, *mut c_void, detach: i32) -> i32;
type UnparkFn = unsafe extern "C" fn(*const u32, Callback, *mut c_void);

fn c_functions() -> Option<(ParkFn, UnparkFn)> {
    static FUNCTIONS: OnceLock<Option<(ParkFn, UnparkFn)>> = OnceLock::new();
    *FUNCTIONS.get_or_init(|| {
        // SAFETY: `Include/internal/pycore_parking_lot.h`; the addresses are of words of the size
        // that is passed beside them.
        unsafe {
            let park = cpython::symbol("_PyParkingLot_Park")?;
            Some((park, cpython::symbol("_PyParkingLot_Unpark")?))
        }
    })
}

struct C;

impl Lot for C {
    const NAME: &'static str = "CPython's C";

    fn park(word: &AtomicU32, value: u32) {
        let (park, _) = c_functions().expect("asked for only where it exists");
        let (address, nothing) = (word.as_ptr(), std::ptr::null_mut());
        // SAFETY: both addresses are of a u32; no timeout; without detaching no interpreter is
        // asked for.
        unsafe { park(address, &raw const value, 4, -1, nothing, 0) };
    }

    fn unpark(word: &AtomicU32) {
        unsafe extern "C" fn ignore(_: *mut c_void, _: *mut c_void, _: i32) {}
        let (_, unpark) = c_functions().expect("asked for only where it exists");
        // SAFETY: the callback reads nothing.
        unsafe { unpark(word.as_ptr(), ignore, std::ptr::null_mut()) };
    }

    fn exists() -> bool {
        c_functions().is_some()
    }
}

/// Adds one to the word and wakes its waiter.
fn tell<L: Lot>(word: &AtomicU32) {
    word.fetch_add(1, SeqCst);
    L::unpark(word);
}

/// Sleeps until the word is not `value`.
fn hear<L: Lot>(word: &AtomicU32, value: u32) {
    while word.load(SeqCst) == value {
        L::park(word, value);
    }
}

#[repr(align(256))]
struct Line(AtomicU32);

/// Nanoseconds per round trip, over a run of `slice`.
fn ping_pong<L: Lot>(pinned: bool, slice: Duration) -> f64 {
    let (ping, pong) = (Line(AtomicU32::new(0)), Line(AtomicU32::new(0)));
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (ping, pong, stop) = (&ping.0, &pong.0, &stop);
        let on = move |processor| pinned.then(|| pin_current(processor));
        scope.spawn(move || {
            on(1);
            for i in 0.. {
                hear::<L>(ping, i);
                // Before the answer: after it, the asker may already be on its last trip.
                let last = stop.load(SeqCst);
                tell::<L>(pong);
                if last {
                    break;
                }
            }
        });
        // Not the main thread: threads that start later would inherit its processors.
        let asker = scope.spawn(move || {
            on(0);
            let trip = |i| {
                tell::<L>(ping);
                hear::<L>(pong, i);
            };
            // The first waits for the other thread's start.
            trip(0);
            let (start, mut trips) = (Instant::now(), 0);
            while start.elapsed() < slice {
                for _ in 0..8 {
                    trips += 1;
                    trip(trips);
                }
            }
            let nanos = start.elapsed().as_nanos() as f64 / f64::from(trips);
            stop.store(true, SeqCst);
            trip(trips + 1);
            nanos
        });
        asker.join().expect("no thread panics")
    })
}

fn add<L: Lot>(table: &mut Table<'_>, pinned: bool) {
    if L::exists() {
        table.timed(L::NAME, move |slice| ping_pong::<L>(pinned, slice));
    }
}

fn main() {
    let options = Options::from_args();
    for (pinned, how) in [(false, "unpinned"), (true, "pinned on two processors")] {
        let mut table = Table::new(format!("park and unpark, {how}"), "round trip");
        add::<Ours>(&mut table, pinned);
        add::<Core>(&mut table, pinned);
        add::<C>(&mut table, pinned);
        table.run(&options);
    }
}
