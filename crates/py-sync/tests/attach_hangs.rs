//! A thread whose `attach` never returns, as in a runtime that shuts down, owns no lock that it did
//! not own before it slept, and keeps nobody else waiting.

use core::ops::ControlFlow;
use py_sync::{LockFlags, LockStatus, Mutex, Runtime, RwMutex, install};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

const MS: Duration = Duration::from_millis(1);

/// Threads that are marked so do not come back from a sleep.
static SHUTS_DOWN: AtomicBool = AtomicBool::new(false);
static HANGING: AtomicUsize = AtomicUsize::new(0);

std::thread_local! {
    static HANGS: Cell<bool> = const { Cell::new(false) };
}

struct ShutsDown;

impl Runtime for ShutsDown {
    fn detach(&self) -> bool {
        true
    }

    fn attach(&self) {
        if HANGS.get() && SHUTS_DOWN.load(SeqCst) {
            HANGING.fetch_add(1, SeqCst);
            // For ever, or until the test is over.
            while SHUTS_DOWN.load(SeqCst) {
                std::thread::sleep(MS);
            }
            HANGING.fetch_sub(1, SeqCst);
        }
    }

    fn pending(&self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn world_stopped(&self) -> bool {
        false
    }
}

fn until(condition: impl Fn() -> bool) {
    while !condition() {
        std::thread::yield_now();
    }
}

fn byte(m: &Mutex) -> u8 {
    // SAFETY: alive as long as `m`, and read atomically.
    unsafe { AtomicU8::from_ptr(m.as_ptr()) }.load(SeqCst)
}

fn word(m: &RwMutex) -> usize {
    // SAFETY: `RwMutex` is `repr(transparent)` over one atomic word.
    unsafe { &*std::ptr::from_ref(m).cast::<AtomicUsize>() }.load(SeqCst)
}

/// One parks and will hang; another parks behind it; `unlock` ends the hold. Asserts that the other
/// gets the lock soon, unless `owned` says that the one that hangs was handed it.
fn episode(
    hangs: &(dyn Fn() + Sync),
    parked: &dyn Fn() -> bool,
    unlock: &dyn Fn(),
    owned: &dyn Fn() -> bool,
    other: &(dyn Fn() + Sync),
) -> Option<Duration> {
    struct End;
    impl Drop for End {
        fn drop(&mut self) {
            SHUTS_DOWN.store(false, SeqCst);
        }
    }
    let (may_come, had) = (AtomicBool::new(false), AtomicBool::new(false));
    SHUTS_DOWN.store(true, SeqCst);
    std::thread::scope(|scope| {
        let _end = End;
        // Started before the other parks: after 0.1 ms an unlock would hand the mutex to that.
        scope.spawn(|| {
            until(|| may_come.load(SeqCst));
            other();
            had.store(true, SeqCst);
        });
        scope.spawn(|| {
            HANGS.set(true);
            hangs();
        });
        until(parked);
        may_come.store(true, SeqCst);
        let start = Instant::now();
        unlock();
        until(|| HANGING.load(SeqCst) == 1 || had.load(SeqCst));
        while !had.load(SeqCst) && start.elapsed() < MS * 2_000 {
            if owned() {
                // For a moment the other owns it too, and then it has had it.
                std::thread::sleep(MS);
                if owned() && !had.load(SeqCst) {
                    return None;
                }
            }
            std::thread::sleep(MS / 10);
        }
        assert!(had.load(SeqCst), "nobody owns it, and the other sleeps");
        Some(start.elapsed())
    })
}

/// Some of them, of which enough must have come about; the median is what counts.
fn often(episode: impl Fn() -> Option<Duration>) {
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(|e| e.into_inner());
    static INSTALLED: std::sync::Once = std::sync::Once::new();
    INSTALLED.call_once(|| install(&ShutsDown).unwrap());
    let mut took = Vec::new();
    for _ in 0..if cfg!(miri) { 1 } else { 200 } {
        took.extend(episode());
        if took.len() == 10 {
            break;
        }
    }
    assert!(
        cfg!(miri) || !took.is_empty(),
        "it was always handed the lock"
    );
    took.sort();
    // Alone it takes a millisecond or so; the machine may be busy.
    assert!(cfg!(miri) || took[took.len() / 2] < MS * 100, "{took:?}");
}

#[test]
fn a_mutex_is_had_by_the_next_waiter() {
    often(|| {
        static M: Mutex = Mutex::new();
        let turn = || {
            M.lock();
            M.unlock();
        };
        M.lock();
        let owned = || HANGING.load(SeqCst) == 1 && M.is_locked();
        episode(&turn, &|| byte(&M) == 3, &|| M.unlock(), &owned, &turn)
    });
}

/// Nobody else waits: the lock is simply free.
#[test]
fn a_mutex_that_nobody_else_waits_for_is_free() {
    often(|| {
        static M: Mutex = Mutex::new();
        let turn = || {
            M.lock();
            M.unlock();
        };
        M.lock();
        let status = Cell::new(None);
        let unlock = || {
            M.unlock();
            until(|| HANGING.load(SeqCst) == 1);
            if !M.is_locked() {
                let second = Some(Duration::from_secs(1));
                status.set(Some(M.lock_timed(second, LockFlags::DETACH)));
                M.unlock();
            }
        };
        let owned = || HANGING.load(SeqCst) == 1 && M.is_locked();
        let took = episode(&turn, &|| byte(&M) == 3, &unlock, &owned, &|| ())?;
        assert!(status.get().is_none_or(|s| s == LockStatus::Acquired));
        status.get().map(|_| took)
    });
}

#[rstest::rstest]
#[case::a_writer_after_a_reader(false, true)]
#[case::a_writer_after_a_writer(true, true)]
#[case::a_reader_after_a_writer(true, false)]
fn a_read_write_lock_is_had_by_the_next(#[case] writing: bool, #[case] hangs_writing: bool) {
    static RW: RwMutex = RwMutex::new();
    let turn = |writes: bool| match writes {
        true => {
            RW.write_lock();
            RW.write_unlock();
        }
        false => {
            RW.read_lock();
            RW.read_unlock();
        }
    };
    for other_writes in [false, true] {
        often(|| {
            turn_start(&RW, writing);
            let unlock = || match writing {
                true => RW.write_unlock(),
                false => RW.read_unlock(),
            };
            let owned = || HANGING.load(SeqCst) == 1 && word(&RW) & !2 != 0;
            let (hangs, other) = (|| turn(hangs_writing), || turn(other_writes));
            episode(&hangs, &|| word(&RW) & 2 != 0, &unlock, &owned, &other)
        });
    }
}

fn turn_start(rw: &RwMutex, writing: bool) {
    match writing {
        true => rw.write_lock(),
        false => rw.read_lock(),
    }
}
