//! A toy runtime with a real GIL: who waits for a lock does not hold it, and a signal wakes a wait.
#![cfg(all(unix, not(miri)))]

mod support;

use core::ops::ControlFlow;
use py_sync::{LockFlags, LockStatus, Mutex, ParkStatus, Runtime, install, park, signal_arrived};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Condvar, Mutex as StdMutex, Once, mpsc};
use std::time::{Duration, Instant};
use support::{handle, send, this_thread};

/// One lock that every thread of the runtime needs to run.
struct Gil {
    held: StdMutex<bool>,
    released: Condvar,
}

std::thread_local! {
    static ATTACHED: Cell<bool> = const { Cell::new(false) };
}

static GIL: Gil = Gil {
    held: StdMutex::new(false),
    released: Condvar::new(),
};
static TRIPPED: AtomicBool = AtomicBool::new(false);

impl Gil {
    fn take(&self) {
        let held = self.held.lock().unwrap();
        *self.released.wait_while(held, |held| *held).unwrap() = true;
        ATTACHED.set(true);
    }

    fn take_within(&self, timeout: Duration) -> bool {
        let held = self.held.lock().unwrap();
        let wait = self
            .released
            .wait_timeout_while(held, timeout, |held| *held);
        let (mut held, result) = wait.unwrap();
        if result.timed_out() {
            return false;
        }
        *held = true;
        ATTACHED.set(true);
        true
    }

    fn give(&self) {
        assert!(ATTACHED.replace(false), "only who holds it gives it");
        *self.held.lock().unwrap() = false;
        self.released.notify_one();
    }
}

impl Runtime for Gil {
    fn detach(&self) -> bool {
        let attached = ATTACHED.get();
        if attached {
            self.give();
        }
        attached
    }

    fn attach(&self) {
        self.take();
    }

    fn pending(&self) -> ControlFlow<()> {
        match TRIPPED.swap(false, SeqCst) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    fn world_stopped(&self) -> bool {
        false
    }
}

/// The runtime is the process's, and so is the GIL: one test at a time.
fn with_the_runtime() -> impl Drop {
    static INSTALL: Once = Once::new();
    static ONE: Mutex = Mutex::new();
    INSTALL.call_once(|| install(&GIL).unwrap());
    assert_eq!(ONE.lock_timed(None, LockFlags::NONE), LockStatus::Acquired);
    struct Done;
    impl Drop for Done {
        fn drop(&mut self) {
            ONE.unlock();
        }
    }
    Done
}

const SOON: Duration = Duration::from_secs(20);

/// The waiter takes the GIL and then waits for a lock; the holder of the lock gets the GIL.
#[test]
fn a_thread_that_waits_for_a_lock_does_not_hold_the_gil() {
    let _one = with_the_runtime();
    let locks: [fn(&Mutex); 2] = [Mutex::lock, |m| {
        let flags = LockFlags::DETACH | LockFlags::HANDLE_SIGNALS;
        assert_eq!(m.lock_timed(Some(SOON * 3), flags), LockStatus::Acquired);
    }];
    for lock in locks {
        let mutex = Mutex::new();
        mutex.lock();
        let waits = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                GIL.take();
                waits.store(true, SeqCst);
                lock(&mutex);
                assert!(ATTACHED.get(), "attached again when it has the lock");
                GIL.give();
                mutex.unlock();
            });
            while !waits.load(SeqCst) {
                std::thread::yield_now();
            }
            assert!(GIL.take_within(SOON), "the waiter sleeps with the GIL");
            mutex.unlock();
            std::thread::sleep(Duration::from_millis(20));
            assert!(
                !waiter.is_finished(),
                "it has the lock, and waits for the GIL"
            );
            GIL.give();
        });
    }
}

#[test]
fn a_wait_without_detach_keeps_the_gil() {
    let _one = with_the_runtime();
    let mutex = Mutex::new();
    mutex.lock();
    GIL.take();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert!(!GIL.take_within(Duration::from_millis(50)));
        });
        let timeout = Some(Duration::from_millis(100));
        assert_eq!(
            mutex.lock_timed(timeout, LockFlags::NONE),
            LockStatus::Failure
        );
    });
    GIL.give();
}

static WAITER: AtomicU64 = AtomicU64::new(0);
static ARRIVED_NS: AtomicU64 = AtomicU64::new(0);

fn now_ns() -> u64 {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `now` is ours to write.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// As a runtime's: notes the signal, and sends it on to the thread that handles signals.
extern "C" fn on_alarm(signal: libc::c_int) {
    let _ = ARRIVED_NS.compare_exchange(0, now_ns(), SeqCst, SeqCst);
    TRIPPED.store(true, SeqCst);
    let waiter = WAITER.load(SeqCst);
    if waiter == this_thread() as u64 {
        signal_arrived();
    } else if waiter != 0 {
        send(waiter as libc::pthread_t, signal);
    }
}

/// One SIGALRM in `after`.
fn alarm_in(after: Duration) {
    let zero = libc::timeval {
        tv_sec: 0,
        tv_usec: 0,
    };
    let timer = libc::itimerval {
        it_interval: zero,
        it_value: libc::timeval {
            tv_sec: 0,
            tv_usec: after.as_micros() as libc::suseconds_t,
        },
    };
    // SAFETY: `timer` is alive for the call.
    let rc = unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, core::ptr::null_mut()) };
    assert_eq!(rc, 0);
}

