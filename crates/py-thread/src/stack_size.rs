//! The size of new threads' stacks.

use crate::sys;
use core::error::Error;
use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};

/// The smallest stack that may be asked for, in bytes: the limit of the C function. Python's own
/// `_thread.stack_size` has a higher limit from 3.14 on, 53248, because its interpreter needs it.
///
/// ```
/// use py_thread::{MIN_STACK_SIZE, check_stack_size};
/// assert!(check_stack_size(MIN_STACK_SIZE).is_ok());
/// assert!(check_stack_size(MIN_STACK_SIZE - 1).is_err());
/// ```
#[doc(alias = "THREAD_STACK_MIN")]
pub const MIN_STACK_SIZE: usize = 32768;

/// 0 is the platform's default. Relaxed: the number publishes nothing, and a start that runs beside
/// a change may use either value.
static STACK_SIZE: AtomicUsize = AtomicUsize::new(0);

/// The stack size of threads that ask for none, in bytes; 0 is the platform's default.
///
/// CPython: `Python/thread.c`, `PyThread_get_stacksize`. In CPython the size belongs to the
/// interpreter, as the one of [`Threads`](crate::Threads) does here. This one belongs to the
/// process.
///
/// ```
/// assert_eq!(py_thread::stack_size(), 0);
/// ```
#[doc(alias = "PyThread_get_stacksize")]
#[must_use]
pub fn stack_size() -> usize {
    STACK_SIZE.load(Ordering::Relaxed)
}

/// Sets the stack size of threads that are started later and ask for none, in bytes. 0 restores the
/// platform's default. That is what the system gives (8 MiB as a rule on Linux), and on macOS and
/// FreeBSD CPython's own figures (16 and 4 MiB). It is never std's 2 MiB, which is too little for a
/// recursive interpreter.
///
/// CPython: `Python/thread.c`, `PyThread_set_stacksize`.
///
/// # Errors
/// Sizes below [`MIN_STACK_SIZE`], and those that the system refuses: unaligned ones on macOS, 256
/// MiB and more on Windows. A size that the system accepts may still be larger than the memory;
/// then the start fails.
///
/// # Examples
/// ```
/// use py_thread::{set_stack_size, stack_size};
/// set_stack_size(1 << 20)?;
/// assert_eq!(stack_size(), 1 << 20);
/// let error = set_stack_size(4096).unwrap_err();
/// assert_eq!(error.to_string(), "size not valid: 4096 bytes");
/// assert_eq!(stack_size(), 1 << 20, "an error changes nothing");
/// set_stack_size(0)?;
/// # Ok::<(), py_thread::StackSizeError>(())
/// ```
#[doc(alias = "PyThread_set_stacksize")]
pub fn set_stack_size(bytes: usize) -> Result<(), StackSizeError> {
    check_stack_size(bytes)?;
    STACK_SIZE.store(bytes, Ordering::Relaxed);
    Ok(())
}

/// Whether [`set_stack_size`] would take this size, in bytes. 0 is fine.
///
/// # Errors
/// Those of [`set_stack_size`].
///
/// # Examples
/// ```
/// assert!(py_thread::check_stack_size(0).is_ok());
/// assert!(py_thread::check_stack_size(16384).is_err());
/// ```
pub fn check_stack_size(bytes: usize) -> Result<(), StackSizeError> {
    if bytes == 0 || (bytes >= MIN_STACK_SIZE && sys::accepts_stack_size(bytes)) {
        Ok(())
    } else {
        Err(StackSizeError { bytes })
    }
}

/// A stack size that this system does not accept (`ValueError` in Python).
///
/// ```
/// let error = py_thread::set_stack_size(1).unwrap_err();
/// assert_eq!(error.to_string(), "size not valid: 1 bytes");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StackSizeError {
    bytes: usize,
}

impl StackSizeError {
    /// The size that was refused, in bytes.
    ///
    /// ```
    /// assert_eq!(py_thread::set_stack_size(7).unwrap_err().bytes(), 7);
    /// ```
    #[must_use]
    pub const fn bytes(self) -> usize {
        self.bytes
    }
}

impl fmt::Display for StackSizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "size not valid: {} bytes", self.bytes)
    }
}

impl Error for StackSizeError {}
