// A program that knows `parking_lot` only: the definitions and calls that a Python runtime and the
// usual crates have. Where both must behave alike, it says so by assertions.

use parking_lot::lock_api::{
    self, GetThreadId, RawMutex as RawMutexTrait, RawMutexFair as _, RawMutexTimed as _,
    RawReentrantMutex, RawRwLock as RawRwLockTrait, RawRwLockUpgrade as _,
};
use parking_lot::{
    Condvar, FairMutex, FairMutexGuard, MappedFairMutexGuard, MappedMutexGuard,
    MappedReentrantMutexGuard, MappedRwLockReadGuard, MappedRwLockWriteGuard, Mutex, MutexGuard,
    Once, OnceState, RawFairMutex, RawMutex, RawRwLock, RawThreadId, ReentrantMutex,
    ReentrantMutexGuard, RwLock, RwLockReadGuard, RwLockUpgradableReadGuard, RwLockWriteGuard,
    WaitTimeoutResult, const_fair_mutex, const_mutex, const_reentrant_mutex, const_rwlock,
};
use std::cell::{Cell, RefCell, UnsafeCell};
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

// A runtime's own names over the raw types.
type PyMutex<T> = lock_api::Mutex<RawMutex, T>;
type PyMutexGuard<'a, T> = lock_api::MutexGuard<'a, RawMutex, T>;
type PyMappedMutexGuard<'a, T> = lock_api::MappedMutexGuard<'a, RawMutex, T>;
type PyRwLock<T> = lock_api::RwLock<RawRwLock, T>;
type PyRwLockReadGuard<'a, T> = lock_api::RwLockReadGuard<'a, RawRwLock, T>;
type PyRwLockUpgradableReadGuard<'a, T> = lock_api::RwLockUpgradableReadGuard<'a, RawRwLock, T>;
type PyMappedRwLockWriteGuard<'a, T> = lock_api::MappedRwLockWriteGuard<'a, RawRwLock, T>;
type RawRMutex = RawReentrantMutex<RawMutex, RawThreadId>;

// Statics of every kind.
static CACHE: PyMutex<Option<u32>> = PyMutex::new(None);
static NAMES: RwLock<Vec<&str>> = const_rwlock(Vec::new());
static COUNT: Mutex<u32> = const_mutex(0);
static FAIR: FairMutex<u32> = const_fair_mutex(0);
static REENTRANT: ReentrantMutex<Cell<u32>> = const_reentrant_mutex(Cell::new(0));
static RAW: RawMutex = RawMutex::INIT;
static RAW_FAIR: RawFairMutex = RawFairMutex::INIT;
static RAW_RW: RawRwLock = RawRwLock::INIT;
static STARTED: Once = Once::new();
static CHANGED: Condvar = Condvar::new();

/// A mutex of the runtime's own, generic over the raw one: a second lock by the same thread fails
/// instead of waiting for ever.
struct ThreadMutex<R, G, T: ?Sized> {
    owner: AtomicUsize,
    mutex: R,
    thread: G,
    data: UnsafeCell<T>,
}

// SAFETY: `mutex` guards the data.
unsafe impl<R: Sync, G: Sync, T: Send + ?Sized> Sync for ThreadMutex<R, G, T> {}

impl<R: RawMutexTrait, G: GetThreadId, T> ThreadMutex<R, G, T> {
    const fn new(data: T) -> Self {
        ThreadMutex {
            owner: AtomicUsize::new(0),
            mutex: R::INIT,
            thread: G::INIT,
            data: UnsafeCell::new(data),
        }
    }

    fn with<O>(&self, f: impl FnOnce(&mut T) -> O) -> Option<O> {
        let id = self.thread.nonzero_thread_id().get();
        if self.owner.load(Ordering::Relaxed) == id {
            return None;
        }
        self.mutex.lock();
        self.owner.store(id, Ordering::Relaxed);
        // SAFETY: the mutex is held, and not by an outer call.
        let out = f(unsafe { &mut *self.data.get() });
        self.owner.store(0, Ordering::Relaxed);
        // SAFETY: locked above.
        unsafe { self.mutex.unlock() };
        Some(out)
    }
}

