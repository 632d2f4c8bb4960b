//! [`Tss`]: a C-style key for one pointer per thread.
//!
//! Invariants:
//! * K1: `key` is 0, or one more than a key of the system that exists.
//! * K2: a key is deleted only while no other thread uses it: by `delete`, whose caller promises
//!   that, or by the owner's drop.
//!
//! Orderings: AcqRel and Acquire, so that a thread which sees a key may use it.

use crate::sys::{self, TssKey};
use core::ffi::c_void;
use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use std::io;

/// A key under which each thread keeps a pointer of its own. Can be a static.
///
/// For Rust values prefer `thread_local!`; this is for runtimes that offer PEP 539's C interface.
/// No destructor ever runs.
///
/// CPython: `Python/thread.c`, `Py_tss_t`.
///
/// ```
/// use py_thread::Tss;
/// use std::ptr;
/// static KEY: Tss = Tss::new();
/// KEY.create()?;
/// KEY.create()?; // nothing happens
/// assert!(KEY.get().is_null());
/// KEY.set(ptr::without_provenance_mut(7))?;
/// assert_eq!(KEY.get().addr(), 7);
/// std::thread::spawn(|| assert!(KEY.get().is_null())).join().unwrap();
/// # Ok::<(), std::io::Error>(())
/// ```
#[doc(alias = "Py_tss_t")]
#[doc(alias = "Py_tss_NEEDS_INIT")]
pub struct Tss {
    key: AtomicU64,
}

impl Tss {
    /// A key that is not created yet.
    ///
    /// ```
    /// static KEY: py_thread::Tss = py_thread::Tss::new();
    /// assert!(!KEY.is_created());
    /// ```
    #[doc(alias = "PyThread_tss_alloc")]
    #[must_use]
    pub const fn new() -> Tss {
        Tss {
            key: AtomicU64::new(0),
        }
    }

    /// Asks the system for the key; does nothing if it exists. Threads may race: one key is made.
    ///
    /// CPython: `Python/thread_pthread.h`, `PyThread_tss_create`.
    ///
    /// # Errors
    /// If the system has no more keys: Linux has 1024.
    ///
    /// # Examples
    /// ```
    /// let key = py_thread::Tss::new();
    /// key.create()?;
    /// assert!(key.is_created());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "PyThread_tss_create")]
    pub fn create(&self) -> io::Result<()> {
        if self.is_created() {
            return Ok(());
        }
        let key = sys::tss_create()?;
        let raced = self
            .key
            .compare_exchange(0, encode(key), Ordering::AcqRel, Ordering::Acquire);
        if raced.is_err() {
            // SAFETY: the key was created above, and no other thread has seen it.
            unsafe { sys::tss_delete(key) };
        }
        Ok(())
    }

    /// Whether the key exists.
    ///
    /// CPython: `Python/thread.c`, `PyThread_tss_is_created`.
    ///
    /// ```
    /// assert!(!py_thread::Tss::new().is_created());
    /// ```
    #[doc(alias = "PyThread_tss_is_created")]
    #[must_use]
    pub fn is_created(&self) -> bool {
        self.existing().is_some()
    }

    /// The calling thread's pointer: null if it set none, or the key does not exist. Leaves
    /// Windows' last error as it is.
    ///
    /// CPython: `Python/thread_pthread.h`, `PyThread_tss_get`.
    ///
    /// ```
    /// assert!(py_thread::Tss::new().get().is_null());
    /// ```
    #[doc(alias = "PyThread_tss_get")]
    #[inline]
    #[must_use]
    pub fn get(&self) -> *mut c_void {
        match self.existing() {
            // SAFETY: K1: the key exists. K2: it is not deleted during this call.
            Some(key) => unsafe { sys::tss_get(key) },
            None => core::ptr::null_mut(),
        }
    }

    /// Sets the calling thread's pointer. This crate never dereferences it.
    ///
    /// CPython: `Python/thread_pthread.h`, `PyThread_tss_set`.
    ///
    /// # Errors
    /// If the key does not exist (undefined in C), or the system has no memory for the value.
    ///
    /// # Examples
    /// ```
    /// let key = py_thread::Tss::new();
    /// assert!(key.set(std::ptr::null_mut()).is_err());
    /// key.create()?;
    /// let mut value = 5;
    /// key.set((&raw mut value).cast())?;
    /// assert_eq!(key.get().cast::<i32>(), &raw mut value);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "PyThread_tss_set")]
    #[allow(
        clippy::not_unsafe_ptr_arg_deref,
        reason = "no system follows the value"
    )]
    pub fn set(&self, value: *mut c_void) -> io::Result<()> {
        match self.existing() {
            // SAFETY: K1: the key exists. K2: it is not deleted during this call.
            Some(key) => unsafe { sys::tss_set(key, value) },
            None => Err(io::Error::new(
                io::ErrorKind::NotFound,
                "the key was not created",
            )),
        }
    }

    /// Gives the key back to the system and forgets all threads' values; does nothing if it does
    /// not exist. It can be created again, with no values.
    ///
    /// CPython: `Python/thread_pthread.h`, `PyThread_tss_delete`.
    ///
    /// # Safety
    /// No other thread may be inside a method of this key, or enter one before this returns: the
    /// system's keys are numbers that it gives out again.
    ///
    /// # Examples
    /// ```
    /// let key = py_thread::Tss::new();
    /// key.create()?;
    /// // SAFETY: no other thread knows the key.
    /// unsafe { key.delete() };
    /// assert!(!key.is_created());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "PyThread_tss_delete")]
    pub unsafe fn delete(&self) {
        if let Some(key) = decode(self.key.swap(0, Ordering::AcqRel)) {
            // SAFETY: K2: the caller promised that no other thread uses the key.
            unsafe { sys::tss_delete(key) };
        }
    }

    #[inline]
    fn existing(&self) -> Option<TssKey> {
        decode(self.key.load(Ordering::Acquire))
    }
}

/// Keys are integers of different types that all fit 63 bits: the system counts from 0.
#[allow(
    clippy::unnecessary_cast,
    clippy::cast_sign_loss,
    clippy::cast_lossless,
    reason = "a pthread_key_t is an integer of any type"
)]
fn encode(key: TssKey) -> u64 {
    key as u64 + 1
}

#[allow(
    clippy::unnecessary_cast,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "only what `encode` made comes here"
)]
#[inline]
fn decode(encoded: u64) -> Option<TssKey> {
    encoded.checked_sub(1).map(|key| key as TssKey)
}

impl Default for Tss {
    fn default() -> Tss {
        Tss::new()
    }
}

/// CPython: `Python/thread.c`, `PyThread_tss_free`.
impl Drop for Tss {
    fn drop(&mut self) {
        // SAFETY: K2: `&mut self` means that no other thread uses the key.
        unsafe { self.delete() };
    }
}

impl fmt::Debug for Tss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tss")
            .field("key", &self.existing())
            .finish()
    }
}
