//! What the tests with real signals and real forks share.
#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

/// A number from the environment, or `default`.
pub(crate) fn count(variable: &str, default: usize) -> usize {
    match std::env::var(variable) {
        Ok(text) => text.parse().expect("a count is a number"),
        Err(_) => default,
    }
}

/// Handles `signal` with `handler`, and no `SA_RESTART` unless it is asked for.
pub(crate) fn handle(signal: libc::c_int, handler: extern "C" fn(libc::c_int), flags: libc::c_int) {
    // SAFETY: all zero is a valid sigaction; the handlers of the tests do what a handler may.
    unsafe {
        let mut action: libc::sigaction = core::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = flags;
        let before = core::ptr::null_mut();
        assert_eq!(libc::sigaction(signal, &raw const action, before), 0);
    }
}

/// The calling thread, for [`send`].
pub(crate) fn this_thread() -> libc::pthread_t {
    // SAFETY: asks who this thread is.
    unsafe { libc::pthread_self() }
}

/// Sends `signal` to a thread that has not been joined.
pub(crate) fn send(thread: libc::pthread_t, signal: libc::c_int) {
    // SAFETY: the tests join their threads after the last signal.
    assert_eq!(unsafe { libc::pthread_kill(thread, signal) }, 0);
}

/// Sends `signal` to `thread` every 5 ms until `done`.
pub(crate) fn send_until(thread: libc::pthread_t, signal: libc::c_int, done: impl Fn() -> bool) {
    while !done() {
        send(thread, signal);
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Runs `wait` on a thread that gets SIGALRM every 5 ms until it has returned, or `enough` says so;
/// `then`, which ends the wait in the latter case, follows. One call at a time: the handler, and the
/// count that it is to begin with at 0, are the process's.
pub(crate) fn under_signals<R: Send>(
    pending: &AtomicUsize,
    handler: extern "C" fn(libc::c_int),
    flags: libc::c_int,
    wait: impl FnOnce() -> R + Send,
    enough: impl Fn() -> bool,
    then: impl FnOnce(),
) -> R {
    static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _alone = ALONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    handle(libc::SIGALRM, handler, flags);
    pending.store(0, SeqCst);
    let (tell, told) = std::sync::mpsc::channel();
    let (end, ended) = (py_sync::Event::new(), AtomicBool::new(false));
    let (end, ended) = (&end, &ended);
    std::thread::scope(|scope| {
        let waiter = scope.spawn(move || {
            tell.send(this_thread()).unwrap();
            let result = wait();
            ended.store(true, SeqCst);
            // Signals until then find the thread alive.
            end.wait();
            result
        });
        let thread = told.recv().unwrap();
        send_until(thread, libc::SIGALRM, || ended.load(SeqCst) || enough());
        then();
        end.notify();
        waiter.join().unwrap()
    })
}

/// Runs `child` in a forked child, and fails unless it says true within twenty seconds.
#[track_caller]
pub(crate) fn in_forked_child(child: impl FnOnce() -> bool) {
    // SAFETY: the child calls `child` and then `_exit`, and nothing that the parent's other threads
    // may hold: our locks are what is tested, and glibc resets its allocator's in the child.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0);
    if pid == 0 {
        // SAFETY: ends this process at the latest in twenty seconds.
        unsafe { libc::alarm(20) };
        let ok = std::panic::catch_unwind(std::panic::AssertUnwindSafe(child)).unwrap_or(false);
        // SAFETY: ends the child without running the parent's exit handlers.
        unsafe { libc::_exit(if ok { 0 } else { 1 }) };
    }
    let mut status = 0;
    // SAFETY: `status` is ours to write; `pid` is our child.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    assert!(libc::WIFEXITED(status), "the child was killed: {status:#x}");
    assert_eq!(libc::WEXITSTATUS(status), 0, "the child says no");
}

/// Starts a thread of py-thread's, for a forked child.
///
/// std takes a lock when one of its threads starts and when it ends. A child that is forked at such a
/// moment, if only of one of libtest's threads, can start no thread of std's: it waits for ever.
pub(crate) fn start(f: impl FnOnce() + Send + 'static) -> py_thread::Handle {
    py_thread::start(f).expect("a thread starts")
}

/// Joins the threads; true if none of them panicked.
pub(crate) fn all_return(threads: impl IntoIterator<Item = py_thread::Handle>) -> bool {
    let returned = |thread: py_thread::Handle| thread.join().is_ok_and(|end| end.is_returned());
    threads.into_iter().all(returned)
}

/// Ends the process if it still runs after `seconds`: a test that hangs must not hang its suite.
pub(crate) fn no_longer_than(seconds: u64) {
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(seconds));
        eprintln!("the test has not ended after {seconds} s");
        std::process::abort();
    });
}