/// Python's `_thread.lock`: released by any thread, made new in the child of a fork.
struct Lock {
    mu: RawMutex,
}

impl Lock {
    const fn new() -> Lock {
        Lock { mu: RawMutex::INIT }
    }

    fn acquire(&self, blocking: bool, timeout: f64) -> bool {
        match blocking {
            true if timeout < 0.0 => {
                self.mu.lock();
                true
            }
            true => self.mu.try_lock_for(Duration::from_secs_f64(timeout)),
            false => self.mu.try_lock(),
        }
    }

    fn release(&self) -> Result<(), &'static str> {
        if !self.mu.is_locked() {
            return Err("release unlocked lock");
        }
        // SAFETY: locked, and no guard of it exists.
        unsafe { self.mu.unlock() };
        Ok(())
    }

    fn at_fork_reinit(&mut self) {
        self.mu = RawMutex::INIT;
    }
}

struct Object {
    dict: PyRwLock<HashMap<String, i32>>,
    weak: PyMutex<Vec<u8>>,
}

impl Object {
    fn get(&self, name: &str) -> Option<i32> {
        self.dict.read().get(name).copied()
    }

    fn set_default(&self, name: &str, value: i32) -> i32 {
        let dict: PyRwLockUpgradableReadGuard<'_, _> = self.dict.upgradable_read();
        if let Some(&old) = dict.get(name) {
            return old;
        }
        let mut dict = PyRwLockUpgradableReadGuard::upgrade(dict);
        *dict.entry(name.to_owned()).or_insert(value)
    }

    fn slot(&self, name: &str) -> Result<PyMappedRwLockWriteGuard<'_, i32>, &'static str> {
        lock_api::RwLockWriteGuard::try_map(self.dict.write(), |dict| dict.get_mut(name))
            .map_err(|_| "no such name")
    }

    fn first(&self) -> Option<PyMappedMutexGuard<'_, u8>> {
        PyMutexGuard::try_map(self.weak.lock(), |weak| weak.first_mut()).ok()
    }

    fn borrow(&self) -> PyRwLockReadGuard<'_, HashMap<String, i32>> {
        self.dict.read_recursive()
    }
}

#[test]
fn objects_of_a_runtime() {
    let object = Object {
        dict: PyRwLock::new(HashMap::new()),
        weak: PyMutex::new(vec![7]),
    };
    assert_eq!(object.get("spam"), None);
    assert_eq!(object.set_default("spam", 1), 1);
    assert_eq!(object.set_default("spam", 2), 1);
    *object.slot("spam").unwrap() += 5;
    assert!(object.slot("eggs").is_err());
    {
        let (a, b) = (object.borrow(), object.borrow());
        assert_eq!(a["spam"], b["spam"]);
    }
    *object.first().unwrap() = 8;
    assert_eq!(object.get("spam"), Some(6));
    assert_eq!(object.weak.into_inner(), [8]);
    assert!(CACHE.lock().replace(1).is_none());
}

#[test]
fn pythons_lock() {
    let mut lock = Lock::new();
    assert_eq!(lock.release(), Err("release unlocked lock"));
    assert!(lock.acquire(true, -1.0) && !lock.acquire(false, -1.0) && !lock.acquire(true, 0.001));
    std::thread::scope(|s| {
        s.spawn(|| lock.release().unwrap());
    });
    assert!(lock.acquire(false, -1.0));
    lock.at_fork_reinit();
    assert!(lock.acquire(true, 1.0));
    assert!(RAW_FAIR.try_lock() && RAW.try_lock());
    // SAFETY: both are locked.
    unsafe {
        RAW_FAIR.unlock_fair();
        RAW.bump();
        RAW.unlock();
    }
    RAW_RW.lock_upgradable();
    // SAFETY: locked by this thread, step by step.
    unsafe {
        assert!(RAW_RW.try_upgrade() && RAW_RW.is_locked_exclusive());
        RAW_RW.unlock_exclusive();
    }
}

