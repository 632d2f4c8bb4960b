//! A small interpreter's threads: one interpreter lock, given away around every wait and every join
//! by hooks that are installed once for py-sync and py-thread; a Ctrl-C that ends a wait; a fork.
//!
//! `cargo run -p py-sync --example interpreter`: it sends itself the Ctrl-C, and tells what happens.

use core::ops::ControlFlow;
use py_sync::{Event, LockFlags, LockStatus, Mutex, RawMutex, Runtime};
use py_thread::{Installed, JoinError, Threads, Timeout};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// The interpreter lock. Waits for it do not detach: they are what attaching is.
static GIL: RawMutex = RawMutex::new();
static THREADS: Threads = Threads::new();
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

std::thread_local! {
    static ATTACHED: Cell<bool> = const { Cell::new(false) };
}

struct Interpreter;

impl Runtime for Interpreter {
    fn detach(&self) -> bool {
        let attached = ATTACHED.replace(false);
        if attached {
            GIL.unlock();
        }
        attached
    }

    fn attach(&self) {
        // A daemon that comes back too late stays here.
        THREADS.hang_if_finalizing();
        GIL.lock();
        ATTACHED.set(true);
    }

    fn pending(&self) -> ControlFlow<()> {
        // KeyboardInterrupt, and only in the main thread of a real one.
        match INTERRUPTED.swap(false, Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    fn world_stopped(&self) -> bool {
        false
    }
}

/// Runs `f` as a thread of the interpreter: attached.
fn attached<R>(f: impl FnOnce() -> R) -> R {
    Interpreter.attach();
    let result = f();
    Interpreter.detach();
    result
}

/// A plain join gives the interpreter lock away: the thread that is joined needs it.
fn join_detaches() {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = || attached(|| COUNT.fetch_add(1, Ordering::Relaxed));
    let threads = [(); 4].map(|()| {
        let body = move || {
            count();
        };
        THREADS.start(body).expect("a thread")
    });
    for thread in &threads {
        assert!(thread.join().expect("it was started").is_returned());
    }
    println!("joined {} threads", COUNT.load(Ordering::Relaxed));
}

/// A lock's untimed wait gives it away too.
fn lock_detaches() {
    static OBJECT: Mutex = Mutex::new();
    OBJECT.lock();
    let other = || attached(|| drop(OBJECT.lock_guard()));
    let thread = THREADS.start(other).expect("a thread");
    py_sync::detached(|| std::thread::sleep(std::time::Duration::from_millis(5)));
    OBJECT.unlock();
    thread.join().expect("it was started");
    println!("handed a lock over");
}

#[cfg(unix)]
fn interrupt_soon() {
    extern "C" fn on_sigint(_: libc::c_int) {
        INTERRUPTED.store(true, Ordering::Relaxed);
        py_sync::signal_arrived();
    }
    // No SA_RESTART, as CPython's handlers: with it the kernel goes on with a join's sleep.
    // SAFETY: all zero is a valid sigaction; the handler stores to atomics and to its thread's own mark.
    unsafe {
        let mut action: libc::sigaction = core::mem::zeroed();
        action.sa_sigaction = on_sigint as *const () as usize;
        libc::sigaction(libc::SIGINT, &raw const action, core::ptr::null_mut());
    }
    // SAFETY: asks who this thread is.
    let main = unsafe { libc::pthread_self() };
    std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(50));
        // SAFETY: the main thread lives as long as the process.
        unsafe { libc::pthread_kill(main, libc::SIGINT) }
    });
}

/// Ctrl-C ends a wait for a lock, and a join.
#[cfg(unix)]
fn interrupts_end_waits() {
    static HELD: Mutex = Mutex::new();
    HELD.lock();
    interrupt_soon();
    let flags = LockFlags::DETACH | LockFlags::HANDLE_SIGNALS;
    assert_eq!(HELD.lock_timed(None, flags), LockStatus::Intr);
    HELD.unlock();
    static STOP: Event = Event::new();
    let worker = THREADS.start(|| STOP.wait()).expect("a thread");
    interrupt_soon();
    let result = worker.join_with(Timeout::FOREVER, &Installed);
    assert!(matches!(result, Err(JoinError::Interrupted)));
    STOP.notify();
    worker.join().expect("it was started");
    println!("Ctrl-C ended a wait and a join");
}

/// The child has the forking thread, which holds the interpreter lock, and no other; that other
/// threads waited for the lock is forgotten with them.
#[cfg(unix)]
fn fork() {
    // SAFETY: the child's first calls are those that mend what the fork left.
    match unsafe { libc::fork() } {
        0 => {
            // SAFETY: the child's only thread; it guards nothing but who runs.
            unsafe {
                GIL.at_fork_reinit();
                THREADS.after_fork();
            }
            GIL.lock();
            join_detaches();
            std::process::exit(0);
        }
        child => {
            let mut status = 1;
            // SAFETY: our child.
            py_sync::detached(|| unsafe { libc::waitpid(child, &mut status, 0) });
            assert_eq!(status, 0, "the child's interpreter works");
            println!("the forked child did the same");
        }
    }
}

fn main() {
    py_sync::install(&Interpreter).expect("nobody else installs hooks");
    attached(|| {
        join_detaches();
        lock_detaches();
        #[cfg(unix)]
        {
            interrupts_end_waits();
            fork();
        }
        THREADS.shutdown(&Installed).expect("nobody interrupts");
        THREADS.set_finalizing();
    });
}
