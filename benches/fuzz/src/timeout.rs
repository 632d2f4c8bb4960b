//! Arguments of a timeout, as Python gives them and as Rust does; and waits with any timeout.

use crate::SOON;
use arbitrary::{Arbitrary, Unstructured};
use py_sync::{
    Event, LockFlags, LockStatus, Mutex, ParkStatus, RecursiveMutex, RwMutex, Semaphore,
};
use py_thread::{Seconds, TIMEOUT_MAX, Timeout, TimeoutError};
use std::time::{Duration, Instant};

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Argument {
    None,
    Int(i64),
    /// Near a border: that of 64-bit nanoseconds, of microseconds, of `TIMEOUT_MAX`, or zero.
    Near(u8, i8),
    Big,
    Float(f64),
    /// So many nanoseconds, in seconds, and a few of the last bits off.
    Nanos(i64, i8),
}

const BORDERS: [i64; 8] = [
    0,
    -1,
    i64::MAX / 1_000_000_000,
    i64::MIN / 1_000_000_000,
    i64::MAX,
    i64::MIN,
    TIMEOUT_MAX,
    TIMEOUT_MAX / 1_000_000,
];

impl Argument {
    fn get(self) -> Option<Seconds> {
        Some(match self {
            Argument::None => return None,
            Argument::Int(n) => Seconds::Int(n),
            Argument::Near(border, off) => {
                let border = BORDERS[usize::from(border) % BORDERS.len()];
                Seconds::Int(border.saturating_add(off.into()))
            }
            Argument::Big => Seconds::BigInt,
            Argument::Float(x) => Seconds::Float(x),
            Argument::Nanos(n, off) => {
                let bits = (n as f64 / 1e9).to_bits();
                Seconds::Float(f64::from_bits(bits.wrapping_add_signed(off.into())))
            }
        })
    }
}

/// Nanoseconds, rounded away from zero, or why there are none.
fn nanos(seconds: Seconds) -> Result<i128, TimeoutError> {
    let nanos = match seconds {
        Seconds::Int(n) => i128::from(n) * 1_000_000_000,
        Seconds::BigInt => return Err(TimeoutError::OutOfRange),
        Seconds::Float(x) if x.is_nan() => return Err(TimeoutError::NotANumber),
        Seconds::Float(x) => {
            // CPython multiplies in doubles as well.
            let product = x * 1e9;
            let whole = product.trunc();
            let away = if product == whole {
                0.0
            } else {
                product.signum()
            };
            (whole + away) as i128
        }
    };
    match i64::try_from(nanos) {
        Ok(_) => Ok(nanos),
        Err(_) => Err(TimeoutError::OutOfRange),
    }
}

fn limited(nanos: i128) -> Result<i128, TimeoutError> {
    // Whole microseconds, and one more for a part.
    let micros = (nanos + 999).div_euclid(1000);
    match micros > i128::from(TIMEOUT_MAX) {
        true => Err(TimeoutError::TooLarge),
        false => Ok(nanos),
    }
}

fn parsed(argument: Option<Seconds>, blocking: bool) -> Result<i128, TimeoutError> {
    match argument {
        None => Ok(if blocking { -1_000_000_000 } else { 0 }),
        Some(_) if !blocking => Err(TimeoutError::NonBlocking),
        Some(seconds) => match nanos(seconds)? {
            n if n < 0 => Err(TimeoutError::Negative),
            n => limited(n),
        },
    }
}

fn parsed_acquire(blocking: bool, argument: Option<Seconds>) -> Result<i128, TimeoutError> {
    match argument.map(nanos).transpose()? {
        None | Some(-1_000_000_000) => Ok(if blocking { -1_000_000_000 } else { 0 }),
        Some(_) if !blocking => Err(TimeoutError::NonBlocking),
        Some(n) if n < 0 => Err(TimeoutError::Negative),
        Some(n) => limited(n),
    }
}