#[test]
fn pythons_rlock() {
    let rlock = RawRMutex::INIT;
    rlock.lock();
    assert!(rlock.try_lock() && rlock.is_owned_by_current_thread());
    // SAFETY: locked twice.
    unsafe { rlock.unlock() };
    std::thread::scope(|s| {
        s.spawn(|| assert!(!rlock.try_lock() && !rlock.is_owned_by_current_thread()));
    });
    // SAFETY: as above.
    unsafe { rlock.unlock() };
    assert!(!rlock.is_locked());
}

#[test]
fn a_lock_of_the_runtimes_own() {
    static LOCK: ThreadMutex<RawMutex, RawThreadId, Vec<u32>> = ThreadMutex::new(Vec::new());
    let inner = LOCK.with(|list| {
        list.push(1);
        LOCK.with(|_| unreachable!("it is this thread's"))
    });
    assert_eq!(inner, Some(None));
    assert_eq!(LOCK.with(|list| list.len()), Some(1));
}

#[test]
fn guards_and_their_maps() {
    let m = Mutex::new((1, "spam"));
    {
        let guard: MutexGuard<'_, _> = m.lock();
        let mapped: MappedMutexGuard<'_, i32> = MutexGuard::map(guard, |pair| &mut pair.0);
        let mapped: MappedMutexGuard<'_, i32> = MappedMutexGuard::map(mapped, |n| n);
        assert_eq!(*mapped, 1);
        MappedMutexGuard::unlock_fair(mapped);
        let guard = m
            .try_lock_until(Instant::now() + Duration::from_secs(9))
            .unwrap();
        assert!(m.try_lock().is_none() && m.try_lock_for(Duration::from_millis(1)).is_none());
        assert!(m.is_locked() && std::ptr::eq(MutexGuard::mutex(&guard), &m));
        std::mem::forget(guard);
        // SAFETY: the guard is gone.
        unsafe { m.force_unlock_fair() };
    }
    let fair: FairMutexGuard<'_, u32> = FAIR.lock();
    let fair: MappedFairMutexGuard<'_, u32> = FairMutexGuard::map(fair, |n| n);
    assert_eq!(*fair, 0);
    let outer: ReentrantMutexGuard<'_, _> = REENTRANT.lock();
    let inner = REENTRANT.try_lock().unwrap();
    let inner: MappedReentrantMutexGuard<'_, Cell<u32>> = ReentrantMutexGuard::map(inner, |n| n);
    inner.set(3);
    assert_eq!(outer.get(), 3);
    let lock = RwLock::new((1, "spam"));
    {
        let read: RwLockReadGuard<'_, _> = lock.read();
        let read: MappedRwLockReadGuard<'_, i32> = RwLockReadGuard::map(read, |pair| &pair.0);
        assert!(lock.try_write().is_none() && lock.try_read().is_some() && *read == 1);
    }
    let write: RwLockWriteGuard<'_, _> = lock.write();
    let write: MappedRwLockWriteGuard<'_, i32> = RwLockWriteGuard::map(write, |pair| &mut pair.0);
    assert!(lock.is_locked_exclusive() && *write == 1);
    drop(write);
    let upgradable: RwLockUpgradableReadGuard<'_, _> = lock.upgradable_read();
    assert!(lock.try_upgradable_read().is_none() && lock.try_read().is_some());
    let mut write = RwLockUpgradableReadGuard::try_upgrade(upgradable).unwrap();
    write.0 = 2;
    let upgradable = RwLockWriteGuard::downgrade_to_upgradable(write);
    let read = RwLockUpgradableReadGuard::downgrade(upgradable);
    assert_eq!(read.0, 2);
    let write = |mut guard: RwLockUpgradableReadGuard<'_, (i32, &str)>| {
        guard.try_with_upgraded(|pair| pair.0 = 3)
    };
    drop(read);
    assert_eq!(write(lock.upgradable_read()), Some(()));
    assert!(lock.try_write_for(Duration::from_millis(1)).is_some());
}

