//! `pyurandom`: random bytes of any length, with or without a wait for the kernel's pool.
//!
//! ```text
//!   the kernel's call ──not there, or forbidden───────────────▶ /dev/urandom
//!                     ──the pool is not ready, in early boot──▶ /dev/urandom
//! ```
//!
//! What an interpreter does around a call that may sleep, and after a signal, it says by [`Around`].

#![allow(unsafe_code, reason = "the memory may be uninitialised")]

use crate::secret::{HashSecret, SECRET_SIZE};
use crate::sys;
use core::ops::ControlFlow;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Whether to sleep until the kernel's random pool is ready, which it is but early in boot.
///
/// # Examples
/// ```
/// use py_hashsecret::{Wait, urandom};
///
/// let mut bytes = [0; 1000];
/// urandom(&mut bytes, Wait::UntilReady)?;
/// assert_ne!(bytes, [0; 1000]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "urandom")))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wait {
    /// For secrets that others must not guess.
    UntilReady,
    /// For seeds. While the pool is not ready, the error is the system's (`EAGAIN`, where the system
    /// tells).
    No,
}

/// Fills `out` with random bytes of the operating system: `os.urandom`, for any length.
///
/// They come from the kernel's own call, which needs no file; where that is missing or forbidden, from
/// `/dev/urandom`. A signal interrupts nothing.
///
/// CPython: `Python/bootstrap_hash.c`, `_PyOS_URandom` and `_PyOS_URandomNonblock`.
///
/// # Blocking
/// With [`Wait::UntilReady`], early in boot, until the kernel's pool is ready.
///
/// # Errors
/// What the system says ([`raw_os_error`](io::Error::raw_os_error)), or
/// [`UnexpectedEof`](ErrorKind::UnexpectedEof) where the device ends.
///
/// # Examples
/// ```
/// use py_hashsecret::{Wait, urandom};
///
/// let mut seed = [0; 32];
/// urandom(&mut seed, Wait::No)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "urandom")))]
#[doc(alias = "_PyOS_URandom")]
#[doc(alias = "_PyOS_URandomNonblock")]
#[doc(alias = "os.urandom")]
pub fn urandom(out: &mut [u8], wait: Wait) -> io::Result<()> {
    // SAFETY: the slice may be written.
    let result = unsafe { fill(out.as_mut_ptr(), out.len(), wait, Early::No, &Nothing) };
    result.map_err(Failure::into_error)
}

impl HashSecret {
    /// A new secret from the operating system, without a wait for the kernel's pool: early in boot,
    /// while that is not ready, from what there is, as CPython's.
    ///
    /// CPython: `Python/bootstrap_hash.c`, `_Py_HashRandomization_Init` (PEP 524).
    ///
    /// # Errors
    /// As [`urandom`], and where the system gives nothing but zeros.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashSecret;
    ///
    /// assert_ne!(HashSecret::random_early()?, HashSecret::ZERO);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "urandom")))]
    pub fn random_early() -> io::Result<HashSecret> {
        let mut bytes = [0; SECRET_SIZE];
        // SAFETY: the array may be written.
        let result = unsafe {
            fill(
                bytes.as_mut_ptr(),
                SECRET_SIZE,
                Wait::No,
                Early::Yes,
                &Nothing,
            )
        };
        result.map_err(Failure::into_error)?;
        match bytes == [0; SECRET_SIZE] {
            true => Err(io::Error::other("the source of random numbers gives zeros")),
            false => Ok(HashSecret::from_bytes(bytes)),
        }
    }
}

/// What happens around the system's calls.
pub(crate) trait Around {
    /// Runs a call that may sleep.
    fn call<R>(&self, call: impl FnOnce() -> R) -> R;

    /// After a signal has interrupted it: whether to go on.
    fn interrupted(&self) -> ControlFlow<()>;
}

/// Nothing.
struct Nothing;

impl Around for Nothing {
    fn call<R>(&self, call: impl FnOnce() -> R) -> R {
        call()
    }

