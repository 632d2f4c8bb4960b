//! What can go wrong with a thread, in CPython's words.

use crate::stack_size::StackSizeError;
use core::error::Error;
use core::fmt;
use std::io;

/// Why a thread did not start. Nothing is left behind: the function was dropped, no memory or
/// thread is kept.
///
/// ```
/// use py_thread::{Builder, StartError};
/// # if cfg!(miri) { return; } // A stack has no size there.
/// // More than any system has.
/// let result = Builder::new().stack_size(usize::MAX / 2).start(|| ());
/// assert!(result.is_err());
/// assert_eq!(StartError::AlreadyStarted.to_string(), "thread already started");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The handle's thread was started before: a handle starts one thread, once.
    AlreadyStarted,
    /// The interpreter shuts down.
    Finalizing,
    /// This system does not accept the stack size.
    StackSize(StackSizeError),
    /// The system could not start a thread; [`source`](Error::source) says why.
    Os(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::AlreadyStarted => f.write_str("thread already started"),
            StartError::Finalizing => {
                f.write_str("can't create new thread at interpreter shutdown")
            }
            StartError::StackSize(error) => error.fmt(f),
            StartError::Os(_) => f.write_str("can't start new thread"),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            StartError::StackSize(error) => Some(error),
            StartError::Os(error) => Some(error),
            StartError::AlreadyStarted | StartError::Finalizing => None,
        }
    }
}

/// Why a join failed. The thread goes on, and a later join may succeed.
///
/// ```
/// use py_thread::{Handle, JoinError};
/// let error = Handle::unstarted().join().unwrap_err();
/// assert!(matches!(error, JoinError::NotStarted));
/// assert_eq!(error.to_string(), "thread not started");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum JoinError {
    /// The handle's thread was not started yet.
    NotStarted,
    /// The calling thread is the one to wait for.
    CurrentThread,
    /// The interpreter shuts down, and the thread may hang for ever.
    Finalizing,
    /// A pending call asked to stop the wait.
    Interrupted,
    /// The system's join failed; [`source`](Error::source) says why. A later join tries again.
    Os(io::Error),
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            JoinError::NotStarted => "thread not started",
            JoinError::CurrentThread => "Cannot join current thread",
            JoinError::Finalizing => "cannot join thread at interpreter shutdown",
            JoinError::Interrupted => "the join was interrupted",
            JoinError::Os(_) => "Failed joining thread",
        })
    }
}

impl Error for JoinError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            JoinError::Os(error) => Some(error),
            _ => None,
        }
    }
}

/// Why [`Handle::set_done`](crate::Handle::set_done) failed.
///
/// ```
/// use py_thread::{Handle, SetDoneError};
/// let error = Handle::unstarted().set_done().unwrap_err();
/// assert!(matches!(error, SetDoneError::NotStarted));
/// assert_eq!(error.to_string(), "thread not started");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum SetDoneError {
    /// The handle's thread was not started yet.
    NotStarted,
    /// The system's detach failed; [`source`](Error::source) says why.
    Os(io::Error),
}

impl fmt::Display for SetDoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SetDoneError::NotStarted => "thread not started",
            SetDoneError::Os(_) => "failed detaching handle",
        })
    }
}

impl Error for SetDoneError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            SetDoneError::Os(error) => Some(error),
            SetDoneError::NotStarted => None,
        }
    }
}