#[test]
fn values_in_and_out() {
    fn shows(value: &impl Debug) -> String {
        format!("{value:?}")
    }
    let (mut m, mut lock) = (Mutex::from(1), RwLock::<i32>::default());
    *m.get_mut() += 1;
    *lock.get_mut() += 1;
    assert_eq!(shows(&m), "Mutex { data: 2 }");
    assert_eq!(shows(&lock), "RwLock { data: 1 }");
    assert_eq!(shows(&STARTED.state()), "New");
    assert!(!m.data_ptr().is_null());
    assert_eq!((m.into_inner(), lock.into_inner()), (2, 1));
    let cell = ReentrantMutex::new(RefCell::new(1));
    *cell.lock().borrow_mut() += 1;
    assert_eq!(cell.into_inner().into_inner(), 2);
}

#[test]
fn a_thread_handle_that_is_waited_for() {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        Starting,
        Running,
        Done,
    }
    let inner = Arc::new((Mutex::new(State::Starting), Condvar::new()));
    let theirs = Arc::clone(&inner);
    let thread = std::thread::spawn(move || {
        let (state, changed) = &*theirs;
        for next in [State::Running, State::Done] {
            *state.lock() = next;
            changed.notify_all();
        }
    });
    let (state, changed) = &*inner;
    let mut guard = state.lock();
    while *guard == State::Starting {
        changed.wait(&mut guard);
    }
    changed.wait_while(&mut guard, |state| *state != State::Done);
    let deadline = Instant::now() + Duration::from_millis(1);
    let result: WaitTimeoutResult = changed.wait_until(&mut guard, deadline);
    assert!(result.timed_out() && changed.wait_for(&mut guard, Duration::ZERO).timed_out());
    let late = changed.wait_while_for(&mut guard, |_| true, Duration::from_millis(1));
    let done = changed.wait_while_until(&mut guard, |s| *s != State::Done, deadline);
    assert!(late.timed_out() && !done.timed_out());
    drop(guard);
    assert!(!changed.notify_one() && changed.notify_all() == 0);
    thread.join().unwrap();
    assert!(!CHANGED.notify_one());
}

#[test]
fn a_condition_that_becomes_false_with_the_time_has_timed_out() {
    let (m, changed) = (Mutex::new(()), Condvar::new());
    for until in [false, true] {
        let mut asked = 0;
        let condition = |_: &mut ()| {
            asked += 1;
            asked < 2
        };
        let short = Duration::from_millis(5);
        let mut guard = m.lock();
        let result = match until {
            true => changed.wait_while_until(&mut guard, condition, Instant::now() + short),
            false => changed.wait_while_for(&mut guard, condition, short),
        };
        assert!(result.timed_out() && m.is_locked(), "until: {until}");
        assert_eq!(asked, 1, "until: {until}");
        // Nor is it asked again if it was false from the start; and then there is no wait.
        let none = changed.wait_while_for(&mut guard, |()| false, Duration::ZERO);
        assert!(!none.timed_out());
    }
}

#[test]
fn a_notified_waiter_asks_its_condition_again() {
    let shared = Arc::new((Mutex::new(0), Condvar::new()));
    let theirs = Arc::clone(&shared);
    let waiter = std::thread::spawn(move || {
        let (m, changed) = &*theirs;
        let mut asked = 0;
        let long = Duration::from_secs(60);
        let condition = |value: &mut i32| {
            asked += 1;
            *value < 1
        };
        let result = changed.wait_while_for(&mut m.lock(), condition, long);
        (result.timed_out(), asked)
    });
    let (m, changed) = &*shared;
    // Once `notify_one` says so, the waiter has asked, and waits: with the mutex it goes on to ask.
    while !changed.notify_one() {
        std::thread::yield_now();
    }
    *m.lock() = 1;
    while !waiter.is_finished() {
        changed.notify_all();
        std::thread::yield_now();
    }
    let (timed_out, asked) = waiter.join().unwrap();
    assert!(!timed_out && (2..=3).contains(&asked), "asked {asked} times");
}

#[test]
fn debug_of_a_condition_variable_says_nothing() {
    let changed = Condvar::new();
    assert_eq!(format!("{changed:?}"), "Condvar { .. }");
    assert_eq!(format!("{changed:>16?}"), "  Condvar { .. }");
}

