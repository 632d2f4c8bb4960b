//! [`SeqCell`]: a value behind a [`SeqLock`], read whole without a write to memory.
//!
//! Invariants:
//! * I1: the words are read and written atomically, each always with the same width, and written
//!   only between `lock_write` and its end. So no access races, and none is torn within a word.
//! * I2: a value leaves `read` only if [`SeqLock::end_read`] says that its words belong together.
//!   Until then they are bytes, not a `T`.
//! * I3: no byte of a `T` is uninitialised or part of a pointer, so integers can carry it. Any bytes are a
//!   `T`, so a reader that sleeps through exactly 2^31 writes still has a value, if not one that was
//!   written ([`Pod`]).
//!
//! Orderings: the words are `Relaxed`; those of the [`SeqLock`] do the rest, as its file says.
//!
//! CPython has no such type: each user of `_PySeqLock` reads its fields by hand.

mod pod;
#[cfg_attr(all(test, loom), path = "modelled.rs")]
mod words;

pub use pod::Pod;

use crate::seq_lock::SeqLock;
use crate::sync::const_fn;
use core::fmt;
use words::Words;

/// A small value that many threads read and few write. Readers write nothing, and try again if a
/// writer came between.
///
/// ```
/// use py_sync::SeqCell;
/// static PAIR: SeqCell<[u64; 2]> = SeqCell::new([1, 1]);
/// std::thread::scope(|s| {
///     s.spawn(|| PAIR.write([2, 2]));
///     let [a, b] = PAIR.read();
///     assert_eq!(a, b);
/// });
/// ```
pub struct SeqCell<T> {
    lock: SeqLock,
    words: Words<T>,
}

impl<T: Pod> SeqCell<T> {
    const_fn! {
        /// A cell that holds `value`.
        ///
        /// ```
        /// static CELL: py_sync::SeqCell<u64> = py_sync::SeqCell::new(7);
        /// assert_eq!(CELL.read(), 7);
        /// ```
        #[must_use]
        pub fn new(value: T) -> SeqCell<T> {
            SeqCell {
                lock: SeqLock::new(),
                words: Words::new(value),
            }
        }
    }

    /// The value, whole.
    ///
    /// # Blocking
    ///
    /// Spins, then yields, while a thread writes, and begins again if one has written meanwhile. It
    /// never sleeps and never detaches.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(py_sync::SeqCell::new([1u8; 16]).read(), [1; 16]);
    /// ```
    #[inline]
    #[must_use]
    pub fn read(&self) -> T {
        loop {
            let begun = self.lock.begin_read();
            let words = self.words.load();
            if self.lock.end_read(begun) {
                // SAFETY: no write came in between, as `end_read` says (I2), so these are the bytes of
                // one value.
                return unsafe { words.assume_init() };
            }
        }
    }

    /// The value, or `None` if a thread writes or has written meanwhile.
    ///
    /// ```
    /// assert_eq!(py_sync::SeqCell::new(5u32).try_read(), Some(5));
    /// ```
    #[inline]
    #[must_use]
    pub fn try_read(&self) -> Option<T> {
        let begun = self.lock.try_begin_read()?;
        let words = self.words.load();
        // SAFETY: called only if `end_read` says that no write came in between (I2), so these are the
        // bytes of one value.
        let whole = || unsafe { words.assume_init() };
        self.lock.end_read(begun).then(whole)
    }

    /// Replaces the value.
    ///
    /// # Blocking
    ///
    /// Spins, then yields, while another thread writes. It never sleeps and never detaches.
    ///
    /// # Examples
    ///
    /// ```
    /// let cell = py_sync::SeqCell::new(1);
    /// cell.write(2);
    /// assert_eq!(cell.read(), 2);
    /// ```
    #[inline]
    pub fn write(&self, value: T) {
        self.lock.lock_write();
        self.words.store(&value);
        self.lock.unlock_write();
    }

    /// Replaces the value by `f` of it, with no other write in between, and returns the old one.
    ///
    /// # Blocking
    ///
    /// As [`write`](SeqCell::write). `f` should be short: readers and writers wait for it, and a
    /// call of this cell in it waits for ever.
    ///
    /// # Panics
    ///
    /// If `f` does. The value is then what it was.
    ///
    /// # Examples
    ///
    /// ```
    /// let cell = py_sync::SeqCell::new([1u64, 2]);
    /// cell.update(|[a, b]| [a + 1, b + 1]);
    /// assert_eq!(cell.read(), [2, 3]);
    /// ```
    pub fn update(&self, f: impl FnOnce(T) -> T) -> T {
        struct Unwritten<'a>(&'a SeqLock);
        impl Drop for Unwritten<'_> {
            fn drop(&mut self) {
                self.0.abandon_write();
            }
        }
        self.lock.lock_write();
        let unwritten = Unwritten(&self.lock);
        // SAFETY: we are the only writer (I1), so these are the bytes of one value.
        let old = unsafe { self.words.load().assume_init() };
        let new = f(old);
        core::mem::forget(unwritten);
        self.words.store(&new);
        self.lock.unlock_write();
        old
    }

    /// The value, without looking for writers: `&mut self` keeps them out.
    ///
    /// ```
    /// let mut cell = py_sync::SeqCell::new(1);
    /// cell.set_mut(2);
    /// assert_eq!(cell.into_inner(), 2);
    /// ```
    pub fn set_mut(&mut self, value: T) {
        self.words.store(&value);
    }

    /// The value.
    ///
    /// ```
    /// assert_eq!(py_sync::SeqCell::new(7).into_inner(), 7);
    /// ```
    #[must_use]
    pub fn into_inner(self) -> T {
        // SAFETY: `self` is owned, so nobody writes, and these are the bytes of one value.
        unsafe { self.words.load().assume_init() }
    }

    /// In the child of a fork: if a thread of the parent was writing, puts `value` in its place,
    /// and returns true.
    ///
    /// Calling it at any other time lets two writers in; what is read may then be a mixture of
    /// their values.
    ///
    /// # Safety
    ///
    /// The process has forked, and the calling thread is the child's only one.
    ///
    /// # Examples
    ///
    /// ```
    /// let cell = py_sync::SeqCell::new(1);
    /// // SAFETY: no other thread knows the cell.
    /// assert!(!unsafe { cell.after_fork(0) });
    /// assert_eq!(cell.read(), 1);
    /// ```
    pub unsafe fn after_fork(&self, value: T) -> bool {
        let torn = self.lock.is_writing();
        if torn {
            self.words.store(&value);
            let _ = self.lock.after_fork();
        }
        torn
    }
}

impl<T: Pod + Default> Default for SeqCell<T> {
    fn default() -> Self {
        SeqCell::new(T::default())
    }
}

impl<T: Pod> From<T> for SeqCell<T> {
    fn from(value: T) -> Self {
        SeqCell::new(value)
    }
}

impl<T: Pod + fmt::Debug> fmt::Debug for SeqCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = f.debug_tuple("SeqCell");
        match self.try_read() {
            Some(value) => tuple.field(&value),
            None => tuple.field(&format_args!("<being written>")),
        };
        tuple.finish()
    }
}
