// A program that knows `parking_lot` 0.13 only. Where both must behave alike, it says so by assertions.

use parking_lot::lock_api::{
    self, RawCondvar as _, RawMutex as _, RawMutexFair as _, RawMutexTimed as _, RawRwLock as _,
    RawRwLockTimed as _, RawRwLockUpgrade as _,
};
use parking_lot::{
    Condvar, FairMutex, FairMutexGuard, MappedFairMutexGuard, MappedMutexGuard,
    MappedRecursiveRwLockReadGuard, MappedReentrantMutexGuard, MappedRwLockReadGuard,
    MappedRwLockWriteGuard, Mutex, MutexGuard, Once, OnceState, RawCondvar, RawFairMutex, RawMutex,
    RawRwLock, RawRwLockRecursive, RawThreadId, RecursiveRwLock, RecursiveRwLockReadGuard,
    RecursiveRwLockUpgradableReadGuard, ReentrantMutex, ReentrantMutexGuard, RwLock,
    RwLockReadGuard, RwLockUpgradableReadGuard, RwLockWriteGuard, WaitTimeoutResult,
};
use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

const MS: Duration = Duration::from_millis(1);

static COUNT: Mutex<u32> = Mutex::new(0);
static FAIR: FairMutex<(u32, u32)> = FairMutex::new((0, 0));
static REENTRANT: ReentrantMutex<Cell<u32>> = ReentrantMutex::new(Cell::new(0));
static NAMES: RwLock<Vec<u32>> = RwLock::new(Vec::new());
static NESTED: RecursiveRwLock<(u32, u32)> = RecursiveRwLock::new((1, 2));
static CHANGED: Condvar = Condvar::new();
static STARTED: Once = Once::new();

type OwnReentrant = lock_api::RawReentrantMutex<RawMutex, RawThreadId>;
type OwnMutex<T> = lock_api::Mutex<RawFairMutex, T>;

#[test]
fn mutexes() {
    std::thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| (0..100).for_each(|_| *COUNT.lock() += 1));
        }
    });
    let guard: MutexGuard<'_, u32> = COUNT.lock();
    assert_eq!(*guard, 400);
    assert!(COUNT.try_lock().is_none() && COUNT.try_lock_for(MS).is_none());
    assert!(COUNT.try_lock_until(Instant::now() + MS).is_none() && COUNT.is_locked());
    let part: MappedMutexGuard<'_, u32> = MutexGuard::map(guard, |n| n);
    MappedMutexGuard::unlock_fair(part);
    let mut guard = COUNT.lock();
    MutexGuard::bump(&mut guard);
    MutexGuard::unlocked(&mut guard, || assert!(COUNT.try_lock().is_some()));
    drop(guard);

    let fair: FairMutexGuard<'_, (u32, u32)> = FAIR.lock();
    let mut first: MappedFairMutexGuard<'_, u32> = FairMutexGuard::map(fair, |pair| &mut pair.0);
    *first += 1;
    drop(first);
    assert_eq!(FAIR.lock().0, 1);
    assert_eq!(OwnMutex::new(3).into_inner(), 3);

    let outer: ReentrantMutexGuard<'_, Cell<u32>> = REENTRANT.lock();
    REENTRANT.lock().set(2);
    assert_eq!(outer.get(), 2);
    let part: MappedReentrantMutexGuard<'_, Cell<u32>> = ReentrantMutexGuard::map(outer, |n| n);
    std::thread::scope(|s| {
        s.spawn(|| assert!(REENTRANT.try_lock().is_none()))
            .join()
            .unwrap()
    });
    drop(part);
    let own = OwnReentrant::INIT;
    assert!(!own.is_owned_by_current_thread());

    let shared = Arc::new(Mutex::new(1));
    let owned = shared.lock_arc();
    assert!(shared.try_lock_arc().is_none());
    drop(owned);
}

