//! What the threads do: one random job at a time, over a few locks that they all share.
//!
//! Whatever a lock guards is a plain value, changed by a read and a write: two threads inside at
//! once lose a count, and [`Jobs::check`] finds that out at the end.

use super::random::Random;
use py_sync::{
    Event, LockFlags, LockStatus, Mutex, OnceFlag, ParkStatus, RawMutex, RecursiveMutex, RwMutex,
    SeqCell, park, unpark, with_critical_section, with_critical_section2,
};
use std::cell::UnsafeCell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

const FLAGS: [LockFlags; 3] = [
    LockFlags::NONE,
    LockFlags::DETACH,
    LockFlags::HANDLE_SIGNALS,
];

/// A lock, a value that it guards, and how often the value was counted up, counted apart.
#[derive(Default)]
struct Guarded<L> {
    lock: L,
    value: UnsafeCell<u64>,
    counted: AtomicU64,
}

// SAFETY: the value is touched under the lock only.
unsafe impl<L: Sync> Sync for Guarded<L> {}
// SAFETY: as above.
unsafe impl<L: Send> Send for Guarded<L> {}

impl<L> Guarded<L> {
    /// Counts up. The lock is held.
    fn count(&self, random: &mut Random) {
        // SAFETY: the caller holds the lock.
        let before = unsafe { *self.value.get() };
        random.linger();
        // SAFETY: as above.
        unsafe { *self.value.get() = before + 1 };
        self.counted.fetch_add(1, SeqCst);
    }

    /// Reads twice. The lock is held, perhaps by other readers too.
    fn read(&self, random: &mut Random) {
        // SAFETY: the caller holds the lock.
        let before = unsafe { *self.value.get() };
        random.linger();
        // SAFETY: as above.
        let after = unsafe { *self.value.get() };
        assert_eq!(before, after, "a writer beside a reader");
    }

    fn is_exact(&mut self, name: &str) -> Result<(), String> {
        let (value, counted) = (*self.value.get_mut(), *self.counted.get_mut());
        match value == counted {
            true => Ok(()),
            false => Err(format!("{name}: {value} counted, and {counted} times")),
        }
    }
}

/// A semaphore of the lot's own making.
struct Permits {
    free: AtomicUsize,
}

const PERMITS: usize = 8;

impl Permits {
    fn key(&self) -> usize {
        (&raw const self.free).addr()
    }

    /// Takes a permit, or gives up when the time is up. A permit is given back with a wake, and
    /// whoever is woken looks again, so none is left lying beside a waiter.
    fn take(&self, random: &mut Random) -> bool {
        let (timeout, flags) = (random.timeout(), FLAGS[random.below(3) as usize]);
        loop {
            let one_less = |free: usize| free.checked_sub(1);
            if self.free.fetch_update(SeqCst, SeqCst, one_less).is_ok() {
                return true;
            }
            let none = || self.free.load(SeqCst) == 0;
            // SAFETY: the key is our own; `none` does not call into the lot.
            let status = unsafe { park(self.key(), none, 0, timeout, flags) };
            if status == ParkStatus::Timeout {
                return false;
            }
        }
    }

    fn give(&self) {
        self.free.fetch_add(1, SeqCst);
        // SAFETY: the key is our own.
        unsafe { unpark(self.key(), |_, _| ()) };
    }
}

pub(crate) struct Jobs {
    mutexes: [Guarded<Mutex>; 6],
    raw: Guarded<RawMutex>,
    recursive: Guarded<RecursiveMutex>,
    rw: [Guarded<RwMutex>; 2],
    sections: [Guarded<Mutex>; 4],
    permits: Permits,
    cell: SeqCell<[u64; 4]>,
    /// The event or the once-flag of the moment: who finds it used up puts a new one there.
    once: Mutex,
    current_once: UnsafeCell<Arc<OnceFlag>>,
    /// Events that somebody waits for, and the servant sets.
    asked: Mutex,
    queue: UnsafeCell<VecDeque<Arc<Event>>>,
}

// SAFETY: the cells are touched under the mutexes above them only.
unsafe impl Sync for Jobs {}
// SAFETY: as above.
unsafe impl Send for Jobs {}

impl Jobs {
    pub(crate) fn new() -> Jobs {
        Jobs {
            mutexes: Default::default(),
            raw: Guarded::default(),
            recursive: Guarded::default(),
            rw: Default::default(),
            sections: Default::default(),
            permits: Permits {
                free: AtomicUsize::new(PERMITS),
            },
            cell: SeqCell::new([0; 4]),
            once: Mutex::new(),
            current_once: UnsafeCell::new(Arc::new(OnceFlag::new())),
            asked: Mutex::new(),
            queue: UnsafeCell::default(),
        }
    }

    pub(crate) fn mutexes(&self) -> impl Iterator<Item = &Mutex> {
        self.mutexes.iter().map(|guarded| &guarded.lock)
    }

    /// One job.
    pub(crate) fn one(&self, random: &mut Random) {
        match random.below(16) {
            0..=4 => {
                let flags = FLAGS[random.below(3) as usize];
                self.mutex(random, flags);
            }
            5 => self.raw(random),
            6 => self.recursive(random),
            7..=9 => self.read_or_write(random),
            10 => self.permit(random),
            11 => self.event(random),
            12 => self.once(random),
            13 => self.seq_cell(random),
            _ => self.section(random),
        }
    }

