//! A waiter that was woken and does not get a processor (here it is stopped in a signal handler)
//! keeps nobody else waiting: a free lock is had by the others within some milliseconds.
#![cfg(all(unix, not(miri)))]

mod support;

use py_sync::{Mutex, RwMutex};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

const MS: Duration = Duration::from_millis(1);

static GO: AtomicBool = AtomicBool::new(true);
static STOPPED: AtomicBool = AtomicBool::new(false);

extern "C" fn stop(_: libc::c_int) {
    STOPPED.store(true, SeqCst);
    while !GO.load(SeqCst) {
        // SAFETY: async-signal-safe, and asks for a millisecond.
        unsafe { libc::poll(std::ptr::null_mut(), 0, 1) };
    }
    STOPPED.store(false, SeqCst);
}

/// Lets `leader` park, stops it there, ends the hold with `unlock`, which wakes it; then `pass`, after
/// which `follower` comes. How long the follower took, or nothing if the leader had been handed the lock.
fn behind_a_stopped_one(
    leader: &(dyn Fn() + Sync),
    parked: &dyn Fn() -> bool,
    unlock: &dyn Fn(),
    free: &dyn Fn() -> bool,
    hold_again: &dyn Fn() -> Box<dyn FnOnce()>,
    follower: &(dyn Fn() + Sync),
) -> Option<Duration> {
    let thread = AtomicUsize::new(0);
    let had = AtomicBool::new(false);
    let (unlocking, unlocked) = (AtomicBool::new(false), AtomicBool::new(false));
    GO.store(false, SeqCst);
    std::thread::scope(|scope| {
        // Whatever happens, the stopped thread goes on at the end.
        struct LetGo;
        impl Drop for LetGo {
            fn drop(&mut self) {
                GO.store(true, SeqCst);
            }
        }
        let _end = LetGo;
        // On a busy machine the leader may be stopped while it still has its bucket's lock, for which the
        // unlock waits: then it is let go, and the episode does not count. The thread is started here, since
        // a mutex would be handed to a leader that has waited for 0.1 ms.
        let watch = scope.spawn(|| {
            while !unlocking.load(SeqCst) {
                std::thread::sleep(MS / 10);
            }
            let start = Instant::now();
            while !unlocked.load(SeqCst) {
                if start.elapsed() > MS * 500 {
                    GO.store(true, SeqCst);
                    return false;
                }
                std::thread::sleep(MS / 10);
            }
            true
        });
        let leads = scope.spawn(|| {
            thread.store(support::this_thread() as usize, SeqCst);
            leader();
        });
        until(&|| thread.load(SeqCst) != 0 && parked());
        support::send(thread.load(SeqCst) as libc::pthread_t, libc::SIGUSR1);
        until(&|| STOPPED.load(SeqCst));
        unlocking.store(true, SeqCst);
        unlock();
        unlocked.store(true, SeqCst);
        let in_time = watch.join().expect("it does not panic");
        if !in_time || !free() {
            return None;
        }
        let release = hold_again();
        scope.spawn(|| {
            follower();
            had.store(true, SeqCst);
        });
        // The follower parks behind the stopped one.
        std::thread::sleep(MS * 10);
        let start = Instant::now();
        release();
        while !had.load(SeqCst) && start.elapsed() < MS * 2_000 {
            std::thread::sleep(MS / 10);
        }
        let took = start.elapsed();
        assert!(had.load(SeqCst), "asleep beside a free lock after {took:?}");
        assert!(!leads.is_finished());
        Some(took)
    })
}

fn until(condition: &dyn Fn() -> bool) {
    while !condition() {
        std::thread::yield_now();
    }
}

/// Some episodes of `episode`, of which enough must have come about.
fn often(episode: impl Fn() -> Option<Duration>) {
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(|e| e.into_inner());
    support::no_longer_than(100);
    support::handle(libc::SIGUSR1, stop, libc::SA_RESTART);
    let mut took = Vec::new();
    for _ in 0..200 {
        took.extend(episode());
        if took.len() == 10 {
            break;
        }
    }
    assert!(!took.is_empty(), "the leader was always handed the lock");
    took.sort();
    let median = took[took.len() / 2];
    // Alone it takes a tenth of a millisecond; the machine may be busy.
    assert!(median < MS * 100, "{took:?}");
}

fn byte(m: *const u8) -> u8 {
    // SAFETY: the first byte of a lock that is alive, which is atomic.
    unsafe { &*m.cast::<AtomicU8>() }.load(SeqCst)
}

