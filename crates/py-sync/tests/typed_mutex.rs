//! The typed mutexes with real threads.
#![cfg(feature = "typed")]

use py_sync::LockStatus;
use py_sync::typed::lock_api::{
    self, GetThreadId, RawMutex as _, RawMutexFair as _, RawMutexTimed as _,
};
use py_sync::typed::{
    DetachingRawMutex, FairMutex, FairMutexGuard, Mutex, MutexGuard, RawByteMutex, RawFairMutex,
    RawMutex, RawThreadId, ReentrantMutex, const_fair_mutex, const_mutex, const_reentrant_mutex,
};
use static_assertions::{assert_impl_all, assert_not_impl_any, const_assert_eq};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

const MS: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(60);

const_assert_eq!(size_of::<RawMutex>(), 1);
const_assert_eq!(size_of::<DetachingRawMutex>(), 1);
const_assert_eq!(size_of::<RawFairMutex>(), 1);
const_assert_eq!(size_of::<RawThreadId>(), 0);
const_assert_eq!(size_of::<Mutex<[u8; 7]>>(), 8);
assert_impl_all!(Mutex<Cell<u8>>: Send, Sync);
assert_impl_all!(MutexGuard<'static, u8>: Sync);
assert_not_impl_any!(MutexGuard<'static, u8>: Send);
assert_not_impl_any!(Mutex<*const u8>: Sync);

static A: Mutex<u32> = const_mutex(1);
static B: FairMutex<u32> = const_fair_mutex(2);
static C: ReentrantMutex<u32> = const_reentrant_mutex(3);

fn byte<const DETACH: bool, const FAIR: bool>(raw: &RawByteMutex<DETACH, FAIR>) -> u8 {
    let raw = std::ptr::from_ref(raw);
    // SAFETY: `RawByteMutex` is `repr(transparent)` over one atomic byte.
    unsafe { &*raw.cast::<std::sync::atomic::AtomicU8>() }.load(SeqCst)
}

fn wait_until_parked_on<const DETACH: bool, const FAIR: bool>(raw: &RawByteMutex<DETACH, FAIR>) {
    for _ in 0..2_000 {
        if byte(raw) == 3 {
            return;
        }
        std::thread::sleep(MS);
    }
    panic!("nobody parks: {}", byte(raw));
}

#[test]
fn statics_start_unlocked_with_their_values() {
    assert_eq!((*A.lock(), *B.lock(), *C.lock()), (1, 2, 3));
    assert!(!A.is_locked() && !B.is_locked() && !C.is_locked());
}

#[test]
fn zeroed_memory_is_an_unlocked_mutex() {
    // SAFETY: all-zero bytes are an unlocked raw mutex and a valid array.
    let m: Mutex<[u8; 3]> = unsafe { std::mem::zeroed() };
    assert_eq!(*m.try_lock().expect("unlocked"), [0; 3]);
    // SAFETY: all-zero bytes are an unlocked raw mutex.
    let raw: DetachingRawMutex = unsafe { std::mem::zeroed() };
    assert!(raw.try_lock());
}

fn counts_every_turn<const DETACH: bool, const FAIR: bool>() {
    let rounds = if cfg!(miri) { 20 } else { 20_000 };
    let m: lock_api::Mutex<RawByteMutex<DETACH, FAIR>, usize> = lock_api::Mutex::new(0);
    let timed_out = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for seed in 0..4 {
            let (m, timed_out) = (&m, &timed_out);
            scope.spawn(move || {
                for round in 0..rounds {
                    match (seed + round) % 5 {
                        0 => *m.lock() += 1,
                        1 => {
                            let mut guard = m.lock();
                            *guard += 1;
                            lock_api::MutexGuard::unlock_fair(guard);
                        }
                        2 => {
                            let mut guard = m.lock();
                            lock_api::MutexGuard::bump(&mut guard);
                            *guard += 1;
                        }
                        3 => match m.try_lock_for(Duration::from_nanos(round as u64 % 9_000)) {
                            Some(mut guard) => *guard += 1,
                            None => drop(timed_out.fetch_add(1, SeqCst)),
                        },
                        _ => {
                            let mut guard = m.lock();
                            lock_api::MutexGuard::unlocked(&mut guard, || ());
                            *guard += 1;
                        }
                    }
                }
            });
        }
    });
    assert_eq!(m.into_inner() + timed_out.into_inner(), 4 * rounds);
}

#[test]
fn each_kind_of_mutex_counts_every_turn() {
    counts_every_turn::<false, false>();
    counts_every_turn::<false, true>();
    counts_every_turn::<true, false>();
    counts_every_turn::<true, true>();
}

#[test]
fn a_fair_unlock_hands_over_to_a_waiter_that_just_came() {
    let raw = RawMutex::INIT;
    for _ in 0..if cfg!(miri) { 3 } else { 200 } {
        raw.lock();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                raw.lock();
                assert!(raw.try_unlock());
            });
            wait_until_parked_on(&raw);
            // SAFETY: locked above.
            unsafe { raw.unlock_fair() };
        });
        assert!(!raw.is_locked());
    }
}

