//! Real signals to threads that wait, in a process without a runtime: the calls that need none end,
//! the one that asks the runtime does not.
#![cfg(all(unix, not(miri)))]

mod support;

use py_sync::{
    Event, LockFlags, LockStatus, Mutex, ParkStatus, ParkingLot, RecursiveMutex, RwMutex,
    Semaphore, signal_arrived,
};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// What a handler leaves for the check.
static PENDING: AtomicUsize = AtomicUsize::new(0);

extern "C" fn silent(_: libc::c_int) {
    PENDING.fetch_add(1, SeqCst);
}

extern "C" fn announced(_: libc::c_int) {
    PENDING.fetch_add(1, SeqCst);
    signal_arrived();
}

/// The locks, all of them such that a wait for one lasts.
struct Held {
    mutex: Mutex,
    recursive: RecursiveMutex,
    rw: RwMutex,
    event: Event,
    semaphore: Semaphore,
}

impl Held {
    fn new() -> Held {
        let held = Held {
            mutex: Mutex::new(),
            recursive: RecursiveMutex::new(),
            rw: RwMutex::new(),
            event: Event::new(),
            semaphore: Semaphore::new(0),
        };
        held.mutex.lock();
        held.recursive.lock();
        held.rw.write_lock();
        held
    }

    fn let_go(&self) {
        self.mutex.unlock();
        self.recursive.unlock();
        self.rw.write_unlock();
        self.event.notify();
        self.semaphore.release();
    }

    fn with_signals(
        &self,
        kind: Kind,
        timeout: Option<Duration>,
        check: impl FnMut() -> Result<(), &'static str>,
    ) -> Result<bool, &'static str> {
        match kind {
            Kind::Mutex => self.mutex.lock_with_signals(timeout, check),
            Kind::Recursive => self.recursive.lock_with_signals(timeout, check),
            Kind::Event => self.event.wait_with_signals(timeout, check),
            Kind::Semaphore => self.semaphore.acquire_with_signals(timeout, check),
            Kind::Read | Kind::Write => unreachable!("not among the cases"),
        }
    }

    fn timed(&self, kind: Kind, timeout: Option<Duration>, flags: LockFlags) -> LockStatus {
        match kind {
            Kind::Mutex => self.mutex.lock_timed(timeout, flags),
            Kind::Recursive => self.recursive.lock_timed(timeout, flags),
            Kind::Event => self.event.wait_with(timeout, flags),
            Kind::Semaphore => self.semaphore.acquire_timed(timeout, flags),
            Kind::Read => self.rw.read_lock_timed(timeout, flags),
            Kind::Write => self.rw.write_lock_timed(timeout, flags),
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Mutex,
    Recursive,
    Event,
    Semaphore,
    Read,
    Write,
}

#[rstest::rstest]
#[case(Kind::Mutex)]
#[case(Kind::Recursive)]
#[case(Kind::Event)]
#[case(Kind::Semaphore)]
fn the_check_ends_the_wait(
    #[case] kind: Kind,
    #[values(None, Some(Duration::from_secs(600)))] timeout: Option<Duration>,
    // With SA_RESTART the kernel goes on with the sleep, unless the handler says so.
    #[values((silent as extern "C" fn(_), 0), (announced as _, libc::SA_RESTART))] how: (
        extern "C" fn(libc::c_int),
        libc::c_int,
    ),
) {
    let held = Held::new();
    let mut checks = 0;
    let check = || match PENDING.swap(0, SeqCst) {
        // A wait may look without a signal.
        0 => Ok(()),
        _ => {
            checks += 1;
            if checks == 3 { Err("raised") } else { Ok(()) }
        }
    };
    let wait = || held.with_signals(kind, timeout, check);
    let result = support::under_signals(&PENDING, how.0, how.1, wait, || false, || ());
    assert_eq!((result, checks), (Err("raised"), 3));
    // Nobody is left in line, and nothing was taken.
    held.let_go();
    assert_eq!(held.with_signals(kind, None, || Err("no")), Ok(true));
}

#[rstest::rstest]
#[case(Kind::Mutex)]
#[case(Kind::Recursive)]
#[case(Kind::Event)]
#[case(Kind::Semaphore)]
fn the_wait_goes_on_and_ends_with_what_is_waited_for(#[case] kind: Kind) {
    let held = Held::new();
    let checks = AtomicUsize::new(0);
    let check = || {
        checks.fetch_add(1, SeqCst);
        Ok(())
    };
    let wait = || held.with_signals(kind, None, check);
    let let_go = || held.let_go();
    let result = support::under_signals(
        &PENDING,
        silent,
        0,
        wait,
        || checks.load(SeqCst) >= 3,
        let_go,
    );
    assert_eq!(result, Ok(true));
}

