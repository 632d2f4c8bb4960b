//! [`WorkerCache`]: threads that wait for their next job, so that most starts need no new thread of
//! the system.

mod job;
mod pool;
mod slot;

use crate::fork;
use crate::handle::state::NO_OS;
use crate::handle::{Builder, Handle, StartError};
use crate::lazy_arc::LazyArc;
use crate::sync::const_fn;
use core::time::Duration;
#[cfg(all(test, loom))]
pub(crate) use job::Job;
use pool::Pool;
use std::sync::Arc;

/// Keeps finished threads for the next start. A start and a join through the cache cost a tenth of
/// those of a new thread.
///
/// A job has its own [`Ident`](crate::Ident) and its own [`Handle`], as if it ran on a thread of
/// its own. Two things differ. Thread-local variables keep the values of the job before, and their
/// destructors run when the worker ends. [`OsIdent`](crate::OsIdent) and
/// [`native_id`](crate::native_id) are those of the worker.
///
/// It is not a thread pool: a job never waits for a free worker. If no worker is idle, a new thread
/// is started.
///
/// A worker ends when it was idle for a while, when more workers than the limit are idle, or when
/// the cache is dropped. Running jobs are not disturbed. After a fork the child begins without
/// workers.
///
/// ```
/// use py_thread::WorkerCache;
/// static CACHE: WorkerCache = WorkerCache::new(8);
/// let first = CACHE.start(|| ())?;
/// assert!(first.join()?.is_returned());
/// let second = CACHE.start(|| ())?; // on the same worker
/// assert!(second.join()?.is_returned());
/// assert_ne!(first.ident(), second.ident());
/// # // Miri asks that no thread outlives the main one.
/// # if cfg!(miri) { std::thread::sleep(std::time::Duration::from_secs(10)) }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct WorkerCache {
    limit: usize,
    linger: Duration,
    pool: LazyArc<Pool>,
}

impl WorkerCache {
    const_fn! {
        /// A cache that keeps at most `limit` idle workers, each for five seconds. Starts none.
        ///
        /// ```
        /// static CACHE: py_thread::WorkerCache = py_thread::WorkerCache::new(4);
        /// assert_eq!(CACHE.idle(), 0);
        /// ```
        #[must_use]
        pub fn new(limit: usize) -> WorkerCache {
            WorkerCache::with_linger(limit, Duration::from_secs(5))
        }
    }

    const_fn! {
        /// A cache that keeps at most `limit` idle workers, each for `linger`; for ever if that is
        /// [`Duration::MAX`].
        ///
        /// ```
        /// use py_thread::WorkerCache;
        /// use std::time::{Duration, Instant};
        /// let cache = WorkerCache::with_linger(4, Duration::from_millis(10));
        /// cache.start(|| ())?.join()?;
        /// let soon = Instant::now() + Duration::from_secs(10);
        /// while cache.idle() > 0 {
        ///     assert!(Instant::now() < soon, "an idle worker leaves");
        ///     std::thread::yield_now();
        /// }
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        #[must_use]
        pub fn with_linger(limit: usize, linger: Duration) -> WorkerCache {
            WorkerCache {
                limit,
                linger,
                pool: LazyArc::new(),
            }
        }
    }

    /// Runs `f` as a thread of its own, on an idle worker if there is one.
    ///
    /// # Errors
    /// Those of [`py_thread::start`](crate::start).
    ///
    /// # Examples
    /// ```
    /// let cache = py_thread::WorkerCache::new(1);
    /// let outcome = cache.start(|| panic!("boom"))?.join()?;
    /// assert_eq!(outcome.panic().unwrap().message(), "boom");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start(&self, f: impl FnOnce() + Send + 'static) -> Result<Handle, StartError> {
        self.start_with(Builder::new(), f)
    }

    /// Runs `f` as a thread that `builder` describes: in its registry, under its name. If the
    /// builder asks for a stack size, the thread gets an OS thread of its own.
    ///
    /// # Errors
    /// Those of [`Builder::start`].
    ///
    /// # Examples
    /// ```
    /// use py_thread::{Threads, WorkerCache};
    /// let (threads, cache) = (Threads::new(), WorkerCache::new(4));
    /// let handle = cache.start_with(threads.builder(), || ())?;
    /// threads.shutdown(&())?;
    /// assert!(handle.has_exited() || threads.count() == 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start_with(
        &self,
        builder: Builder,
        f: impl FnOnce() + Send + 'static,
    ) -> Result<Handle, StartError> {
        let handle = Handle::unstarted();
        if builder.has_stack_size() {
            builder.start_in(&handle, f)?;
        } else {
            let pool = self.pool();
            let run = |body, stack_size| pool.run(Box::new(body), stack_size);
            builder.start_by(&handle, NO_OS, f, run)?;
            handle.0.publish_without_os();
        }
        Ok(handle)
    }

    /// How many workers are idle now.
    ///
    /// ```
    /// let cache = py_thread::WorkerCache::new(4);
    /// cache.start(|| ())?.join()?;
    /// assert_eq!(cache.idle(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn idle(&self) -> usize {
        let pool = self.pool.get();
        pool.filter(|p| p.is_of_this_process())
            .map_or(0, Pool::idle)
    }

    /// The pool of this process. In a forked child the workers are dead, and one of them may hold
    /// the lock of the old pool, so the child makes a new pool.
    fn pool(&self) -> Arc<Pool> {
        self.pool.get_or_make(Pool::is_of_this_process, || {
            Pool::new(self.limit, self.linger, fork::generation())
        })
    }
}

impl Drop for WorkerCache {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.get().filter(|p| p.is_of_this_process()) {
            pool.close();
        }
    }
}
