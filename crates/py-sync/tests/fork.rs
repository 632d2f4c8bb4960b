//! Real forks with parked threads: the child's lot is empty, and works.
#![cfg(all(unix, not(miri)))]

mod support;

use py_sync::{
    Event, LockFlags, LockStatus, Mutex, OnceFlag, ParkStatus, RawMutex, RecursiveMutex, RwMutex,
    SeqCell, park, unpark_all,
};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::time::Duration;
use support::{all_return, in_forked_child, start};

const MS: Duration = Duration::from_millis(1);

/// How many children each test forks: 500, or what `PY_SYNC_FORKS` says.
fn forks() -> usize {
    support::count("PY_SYNC_FORKS", 500)
}

/// Twelve threads on one mutex, four on a key each, four on a read-write lock, four on an event.
struct Parked {
    mutex: Mutex,
    keys: [u8; 4],
    rw: RwMutex,
    event: Event,
    stop: AtomicBool,
    queued: AtomicUsize,
}

impl Parked {
    const fn new() -> Parked {
        Parked {
            mutex: Mutex::new(),
            keys: [0; 4],
            rw: RwMutex::new(),
            event: Event::new(),
            stop: AtomicBool::new(false),
            queued: AtomicUsize::new(0),
        }
    }

    fn key(&self, i: usize) -> usize {
        (&raw const self.keys[i]).addr()
    }

    fn park(&self, i: usize) -> ParkStatus {
        let queued = || {
            self.queued.fetch_add(1, SeqCst);
            !self.stop.load(SeqCst)
        };
        // SAFETY: the key is the address of a byte of this test's; the closure does not call into
        // the lot.
        unsafe { park(self.key(i), queued, i, None, LockFlags::DETACH) }
    }

    fn wake(&self, i: usize) -> usize {
        // SAFETY: the key is this test's own.
        unsafe { unpark_all(self.key(i)) }
    }

    /// Waits on the `i`th thing of its kind; true if that ended as it should.
    fn wait(&self, i: usize) -> bool {
        match i % 6 {
            0..=2 => drop(self.mutex.lock_guard()),
            3 => return self.park(i / 6 % 4) == ParkStatus::Ok,
            4 if i / 6 % 2 == 0 => drop(self.rw.write_guard()),
            4 => drop(self.rw.read_guard()),
            _ => self.event.wait(),
        }
        true
    }

    /// Both locks have threads parked, and at least `n` are on the keys. (An event does not show
    /// who waits for it.)
    fn is_full(&self, n: usize) -> bool {
        let queued = self.queued.load(SeqCst) >= n;
        queued && is_parked_on(&self.mutex) && is_parked_on(&self.rw)
    }

    /// By who holds the mutex and the read-write lock: lets everybody go. How many were on the keys.
    fn let_go(&self) -> usize {
        self.mutex.unlock();
        self.rw.write_unlock();
        self.event.notify();
        (0..4).map(|i| self.wake(i)).sum()
    }
}

/// The parked bit, as the lock's own `Debug` shows it.
fn is_parked_on(lock: &impl std::fmt::Debug) -> bool {
    format!("{lock:?}").contains("parked: true")
}

/// Twenty threads of the child on what its parent's threads were parked on, and twenty on what is
/// new. All are parked, and all are woken.
fn forty_threads_park_and_wake(old: &'static Parked) -> bool {
    static NEW: Parked = Parked::new();
    NEW.mutex.lock();
    NEW.rw.write_lock();
    old.queued.store(0, SeqCst);
    let wait = |i: usize| {
        let parked = if i % 2 == 0 { old } else { &NEW };
        start(move || assert!(parked.wait(i / 2)))
    };
    let threads: Vec<_> = (0..40).map(wait).collect();
    // Of twenty, three wait for keys.
    while !old.is_full(3) || !NEW.is_full(3) {
        std::thread::yield_now();
    }
    let woken = [old.let_go(), NEW.let_go()];
    let is_free = |parked: &Parked| parked.mutex.try_lock() && parked.rw.try_write_lock();
    all_return(threads) && woken == [3, 3] && is_free(old) && is_free(&NEW)
}

/// In the child: what the parent's threads were parked on is as if nobody had been.
fn nobody_is_left(parked: &Parked) -> bool {
    let none_left = (0..4).all(|i| parked.wake(i) == 0);
    // Both are held by the forking thread, with the parked bit set: the unlock finds nobody.
    parked.mutex.unlock();
    parked.rw.write_unlock();
    let free = !is_parked_on(&parked.mutex) && parked.mutex.try_lock();
    let rw_free = !is_parked_on(&parked.rw) && parked.rw.try_write_lock();
    let held = parked.mutex.lock_timed(Some(MS), LockFlags::DETACH) == LockStatus::Failure;
    let unset = !parked.event.wait_timed(Some(MS), true);
    // SAFETY: the key is this test's own.
    let alone = unsafe { park(parked.key(0), || true, 0, Some(MS), LockFlags::NONE) };
    none_left && free && rw_free && held && unset && alone == ParkStatus::Timeout
}

/// The child unlocks, locks and times out on what its parent's threads were parked on, and then
/// parks forty threads of its own.
#[test]
fn a_forked_child_forgets_its_parents_waiters_and_parks_its_own() {
    static PARKED: Parked = Parked::new();
    PARKED.mutex.lock();
    PARKED.rw.write_lock();
    let threads: Vec<_> = (0..24)
        .map(|i| std::thread::spawn(move || PARKED.wait(i)))
        .collect();
    while !PARKED.is_full(4) {
        std::thread::sleep(MS);
    }
    std::thread::sleep(MS * 20);
    for _ in 0..forks() {
        in_forked_child(|| nobody_is_left(&PARKED) && forty_threads_park_and_wake(&PARKED));
    }
    assert_eq!(PARKED.let_go(), 4);
    assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
}

