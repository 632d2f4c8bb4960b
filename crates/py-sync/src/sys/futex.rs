//! Sleeping on a 32-bit word in the kernel.
//!
//! A wake takes a pointer that may dangle: the sleeper's frame may be gone by then, and the kernel uses
//! the pointer as a number. So a late wake may reach another thread that sleeps at that address now, and
//! every sleep may return for no reason.

use core::sync::atomic::AtomicU32;

/// Wakes one thread that sleeps on `word`. The pointer may dangle.
#[inline]
pub(crate) fn wake_one(word: *const AtomicU32) {
    atomic_wait::wake_one(word);
}

/// Sleeps while `word` is `expected`, until woken. May return at any time.
#[inline]
pub(crate) fn wait(word: &AtomicU32, expected: u32) {
    atomic_wait::wait(word, expected);
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod platform {
    use core::sync::atomic::AtomicU32;

    /// A signal handler that ran ends the sleep.
    pub(crate) const SIGNALS_END_SLEEP: bool = true;

    /// The kernel's own `timespec` for `SYS_futex`, which is not always libc's: a 32-bit libc may
    /// have a 64-bit `time_t` in front of a system call with 32-bit fields.
    #[repr(C)]
    struct Timespec {
        sec: Field,
        nsec: Field,
    }

    /// x32 is the one ABI of 32-bit pointers with the 64-bit system calls.
    #[cfg(any(target_pointer_width = "64", target_arch = "x86_64"))]
    type Field = i64;
    #[cfg(not(any(target_pointer_width = "64", target_arch = "x86_64")))]
    type Field = i32;

    impl Timespec {
        /// 32 bits hold 68 years from boot. A later time is cut, and who wakes then looks again.
        fn at(nanos: u64) -> Timespec {
            Timespec {
                sec: Field::try_from(nanos / 1_000_000_000).unwrap_or(Field::MAX),
                nsec: (nanos % 1_000_000_000) as Field,
            }
        }
    }

    /// The kernel's `FUTEX_BITSET_MATCH_ANY`, which libc does not name for Android.
    const MATCH_ANY: u32 = u32::MAX;

    /// Sleeps while `word` is `expected`, until woken, or until `deadline` (nanoseconds of the
    /// monotonic clock). True if a signal ended the sleep.
    pub(crate) fn wait_until(word: &AtomicU32, expected: u32, deadline: Option<u64>) -> bool {
        let until = deadline.map(Timespec::at);
        let until = until
            .as_ref()
            .map_or(core::ptr::null(), core::ptr::from_ref);
        // SAFETY: `word` is alive for the call, and `until` is null or points to a timespec that is. The
        // kernel reads both and writes neither. FUTEX_WAIT_BITSET without CLOCK_REALTIME takes an
        // absolute time of the monotonic clock.
        let rc = unsafe {
            libc::syscall(
                libc::SYS_futex,
                core::ptr::from_ref(word),
                libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG,
                expected,
                until,
                core::ptr::null::<u32>(),
                MATCH_ANY,
            )
        };
        rc == -1 && std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted
    }
}

#[cfg(target_os = "freebsd")]
mod platform {
    use core::sync::atomic::AtomicU32;

    /// A signal handler that ran ends the sleep.
    pub(crate) const SIGNALS_END_SLEEP: bool = true;

    /// As on Linux.
    pub(crate) fn wait_until(word: &AtomicU32, expected: u32, deadline: Option<u64>) -> bool {
        let until = deadline.map(|nanos| libc::_umtx_time {
            _timeout: libc::timespec {
                tv_sec: (nanos / 1_000_000_000)
                    .try_into()
                    .unwrap_or(libc::time_t::MAX),
                tv_nsec: (nanos % 1_000_000_000) as _,
            },
            _flags: libc::UMTX_ABSTIME,
            _clockid: libc::CLOCK_MONOTONIC as u32,
        });
        let until = until
            .as_ref()
            .map_or(core::ptr::null(), core::ptr::from_ref);
        // SAFETY: `word` is alive for the call, and `until` is null or points to a `_umtx_time` that is.
        // Its size is the fourth argument, as the call asks. The kernel writes neither.
        let rc = unsafe {
            libc::_umtx_op(
                core::ptr::from_ref(word).cast_mut().cast(),
                libc::UMTX_OP_WAIT_UINT_PRIVATE,
                expected.into(),
                core::ptr::without_provenance_mut(size_of::<libc::_umtx_time>()),
                until.cast_mut().cast(),
            )
        };
        rc == -1 && std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted
    }
}

#[cfg(windows)]
mod platform {
    use core::sync::atomic::AtomicU32;
    use windows_sys::Win32::System::Threading::{INFINITE, WaitOnAddress};

    /// No signal ends a sleep: a wait that should notice signals sleeps in steps.
    pub(crate) const SIGNALS_END_SLEEP: bool = false;

    /// As on Linux; milliseconds, rounded up, in sleeps of at most 49 days.
    pub(crate) fn wait_until(word: &AtomicU32, expected: u32, deadline: Option<u64>) -> bool {
        let millis = match deadline {
            None => INFINITE,
            Some(at) => at
                .saturating_sub(crate::sys::monotonic_ns())
                .div_ceil(1_000_000)
                .min(u64::from(INFINITE - 1)) as u32,
        };
        let expected = core::ptr::from_ref(&expected);
        // SAFETY: both pointers are to live 32-bit values; the call reads them.
        unsafe { WaitOnAddress(core::ptr::from_ref(word).cast(), expected.cast(), 4, millis) };
        false
    }
}

pub(crate) use platform::{SIGNALS_END_SLEEP, wait_until};
