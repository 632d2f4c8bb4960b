//! What do the other primitives cost that nobody fights for?

use benches::cpython;
use benches::paired::{Options, Table};
use py_sync::{Event, OnceFlag, RecursiveMutex, SeqCell, SeqLock};
use std::ffi::c_void;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

fn main() {
    let options = Options::from_args();
    set_already(&options);
    seqlock_read(&options);
    seqlock_write(&options);
    reentrant(&options, "outer", false);
    reentrant(&options, "inner", true);
}

/// The body of a peer: the expression, over and over.
macro_rules! repeat {
    (move $operation:expr) => {
        move |n| {
            for _ in 0..n {
                $operation;
            }
        }
    };
    ($operation:expr) => {
        |n| {
            for _ in 0..n {
                $operation;
            }
        }
    };
}

fn set_already(options: &Options) {
    let (event, once, std) = (Event::new(), OnceFlag::new(), std::sync::Once::new());
    event.notify();
    once.call(|| Ok::<(), ()>(())).expect("it returns Ok");
    std.call_once(|| {});
    let (pl13, pl12) = (parking_lot_13::Once::new(), parking_lot_12::Once::new());
    pl13.call_once(|| {});
    pl12.call_once(|| {});
    let mut table = Table::new("once and event, already set", "look");
    table.peer(
        "py-sync OnceFlag::call",
        repeat!(black_box(
            black_box(&once).call(|| Ok::<(), ()>(())).is_ok()
        )),
    );
    table.peer("py-sync Event::wait", repeat!(black_box(&event).wait()));
    table.peer(
        "py-sync Event::is_set",
        repeat!(black_box(black_box(&event).is_set())),
    );
    table.peer("std Once", repeat!(black_box(&std).call_once(|| {})));
    table.peer(
        "parking_lot 0.13 Once",
        repeat!(black_box(&pl13).call_once(|| {})),
    );
    table.peer(
        "parking_lot 0.12 Once",
        repeat!(black_box(&pl12).call_once(|| {})),
    );
    type IsSet = unsafe extern "C" fn(*mut u8) -> i32;
    let mut set = 1u8;
    let set = &raw mut set;
    // SAFETY: `int _PyEvent_IsSet(PyEvent *)`.
    if let Some(is_set) = unsafe { cpython::symbol::<IsSet>("_PyEvent_IsSet") } {
        // SAFETY: an event is one byte, and it is alive.
        let look = move || unsafe { is_set(black_box(set)) };
        table.peer("CPython's _PyEvent_IsSet", repeat!(move black_box(look())));
    }
    type Initialise = unsafe extern "C" fn(*mut c_void) -> i32;
    type Call = unsafe extern "C" fn(*mut u8, Initialise, *mut c_void) -> i32;
    unsafe extern "C" fn nothing(_: *mut c_void) -> i32 {
        0
    }
    let mut flag = 0u8;
    let flag = &raw mut flag;
    // SAFETY: `int _PyOnceFlag_CallOnceSlow(_PyOnceFlag *, _Py_once_fn_t *, void *)`.
    if let Some(call) = unsafe { cpython::symbol::<Call>("_PyOnceFlag_CallOnceSlow") } {
        // SAFETY: a flag is one byte, and it is alive.
        let look = move || unsafe { call(black_box(flag), nothing, std::ptr::null_mut()) };
        table.peer(
            "CPython's _PyOnceFlag_CallOnceSlow",
            repeat!(move black_box(look())),
        );
    }
    table.run(options);
}

/// CPython's sequence lock over two words.
#[derive(Clone, Copy)]
struct CSeqLock {
    begin: unsafe extern "C" fn(*mut u32) -> u32,
    end: unsafe extern "C" fn(*mut u32, u32) -> i32,
    lock: unsafe extern "C" fn(*mut u32),
    unlock: unsafe extern "C" fn(*mut u32),
    seq: *mut u32,
}

impl CSeqLock {
    fn new(seq: *mut u32) -> Option<CSeqLock> {
        // SAFETY: `Include/internal/pycore_lock.h`: all take a `_PySeqLock *`, a struct of one
        // `uint32_t`.
        unsafe {
            Some(CSeqLock {
                begin: cpython::symbol("_PySeqLock_BeginRead")?,
                end: cpython::symbol("_PySeqLock_EndRead")?,
                lock: cpython::symbol("_PySeqLock_LockWrite")?,
                unlock: cpython::symbol("_PySeqLock_UnlockWrite")?,
                seq,
            })
        }
    }

    #[inline]
    fn read(self, words: &[AtomicU64; 2]) -> [u64; 2] {
        loop {
            // SAFETY: whoever made this keeps the lock alive.
            let begun = unsafe { (self.begin)(self.seq) };
            let value = [words[0].load(Relaxed), words[1].load(Relaxed)];
            // SAFETY: as above.
            if unsafe { (self.end)(self.seq, begun) } != 0 {
                return value;
            }
        }
    }