fn word(m: &RwMutex) -> usize {
    // SAFETY: `RwMutex` is `repr(transparent)` over one atomic word.
    unsafe { &*std::ptr::from_ref(m).cast::<AtomicUsize>() }.load(SeqCst)
}

#[test]
fn a_mutex() {
    often(|| {
        static M: Mutex = Mutex::new();
        let turn = || drop(M.lock_guard());
        M.lock();
        let hold_again = || {
            // Short sections: nobody looks at the queue.
            for _ in 0..8 {
                M.lock();
                M.unlock();
            }
            M.lock();
            Box::new(|| M.unlock()) as Box<dyn FnOnce()>
        };
        let parked = || byte(M.as_ptr()) == 3;
        behind_a_stopped_one(
            &turn,
            &parked,
            &|| M.unlock(),
            &|| !M.is_locked(),
            &hold_again,
            &turn,
        )
    });
}

#[cfg(feature = "typed")]
#[test]
fn a_typed_mutex() {
    use py_sync::typed;
    often(|| {
        static M: typed::Mutex<u32> = typed::const_mutex(0);
        let turn = || *M.lock() += 1;
        let guard = M.lock();
        // SAFETY: asked for its address only.
        let raw = || std::ptr::from_ref(unsafe { M.raw() }).cast::<u8>();
        let unlock = std::cell::Cell::new(Some(guard));
        let hold_again = || {
            for _ in 0..8 {
                turn();
            }
            let guard = M.lock();
            Box::new(move || drop(guard)) as Box<dyn FnOnce()>
        };
        let parked = || byte(raw()) == 3;
        let free = || !M.is_locked();
        behind_a_stopped_one(
            &turn,
            &parked,
            &|| drop(unlock.take()),
            &free,
            &hold_again,
            &turn,
        )
    });
}

/// The leader was notified, waits for the mutex, and is stopped there; another waits for that mutex.
#[cfg(feature = "typed")]
#[test]
fn the_mutex_of_a_condition_variable() {
    use py_sync::typed;
    often(|| {
        static M: typed::Mutex<bool> = typed::const_mutex(false);
        static CONDVAR: typed::Condvar = typed::Condvar::new();
        *M.lock() = false;
        // SAFETY: asked for its address only.
        let raw = || std::ptr::from_ref(unsafe { M.raw() }).cast::<u8>();
        let wait = || CONDVAR.wait_while(&mut M.lock(), |go| !*go);
        let held = std::cell::Cell::new(None);
        let parked = || match held.take() {
            Some(guard) => {
                held.set(Some(guard));
                byte(raw()) == 3
            }
            None => {
                let mut guard = M.lock();
                if CONDVAR.notify_one() {
                    *guard = true;
                    held.set(Some(guard));
                }
                false
            }
        };
        let hold_again = || {
            let guard = M.lock();
            Box::new(move || drop(guard)) as Box<dyn FnOnce()>
        };
        let (unlock, free) = (|| drop(held.take()), || !M.is_locked());
        behind_a_stopped_one(&wait, &parked, &unlock, &free, &hold_again, &|| {
            drop(M.lock())
        })
    });
}

static RW: RwMutex = RwMutex::new();

fn read() {
    RW.read_lock();
    RW.read_unlock();
}

fn write() {
    RW.write_lock();
    RW.write_unlock();
}

/// The lock is held for writing or reading; one that reads or writes is stopped; another comes.
#[rstest::rstest]
#[case::a_writer_and_a_reader(false, write, read)]
#[case::a_writer_and_a_writer(false, write, write)]
#[case::a_reader_and_a_reader(true, read, read)]
#[case::a_reader_and_a_writer(true, read, write)]
#[case::a_writer_behind_a_writer(true, write, write)]
#[case::a_writer_behind_a_writer_and_a_reader(true, write, read)]
fn a_read_write_lock(#[case] writing: bool, #[case] leader: fn(), #[case] follower: fn()) {
    often(|| {
        match writing {
            true => RW.write_lock(),
            false => RW.read_lock(),
        }
        let unlock = || match writing {
            true => RW.write_unlock(),
            false => RW.read_unlock(),
        };
        let hold_again = || {
            RW.write_lock();
            Box::new(|| RW.write_unlock()) as Box<dyn FnOnce()>
        };
        let (parked, free) = (|| word(&RW) & 2 != 0, || word(&RW) & !2 == 0);
        behind_a_stopped_one(&leader, &parked, &unlock, &free, &hold_again, &follower)
    });
}
