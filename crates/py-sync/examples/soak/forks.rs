//! Children forked in the middle of it: the lot is empty there, and works.

#[cfg(not(unix))]
pub(crate) use elsewhere::fork_one;
#[cfg(unix)]
pub(crate) use here::fork_one;

#[cfg(unix)]
mod here {
    use super::super::jobs::Jobs;
    use py_sync::{LockFlags, LockStatus, Mutex};
    use std::panic::AssertUnwindSafe;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::time::Duration;

    /// Forks one child, which uses locks of its own and those of its parent, and waits for it.
    pub(crate) fn fork_one(jobs: &Jobs) -> Result<(), String> {
        // SAFETY: the child uses our locks, threads and the allocator, which glibc resets, and then
        // `_exit`s; it ends at the latest in a minute.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            // SAFETY: as above.
            unsafe { libc::alarm(60) };
            let ok = std::panic::catch_unwind(AssertUnwindSafe(|| child(jobs))).unwrap_or(false);
            // SAFETY: as above.
            unsafe { libc::_exit(if ok { 0 } else { 1 }) };
        }
        let mut status = 0;
        // SAFETY: `status` is ours to write, and `pid` our child.
        let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
        match pid > 0 && waited == pid && libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
        {
            true => Ok(()),
            false => Err(format!("fork: child {pid} ended with status {status:#x}")),
        }
    }

    /// Its threads are py-thread's. std takes a lock when a thread starts or ends. A child that is forked at such a
    /// moment can start no thread of std's.
    fn child(jobs: &Jobs) -> bool {
        let shared = Arc::new((Mutex::new(), AtomicUsize::new(0)));
        let (own, counted) = &*shared;
        own.lock();
        let turn = || {
            let shared = Arc::clone(&shared);
            let turn = move || {
                let (own, counted) = &*shared;
                let _guard = own.lock_guard();
                counted.fetch_add(1, SeqCst);
            };
            py_thread::start(turn).expect("a thread")
        };
        let threads = [(); 4].map(|()| turn());
        std::thread::sleep(Duration::from_millis(1));
        own.unlock();
        for thread in threads {
            thread.join().expect("it ends");
        }
        let works = |mutex: &Mutex| {
            // SAFETY: the child's only thread; what the mutex guards is not looked at here.
            unsafe { mutex.at_fork_reinit() };
            mutex.lock();
            let briefly = Some(Duration::from_micros(50));
            let held = mutex.lock_timed(briefly, LockFlags::DETACH) == LockStatus::Failure;
            held && mutex.try_unlock() && !mutex.is_locked()
        };
        counted.load(SeqCst) == 4 && jobs.mutexes().all(works)
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use super::super::jobs::Jobs;

    /// The options ask for no fork here.
    pub(crate) fn fork_one(jobs: &Jobs) -> Result<(), String> {
        Err(format!(
            "nothing forks here, not even {} mutexes",
            jobs.mutexes().count()
        ))
    }
}
