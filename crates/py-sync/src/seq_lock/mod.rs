//! [`SeqLock`]: a counter by which readers see whether a writer came, CPython's `_PySeqLock`.
//!
//! | counter | meaning |
//! |---|---|
//! | even | no writer; what was written last is complete |
//! | odd | a writer is at work |
//!
//! ```text
//!   writer: even n ──lock──▶ n+1 ──write──▶ unlock ──▶ n+2      (abandon: back to n)
//!   reader: begin: wait for an even n ──read──▶ end: still n? then nothing changed meanwhile
//! ```
//!
//! Invariants:
//! * I1: only the writer that made the counter odd makes it even again.
//! * I2: a reader keeps what it has read only if the counter is still the even number that it began with.
//!   The counter wraps at 2^32: a reader that sleeps through exactly 2^31 writes notices none.
//! * I3: an abandoned write has written nothing.
//!
//! Orderings: locking is an `Acquire` compare-exchange, then a `Release` fence before the writes, so a
//! reader that sees one of the writes also sees the odd counter. Unlocking is a `Release` store. A reader
//! begins with an `Acquire` load, and ends with an `Acquire` fence before its last load of the counter,
//! so that load is no older than what it has read. The reads in between must be atomic; `Relaxed` is
//! enough. [`SeqCell`](crate::SeqCell) does all that.
//!
//! CPython: `Python/lock.c`, `_PySeqLock_LockWrite` and its siblings; removed from CPython in August
//! 2026, when nothing used it any more. Differs from CPython: ending a write that has not begun panics; a
//! waiting thread spins briefly before it yields.

use crate::sync::{Acquire, AtomicU32, Relaxed, Release, const_fn, fence, spin_loop, yield_now};
use core::fmt;

mod guard;

pub use guard::SeqLockWriteGuard;

/// How often a thread looks again before it yields: writes last nanoseconds, a yield a microsecond.
const SPINS: u32 = 32;

/// A sequence lock: writers exclude each other, readers write nothing and try again if a writer
/// came between. Four bytes.
///
/// It is for small data that is read far more often than written; [`SeqCell`](crate::SeqCell) is
/// the form that carries its data. All zero is unlocked.
///
/// CPython: `Include/internal/pycore_lock.h`, `_PySeqLock`.
///
/// ```
/// use py_sync::SeqLock;
/// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
/// static LOCK: SeqLock = SeqLock::new();
/// static PAIR: [AtomicU32; 2] = [AtomicU32::new(0), AtomicU32::new(0)];
///
/// LOCK.lock_write();
/// PAIR[0].store(7, Relaxed);
/// PAIR[1].store(7, Relaxed);
/// LOCK.unlock_write();
///
/// let pair = loop {
///     let begun = LOCK.begin_read();
///     let pair = (PAIR[0].load(Relaxed), PAIR[1].load(Relaxed));
///     if LOCK.end_read(begun) {
///         break pair;
///     }
/// };
/// assert_eq!(pair, (7, 7));
/// ```
#[doc(alias = "_PySeqLock")]
#[repr(transparent)]
pub struct SeqLock(AtomicU32);

fn is_writing(sequence: u32) -> bool {
    sequence & 1 != 0
}

/// Spins at first, then yields.
#[inline]
fn relax(round: &mut u32) {
    if *round < SPINS {
        *round += 1;
        spin_loop();
    } else {
        yield_now();
    }
}

impl SeqLock {
    const_fn! {
        /// An unlocked lock.
        ///
        /// ```
        /// static LOCK: py_sync::SeqLock = py_sync::SeqLock::new();
        /// assert_eq!(LOCK.begin_read(), 0);
        /// ```
        #[must_use]
        pub fn new() -> SeqLock {
            SeqLock(AtomicU32::new(0))
        }
    }

    /// Begins a write.
    ///
    /// CPython: `Python/lock.c`, `_PySeqLock_LockWrite`.
    ///
    /// # Blocking
    ///
    /// Spins, then yields, while another thread writes. It never sleeps and never detaches.
    ///
    /// # Examples
    ///
    /// ```
    /// let l = py_sync::SeqLock::new();
    /// l.lock_write();
    /// assert!(l.is_writing());
    /// l.unlock_write();
    /// ```
    #[doc(alias = "_PySeqLock_LockWrite")]
    #[inline]
    pub fn lock_write(&self) {
        let mut round = 0;
        while !self.try_lock_write() {
            relax(&mut round);
        }
    }

    /// Begins a write unless another thread writes; true if it did.
    ///
    /// ```
    /// let l = py_sync::SeqLock::new();
    /// assert!(l.try_lock_write());
    /// assert!(!l.try_lock_write());
    /// ```
    #[inline]
    #[must_use = "the write may not have begun"]
    pub fn try_lock_write(&self) -> bool {
        // Relaxed: decides only whether to try.
        let sequence = self.0.load(Relaxed);
        if is_writing(sequence) {
            return false;
        }
        // Acquire: the write starts here. Relaxed on failure: nothing was begun.
        let begun = self
            .0
            .compare_exchange(sequence, sequence.wrapping_add(1), Acquire, Relaxed)
            .is_ok();
        if begun {
            // A reader that sees a write after this fence sees the odd counter.
            fence(Release);
        }
        begun
    }

    /// Ends a write: readers that were there begin again.
    ///
    /// CPython: `Python/lock.c`, `_PySeqLock_UnlockWrite`.
    ///
    /// # Panics
    ///
    /// If no write has begun: `unlocking a sequence lock that is not locked`. Nothing has been
    /// changed.
    ///
    /// # Examples
    ///
    /// ```
    /// let l = py_sync::SeqLock::new();
    /// l.lock_write();
    /// l.unlock_write();
    /// assert_eq!(l.begin_read(), 2);
    /// ```
    #[doc(alias = "_PySeqLock_UnlockWrite")]
    #[inline]
    #[track_caller]
    pub fn unlock_write(&self) {
        let sequence = self.written();
        // Release: the writes come before it.
        self.0.store(sequence.wrapping_add(1), Release);
    }