fn parses(argument: Argument, blocking: bool) {
    let seconds = argument.get();
    let of = |t: Timeout| i128::from(t.as_nanos());
    let ours = Timeout::parse(seconds, blocking).map(of);
    assert_eq!(ours, parsed(seconds, blocking), "{seconds:?}, {blocking}");
    let ours = Timeout::parse_acquire(blocking, seconds).map(of);
    assert_eq!(
        ours,
        parsed_acquire(blocking, seconds),
        "{seconds:?}, {blocking}"
    );
}

fn converts(seconds: u64, nanos: u32) {
    let duration = Duration::new(seconds, nanos % 1_000_000_000);
    let timeout = Timeout::from(duration);
    let capped = duration.as_nanos().min(i64::MAX.unsigned_abs().into());
    assert_eq!(i128::from(timeout.as_nanos()), capped as i128);
    assert_eq!(
        timeout.as_duration(),
        Some(Duration::from_nanos(capped as u64))
    );
    assert_eq!(
        timeout.as_micros(),
        (timeout.as_nanos() / 1000) + i64::from(capped % 1000 != 0)
    );
    assert!(!timeout.is_forever() && timeout < Timeout::FOREVER);
    assert!(timeout >= Timeout::NOW);
    assert_eq!(Timeout::from(None::<Duration>), Timeout::FOREVER);
}

/// How long to wait.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Wait {
    Zero,
    /// So many nanoseconds: it ends by itself.
    Nanos(u16),
    /// Longer than a test can wait: it must be ended.
    Any(u64, u32),
    Max,
    Forever,
}

impl Wait {
    fn get(self) -> Option<Duration> {
        match self {
            Wait::Zero => Some(Duration::ZERO),
            Wait::Nanos(n) => Some(Duration::from_nanos(n.into())),
            Wait::Any(seconds, nanos) => {
                Some(Duration::new(seconds.max(60), nanos % 1_000_000_000))
            }
            Wait::Max => Some(Duration::MAX),
            Wait::Forever => None,
        }
    }

    fn ends_by_itself(self) -> bool {
        matches!(self, Wait::Zero | Wait::Nanos(_))
    }
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Waited {
    Mutex,
    Read,
    Write,
    Recursive,
    Semaphore,
    Event,
    Key,
    Join,
}

/// One of each, and how to wait for it, to take it and to give it.
#[derive(Default)]
struct Things {
    mutex: Mutex,
    rw: RwMutex,
    recursive: RecursiveMutex,
    permits: Semaphore,
    event: Event,
    open: Mutex,
}

impl Things {
    fn key(&self) -> usize {
        (&raw const self.open).addr()
    }

    /// Whether it was got.
    fn wait(&self, what: Waited, timeout: Option<Duration>) -> bool {
        const FLAGS: LockFlags = LockFlags::DETACH;
        let got = |status| match status {
            LockStatus::Acquired => true,
            LockStatus::Failure => false,
            LockStatus::Intr => panic!("no signal was sent"),
        };
        match what {
            Waited::Mutex => got(self.mutex.lock_timed(timeout, FLAGS)),
            Waited::Read => got(self.rw.read_lock_timed(timeout, FLAGS)),
            Waited::Write => got(self.rw.write_lock_timed(timeout, FLAGS)),
            Waited::Recursive => got(self.recursive.lock_timed(timeout, FLAGS)),
            Waited::Semaphore => got(self.permits.acquire_timed(timeout, FLAGS)),
            Waited::Event => self.event.wait_timed(timeout, true),
            Waited::Key => {
                let closed = || self.open.is_locked();
                // SAFETY: the key is the address of a thing of ours, which is no lock that is waited
                // for; the closure does not call into the lot.
                match unsafe { py_sync::park(self.key(), closed, 0, timeout, FLAGS) } {
                    ParkStatus::Ok | ParkStatus::Again => true,
                    ParkStatus::Timeout => false,
                    ParkStatus::Intr => panic!("no signal was sent"),
                }
            }
            Waited::Join => unreachable!("a handle is no lock"),
        }
    }