/// Blocks for ever until SIGALRM; how long after the handler ran it returned.
fn interrupted_after(mutex: &Mutex, delay: Duration) -> Duration {
    ARRIVED_NS.store(0, SeqCst);
    alarm_in(delay);
    GIL.take();
    let status = mutex.lock_timed(None, LockFlags::DETACH | LockFlags::HANDLE_SIGNALS);
    let returned = now_ns();
    GIL.give();
    assert_eq!(status, LockStatus::Intr);
    Duration::from_nanos(returned.saturating_sub(ARRIVED_NS.load(SeqCst)))
}

/// Nine of ten within 50 ms, so that one on a busy machine may be late; none is lost.
#[rstest::rstest]
#[case::interrupts(0)]
#[case::restarts(libc::SA_RESTART)]
fn an_alarm_wakes_a_blocked_lock_within_50_ms(#[case] flags: libc::c_int) {
    let _one = with_the_runtime();
    handle(libc::SIGALRM, on_alarm, flags);
    let mutex = Mutex::new();
    mutex.lock();
    // A tenth of the alarms comes before or just as the wait begins.
    let delays =
        (0..100).map(|i| Duration::from_micros(if i % 10 == 0 { 1 + i / 10 } else { 3_000 }));
    let waited: Vec<Duration> = std::thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            WAITER.store(this_thread() as u64, SeqCst);
            let waited = delays
                .map(|delay| interrupted_after(&mutex, delay))
                .collect();
            WAITER.store(0, SeqCst);
            waited
        });
        waiter.join().unwrap()
    });
    let mut sorted = waited;
    sorted.sort();
    println!(
        "from the handler to the return: median {:?}, 90 % {:?}, longest {:?} of {}",
        sorted[sorted.len() / 2],
        sorted[sorted.len() * 9 / 10],
        sorted[sorted.len() - 1],
        sorted.len()
    );
    assert!(sorted[sorted.len() * 9 / 10] <= Duration::from_millis(50));
}

extern "C" fn on_usr1(_: libc::c_int) {
    signal_arrived();
}

extern "C" fn on_usr2(_: libc::c_int) {}

/// The gap itself: the handler runs after the thread was queued and before it sleeps. One that
/// says so is noticed; one that does not is not, which is what the documentation says.
#[test]
fn a_signal_between_the_last_look_and_the_sleep_is_noticed() {
    let _one = with_the_runtime();
    handle(libc::SIGUSR1, on_usr1, libc::SA_RESTART);
    handle(libc::SIGUSR2, on_usr2, 0);
    let key = &raw const GIL;
    let park_with = |signal, timeout, flags| {
        let raised = || {
            send(this_thread(), signal);
            true
        };
        // SAFETY: the key is the address of a static of this test's; the closure does not call
        // into the lot.
        unsafe { park(key.addr(), raised, 0, timeout, flags) }
    };
    let interruptible = LockFlags::HANDLE_SIGNALS;
    let start = Instant::now();
    assert_eq!(
        park_with(libc::SIGUSR1, None, interruptible),
        ParkStatus::Intr
    );
    assert_eq!(
        park_with(libc::SIGUSR1, Some(SOON), interruptible),
        ParkStatus::Intr
    );
    assert!(start.elapsed() < SOON);

    let briefly = Some(Duration::from_millis(20));
    assert_eq!(
        park_with(libc::SIGUSR2, briefly, interruptible),
        ParkStatus::Timeout
    );
    // A wait that does not handle signals is not disturbed, and leaves the mark for the next.
    assert_eq!(
        park_with(libc::SIGUSR1, briefly, LockFlags::NONE),
        ParkStatus::Timeout
    );
    assert_eq!(
        park_with(libc::SIGUSR2, None, interruptible),
        ParkStatus::Intr
    );
    assert_eq!(
        park_with(libc::SIGUSR2, briefly, interruptible),
        ParkStatus::Timeout
    );
}

/// A signal at any moment of a wait that nobody else would end: each ends it.
#[test]
fn no_moment_of_a_wait_is_deaf() {
    let _one = with_the_runtime();
    handle(libc::SIGUSR1, on_usr1, 0);
    let rounds = support::count("PY_SYNC_SIGNALS", 2_000);
    let (ready, start) = mpsc::channel();
    let ended = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            ready.send(this_thread()).unwrap();
            for _ in 0..rounds {
                // SAFETY: the key is the address of a variable of this test's.
                let status = unsafe {
                    let key = (&raw const ended).addr();
                    park(key, || true, 0, None, LockFlags::HANDLE_SIGNALS)
                };
                assert_eq!(status, ParkStatus::Intr);
                ended.fetch_add(1, SeqCst);
            }
        });
        let thread = start.recv().unwrap();
        for round in 0..rounds as u64 {
            // One signal for each wait, anywhere from before it begins to well into the sleep.
            for _ in 0..round * 37 % 2_000 {
                std::hint::spin_loop();
            }
            send(thread, libc::SIGUSR1);
            let sent = Instant::now();
            while ended.load(SeqCst) <= round {
                assert!(
                    sent.elapsed() < SOON,
                    "the signal of round {round} was lost"
                );
                std::thread::yield_now();
            }
        }
        waiter.join().unwrap();
    });
}
