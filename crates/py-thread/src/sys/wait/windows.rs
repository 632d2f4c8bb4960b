//! Windows: `WaitOnAddress`. The only file that names it.

use super::Waited;
use crate::sync::AtomicU32;
use core::ops::Deref;
use core::time::Duration;
use windows_sys::Win32::System::Threading::{INFINITE, WaitOnAddress, WakeByAddressAll};

/// Whether a signal handler ends a wait.
pub(crate) const INTERRUPTIBLE: bool = false;

/// Whether the child of a fork can use a word of its parent. Windows has no forks.
#[cfg(feature = "micro")]
pub(crate) const SURVIVES_FORK: bool = true;

/// A word to sleep on.
#[derive(Debug)]
pub(crate) struct WaitWord(AtomicU32);

impl WaitWord {
    pub(crate) const fn new(value: u32) -> WaitWord {
        WaitWord(AtomicU32::new(value))
    }

    /// Nothing to do: the system keeps the waiters.
    #[inline]
    pub(crate) fn prepare(&self) {}

    pub(crate) fn wait(&self, expected: u32, timeout: Option<Duration>) -> Waited {
        // Milliseconds, rounded up and below INFINITE. The caller waits again after an early
        // return.
        let ms = timeout.map_or(INFINITE, |t| {
            let ms = t.as_nanos().div_ceil(1_000_000);
            u32::try_from(ms).unwrap_or(INFINITE).min(INFINITE - 1)
        });
        // SAFETY: both addresses are those of four readable bytes that outlive the call.
        let woken = unsafe {
            WaitOnAddress(
                self.0.as_ptr().cast(),
                (&raw const expected).cast(),
                size_of::<u32>(),
                ms,
            )
        };
        // ERROR_TIMEOUT is the only error.
        if woken != 0 {
            Waited::Changed
        } else {
            Waited::TimedOut
        }
    }

    pub(crate) fn wake_all(&self) {
        // SAFETY: the address only names the queue.
        unsafe { WakeByAddressAll(self.0.as_ptr().cast()) };
    }
}

impl Deref for WaitWord {
    type Target = AtomicU32;

    #[inline]
    fn deref(&self) -> &AtomicU32 {
        &self.0
    }
}