    fn take(&self, what: Waited) {
        match what {
            Waited::Mutex => self.mutex.lock(),
            Waited::Read | Waited::Write => self.rw.write_lock(),
            Waited::Recursive => self.recursive.lock(),
            Waited::Key => self.open.lock(),
            // Without permits, and not set.
            Waited::Semaphore | Waited::Event | Waited::Join => {}
        }
    }

    fn give(&self, what: Waited) {
        match what {
            Waited::Mutex => self.mutex.unlock(),
            Waited::Read | Waited::Write => self.rw.write_unlock(),
            Waited::Recursive => self.recursive.unlock(),
            Waited::Semaphore => self.permits.release(),
            Waited::Event => self.event.notify(),
            Waited::Key => {
                // SAFETY: as in `wait`; the callback calls nothing.
                unsafe { py_sync::unpark(self.key(), |_, _| self.open.unlock()) };
            }
            Waited::Join => {}
        }
    }
}

/// A thread that has ended, or will when it is told.
fn joins(timeout: Option<Duration>, ends_by_itself: bool, free: bool) {
    let end = std::sync::Arc::new(Event::new());
    let told = std::sync::Arc::clone(&end);
    let handle = py_thread::start(move || told.wait()).expect("a thread starts");
    if free || !ends_by_itself {
        end.notify();
    }
    if free {
        handle.join().expect("no other thread joins itself");
    }
    let start = Instant::now();
    let outcome = handle
        .join_timeout(timeout)
        .expect("it does not join itself");
    if free || !ends_by_itself {
        assert!(outcome.is_some(), "{timeout:?}");
    } else if outcome.is_none() {
        assert!(
            start.elapsed() >= timeout.expect("one that ends"),
            "{timeout:?}: too early"
        );
    } else {
        panic!("it has not ended");
    }
    end.notify();
    handle.join().expect("no other thread joins itself");
}

fn waits(what: Waited, wait: Wait, free: bool) {
    let timeout = wait.get();
    if matches!(what, Waited::Join) {
        return joins(timeout, wait.ends_by_itself(), free);
    }
    let things = Things::default();
    if free {
        // It is there at once, however short or long the time.
        if matches!(what, Waited::Semaphore | Waited::Event) {
            things.give(what);
        }
        assert!(things.wait(what, timeout), "{what:?} was free, {timeout:?}");
        return;
    }
    things.take(what);
    std::thread::scope(|scope| {
        let things = &things;
        let start = Instant::now();
        let waiter = scope.spawn(move || (things.wait(what, timeout), start.elapsed()));
        if wait.ends_by_itself() {
            let (got, took) = waiter.join().expect("the wait ends");
            assert!(!got, "{what:?} was not free, {timeout:?}");
            assert!(
                took >= timeout.expect("one that ends"),
                "{timeout:?}: too early"
            );
            things.give(what);
        } else {
            std::thread::yield_now();
            things.give(what);
            let (got, took) = waiter.join().expect("the wait ends");
            assert!(got, "{what:?} was given, {timeout:?}");
            assert!(took < SOON, "{timeout:?}: the wake-up was lost");
        }
    });
}

#[derive(Arbitrary, Debug)]
enum Question {
    Parses(Argument, bool),
    Converts(u64, u32),
    Waits(Waited, Wait, bool),
}

/// Some questions.
pub fn run(data: &[u8]) {
    let Ok(questions) = Vec::<Question>::arbitrary_take_rest(Unstructured::new(data)) else {
        return;
    };
    for question in questions.into_iter().take(16) {
        match question {
            Question::Parses(argument, blocking) => parses(argument, blocking),
            Question::Converts(seconds, nanos) => converts(seconds, nanos),
            Question::Waits(what, wait, free) => waits(what, wait, free),
        }
    }
}
