//! Signals by the thousand during waits: no wake-up and no count is lost.
#![cfg(all(unix, not(miri)))]

mod support;

use core::ops::ControlFlow;
use py_sync::{
    LockFlags, LockStatus, Mutex, ParkStatus, Runtime, install, park, signal_arrived, unpark,
    unpark_all,
};
use std::cell::{Cell, UnsafeCell};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::time::Duration;
use support::{handle, send, this_thread};

/// The threads: four that lock, two that park.
const THREADS: usize = 6;

/// How many signals each has handled.
static HANDLED: [AtomicUsize; THREADS] = [const { AtomicUsize::new(0) }; THREADS];
static ASKED: AtomicUsize = AtomicUsize::new(0);
static PARKS_ENDED: AtomicUsize = AtomicUsize::new(0);

std::thread_local! {
    /// Which of the threads this is.
    static MINE: Cell<usize> = const { Cell::new(0) };
}

struct Counts;

impl Runtime for Counts {
    fn detach(&self) -> bool {
        false
    }

    fn attach(&self) {}

    /// Every fourth time the wait is to end.
    fn pending(&self) -> ControlFlow<()> {
        match ASKED.fetch_add(1, SeqCst) % 4 {
            0 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }

    fn world_stopped(&self) -> bool {
        false
    }
}

/// Half of the signals are announced, half are left to the kernel.
extern "C" fn on_signal(_: libc::c_int) {
    if HANDLED[MINE.get()].fetch_add(1, SeqCst) % 2 == 0 {
        signal_arrived();
    }
}

/// Sends `signals` in all, to each thread its next one when it has handled its last: a signal that
/// is pending already is not queued again.
fn send_a_storm(threads: &[libc::pthread_t; THREADS], signals: usize) {
    let mut sent = [0; THREADS];
    let handled = |i: usize, sent: usize| HANDLED[i].load(SeqCst) == sent;
    while sent.iter().sum::<usize>() < signals {
        let ready: Vec<_> = (0..THREADS).filter(|&i| handled(i, sent[i])).collect();
        for &i in &ready {
            send(threads[i], libc::SIGUSR1);
            sent[i] += 1;
        }
        // Time to sleep again for who was interrupted, and no loop that is given their processors.
        std::thread::sleep(Duration::from_micros(1));
    }
    while !(0..THREADS).all(|i| handled(i, sent[i])) {
        std::thread::sleep(Duration::from_micros(50));
    }
}

struct Counter(Mutex, UnsafeCell<usize>);
// SAFETY: the cell is touched under the mutex only.
unsafe impl Sync for Counter {}

/// Three waits of four handle signals.
fn flags(round: usize) -> LockFlags {
    match round % 4 {
        0 => LockFlags::NONE,
        1 => LockFlags::DETACH | LockFlags::HANDLE_SIGNALS,
        _ => LockFlags::HANDLE_SIGNALS,
    }
}

/// Locks and counts until the flag to stop is set. Returns how often it got the lock.
fn lock_and_count(counter: &Counter, stop: &AtomicBool, seed: usize) -> usize {
    let mut acquired = 0;
    let mut round = seed;
    while !stop.load(SeqCst) {
        round += 1;
        let timeout = (round % 3 == 0).then(|| Duration::from_micros((round * 7 % 300) as u64));
        if counter.0.lock_timed(timeout, flags(round)) == LockStatus::Acquired {
            // SAFETY: the mutex is held.
            unsafe { *counter.1.get() += 1 };
            // Long enough that the others sleep.
            std::thread::sleep(Duration::from_micros(20));
            counter.0.unlock();
            acquired += 1;
        }
    }
    acquired
}

/// A baton on two keys; its number grows under the bucket lock.
struct Baton {
    turn: AtomicUsize,
    keys: [u8; 2],
}

impl Baton {
    fn key(&self, side: usize) -> usize {
        (&raw const self.keys[side]).addr()
    }

    /// Waits for its turns and passes each on, until the flag to stop is set. Returns how many it had.
    fn play(&self, side: usize, stop: &AtomicBool) -> usize {
        let mut turns = 0;
        loop {
            while self.turn.load(SeqCst) % 2 != side {
                if stop.load(SeqCst) {
                    return turns;
                }
                let not_yet = || self.turn.load(SeqCst) % 2 != side && !stop.load(SeqCst);
                // SAFETY: the key is the baton's own; the closure does not call into the lot.
                let status = unsafe { park(self.key(side), not_yet, 0, None, flags(turns)) };
                assert!(status != ParkStatus::Timeout);
                if status == ParkStatus::Intr {
                    PARKS_ENDED.fetch_add(1, SeqCst);
                }
            }
            turns += 1;
            // SAFETY: as above.
            unsafe { unpark(self.key(1 - side), |_, _| self.turn.fetch_add(1, SeqCst)) };
        }
    }
}

#[test]
fn a_storm_of_signals_loses_nothing() {
    support::no_longer_than(300);
    let signals = support::count("PY_SYNC_SIGNALS", 100_000);
    install(&Counts).unwrap();
    handle(libc::SIGUSR1, on_signal, 0);
    let counter = Counter(Mutex::new(), UnsafeCell::new(0));
    let baton = Baton {
        turn: AtomicUsize::new(0),
        keys: [0; 2],
    };
    let stop = AtomicBool::new(false);
    let (ready, threads) = mpsc::channel();
    let (acquired, turns) = std::thread::scope(|scope| {
        let lockers = [0, 1, 2, 3].map(|seed| {
            let (counter, stop, ready) = (&counter, &stop, ready.clone());
            scope.spawn(move || {
                MINE.set(seed);
                ready.send((seed, this_thread())).unwrap();
                lock_and_count(counter, stop, seed)
            })
        });
        let players = [0, 1].map(|side| {
            let (baton, stop, ready) = (&baton, &stop, ready.clone());
            scope.spawn(move || {
                MINE.set(4 + side);
                ready.send((4 + side, this_thread())).unwrap();
                baton.play(side, stop)
            })
        });
        let mut started = [0; THREADS];
        for (i, thread) in threads.iter().take(THREADS) {
            started[i] = thread;
        }
        send_a_storm(&started, signals);
        let before = baton.turn.load(SeqCst);
        while baton.turn.load(SeqCst) < before + 100 {
            std::thread::sleep(Duration::from_millis(1));
        }
        stop.store(true, SeqCst);
        for side in [0, 1] {
            // SAFETY: the keys are the baton's own.
            unsafe { unpark_all(baton.key(side)) };
        }
        let acquired: usize = lockers.map(|l| l.join().unwrap()).iter().sum();
        let turns: usize = players.map(|p| p.join().unwrap()).iter().sum();
        (acquired, turns)
    });
    assert_eq!(counter.1.into_inner(), acquired);
    assert_eq!(baton.turn.load(SeqCst), turns);
    let (asked, parks) = (ASKED.load(SeqCst), PARKS_ENDED.load(SeqCst));
    println!("{signals} signals, {asked} of them ended a wait for a lock, {parks} a park");
    assert!(asked + parks > signals / 10, "too few met a wait");
    assert!(counter.0.try_lock());
}
