//! How a thread ended: [`Outcome`], and the payload of its panic.

use core::any::Any;
use core::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// How a thread ended. Every joiner gets the same, every time.
///
/// Three kinds of thread count as `Returned`: one that vanished in a fork, one whose start failed,
/// and one that was marked done before it ended. CPython's join gives no outcome at all.
///
/// ```
/// use py_thread::{Outcome, start};
/// let handle = start(|| panic!("boom"))?;
/// let (first, second) = (handle.join()?, handle.join()?);
/// match (first, second) {
///     (Outcome::Panicked(a), Outcome::Panicked(b)) => {
///         assert_eq!(a.message(), "boom");
///         assert!(std::sync::Arc::ptr_eq(&a, &b));
///     }
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Its function returned.
    Returned,
    /// Its function panicked.
    Panicked(Arc<Panic>),
}

impl Outcome {
    /// Whether the thread's function returned.
    ///
    /// ```
    /// assert!(py_thread::start(|| ())?.join()?.is_returned());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_returned(&self) -> bool {
        matches!(self, Outcome::Returned)
    }

    /// The panic, if there was one.
    ///
    /// ```
    /// let outcome = py_thread::start(|| panic!("boom"))?.join()?;
    /// assert_eq!(outcome.panic().unwrap().message(), "boom");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn panic(&self) -> Option<&Arc<Panic>> {
        match self {
            Outcome::Returned => None,
            Outcome::Panicked(panic) => Some(panic),
        }
    }
}

/// The payload of a thread's panic, kept behind a lock so that all joiners can share it.
///
/// ```
/// use py_thread::{Outcome, start};
/// let handle = start(|| std::panic::panic_any(42_u8))?;
/// let Outcome::Panicked(panic) = handle.join()? else { unreachable!() };
/// assert_eq!(panic.message(), "Box<dyn Any>");
/// assert_eq!(panic.with(|payload| payload.downcast_ref().copied()), Some(42_u8));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Panic {
    message: Box<str>,
    payload: Mutex<Box<dyn Any + Send>>,
}

impl Panic {
    pub(crate) fn new(payload: Box<dyn Any + Send>) -> Panic {
        let message: &str = match (
            payload.downcast_ref::<&'static str>(),
            payload.downcast_ref::<String>(),
        ) {
            (Some(text), _) => text,
            (_, Some(text)) => text,
            _ => "Box<dyn Any>",
        };
        Panic {
            message: message.into(),
            payload: Mutex::new(payload),
        }
    }

    /// The panic's message, or `Box<dyn Any>` if the payload is not text; std's panic hook prints
    /// the same. Takes no lock.
    ///
    /// ```
    /// let outcome = py_thread::start(|| panic!("at {}", 3))?.join()?;
    /// assert_eq!(outcome.panic().unwrap().message(), "at 3");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Runs `f` with the payload.
    ///
    /// # Blocking
    /// While another thread is inside `with` of the same panic. A call of `with` from inside `f`
    /// deadlocks or panics, as std's mutex does.
    ///
    /// # Examples
    /// ```
    /// let outcome = py_thread::start(|| std::panic::panic_any(vec![1, 2]))?.join()?;
    /// let panic = outcome.panic().unwrap();
    /// let len = panic.with(|payload| payload.downcast_mut().map(|v: &mut Vec<i32>| {
    ///     v.push(3);
    ///     v.len()
    /// }));
    /// assert_eq!(len, Some(3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with<R>(&self, f: impl FnOnce(&mut (dyn Any + Send)) -> R) -> R {
        // An earlier `f` may have panicked and left the payload half changed; it is the caller's.
        let mut payload = self.payload.lock().unwrap_or_else(PoisonError::into_inner);
        f(&mut **payload)
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Panic").field(&self.message).finish()
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
