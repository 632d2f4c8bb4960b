//! Linux and Android: the kernel's futex. The only file that names it.

use super::Waited;
use crate::sync::AtomicU32;
use core::ops::Deref;
use core::ptr;
use core::time::Duration;

/// Whether a signal handler ends a wait.
pub(crate) const INTERRUPTIBLE: bool = true;

/// Whether the child of a fork can use a word of its parent. Yes: a futex has no owner.
#[cfg(feature = "micro")]
pub(crate) const SURVIVES_FORK: bool = true;

/// The `timespec` that the kernel reads in `SYS_futex`. libc's may differ from it: a 32-bit libc
/// can have a 64-bit `time_t`, while this system call has 32-bit fields.
///
/// `SYS_futex_time64` is not needed. It is for times that 32 bits do not hold, and older kernels
/// and Android's sandbox lack it. The 32-bit systems that have nothing else (riscv32) have no 64-bit
/// atomics either, and this crate is not for them.
#[repr(C)]
struct Timespec {
    sec: Field,
    nsec: Field,
}

// x86_64 with 32-bit pointers (x32) has the 64-bit call.
#[cfg(any(target_pointer_width = "64", target_arch = "x86_64"))]
type Field = i64;
#[cfg(not(any(target_pointer_width = "64", target_arch = "x86_64")))]
type Field = i32;

/// A word to sleep on: exactly the four bytes that the kernel looks at.
#[derive(Debug)]
pub(crate) struct WaitWord(AtomicU32);

impl WaitWord {
    pub(crate) const fn new(value: u32) -> WaitWord {
        WaitWord(AtomicU32::new(value))
    }

    /// Nothing to do: the kernel keeps the waiters.
    #[inline]
    pub(crate) fn prepare(&self) {}

    pub(crate) fn wait(&self, expected: u32, timeout: Option<Duration>) -> Waited {
        // A time that the field cannot hold (68 years and more) becomes "for ever".
        let limit = timeout.and_then(|t| {
            let sec = Field::try_from(t.as_secs()).ok()?;
            let nsec = t.subsec_nanos() as Field;
            Some(Timespec { sec, nsec })
        });
        let limit = limit.as_ref().map_or(ptr::null(), ptr::from_ref);
        // SAFETY: the word lives as long as `self`. `limit` is null, or points at a timespec of the
        // layout that this system call takes. The kernel only reads both.
        let rc = unsafe {
            libc::syscall(
                libc::SYS_futex,
                self.0.as_ptr(),
                libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
                expected,
                limit,
            )
        };
        if rc == 0 {
            return Waited::Changed;
        }
        match std::io::Error::last_os_error().raw_os_error() {
            Some(libc::ETIMEDOUT) => Waited::TimedOut,
            Some(libc::EINTR) => Waited::Interrupted,
            _ => Waited::Changed,
        }
    }

    pub(crate) fn wake_all(&self) {
        // SAFETY: FUTEX_WAKE does not touch the memory; the address only names the queue.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                self.0.as_ptr(),
                libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
                i32::MAX,
            );
        }
    }
}

impl Deref for WaitWord {
    type Target = AtomicU32;

    #[inline]
    fn deref(&self) -> &AtomicU32 {
        &self.0
    }
}
