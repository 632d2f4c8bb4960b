//! What do the other primitives cost that nobody fights for, and a sleep with its wake-up?

use benches::cpython;
use benches::paired::{Options, Table};
use py_sync::{Event, LockFlags, OnceFlag, RecursiveMutex, RwMutex, SeqCell};
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

fn main() {
    let options = Options::from_args();
    set_already(&options);
    read_pair(&options);
    seqlock(&options);
    reentrant(&options);
    round_trip(&options);
}

fn set_already(options: &Options) {
    let (event, once, theirs) = (Event::new(), OnceFlag::new(), std::sync::Once::new());
    event.notify();
    let _ = once.call(|| Ok::<(), ()>(()));
    theirs.call_once(|| {});
    let pl = parking_lot_13::Once::new();
    pl.call_once(|| {});
    let repeat = |n: u64, f: &dyn Fn()| (0..n).for_each(|_| f());
    let mut table = Table::new("once and event, already set", "look");
    table.peer("py-sync OnceFlag", |n| {
        for _ in 0..n {
            let _ = black_box(&once).call(|| Ok::<(), ()>(()));
        }
    });
    table.peer("py-sync Event", |n| {
        for _ in 0..n {
            black_box(&event).wait();
        }
    });
    table.peer("std Once", |n| {
        for _ in 0..n {
            black_box(&theirs).call_once(|| {});
        }
    });
    table.peer("parking_lot 0.13 Once", |n| {
        for _ in 0..n {
            black_box(&pl).call_once(|| {});
        }
    });
    // SAFETY: `int _PyEvent_IsSet(PyEvent *)`.
    let is_set: Option<unsafe extern "C" fn(*mut u8) -> i32> =
        unsafe { cpython::symbol("_PyEvent_IsSet") };
    if let Some(is_set) = is_set {
        let mut byte = 1u8;
        let byte = &raw mut byte;
        table.peer("CPython's _PyEvent_IsSet", move |n| {
            repeat(n, &|| {
                // SAFETY: an event is one byte, and it is alive.
                black_box(unsafe { is_set(byte) });
            });
        });
    }
    table.run(options);
}

fn read_pair(options: &Options) {
    let (ours, pl, std) = (
        RwMutex::new(),
        parking_lot_13::RwLock::new(()),
        std::sync::RwLock::new(()),
    );
    let mut table = Table::new("a read lock, alone", "lock and unlock");
    table.peer("py-sync RwMutex", |n| {
        for _ in 0..n {
            drop(black_box(&ours).read_guard());
        }
    });
    table.peer("parking_lot 0.13", |n| {
        for _ in 0..n {
            drop(black_box(&pl).read());
        }
    });
    table.peer("std", |n| {
        for _ in 0..n {
            drop(black_box(&std).read().expect("nothing panics"));
        }
    });
    table.run(options);
}

fn seqlock(options: &Options) {
    let (ours, theirs) = (SeqCell::new([1u64, 2]), seqlock::SeqLock::new([1u64, 2]));
    let mut table = Table::new("seqlock, 16 bytes, read", "read");
    table.peer("py-sync SeqCell", |n| {
        for _ in 0..n {
            black_box(black_box(&ours).read());
        }
    });
    table.peer("seqlock crate", |n| {
        for _ in 0..n {
            black_box(black_box(&theirs).read());
        }
    });
    table.run(options);
}

fn reentrant(options: &Options) {
    let (ours, pl) = (
        RecursiveMutex::new(),
        parking_lot_13::ReentrantMutex::new(()),
    );
    let mut table = Table::new("recursive mutex, outer level", "lock and unlock");
    table.peer("py-sync", |n| {
        for _ in 0..n {
            black_box(&ours).lock();
            black_box(&ours).unlock();
        }
    });
    table.peer("parking_lot 0.13", |n| {
        for _ in 0..n {
            drop(black_box(&pl).lock());
        }
    });
    table.run(options);
    ours.lock();
    let held = pl.lock();
    let mut table = Table::new("recursive mutex, inner level", "lock and unlock");
    table.peer("py-sync", |n| {
        for _ in 0..n {
            black_box(&ours).lock();
            black_box(&ours).unlock();
        }
    });
    table.peer("parking_lot 0.13", |n| {
        for _ in 0..n {
            drop(black_box(&pl).lock());
        }
    });
    table.run(options);
    drop(held);
    ours.unlock();
}

/// Two threads that wake each other: a round trip is two sleeps and two wake-ups.
fn ping_pong(n: u64, sleep: fn(&AtomicU32, u32), wake: fn(&AtomicU32)) {
    let words = [AtomicU32::new(0), AtomicU32::new(0)];
    std::thread::scope(|scope| {
        let (a, b) = (&words[0], &words[1]);
        scope.spawn(move || {
            for i in 0..n as u32 {
                sleep(a, i);
                b.fetch_add(1, SeqCst);
                wake(b);
            }
        });
        for i in 0..n as u32 {
            a.fetch_add(1, SeqCst);
            wake(a);
            sleep(b, i);
        }
    });
}

fn round_trip(options: &Options) {
    let mut table = Table::new("park and unpark, unpinned", "round trip");
    table.peer("py-sync park", |n| {
        ping_pong(
            n,
            |word, i| {
                let key = word.as_ptr() as usize;
                // SAFETY: the key is the word's address; the closure does not call into the lot.
                while word.load(SeqCst) == i {
                    let still = || word.load(SeqCst) == i;
                    // SAFETY: as above.
                    let _ = unsafe { py_sync::park(key, still, 0, None, LockFlags::NONE) };
                }
            },
            |word| {
                // SAFETY: as above.
                unsafe { py_sync::unpark(word.as_ptr() as usize, |_, _| ()) };
            },
        );
    });
    table.peer("parking_lot_core", |n| {
        ping_pong(
            n,
            |word, i| {
                while word.load(SeqCst) == i {
                    let (key, still) = (word.as_ptr() as usize, || word.load(SeqCst) == i);
                    let token = parking_lot_core::DEFAULT_PARK_TOKEN;
                    // SAFETY: the key is the word's address; nothing calls into the lot.
                    unsafe { parking_lot_core::park(key, still, || {}, |_, _| {}, token, None) };
                }
            },
            |word| {
                let token = |_| parking_lot_core::DEFAULT_UNPARK_TOKEN;
                // SAFETY: as above.
                unsafe { parking_lot_core::unpark_one(word.as_ptr() as usize, token) };
            },
        );
    });
    table.run(options);
}
