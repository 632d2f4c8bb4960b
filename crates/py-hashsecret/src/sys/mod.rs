//! The system's calls for random bytes. The only file that names libc.

#![allow(unsafe_code, reason = "calls into the C library")]

use std::io;

/// Random bytes at the front of `out`: how many. With `wait`, sleeps until the kernel's pool is ready;
/// without, that is the error `EAGAIN`. A kernel that has no such call says `ENOSYS`.
///
/// # Safety
/// `len` bytes may be written there.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) unsafe fn random(out: *mut u8, len: usize, wait: bool) -> io::Result<usize> {
    let flags = if wait { 0 } else { libc::GRND_NONBLOCK };
    // SAFETY: the caller promises room for `len` bytes at `out`. The system call itself, since an
    // old C library has no function for it.
    let n = unsafe { libc::syscall(libc::SYS_getrandom, out, len, flags) };
    usize::try_from(n).map_err(|_| io::Error::last_os_error())
}

/// Random bytes at the front of `out`: how many. Never waits.
///
/// # Safety
/// `len` bytes may be written there.
#[cfg(any(target_vendor = "apple", target_os = "openbsd"))]
pub(crate) unsafe fn random(out: *mut u8, len: usize, _wait: bool) -> io::Result<usize> {
    // The call gives no more at once.
    let n = len.min(256);
    // SAFETY: the caller promises room for `len` bytes at `out`, and `n` is not more.
    match unsafe { libc::getentropy(out.cast(), n) } {
        0 => Ok(n),
        _ => Err(io::Error::last_os_error()),
    }
}

/// There is no such call, or none that we know.
///
/// # Safety
/// None is needed.
#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "openbsd"
)))]
pub(crate) unsafe fn random(_out: *mut u8, _len: usize, _wait: bool) -> io::Result<usize> {
    Err(io::Error::from_raw_os_error(libc::ENOSYS))
}

/// Whether this error says that the kernel has no such call, or that a policy forbids it.
pub(crate) fn is_missing(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM))
}

/// Whether this error says that the pool is not ready.
pub(crate) fn is_not_ready(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EAGAIN)
}

/// Whether this error says that the device of random bytes is not there.
#[cfg(feature = "c-api")]
pub(crate) fn is_no_device(error: &io::Error) -> bool {
    let code = error.raw_os_error();
    matches!(
        code,
        Some(libc::ENOENT | libc::ENXIO | libc::ENODEV | libc::EACCES)
    )
}