    #[inline]
    fn write(self, words: &[AtomicU64; 2], value: [u64; 2]) {
        // SAFETY: whoever made this keeps the lock alive.
        unsafe { (self.lock)(self.seq) };
        words[0].store(value[0], Relaxed);
        words[1].store(value[1], Relaxed);
        // SAFETY: as above; locked above.
        unsafe { (self.unlock)(self.seq) };
    }
}

fn read_with(lock: &SeqLock, words: &[AtomicU64; 2]) -> [u64; 2] {
    loop {
        let begun = lock.begin_read();
        let value = [words[0].load(Relaxed), words[1].load(Relaxed)];
        if lock.end_read(begun) {
            return value;
        }
    }
}

fn write_with(lock: &SeqLock, words: &[AtomicU64; 2], value: [u64; 2]) {
    lock.lock_write();
    words[0].store(value[0], Relaxed);
    words[1].store(value[1], Relaxed);
    lock.unlock_write();
}

fn seqlock_read(options: &Options) {
    let (cell, theirs) = (SeqCell::new([1u64, 2]), seqlock::SeqLock::new([1u64, 2]));
    let (lock, words) = (SeqLock::new(), [AtomicU64::new(1), AtomicU64::new(2)]);
    let mut seq = 0u32;
    let mut table = Table::new("seqlock, 16 bytes, read", "read");
    table.peer(
        "py-sync SeqCell",
        repeat!(black_box(black_box(&cell).read())),
    );
    table.peer(
        "py-sync SeqLock",
        repeat!(black_box(read_with(black_box(&lock), black_box(&words)))),
    );
    table.peer(
        "seqlock crate",
        repeat!(black_box(black_box(&theirs).read())),
    );
    if let Some(c) = CSeqLock::new(&raw mut seq) {
        let words = &words;
        table.peer(
            "CPython's C",
            repeat!(move black_box(c.read(black_box(words)))),
        );
    }
    table.run(options);
}

fn seqlock_write(options: &Options) {
    let (cell, theirs) = (SeqCell::new([1u64, 2]), seqlock::SeqLock::new([1u64, 2]));
    let (lock, words) = (SeqLock::new(), [AtomicU64::new(1), AtomicU64::new(2)]);
    let mut seq = 0u32;
    let value = [3u64, 4];
    let mut table = Table::new("seqlock, 16 bytes, write", "write");
    table.peer(
        "py-sync SeqCell",
        repeat!(black_box(&cell).write(black_box(value))),
    );
    table.peer(
        "py-sync SeqLock",
        repeat!(write_with(
            black_box(&lock),
            black_box(&words),
            black_box(value)
        )),
    );
    table.peer(
        "seqlock crate",
        repeat!(*black_box(&theirs).lock_write() = black_box(value)),
    );
    if let Some(c) = CSeqLock::new(&raw mut seq) {
        let words = &words;
        table.peer(
            "CPython's C",
            repeat!(move c.write(black_box(words), black_box(value))),
        );
    }
    table.run(options);
}

/// CPython's recursive mutex is 24 bytes with an alignment of 8: three words.
type RecursiveFn = unsafe extern "C" fn(*mut [u64; 3]);

/// A level on top of another if it is `held` already, or the outermost one.
fn reentrant(options: &Options, level: &str, held: bool) {
    let ours = RecursiveMutex::new();
    let pl13 = parking_lot_13::ReentrantMutex::new(());
    let pl12 = parking_lot_12::ReentrantMutex::new(());
    let mut words = [0u64; 3];
    let words = &raw mut words;
    // SAFETY: `Include/internal/pycore_lock.h`: both take a `_PyRecursiveMutex *`.
    let c = unsafe {
        cpython::symbol::<RecursiveFn>("_PyRecursiveMutex_Lock")
            .zip(cpython::symbol::<RecursiveFn>("_PyRecursiveMutex_Unlock"))
    };
    let guards = held.then(|| (ours.lock_guard(), pl13.lock(), pl12.lock()));
    let mut table = Table::new(format!("recursive mutex, {level} level"), "lock and unlock");
    table.peer("py-sync", |n| {
        for _ in 0..n {
            black_box(&ours).lock();
            black_box(&ours).unlock();
        }
    });
    table.peer("parking_lot 0.13", repeat!(drop(black_box(&pl13).lock())));
    table.peer("parking_lot 0.12", repeat!(drop(black_box(&pl12).lock())));
    if let Some((lock, unlock)) = c {
        // SAFETY: the mutex is alive. Nobody gives this level back: C's has no destructor.
        held.then(|| unsafe { lock(words) });
        table.peer("CPython's C", move |n| {
            for _ in 0..n {
                // SAFETY: the mutex is alive, and unlocked by the thread that locked it.
                unsafe {
                    lock(black_box(words));
                    unlock(black_box(words));
                }
            }
        });
    }
    table.run(options);
    drop(guards);
}
