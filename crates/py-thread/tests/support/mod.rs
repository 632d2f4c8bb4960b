//! What the tests with real forks share.
#![allow(dead_code, reason = "each test file uses its part")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A stack for which there is no address space.
pub(crate) const TOO_LARGE: usize = match usize::BITS {
    64 => 1 << (usize::BITS - 17),
    _ => usize::MAX / 8 * 7,
};

/// One test after another: a child inherits whatever the parent's threads were doing.
pub(crate) fn one_at_a_time() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `child` in a fork, which returns the number of the first check that failed, or 0, and gives
/// that number; 99 if it panicked. If it hangs, an alarm ends it.
#[track_caller]
pub(crate) fn forked(child: impl FnOnce() -> i32) -> i32 {
    // SAFETY: the child runs `child`, which takes no lock that another thread may have held, and
    // leaves without running the parent's destructors.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0);
    if pid == 0 {
        // SAFETY: the default action of the alarm ends this process.
        unsafe { libc::alarm(60) };
        let code = catch_unwind(AssertUnwindSafe(child));
        // SAFETY: ends this process.
        unsafe { libc::_exit(code.unwrap_or(99)) };
    }
    let mut status = 0;
    // SAFETY: our child.
    let waited = unsafe { libc::waitpid(pid, &mut status, 0) };
    assert_eq!(waited, pid);
    assert!(
        libc::WIFEXITED(status),
        "the child hung or crashed: status {status:#x}"
    );
    libc::WEXITSTATUS(status)
}

/// From now on this process may map `more` bytes beyond what it has mapped. Gives the limit that
/// there was.
#[cfg(target_os = "linux")]
pub(crate) fn limit_address_space(more: usize) -> libc::rlimit {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let mapped = statm.split(' ').next().unwrap().parse::<usize>().unwrap() * 4096;
    let mut before = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: a place for the answer.
    let asked = unsafe { libc::getrlimit(libc::RLIMIT_AS, &mut before) };
    assert_eq!(asked, 0);
    set_address_space(&libc::rlimit {
        rlim_cur: (mapped + more) as libc::rlim_t,
        ..before
    });
    before
}

/// Sets the limit of this process's address space.
#[cfg(target_os = "linux")]
pub(crate) fn set_address_space(limit: &libc::rlimit) {
    // SAFETY: the limit is ours.
    let set = unsafe { libc::setrlimit(libc::RLIMIT_AS, limit) };
    assert_eq!(set, 0, "the limit of the address space");
}