/// What another thread held, or ran, at the fork is free in the child once the child says so.
#[test]
fn a_forked_child_frees_what_other_threads_held() {
    static MUTEX: Mutex = Mutex::new();
    static RW: RwMutex = RwMutex::new();
    static RECURSIVE: RecursiveMutex = RecursiveMutex::new();
    static ONCE: OnceFlag = OnceFlag::new();
    static RAW: RawMutex = RawMutex::new();
    let (held, is_held) = mpsc::channel();
    let (end, ends) = mpsc::channel::<()>();
    let holder = std::thread::spawn(move || {
        let (_raw, _mutex) = (RAW.lock_guard(), MUTEX.lock_guard());
        let (_rw, _recursive) = (RW.read_guard(), RECURSIVE.lock_guard());
        RECURSIVE.lock();
        let _: Result<(), ()> = ONCE.call(|| {
            held.send(()).unwrap();
            ends.recv().unwrap();
            Ok(())
        });
        RECURSIVE.unlock();
    });
    is_held.recv().unwrap();
    in_forked_child(|| {
        let locked = !MUTEX.try_lock() && !RW.try_write_lock() && !RECURSIVE.try_lock();
        // SAFETY: the child's only thread; the locks guard nothing.
        unsafe {
            MUTEX.at_fork_reinit();
            RW.at_fork_reinit();
            RECURSIVE.at_fork_reinit();
            ONCE.at_fork_reinit();
            RAW.at_fork_reinit();
        }
        let once = ONCE.call(|| Ok::<_, ()>(())) == Ok(()) && ONCE.is_done();
        let recursive = RECURSIVE.try_lock() && RECURSIVE.level() == 0;
        locked && once && recursive && MUTEX.try_lock() && RW.try_write_lock() && RAW.try_lock()
    });
    end.send(()).unwrap();
    holder.join().unwrap();
    assert!(ONCE.is_done());
}

/// Threads that lock, unlock, park and unpark all the time on addresses of one bucket and of many,
/// so that forks find buckets locked, waiters half queued, unlocks half done.
struct Hammered {
    /// 257 apart: one bucket.
    colliding: [Mutex; 257 * 2 + 1],
    stop: AtomicBool,
    started: AtomicUsize,
}

impl Hammered {
    fn hammer(&self, seed: usize) {
        let mut round = seed;
        self.started.fetch_add(1, SeqCst);
        while !self.stop.load(SeqCst) {
            round += 1;
            let mutex = &self.colliding[round % 3 * 257];
            let timeout =
                (round % 2 == 0).then(|| Duration::from_nanos((round * 97 % 9_000) as u64));
            if mutex.lock_timed(timeout, LockFlags::NONE) == LockStatus::Acquired {
                if round % 5 == 0 {
                    std::thread::yield_now();
                }
                mutex.unlock();
            }
        }
    }
}

#[test]
fn a_child_of_a_fork_in_the_thick_of_it_has_an_empty_lot() {
    static HAMMERED: Hammered = Hammered {
        colliding: [const { Mutex::new() }; 257 * 2 + 1],
        stop: AtomicBool::new(false),
        started: AtomicUsize::new(0),
    };
    let threads: Vec<_> = (0..8)
        .map(|seed| std::thread::spawn(move || HAMMERED.hammer(seed * 1_000)))
        .collect();
    while HAMMERED.started.load(SeqCst) < 8 {
        std::thread::yield_now();
    }
    let mut held = 0;
    for _ in 0..forks() {
        held += usize::from(HAMMERED.colliding.iter().any(Mutex::is_locked));
        in_forked_child(|| {
            let mutexes = || HAMMERED.colliding.iter().step_by(257);
            for mutex in mutexes() {
                // SAFETY: the child's only thread; the mutexes guard nothing.
                unsafe { mutex.at_fork_reinit() };
                mutex.lock();
            }
            let wait = |mutex: &'static Mutex| start(move || drop(mutex.lock_guard()));
            let waiters: Vec<_> = mutexes().map(wait).collect();
            while !mutexes().all(is_parked_on) {
                std::thread::yield_now();
            }
            mutexes().for_each(Mutex::unlock);
            all_return(waiters) && !HAMMERED.colliding.iter().any(Mutex::is_locked)
        });
    }
    HAMMERED.stop.store(true, SeqCst);
    for thread in threads {
        thread.join().unwrap();
    }
    println!("{held} of {} forks found a lock held", forks());
    assert!(held > 0, "no fork met the threads at work");
}

/// A thread of the parent is in the midst of a write when the process forks.
#[test]
fn a_child_gives_a_torn_cell_another_value_and_leaves_a_whole_one_alone() {
    let (torn, whole) = (SeqCell::new([1u64; 4]), SeqCell::new([2u64; 4]));
    let (writes, written) = (mpsc::channel(), mpsc::channel());
    std::thread::scope(|scope| {
        let torn = &torn;
        scope.spawn(move || {
            torn.update(|old| {
                writes.0.send(()).unwrap();
                written.1.recv().unwrap();
                old
            })
        });
        writes.1.recv().unwrap();
        in_forked_child(|| {
            // SAFETY: the child has one thread.
            let [was_torn, was_whole] =
                [torn, &whole].map(|cell| unsafe { cell.after_fork([3; 4]) });
            let read = [torn.try_read(), whole.try_read()];
            torn.write([4; 4]);
            (was_torn, was_whole) == (true, false)
                && read == [Some([3; 4]), Some([2; 4])]
                && torn.read() == [4; 4]
        });
        written.0.send(()).unwrap();
    });
    assert_eq!(torn.read(), [1; 4]);
}
