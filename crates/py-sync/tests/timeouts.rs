//! Every timed form with every kind of timeout: none, 1 ns, longer than any clock, for ever.

use py_sync::{
    Event, LockFlags, LockStatus, Mutex, ParkStatus, ParkingLot, RecursiveMutex, RwMutex, park,
    unpark_all,
};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

const MS: Duration = Duration::from_millis(1);

fn all_flags() -> [LockFlags; 4] {
    let (detach, signals) = (LockFlags::DETACH, LockFlags::HANDLE_SIGNALS);
    [LockFlags::NONE, detach, signals, detach | signals]
}

/// What waits.
#[derive(Clone, Copy, Debug)]
enum Form {
    Mutex,
    Recursive,
    Read,
    ReadRecursive,
    Write,
    Event,
    Park,
    ParkInLot,
}

/// One thing of each kind that can be waited for.
struct Things {
    mutex: Mutex,
    recursive: RecursiveMutex,
    rw: RwMutex,
    event: Event,
    open: AtomicBool,
    lot: ParkingLot<3>,
}

impl Things {
    fn new() -> Things {
        Things {
            mutex: Mutex::new(),
            recursive: RecursiveMutex::new(),
            rw: RwMutex::new(),
            event: Event::new(),
            open: AtomicBool::new(false),
            lot: ParkingLot::new(),
        }
    }

    fn key(&self) -> usize {
        (&raw const self.open).addr()
    }

    /// Makes who comes now wait.
    fn close(&self, form: Form) {
        match form {
            Form::Mutex => self.mutex.lock(),
            Form::Recursive => self.recursive.lock(),
            Form::Read | Form::ReadRecursive => self.rw.write_lock(),
            Form::Write => self.rw.read_lock(),
            Form::Event | Form::Park | Form::ParkInLot => {}
        }
    }

    /// Lets go who waits, and who comes from now on. By the thread that closed.
    fn open(&self, form: Form) {
        self.open.store(true, SeqCst);
        match form {
            Form::Mutex => self.mutex.unlock(),
            Form::Recursive => self.recursive.unlock(),
            Form::Read | Form::ReadRecursive => self.rw.write_unlock(),
            Form::Write => self.rw.read_unlock(),
            Form::Event => self.event.notify(),
            // SAFETY: the key is this test's own.
            Form::Park => drop(unsafe { unpark_all(self.key()) }),
            // SAFETY: the lot is this test's own.
            Form::ParkInLot => drop(unsafe { self.lot.unpark_all(5) }),
        }
    }

    /// Waits, and gives back at once what it got.
    fn wait(&self, form: Form, timeout: Option<Duration>, flags: LockFlags) -> LockStatus {
        let closed = || !self.open.load(SeqCst);
        let (status, unlock): (_, fn(&Things)) = match form {
            Form::Mutex => (self.mutex.lock_timed(timeout, flags), |t| t.mutex.unlock()),
            Form::Recursive => (self.recursive.lock_timed(timeout, flags), |t| {
                t.recursive.unlock();
            }),
            Form::Read => (self.rw.read_lock_timed(timeout, flags), |t| {
                t.rw.read_unlock();
            }),
            Form::ReadRecursive => (self.rw.read_lock_recursive_timed(timeout, flags), |t| {
                t.rw.read_unlock();
            }),
            Form::Write => (self.rw.write_lock_timed(timeout, flags), |t| {
                t.rw.write_unlock();
            }),
            Form::Event => (self.event.wait_with(timeout, flags), |_| ()),
            Form::Park => {
                // SAFETY: the key is this test's own; the closure does not call into the lot.
                let status = unsafe { park(self.key(), closed, 0, timeout, flags) };
                (status_of(status), |_| ())
            }
            Form::ParkInLot => {
                // SAFETY: the lot is this test's own; the closure does not call into it.
                let status = unsafe { self.lot.park(5, closed, 0, timeout, flags) };
                (status_of(status), |_| ())
            }
        };
        if status == LockStatus::Acquired {
            unlock(self);
        }
        status
    }
}

fn status_of(status: ParkStatus) -> LockStatus {
    match status {
        ParkStatus::Ok | ParkStatus::Again => LockStatus::Acquired,
        ParkStatus::Timeout => LockStatus::Failure,
        ParkStatus::Intr => LockStatus::Intr,
    }
}

#[rstest::rstest]
fn a_short_timeout_gives_up_in_its_time_and_leaves_nothing(
    #[values(
        Form::Mutex,
        Form::Recursive,
        Form::Read,
        Form::ReadRecursive,
        Form::Write,
        Form::Event,
        Form::Park,
        Form::ParkInLot
    )]
    form: Form,
    #[values(Duration::ZERO, Duration::from_nanos(1), MS)] timeout: Duration,
) {
    let things = Things::new();
    things.close(form);
    std::thread::scope(|scope| {
        // Another thread: the one that closed it owns the recursive lock.
        scope.spawn(|| {
            for flags in all_flags() {
                let start = Instant::now();
                let status = things.wait(form, Some(timeout), flags);
                assert_eq!(status, LockStatus::Failure, "{flags:?}");
                assert!(start.elapsed() >= timeout, "{flags:?}");
            }
        });
    });
    things.open(form);
    let now = Some(Duration::ZERO);
    for flags in all_flags() {
        assert_eq!(things.wait(form, now, flags), LockStatus::Acquired);
    }
}

#[rstest::rstest]
fn the_longest_timeouts_wait_until_woken(
    #[values(
        Form::Mutex,
        Form::Recursive,
        Form::Read,
        Form::ReadRecursive,
        Form::Write,
        Form::Event,
        Form::Park,
        Form::ParkInLot
    )]
    form: Form,
    #[values(
        None,
        Some(Duration::MAX),
        Some(Duration::from_secs(u64::MAX)),
        Some(Duration::from_nanos(u64::MAX)),
        Some(Duration::from_nanos(i64::MAX as u64))
    )]
    timeout: Option<Duration>,
) {
    for flags in all_flags() {
        let things = Things::new();
        things.close(form);
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| things.wait(form, timeout, flags));
            std::thread::sleep(MS * 5);
            assert!(!waiter.is_finished(), "{flags:?}");
            things.open(form);
            assert_eq!(waiter.join().unwrap(), LockStatus::Acquired, "{flags:?}");
        });
    }
}

#[rstest::rstest]
fn what_is_free_is_had_whatever_the_timeout(
    #[values(
        Form::Mutex,
        Form::Recursive,
        Form::Read,
        Form::ReadRecursive,
        Form::Write,
        Form::Event,
        Form::Park,
        Form::ParkInLot
    )]
    form: Form,
    #[values(
        Some(Duration::ZERO),
        Some(Duration::from_nanos(1)),
        Some(Duration::MAX),
        None
    )]
    timeout: Option<Duration>,
) {
    let things = Things::new();
    things.close(form);
    things.open(form);
    for flags in all_flags() {
        assert_eq!(things.wait(form, timeout, flags), LockStatus::Acquired);
    }
}