#[rstest::rstest]
#[case(Kind::Mutex)]
#[case(Kind::Recursive)]
#[case(Kind::Event)]
#[case(Kind::Semaphore)]
fn signals_do_not_make_the_wait_longer(#[case] kind: Kind) {
    let held = Held::new();
    let (timeout, start) = (Duration::from_millis(40), Instant::now());
    let wait = || held.with_signals(kind, Some(timeout), || Ok(()));
    // It returns: signals would renew a timeout that each attempt begins anew, for ever.
    let result = support::under_signals(&PENDING, silent, 0, wait, || false, || ());
    assert_eq!(result, Ok(false));
    assert!(start.elapsed() >= timeout);
    std::thread::scope(|scope| {
        // Not even if there is one.
        let at_once = || {
            signal_arrived();
            held.with_signals(kind, Some(Duration::ZERO), || Err("not asked"))
        };
        assert_eq!(scope.spawn(at_once).join().unwrap(), Ok(false));
    });
    held.let_go();
    let now = held.with_signals(kind, Some(Duration::ZERO), || Err("not asked"));
    assert_eq!(now, Ok(true), "what is there needs no time");
}

#[rstest::rstest]
#[case(Kind::Mutex)]
#[case(Kind::Recursive)]
#[case(Kind::Event)]
#[case(Kind::Semaphore)]
#[case(Kind::Read)]
#[case(Kind::Write)]
fn a_wait_that_fails_if_interrupted_needs_no_runtime(#[case] kind: Kind) {
    let held = Held::new();
    let flags = LockFlags::DETACH | LockFlags::FAIL_IF_INTERRUPTED;
    for timeout in [None, Some(Duration::from_secs(600))] {
        let wait = || held.timed(kind, timeout, flags);
        let status = support::under_signals(&PENDING, silent, 0, wait, || false, || ());
        assert_eq!(status, LockStatus::Intr);
    }
}

/// What the documentation of `HANDLE_SIGNALS` says.
#[rstest::rstest]
#[case(Kind::Mutex)]
#[case(Kind::Recursive)]
#[case(Kind::Event)]
#[case(Kind::Semaphore)]
#[case(Kind::Read)]
#[case(Kind::Write)]
fn a_wait_that_asks_the_runtime_goes_on_without_one(#[case] kind: Kind) {
    let held = Held::new();
    let timeout = Some(Duration::from_millis(40));
    let flags = LockFlags::DETACH | LockFlags::HANDLE_SIGNALS;
    let wait = || held.timed(kind, timeout, flags);
    // Asked before another test may set the count back.
    let mut came = 0;
    let count = || came = PENDING.load(SeqCst);
    let status = support::under_signals(&PENDING, announced, 0, wait, || false, count);
    assert_eq!(status, LockStatus::Failure);
    assert!(came > 0, "signals came");
}

/// A signal interrupts the system call. The wait was not told that a signal may end it.
#[test]
fn no_signal_ends_a_plain_park() {
    let lot = ParkingLot::<1>::new();
    let timeout = Some(Duration::from_millis(40));
    // SAFETY: the lot is this test's own.
    let wait = || unsafe { lot.park(1, || true, 0, timeout, LockFlags::NONE) };
    let status = support::under_signals(&PENDING, silent, 0, wait, || false, || ());
    assert_eq!(status, ParkStatus::Timeout);
}

/// The check is the caller's code: it may lock what its thread waits for, and panic.
#[test]
fn a_check_may_use_the_lock_and_panic() {
    let recursive = RecursiveMutex::new();
    let other = py_thread::LogicalThread::new();
    recursive.lock_as(other.ident());
    signal_arrived();
    let lock_and_keep = || {
        recursive.unlock_as(other.ident());
        recursive.lock();
        Ok::<(), ()>(())
    };
    assert_eq!(recursive.lock_with_signals(None, lock_and_keep), Ok(true));
    assert_eq!(recursive.level(), 1, "once by the check, once by the call");

    let mutex = Mutex::new();
    mutex.lock();
    signal_arrived();
    let panics = || mutex.lock_with_signals(None, || -> Result<(), ()> { panic!("planned") });
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics));
    assert!(panicked.is_err());
    mutex.unlock();
    assert!(mutex.try_lock(), "nobody is left in line");
}