    fn interrupted(&self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Whether weak bytes are better than none.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Early {
    Yes,
    No,
}

/// Why there are no random bytes.
pub(crate) enum Failure {
    /// The kernel's call.
    Call(io::Error),
    /// The device cannot be opened.
    Open(io::Error),
    /// Nor read.
    Read(io::Error),
    /// It ends.
    End,
    /// [`Around::interrupted`] says so.
    Interrupted,
}

impl Failure {
    fn into_error(self) -> io::Error {
        match self {
            Failure::Call(error) | Failure::Open(error) | Failure::Read(error) => error,
            Failure::End => ErrorKind::UnexpectedEof.into(),
            Failure::Interrupted => ErrorKind::Interrupted.into(),
        }
    }
}

/// Whether the kernel has the call. Relaxed: who has not heard that it has none asks once more.
static HAS_CALL: AtomicBool = AtomicBool::new(true);

/// Fills `len` bytes. CPython: `pyurandom`; `early` is what it calls `raise` being 0.
///
/// # Safety
/// `len` bytes at `out` may be written.
pub(crate) unsafe fn fill(
    out: *mut u8,
    len: usize,
    wait: Wait,
    early: Early,
    around: &impl Around,
) -> Result<(), Failure> {
    let mut done = 0;
    while done < len {
        if !HAS_CALL.load(Relaxed) {
            // SAFETY: the caller promises that `len` bytes may be written. `done` is below `len`, so
            // `len - done` of them are left.
            return unsafe { from_device(out.add(done), len - done, around) };
        }
        let waits = wait == Wait::UntilReady;
        // SAFETY: the same `len - done` bytes: `done` grows by what was written only.
        let said = around.call(|| unsafe { sys::random(out.add(done), len - done, waits) });
        match said {
            Ok(n) => done += n,
            Err(error) if error.kind() == ErrorKind::Interrupted => go_on(around)?,
            Err(error) if sys::is_missing(&error) => HAS_CALL.store(false, Relaxed),
            Err(error) if sys::is_not_ready(&error) && early == Early::Yes && !waits => {
                // SAFETY: the call that failed wrote nothing, so the same `len - done` bytes are left.
                return unsafe { from_device(out.add(done), len - done, around) };
            }
            Err(error) => return Err(Failure::Call(error)),
        }
    }
    Ok(())
}

/// Fills the bytes from `/dev/urandom`, which never waits on Linux.
///
/// # Safety
/// `len` bytes at `out` may be written.
unsafe fn from_device(out: *mut u8, len: usize, around: &impl Around) -> Result<(), Failure> {
    let opened = around.call(|| File::open("/dev/urandom"));
    let mut device = opened.map_err(Failure::Open)?;
    // SAFETY: the caller promises that these bytes may be written; the first line initialises them.
    let out = unsafe {
        out.write_bytes(0, len);
        core::slice::from_raw_parts_mut(out, len)
    };
    fill_from(&mut device, out, around)
}

fn fill_from(
    device: &mut (impl Read + ?Sized),
    mut out: &mut [u8],
    around: &impl Around,
) -> Result<(), Failure> {
    while !out.is_empty() {
        match around.call(|| device.read(out)) {
            Ok(0) => return Err(Failure::End),
            Ok(n) => out = &mut out[n..],
            Err(error) if error.kind() == ErrorKind::Interrupted => go_on(around)?,
            Err(error) => return Err(Failure::Read(error)),
        }
    }
    Ok(())
}

fn go_on(around: &impl Around) -> Result<(), Failure> {
    match around.interrupted() {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Failure::Interrupted),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// Gives what it was told, one read after the other.
    struct Device(Vec<io::Result<Vec<u8>>>);

    impl Read for Device {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let bytes = self.0.remove(0)?;
            out[..bytes.len()].copy_from_slice(&bytes);
            Ok(bytes.len())
        }
    }

    /// Breaks at the n-th signal.
    struct Signals(Cell<u32>);

    impl Around for Signals {
        fn call<R>(&self, call: impl FnOnce() -> R) -> R {
            call()
        }

        fn interrupted(&self) -> ControlFlow<()> {
            self.0.set(self.0.get() - 1);
            match self.0.get() {
                0 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    }

    fn signal() -> io::Result<Vec<u8>> {
        Err(ErrorKind::Interrupted.into())
    }

    #[test]
    fn a_device_is_read_until_all_is_there_across_signals() {
        let mut device = Device(vec![
            Ok(vec![1, 2]),
            signal(),
            Ok(vec![3]),
            signal(),
            Ok(vec![4]),
        ]);
        let mut out = [0; 4];
        assert!(fill_from(&mut device, &mut out, &Signals(Cell::new(3))).is_ok());
        assert_eq!(out, [1, 2, 3, 4]);
        assert!(device.0.is_empty());
    }

    #[test]
    fn a_handler_that_raises_ends_the_read() {
        let mut device = Device(vec![signal(), signal(), Ok(vec![1])]);
        let result = fill_from(&mut device, &mut [0], &Signals(Cell::new(2)));
        assert!(matches!(result, Err(Failure::Interrupted)));
        assert_eq!(device.0.len(), 1);
    }

    #[test]
    fn a_device_that_ends_or_fails_is_an_error() {
        let failed = |said| fill_from(&mut Device(vec![said]), &mut [0; 2], &Nothing);
        assert!(matches!(failed(Ok(Vec::new())), Err(Failure::End)));
        let refused = ErrorKind::PermissionDenied;
        let Err(Failure::Read(error)) = failed(Err(refused.into())) else {
            panic!("an error of the device is passed on");
        };
        assert_eq!(error.kind(), refused);
    }

    #[test]
    #[cfg_attr(miri, ignore = "opens a device")]
    fn without_the_kernels_call_the_bytes_are_the_devices() {
        let mut out = [0; 4096];
        // SAFETY: the array may be written.
        let result = unsafe { from_device(out.as_mut_ptr(), out.len(), &Nothing) };
        assert!(result.is_ok() && out[..2048] != out[2048..]);
    }
}
