//! A watchdog for hangs: prints who waits for what on SIGUSR1, and when a wait lasts too long.
//!
//! ```text
//! cargo run -p py-sync --features diagnostics --example watchdog -- [--after S] [--for S]
//! kill -USR1 <the pid it prints>
//! ```
//!
//! The signal handler writes one byte to a pipe, which is all that a handler may safely do; a thread
//! of its own reads it, takes the snapshot and prints it. The same thread looks every 100 ms whether
//! somebody has been asleep for more than `--after` seconds (2), and says so once for each wait.
//! The program that is watched has a bug on purpose: a thread that keeps a lock for `--for` seconds
//! (60) while four others wait for it.

use py_sync::Mutex;
use std::process::ExitCode;
use std::time::Duration;

/// The lock that is kept, and one that works.
static KEPT: Mutex = Mutex::new();
static FINE: Mutex = Mutex::new();

fn main() -> ExitCode {
    ExitCode::from(run(std::env::args().skip(1)))
}

/// The example, and its exit status; `args` without the program's name.
pub(crate) fn run(args: impl Iterator<Item = String>) -> u8 {
    let Some([after, lasts]) = seconds(args) else {
        eprintln!("usage: watchdog [--after SECONDS] [--for SECONDS]");
        return 2;
    };
    if let Err(error) = watch::start(after) {
        eprintln!("watchdog: {error}");
        return 1;
    }
    println!("pid {}", std::process::id());
    println!(
        "KEPT is {:#018x}, FINE is {:#018x}",
        address(&KEPT),
        address(&FINE)
    );
    work(lasts);
    0
}

fn address(mutex: &Mutex) -> usize {
    mutex.as_ptr().addr()
}

/// The program that is watched.
fn work(lasts: Duration) {
    std::thread::scope(|scope| {
        let kept = KEPT.lock_guard();
        for _ in 0..4 {
            scope.spawn(|| drop(KEPT.lock_guard()));
        }
        for _ in 0..2 {
            scope.spawn(move || {
                let start = std::time::Instant::now();
                while start.elapsed() < lasts {
                    drop(FINE.lock_guard());
                    std::thread::sleep(Duration::from_millis(1));
                }
            });
        }
        std::thread::sleep(lasts);
        drop(kept);
    });
}

/// `--after` and `--for`.
fn seconds(mut args: impl Iterator<Item = String>) -> Option<[Duration; 2]> {
    let (mut after, mut lasts) = (2.0, 60.0);
    while let Some(name) = args.next() {
        let value = args.next()?.parse().ok()?;
        match name.as_str() {
            "--after" => after = value,
            "--for" => lasts = value,
            _ => return None,
        }
    }
    let seconds = [after, lasts].map(|s: f64| Duration::try_from_secs_f64(s).ok());
    Some([seconds[0]?, seconds[1]?])
}

#[cfg(unix)]
mod watch {
    use py_sync::diagnostics::{self, Waiting};
    use std::io;
    use std::sync::atomic::{AtomicI32, Ordering};
    use std::time::Duration;

    /// The end of the pipe that the handler writes to.
    static WRITE_END: AtomicI32 = AtomicI32::new(-1);

    extern "C" fn on_signal(_: libc::c_int) {
        // Relaxed: written once, before the handler was installed.
        let write_end = WRITE_END.load(Ordering::Relaxed);
        // SAFETY: `write` is async-signal-safe, and reads one byte of a static.
        unsafe { libc::write(write_end, b"!".as_ptr().cast(), 1) };
    }

    /// Installs the handler and starts the thread that prints.
    pub(crate) fn start(after: Duration) -> io::Result<()> {
        let mut ends = [0; 2];
        // SAFETY: `ends` has room for two.
        check(unsafe { libc::pipe(ends.as_mut_ptr()) })?;
        let [read_end, write_end] = ends;
        // SAFETY: an open file; a full pipe must not block the handler.
        check(unsafe { libc::fcntl(write_end, libc::F_SETFL, libc::O_NONBLOCK) })?;
        WRITE_END.store(write_end, Ordering::Relaxed);
        // SAFETY: all zero is a valid sigaction, and `on_signal` does what a handler may.
        unsafe {
            let mut action: libc::sigaction = core::mem::zeroed();
            action.sa_sigaction = on_signal as *const () as usize;
            action.sa_flags = libc::SA_RESTART;
            check(libc::sigaction(
                libc::SIGUSR1,
                &raw const action,
                core::ptr::null_mut(),
            ))?;
        }
        let watchdog = std::thread::Builder::new().name("watchdog".to_owned());
        watchdog.spawn(move || watch(read_end, after))?;
        Ok(())
    }

    fn check(rc: libc::c_int) -> io::Result<()> {
        match rc {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }

    fn watch(read_end: libc::c_int, after: Duration) {
        let mut reported = Vec::new();
        loop {
            if has_signal(read_end) {
                print("SIGUSR1");
            }
            let snapshot = diagnostics::snapshot();
            let late = |w: &&Waiting| w.waited > after;
            let late: Vec<_> = snapshot.waiters().iter().filter(late).map(who).collect();
            // Once for each wait; the same thread may wait again later.
            if late.iter().any(|waiting| !reported.contains(waiting)) {
                print(&format!("a wait has lasted more than {after:?}"));
            }
            reported = late;
        }
    }

    fn who(waiting: &Waiting) -> (u64, usize) {
        (waiting.ident.get(), waiting.address)
    }

    /// Waits for a byte of the handler, 100 ms at most. True if there was one.
    fn has_signal(read_end: libc::c_int) -> bool {
        let mut poll = libc::pollfd {
            fd: read_end,
            events: libc::POLLIN,
            revents: 0,
        };
        let mut bytes = [0u8; 64];
        // SAFETY: one live pollfd, and a buffer of the length that is passed.
        unsafe {
            libc::poll(&raw mut poll, 1, 100) > 0
                && libc::read(read_end, bytes.as_mut_ptr().cast(), bytes.len()) > 0
        }
    }

    fn print(why: &str) {
        println!(
            "--- {why}: {}\n{}---",
            diagnostics::counters(),
            diagnostics::snapshot()
        );
    }
}

#[cfg(not(unix))]
mod watch {
    use std::io;
    use std::time::Duration;

    /// There is no SIGUSR1 here.
    pub(crate) fn start(_: Duration) -> io::Result<()> {
        Err(io::Error::other("this system has no SIGUSR1"))
    }
}
