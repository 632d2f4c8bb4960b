//! Ctrl-C while a thread waits: with py-sync it ends the wait, in whatever the thread waits; with
//! parking_lot it is handled once the wait has ended by itself, or the wait is a loop that wakes up to
//! look.
//!
//! ```text
//! cargo run -p py-sync --example ctrl-c             sends itself a SIGINT after 0.1 s of each wait
//! cargo run -p py-sync --example ctrl-c -- --mine   waits for yours, once
//! ```
//!
//! What is waited for comes after a second. No runtime is installed: the waits take a closure, here
//! one that looks whether the handler ran, in an interpreter `check_signals()`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(run(std::env::args().skip(1)))
}

/// The example, and its exit status; `args` without the program's name.
pub(crate) fn run(args: impl Iterator<Item = String>) -> u8 {
    let args: Vec<String> = args.collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => waits::all(),
        ["--mine"] => waits::mine(),
        _ => {
            eprintln!("usage: ctrl-c [--mine]");
            2
        }
    }
}

#[cfg(unix)]
mod waits {
    use parking_lot_12 as parking_lot;
    use py_sync::{Event, Mutex, RecursiveMutex, Semaphore, signal_arrived};
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
    use std::time::{Duration, Instant};

    const INTERRUPTED_AFTER: Duration = Duration::from_millis(100);
    const COMES_AFTER: Duration = Duration::from_secs(1);

    static INTERRUPTED: AtomicBool = AtomicBool::new(false);

    extern "C" fn on_sigint(_: libc::c_int) {
        INTERRUPTED.store(true, SeqCst);
        signal_arrived();
    }

    fn handle_sigint() {
        // SAFETY: all zero is a valid sigaction; the handler stores to an atomic and to its thread's
        // own mark.
        unsafe {
            let mut action: libc::sigaction = core::mem::zeroed();
            action.sa_sigaction = on_sigint as *const () as usize;
            libc::sigaction(libc::SIGINT, &raw const action, core::ptr::null_mut());
        }
    }

    #[derive(Debug)]
    struct KeyboardInterrupt;

    /// What an interpreter's own would do: run the handlers of the signals that came.
    fn check_signals() -> Result<(), KeyboardInterrupt> {
        match INTERRUPTED.swap(false, SeqCst) {
            true => Err(KeyboardInterrupt),
            false => Ok(()),
        }
    }

    /// Everything that is waited for here.
    struct Held {
        mutex: Mutex,
        recursive: RecursiveMutex,
        event: Event,
        semaphore: Semaphore,
        theirs: parking_lot::Mutex<()>,
    }

    type Wait = fn(&Held) -> Result<bool, KeyboardInterrupt>;

    const OURS: [(&str, Wait); 4] = [
        ("py_sync::Mutex", |held| {
            held.mutex.lock_with_signals(None, check_signals)
        }),
        ("py_sync::RecursiveMutex", |held| {
            held.recursive.lock_with_signals(None, check_signals)
        }),
        ("py_sync::Event", |held| {
            held.event.wait_with_signals(None, check_signals)
        }),
        ("py_sync::Semaphore", |held| {
            held.semaphore.acquire_with_signals(None, check_signals)
        }),
    ];

    const THEIRS: [(&str, Wait); 2] = [
        ("parking_lot::Mutex", |held| {
            drop(held.theirs.lock());
            check_signals().map(|()| true)
        }),
        ("parking_lot::Mutex, polled", |held| {
            // 20 wake-ups in each second of each waiting thread.
            while held
                .theirs
                .try_lock_for(Duration::from_millis(50))
                .is_none()
            {
                check_signals()?;
            }
            Ok(true)
        }),
    ];

    /// How long it took, and whether Ctrl-C ended it.
    fn timed(wait: Wait) -> (Duration, bool) {
        let held = Held {
            mutex: Mutex::new(),
            recursive: RecursiveMutex::new(),
            event: Event::new(),
            semaphore: Semaphore::new(0),
            theirs: parking_lot::Mutex::new(()),
        };
        INTERRUPTED.store(false, SeqCst);
        // SAFETY: asks who this thread is.
        let waiter = unsafe { libc::pthread_self() };
        let (ready, done) = (&Event::new(), &Event::new());
        std::thread::scope(|scope| {
            let held = &held;
            scope.spawn(move || {
                held.mutex.lock();
                held.recursive.lock();
                let theirs = held.theirs.lock();
                ready.notify();
                std::thread::sleep(INTERRUPTED_AFTER);
                // SAFETY: the waiter is in this scope.
                unsafe { libc::pthread_kill(waiter, libc::SIGINT) };
                // Whoever is through earlier need not wait for the rest.
                done.wait_timed(Some(COMES_AFTER - INTERRUPTED_AFTER), false);
                held.mutex.unlock();
                held.recursive.unlock();
                held.event.notify();
                held.semaphore.release();
                drop(theirs);
            });
            ready.wait();
            let start = Instant::now();
            let result = wait(held);
            let took = start.elapsed();
            done.notify();
            (took, result.is_err())
        })
    }

    pub(crate) fn all() -> u8 {
        handle_sigint();
        println!("Ctrl-C comes after 0.1 s, what is waited for after 1 s");
        let mut ended = true;
        for (name, wait) in OURS.into_iter().chain(THEIRS) {
            let (took, interrupted) = timed(wait);
            let ended_by = match (interrupted, took < COMES_AFTER) {
                (true, true) => "KeyboardInterrupt",
                (true, false) => "what it waited for; KeyboardInterrupt only then",
                (false, _) => "what it waited for",
            };
            println!("{name:<28} {:>5.2} s  {ended_by}", took.as_secs_f64());
            ended &= interrupted;
        }
        u8::from(!ended)
    }

    pub(crate) fn mine() -> u8 {
        handle_sigint();
        static NEVER: Mutex = Mutex::new();
        NEVER.lock();
        println!("waiting for a lock that never comes: press Ctrl-C");
        let ended = NEVER.lock_with_signals(None, check_signals);
        println!("{ended:?}");
        u8::from(ended.is_ok())
    }
}

#[cfg(not(unix))]
mod waits {
    pub(crate) fn all() -> u8 {
        println!("signals are sent here on unix only");
        0
    }

    pub(crate) use all as mine;
}