#[test]
fn who_bumps_lets_the_waiter_have_a_turn_first() {
    let m = Mutex::new(Vec::new());
    let mut guard = m.lock();
    std::thread::scope(|scope| {
        scope.spawn(|| m.lock().push("waiter"));
        // SAFETY: looks at the byte only.
        wait_until_parked_on(unsafe { m.raw() });
        MutexGuard::bump(&mut guard);
        guard.push("holder");
        drop(guard);
    });
    assert_eq!(m.into_inner(), ["waiter", "holder"]);
}

/// Whoever unlocks a fair mutex cannot have it again before the waiter had its turn.
#[test]
fn nobody_barges_at_a_fair_mutex() {
    let m = FairMutex::new(0);
    for round in 0..if cfg!(miri) { 3 } else { 200 } {
        let guard = m.lock();
        std::thread::scope(|scope| {
            scope.spawn(|| *m.lock() += 1);
            // SAFETY: looks at the byte only.
            wait_until_parked_on(unsafe { m.raw() });
            match round % 2 {
                0 => drop(guard),
                _ => FairMutexGuard::unlock_fair(guard),
            }
            if let Some(turns) = m.try_lock() {
                assert_eq!(*turns, round + 1, "the waiter was first");
            }
        });
    }
}

#[test]
fn timed_locks_last_their_time_and_no_longer() {
    let raw = RawMutex::INIT;
    raw.lock();
    let start = Instant::now();
    assert!(!raw.try_lock_for(MS * 10));
    assert!(!raw.try_lock_until(start + MS * 20));
    assert!(start.elapsed() >= MS * 20);
    assert!(!raw.try_lock_until(start), "an instant that has passed");
    assert!(!raw.try_lock_for(Duration::ZERO));
    assert_eq!(raw.lock_interruptible(Some(start)), LockStatus::Failure);
    assert!(raw.try_unlock() && !raw.try_unlock());
    assert!(raw.try_lock_until(start), "free: the time does not matter");
    std::thread::scope(|scope| {
        let timed = scope.spawn(|| raw.try_lock_for(LONG));
        wait_until_parked_on(&raw);
        assert!(raw.try_unlock());
        assert!(timed.join().unwrap());
    });
    assert!(raw.try_unlock());
    assert!(raw.try_lock_for(Duration::MAX));
}

#[test]
fn any_thread_may_unlock() {
    let raw = RawMutex::INIT;
    raw.lock();
    std::thread::scope(|scope| {
        scope.spawn(|| assert!(raw.try_unlock()));
    });
    assert!(!raw.is_locked());
}

#[test]
fn a_reentrant_mutex_counts_its_holders_locks() {
    let m = ReentrantMutex::new(Cell::new(0));
    let outer = m.lock();
    {
        let inner = m.try_lock().expect("held by this thread");
        inner.set(inner.get() + 1);
        assert!(m.is_owned_by_current_thread());
    }
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert!(m.try_lock().is_none() && !m.is_owned_by_current_thread());
            assert!(m.try_lock_for(MS).is_none());
        });
    });
    drop(outer);
    std::thread::scope(|scope| {
        scope.spawn(|| assert_eq!(m.lock().get(), 1));
    });
}

/// A generator that runs on this thread under an ident of its own is, for a typed lock, this thread.
#[test]
fn a_logical_thread_does_not_change_who_holds_it() {
    let m = ReentrantMutex::new(());
    let _outer = m.lock();
    let here = RawThreadId.nonzero_thread_id();
    let mut generator = py_thread::LogicalThread::new();
    generator.run(|| {
        assert_eq!(RawThreadId.nonzero_thread_id(), here);
        assert!(m.try_lock().is_some());
    });
}

#[test]
fn locks_may_be_taken_in_the_destructors_of_thread_locals() {
    static LOCK: Mutex<usize> = const_mutex(0);
    static AGAIN: ReentrantMutex<()> = const_reentrant_mutex(());
    struct LocksAtTheEnd;
    impl Drop for LocksAtTheEnd {
        fn drop(&mut self) {
            let (_outer, _inner) = (AGAIN.lock(), AGAIN.lock());
            let mut count = LOCK.lock();
            std::thread::sleep(MS);
            *count += 1;
        }
    }
    thread_local!(static LAST: LocksAtTheEnd = const { LocksAtTheEnd });
    let threads: Vec<_> = (0..4)
        .map(|_| std::thread::spawn(|| LAST.with(|_| ())))
        .collect();
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    assert_eq!(*LOCK.lock(), 4);
}

#[test]
fn debug_never_blocks() {
    let m = Mutex::new(7);
    assert_eq!(format!("{m:?}"), "Mutex { data: 7 }");
    let _guard = m.lock();
    assert_eq!(format!("{m:?}"), "Mutex { data: <locked> }");
    // SAFETY: looks at it only.
    let raw = unsafe { m.raw() };
    assert_eq!(format!("{raw:?}"), "RawMutex { locked: true }");
}