#[test]
fn a_once_that_panicked_is_poisoned() {
    let once = Once::new();
    let fails = std::panic::AssertUnwindSafe(|| once.call_once(|| panic!("no luck")));
    assert!(std::panic::catch_unwind(fails).is_err());
    assert!(once.state().poisoned() && !once.state().done());
    assert_eq!(format!("{once:?}"), "Once { state: Poisoned }");
    let again = std::panic::AssertUnwindSafe(|| once.call_once(|| unreachable!()));
    let told = std::panic::catch_unwind(again).unwrap_err();
    let words = told.downcast_ref::<&str>();
    assert_eq!(words, Some(&"Once instance has previously been poisoned"));
    let mut state = None;
    once.call_once_force(|found| state = Some(found));
    assert_eq!(state, Some(OnceState::Poisoned));
    assert!(once.state().done());
}

#[cfg(feature = "arc_lock")]
#[test]
fn guards_that_own_an_arc_of_their_lock() {
    use parking_lot::{
        ArcMutexGuard, ArcReentrantMutexGuard, ArcRwLockReadGuard, ArcRwLockUpgradableReadGuard,
        ArcRwLockWriteGuard,
    };
    let m = Arc::new(Mutex::new(1));
    let mut guard: ArcMutexGuard<RawMutex, i32> = m.lock_arc();
    *guard += 1;
    assert!(m.try_lock_arc().is_none() && m.is_locked());
    assert!(m.try_lock_arc_for(Duration::from_millis(1)).is_none());
    assert!(Arc::ptr_eq(ArcMutexGuard::mutex(&guard), &m));
    assert_eq!(Arc::strong_count(&m), 2);
    ArcMutexGuard::unlock_fair(guard);
    assert_eq!((Arc::strong_count(&m), *m.lock()), (1, 2));

    let lock = Arc::new(RwLock::new(vec![1]));
    let read: ArcRwLockReadGuard<RawRwLock, Vec<i32>> = lock.read_arc();
    let other = lock.try_read_arc().unwrap();
    assert!(lock.try_write_arc().is_none() && *read == *other);
    drop((read, other));
    let upgradable: ArcRwLockUpgradableReadGuard<RawRwLock, Vec<i32>> = lock.upgradable_read_arc();
    assert!(lock.try_upgradable_read_arc().is_none());
    let mut write: ArcRwLockWriteGuard<RawRwLock, Vec<i32>> =
        ArcRwLockUpgradableReadGuard::upgrade(upgradable);
    write.push(2);
    let read = ArcRwLockWriteGuard::downgrade(write);
    assert_eq!(*read, [1, 2]);
    drop(read);
    // The last one frees the lock, and everything in it.
    let last: ArcRwLockWriteGuard<RawRwLock, Vec<i32>> = lock.write_arc();
    drop(lock);
    assert_eq!(last.len(), 2);

    let reentrant = Arc::new(ReentrantMutex::new(Cell::new(1)));
    let outer: ArcReentrantMutexGuard<RawMutex, RawThreadId, Cell<i32>> = reentrant.lock_arc();
    let inner = reentrant.try_lock_arc().unwrap();
    inner.set(outer.get() + 1);
    assert_eq!(outer.get(), 2);
}

#[test]
fn it_starts_once() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| assert_eq!(ONCE.state(), OnceState::InProgress));
    ONCE.call_once_force(|_| unreachable!("done"));
    assert!(ONCE.state().done());
}

#[test]
fn threads_share_them() {
    NAMES.write().clear();
    std::thread::scope(|s| {
        for name in ["spam", "eggs"] {
            s.spawn(move || {
                NAMES.write().push(name);
                for _ in 0..if cfg!(miri) { 10 } else { 1000 } {
                    let mut count = COUNT.lock();
                    *count += 1;
                    MutexGuard::bump(&mut count);
                    MutexGuard::unlocked(&mut count, || assert!(NAMES.read().len() < 3));
                    *count -= 1;
                }
            });
        }
    });
    assert_eq!((NAMES.read().len(), *COUNT.lock()), (2, 0));
    // The guards' markers: as theirs, so that code which relies on it compiles for both alike.
    fn is_sync<T: Sync>(_: &T) {}
    is_sync(&COUNT.lock());
}