#[test]
fn raw_locks() {
    let raw = RawMutex::INIT;
    let mut guard = raw.lock();
    assert!(raw.try_lock().is_none() && raw.try_lock_for(MS).is_none() && raw.is_locked());
    // SAFETY: locked above, and unlocked once; so below.
    unsafe {
        raw.bump(&mut guard);
        raw.unlock_fair(guard);
    }
    assert!(!raw.is_locked());

    static PLAIN: RawRwLock = RawRwLock::INIT;
    let shared = PLAIN.lock_shared();
    let upgradable = PLAIN.try_lock_upgradable().expect("beside a reader");
    assert!(PLAIN.try_lock_exclusive().is_none());
    // SAFETY: as above.
    unsafe {
        let upgradable = match PLAIN.try_upgrade(upgradable) {
            Ok(_) => panic!("a reader is there"),
            Err(upgradable) => upgradable,
        };
        PLAIN.unlock_shared(shared);
        let exclusive = PLAIN.upgrade(upgradable);
        assert!(PLAIN.is_locked_exclusive());
        assert!(PLAIN.try_lock_shared_for(MS).is_none());
        PLAIN.unlock_exclusive(exclusive);
    }
    let nested = RawRwLockRecursive::INIT;
    let (outer, inner) = (nested.lock_shared(), nested.lock_shared());
    assert!(nested.try_lock_exclusive_for(MS).is_none());
    // SAFETY: as above.
    unsafe {
        nested.unlock_shared(inner);
        nested.unlock_shared(outer);
    }
    assert!(!nested.is_locked());
    let condvar = RawCondvar::INIT;
    assert!(!condvar.notify_one());
}

#[test]
fn read_write_locks() {
    let guard: RwLockUpgradableReadGuard<'_, Vec<u32>> = NAMES.upgradable_read();
    assert!(NAMES.try_read().is_some() && NAMES.try_write().is_none());
    let mut guard: RwLockWriteGuard<'_, Vec<u32>> = RwLockUpgradableReadGuard::upgrade(guard);
    guard.push(7);
    let guard: RwLockReadGuard<'_, Vec<u32>> = RwLockWriteGuard::downgrade(guard);
    assert_eq!(*guard, [7]);
    let part: MappedRwLockReadGuard<'_, u32> = RwLockReadGuard::map(guard, |names| &names[0]);
    assert_eq!(*part, 7);
    drop(part);
    let mut part: MappedRwLockWriteGuard<'_, u32> =
        RwLockWriteGuard::map(NAMES.write(), |names| &mut names[0]);
    *part += 1;
    drop(part);
    assert_eq!(*NAMES.read(), [8]);

    // A writer waits, and the thread that reads reads again.
    let outer: RecursiveRwLockReadGuard<'_, (u32, u32)> = NESTED.read();
    std::thread::scope(|s| {
        let writer = s.spawn(|| NESTED.write().0 += 1);
        std::thread::sleep(MS * 5);
        let inner: MappedRecursiveRwLockReadGuard<'_, u32> =
            RecursiveRwLockReadGuard::map(NESTED.read(), |pair| &pair.1);
        assert_eq!((*outer, *inner), ((1, 2), 2));
        drop((outer, inner));
        writer.join().unwrap();
    });
    let guard: RecursiveRwLockUpgradableReadGuard<'_, _> = NESTED.upgradable_read();
    assert_eq!(guard.0, 2);
}

#[test]
fn condition_variables() {
    let ready = Mutex::new(false);
    let mut guard = ready.lock();
    let result: WaitTimeoutResult = CHANGED.wait_for(&mut guard, MS);
    assert!(result.timed_out());
    assert!(
        CHANGED
            .wait_until(&mut guard, Instant::now() + MS)
            .timed_out()
    );
    let never = |ready: &mut bool| !*ready;
    assert!(CHANGED.wait_while_for(&mut guard, never, MS).timed_out());
    assert!(!CHANGED.notify_one() && CHANGED.notify_all() == 0);
    drop(guard);
    std::thread::scope(|s| {
        s.spawn(|| {
            *ready.lock() = true;
            CHANGED.notify_all();
        });
        let mut guard = ready.lock();
        CHANGED.wait_while(&mut guard, |ready| !*ready);
        assert!(*guard);
        let long = Duration::MAX;
        let result = CHANGED.wait_while_for(&mut guard, |ready| !*ready, long);
        assert!(!result.timed_out());
        CHANGED.notify_one();
    });
}

#[test]
fn onces() {
    let mut runs = 0;
    STARTED.call_once(|| runs += 1);
    STARTED.call_once_force(|_| runs += 1);
    assert_eq!((runs, STARTED.state()), (1, OnceState::Done));
}
