//! A server that forks for each request while its threads wait for a lock. With py-sync every child
//! locks, waits and wakes on the same lock; with parking_lot many hang or crash, since its table of
//! waiting threads goes into the child with the parent's threads in it.
//!
//! ```text
//! cargo run --release -p py-sync --example fork-server [-- --children N]
//! ```
//!
//! 24 threads of the server wait for the lock, which the thread that forks holds. A child unlocks its
//! copy, and 40 threads of its own take turns with it. A child that is not through after two seconds
//! is counted as hung. The children with parking_lot are there to be counted, and do not change the
//! exit status.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(run(std::env::args().skip(1)))
}

/// The example, and its exit status; `args` without the program's name.
pub(crate) fn run(mut args: impl Iterator<Item = String>) -> u8 {
    let children = match (args.next().as_deref(), args.next(), args.next()) {
        (None, ..) => Some(10),
        (Some("--children"), Some(n), None) => n.parse().ok(),
        _ => None,
    };
    match children {
        Some(children) => server::run(children),
        None => {
            eprintln!("usage: fork-server [--children NUMBER]");
            2
        }
    }
}

#[cfg(unix)]
mod server {
    use parking_lot_12::lock_api::RawMutex as _;
    use std::fmt;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::time::Duration;

    const SERVER_THREADS: usize = 24;
    const CHILD_THREADS: usize = 40;
    const TURNS: usize = 50;

    trait Lock: Sync {
        fn lock(&self);
        /// By who holds it.
        fn unlock(&self);
    }

    impl Lock for py_sync::Mutex {
        fn lock(&self) {
            py_sync::Mutex::lock(self);
        }

        fn unlock(&self) {
            py_sync::Mutex::unlock(self);
        }
    }

    impl Lock for parking_lot_12::RawMutex {
        fn lock(&self) {
            parking_lot_12::lock_api::RawMutex::lock(self);
        }

        fn unlock(&self) {
            // SAFETY: by who holds it.
            unsafe { parking_lot_12::lock_api::RawMutex::unlock(self) };
        }
    }

    /// The child's work: its threads take turns with the lock.
    fn serve(lock: &dyn Lock) -> bool {
        lock.unlock();
        let turns = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..CHILD_THREADS {
                scope.spawn(|| {
                    for turn in 0..TURNS {
                        lock.lock();
                        turns.fetch_add(1, SeqCst);
                        if turn % 8 == 0 {
                            // So that the others sleep.
                            std::thread::sleep(Duration::from_micros(20));
                        }
                        lock.unlock();
                    }
                });
            }
        });
        turns.into_inner() == CHILD_THREADS * TURNS
    }

    #[derive(Default, PartialEq, Eq)]
    struct Ended {
        served: usize,
        hung: usize,
        crashed: usize,
    }

    impl fmt::Display for Ended {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let Ended {
                served,
                hung,
                crashed,
            } = self;
            write!(
                f,
                "{served:>4} served, {hung:>4} hung, {crashed:>4} crashed"
            )
        }
    }

    /// Forks a child that serves one request, and waits for its end.
    fn request(lock: &dyn Lock, ended: &mut Ended) {
        // SAFETY: the child locks what is under test, starts threads of its own, and ends by `_exit`.
        let child = unsafe { libc::fork() };
        assert!(child >= 0, "{}", std::io::Error::last_os_error());
        if child == 0 {
            // SAFETY: ends the child after two seconds.
            unsafe { libc::alarm(2) };
            let served = serve(lock);
            // SAFETY: ends the child without the parent's exit handlers.
            unsafe { libc::_exit(if served { 0 } else { 1 }) };
        }
        let mut status = 0;
        // SAFETY: our child, and a status of ours.
        let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!(waited, child, "{}", std::io::Error::last_os_error());
        match libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status)) {
            Some(libc::SIGALRM) => ended.hung += 1,
            Some(_) => ended.crashed += 1,
            None if status == 0 => ended.served += 1,
            None => ended.crashed += 1,
        }
    }

    /// So many requests while the server's threads wait for `lock`.
    fn requests(lock: &dyn Lock, children: usize) -> Ended {
        let (mut ended, waiting) = (Ended::default(), AtomicUsize::new(0));
        lock.lock();
        std::thread::scope(|scope| {
            for _ in 0..SERVER_THREADS {
                scope.spawn(|| {
                    waiting.fetch_add(1, SeqCst);
                    lock.lock();
                    lock.unlock();
                });
            }
            while waiting.load(SeqCst) < SERVER_THREADS {
                std::thread::yield_now();
            }
            // And asleep.
            std::thread::sleep(Duration::from_millis(20));
            (0..children).for_each(|_| request(lock, &mut ended));
            lock.unlock();
        });
        ended
    }

    pub(crate) fn run(children: usize) -> u8 {
        println!("{children} requests, a child each, while {SERVER_THREADS} threads wait");
        let ours = py_sync::Mutex::new();
        let ended = requests(&ours, children);
        println!("py_sync::Mutex      {ended}");
        let theirs = parking_lot_12::RawMutex::INIT;
        println!("parking_lot's mutex {}", requests(&theirs, children));
        u8::from(ended.served != children)
    }
}

#[cfg(not(unix))]
mod server {
    pub(crate) fn run(_: usize) -> u8 {
        println!("there is no fork here");
        0
    }
}