    fn mutex(&self, random: &mut Random, flags: LockFlags) {
        let guarded = &self.mutexes[random.below(6) as usize];
        match random.below(3) {
            0 => guarded.lock.lock(),
            1 if !guarded.lock.try_lock() => return,
            1 => {}
            _ => {
                if guarded.lock.lock_timed(random.timeout(), flags) != LockStatus::Acquired {
                    return;
                }
            }
        }
        guarded.count(random);
        guarded.lock.unlock();
    }

    fn raw(&self, random: &mut Random) {
        let _guard = self.raw.lock.lock_guard();
        self.raw.count(random);
    }

    fn recursive(&self, random: &mut Random) {
        let lock = &self.recursive.lock;
        let levels = 1 + random.below(3);
        let (timeout, flags) = (random.timeout(), FLAGS[random.below(3) as usize]);
        if lock.lock_timed(timeout, flags) != LockStatus::Acquired {
            return;
        }
        (1..levels).for_each(|_| lock.lock());
        self.recursive.count(random);
        (0..levels).for_each(|_| lock.unlock());
    }

    fn read_or_write(&self, random: &mut Random) {
        let guarded = &self.rw[random.below(2) as usize];
        let (timeout, flags) = (random.timeout(), FLAGS[random.below(3) as usize]);
        if random.below(4) == 0 {
            if guarded.lock.write_lock_timed(timeout, flags) == LockStatus::Acquired {
                guarded.count(random);
                guarded.lock.write_unlock();
            }
        } else if guarded.lock.read_lock_timed(timeout, flags) == LockStatus::Acquired {
            guarded.read(random);
            guarded.lock.read_unlock();
        }
    }

    fn permit(&self, random: &mut Random) {
        if self.permits.take(random) {
            random.linger();
            self.permits.give();
        }
    }

    /// Asks the servant to set an event, and waits for it.
    fn event(&self, random: &mut Random) {
        let event = Arc::new(Event::new());
        {
            let _guard = self.asked.lock_guard();
            // SAFETY: under `asked`.
            unsafe { (*self.queue.get()).push_back(event.clone()) };
        }
        let timeout = random.timeout();
        let set = event.wait_timed(timeout, random.below(2) == 0);
        assert!(set || timeout.is_some(), "a wait without end ended");
    }

    /// Sets the events that threads wait for, until all threads have ended.
    pub(crate) fn serve(&self, over: &AtomicBool) {
        while !over.load(SeqCst) {
            while let Some(event) = self.next_event() {
                event.notify();
            }
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    fn next_event(&self) -> Option<Arc<Event>> {
        let _guard = self.asked.lock_guard();
        // SAFETY: under `asked`.
        unsafe { (*self.queue.get()).pop_front() }
    }

    fn current(&self) -> Arc<OnceFlag> {
        let _guard = self.once.lock_guard();
        // SAFETY: under `once`.
        unsafe { (*self.current_once.get()).clone() }
    }

    /// Runs the once-flag of the moment, which fails now and then; replaces it when it is done.
    fn once(&self, random: &mut Random) {
        let flag = self.current();
        let fails = random.below(3) == 0;
        let result = flag.call(|| {
            random.linger();
            if fails { Err(()) } else { Ok(()) }
        });
        if result.is_ok() {
            assert!(flag.is_done(), "ok, and not done");
            let _guard = self.once.lock_guard();
            // SAFETY: under `once`.
            let current = unsafe { &mut *self.current_once.get() };
            if Arc::ptr_eq(current, &flag) {
                *current = Arc::new(OnceFlag::new());
            }
        }
    }

    fn seq_cell(&self, random: &mut Random) {
        if random.below(4) == 0 {
            self.cell.update(|[n, ..]| [n + 1; 4]);
        } else {
            let [a, b, c, d] = self.cell.read();
            assert!(a == b && b == c && c == d, "a torn read");
        }
    }

    /// Critical sections; a wait inside gives them up and takes them again. It must detach: a thread
    /// that kept its section would wait for one that wants that section back.
    fn section(&self, random: &mut Random) {
        if !cfg!(feature = "gil-disabled") {
            return;
        }
        let [a, b] = [random.below(4) as usize, random.below(4) as usize];
        let (first, second) = (&self.sections[a], &self.sections[b]);
        if random.below(2) == 0 {
            with_critical_section(&first.lock, |_| {
                first.count(random);
                self.mutex(random, LockFlags::DETACH);
                first.count(random);
            });
        } else {
            with_critical_section2(&first.lock, &second.lock, |_, other| {
                first.count(random);
                if other.is_some() {
                    second.count(random);
                }
            });
        }
    }

    /// After all threads have ended: every count is what it should be.
    pub(crate) fn check(self: Arc<Jobs>) -> Result<(), String> {
        let mut jobs = Arc::into_inner(self).ok_or("a thread still holds the jobs")?;
        for mutex in jobs.mutexes.iter_mut().chain(&mut jobs.sections) {
            mutex.is_exact("mutex")?;
        }
        jobs.raw.is_exact("raw mutex")?;
        jobs.recursive.is_exact("recursive mutex")?;
        for rw in &mut jobs.rw {
            rw.is_exact("read-write lock")?;
        }
        match *jobs.permits.free.get_mut() {
            PERMITS => Ok(()),
            n => Err(format!("{n} permits of {PERMITS}")),
        }
    }
}