    /// Ends a write that has written nothing: readers that were there are not disturbed.
    ///
    /// CPython: `Python/lock.c`, `_PySeqLock_AbandonWrite`.
    ///
    /// # Panics
    ///
    /// As [`unlock_write`](SeqLock::unlock_write).
    ///
    /// # Examples
    ///
    /// ```
    /// let l = py_sync::SeqLock::new();
    /// let begun = l.begin_read();
    /// l.lock_write();
    /// l.abandon_write();
    /// assert!(l.end_read(begun));
    /// ```
    #[doc(alias = "_PySeqLock_AbandonWrite")]
    #[inline]
    #[track_caller]
    pub fn abandon_write(&self) {
        let sequence = self.written();
        // Release: what this writer has read comes before the next one's writes.
        self.0.store(sequence.wrapping_sub(1), Release);
    }

    /// The counter of the write that the caller is about to end.
    #[inline]
    #[track_caller]
    fn written(&self) -> u32 {
        // Relaxed: the caller's own counter (I1).
        let sequence = self.0.load(Relaxed);
        assert!(
            is_writing(sequence),
            "unlocking a sequence lock that is not locked"
        );
        sequence
    }

    /// Begins a read, and returns the even counter for [`end_read`](SeqLock::end_read).
    ///
    /// CPython: `Python/lock.c`, `_PySeqLock_BeginRead`.
    ///
    /// # Blocking
    ///
    /// Spins, then yields, while a thread writes. It never sleeps and never detaches.
    ///
    /// # Examples
    ///
    /// ```
    /// let l = py_sync::SeqLock::new();
    /// assert_eq!(l.begin_read() % 2, 0);
    /// ```
    #[doc(alias = "_PySeqLock_BeginRead")]
    #[inline]
    #[must_use = "the read ends with `end_read`"]
    pub fn begin_read(&self) -> u32 {
        match self.try_begin_read() {
            Some(sequence) => sequence,
            None => self.begin_read_slow(),
        }
    }

    /// The loop is apart from the first try. Inlined, its registers would make that use the stack, and a
    /// read of a [`SeqCell`](crate::SeqCell) would take half as long again.
    #[cold]
    #[inline(never)]
    fn begin_read_slow(&self) -> u32 {
        let mut round = 0;
        loop {
            if let Some(sequence) = self.try_begin_read() {
                return sequence;
            }
            relax(&mut round);
        }
    }

    /// Begins a read unless a thread writes.
    ///
    /// ```
    /// let l = py_sync::SeqLock::new();
    /// assert_eq!(l.try_begin_read(), Some(0));
    /// l.lock_write();
    /// assert_eq!(l.try_begin_read(), None);
    /// ```
    #[inline]
    #[must_use = "the read ends with `end_read`"]
    pub fn try_begin_read(&self) -> Option<u32> {
        // Acquire: what the last writer wrote is read after it.
        let sequence = self.0.load(Acquire);
        (!is_writing(sequence)).then_some(sequence)
    }

    /// True if no write came since `begun` was returned by [`begin_read`](SeqLock::begin_read):
    /// then what was read in between is of one piece. If not, it must be thrown away.
    ///
    /// CPython: `Python/lock.c`, `_PySeqLock_EndRead`.
    ///
    /// ```
    /// let l = py_sync::SeqLock::new();
    /// let begun = l.begin_read();
    /// assert!(l.end_read(begun));
    /// l.lock_write();
    /// l.unlock_write();
    /// assert!(!l.end_read(begun));
    /// ```
    #[doc(alias = "_PySeqLock_EndRead")]
    #[inline]
    #[must_use = "false means that the data may be torn"]
    pub fn end_read(&self, begun: u32) -> bool {
        // The load below is no older than any write that the reads before this fence have seen.
        fence(Acquire);
        self.0.load(Relaxed) == begun
    }

    /// True while a thread writes. Out of date at once: for assertions.
    ///
    /// ```
    /// assert!(!py_sync::SeqLock::new().is_writing());
    /// ```
    #[inline]
    #[must_use]
    pub fn is_writing(&self) -> bool {
        // Relaxed: a snapshot that orders nothing.
        is_writing(self.0.load(Relaxed))
    }

    /// In the child of a fork: if a thread of the parent was writing, starts again at 0 and returns true.
    /// The data is then torn, and the caller must repair it.
    ///
    /// Calling it at any other time lets two writers in.
    ///
    /// CPython: `Python/lock.c`, `_PySeqLock_AfterFork`.
    ///
    /// ```
    /// let l = py_sync::SeqLock::new();
    /// assert!(!l.after_fork());
    /// l.lock_write();
    /// assert!(l.after_fork());
    /// assert_eq!(l.begin_read(), 0);
    /// ```
    #[doc(alias = "_PySeqLock_AfterFork")]
    #[must_use = "true means that the data is torn"]
    pub fn after_fork(&self) -> bool {
        let torn = self.is_writing();
        if torn {
            // Relaxed: a forked child has one thread.
            self.0.store(0, Relaxed);
        }
        torn
    }
}

impl Default for SeqLock {
    fn default() -> Self {
        SeqLock::new()
    }
}

impl fmt::Debug for SeqLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: a snapshot that orders nothing.
        let sequence = self.0.load(Relaxed);
        f.debug_struct("SeqLock")
            .field("sequence", &sequence)
            .field("writing", &is_writing(sequence))
            .finish()
    }
}
