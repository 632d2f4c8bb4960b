//! What unix offers besides starting threads: forks, numbers, names, keys.

use core::ffi::c_void;
use std::io;

/// The stack of a thread whose creator asked for no size, in bytes; 0 leaves it to the system. The
/// figures are those of CPython's `THREAD_STACK_SIZE`.
#[cfg_attr(
    any(miri, all(test, loom)),
    allow(dead_code, reason = "their threads are started elsewhere")
)]
pub(crate) const DEFAULT_STACK_SIZE: usize = if cfg!(target_vendor = "apple") {
    0x100_0000
} else if cfg!(target_os = "freebsd") {
    0x40_0000
} else if cfg!(target_os = "aix") {
    0x20_0000
} else {
    0
};

/// The most microseconds that fit an `i64` of nanoseconds.
pub(crate) const TIMEOUT_MAX: i64 = i64::MAX / 1000;

/// Asks the system to call `prepare` before a fork and `child` in the forked child. Miri cannot
/// fork.
pub(crate) fn at_fork(prepare: extern "C" fn(), child: extern "C" fn()) -> io::Result<()> {
    if cfg!(miri) {
        return Ok(());
    }
    let (prepare, child) = (as_handler(prepare), as_handler(child));
    // SAFETY: both functions are async-signal-safe: they store to atomics, and they run hooks whose
    // owners promised the same to `on_fork_child`.
    match unsafe { libc::pthread_atfork(Some(prepare), None, Some(child)) } {
        0 => Ok(()),
        rc => Err(io::Error::from_raw_os_error(rc)),
    }
}

fn as_handler(handler: extern "C" fn()) -> unsafe extern "C" fn() {
    handler
}

/// The number by which the C library knows the calling thread.
pub(crate) fn os_ident() -> u64 {
    // SAFETY: no preconditions.
    let thread = unsafe { libc::pthread_self() };
    #[allow(
        clippy::unnecessary_cast,
        trivial_numeric_casts,
        reason = "a pthread_t is an integer of any width, or a pointer"
    )]
    let ident = thread as usize as u64;
    ident
}

/// The number by which the kernel knows the calling thread.
#[allow(
    clippy::unnecessary_cast,
    clippy::cast_sign_loss,
    reason = "the kernels' numbers are positive, of many integer types"
)]
pub(crate) fn native_id() -> u64 {
    #[cfg(all(any(target_os = "linux", target_os = "android"), not(miri)))]
    // SAFETY: no preconditions.
    return unsafe { libc::syscall(libc::SYS_gettid) } as u64;
    #[cfg(all(target_vendor = "apple", not(miri)))]
    {
        let mut id = 0;
        // SAFETY: 0 means the calling thread; `id` has room.
        unsafe { libc::pthread_threadid_np(0, &mut id) };
        return id;
    }
    #[cfg(all(target_os = "freebsd", not(miri)))]
    // SAFETY: no preconditions.
    return unsafe { libc::pthread_getthreadid_np() } as u64;
    #[cfg(all(target_os = "openbsd", not(miri)))]
    // SAFETY: no preconditions.
    return unsafe { libc::getthrid() } as u64;
    #[cfg(all(target_os = "netbsd", not(miri)))]
    // SAFETY: no preconditions.
    return unsafe { libc::_lwp_self() } as u64;
    #[cfg(all(target_os = "dragonfly", not(miri)))]
    {
        unsafe extern "C" {
            safe fn lwp_gettid() -> libc::c_int;
        }
        // SAFETY: no preconditions.
        let pid = unsafe { libc::getpid() };
        // Threads are numbered within their process only.
        return (pid as u64) << 32 | lwp_gettid() as u64;
    }
    #[cfg(all(target_os = "aix", not(miri)))]
    // SAFETY: no preconditions.
    return unsafe { libc::thread_self() } as u64;
    #[cfg(any(
        miri,
        not(any(
            target_os = "linux",
            target_os = "android",
            target_vendor = "apple",
            target_os = "freebsd",
            target_os = "openbsd",
            target_os = "netbsd",
            target_os = "dragonfly",
            target_os = "aix"
        ))
    ))]
    os_ident()
}

/// Sleeps for ever.
pub(crate) fn hang() -> ! {
    loop {
        // SAFETY: no preconditions.
        unsafe { libc::pause() };
    }
}

/// The thread library's version, if the C library reports one.
#[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
pub(crate) fn thread_library_version() -> Option<String> {
    let mut text = [0u8; 255];
    // SAFETY: writes at most the given number of bytes.
    let n = unsafe {
        libc::confstr(
            libc::_CS_GNU_LIBPTHREAD_VERSION,
            text.as_mut_ptr().cast(),
            text.len(),
        )
    };
    // The length counts the closing NUL. A longer text than there is room for was cut.
    let text = text.get(..n.checked_sub(1)?)?;
    String::from_utf8(text.to_vec()).ok()
}

#[cfg(not(all(target_os = "linux", target_env = "gnu", not(miri))))]
pub(crate) fn thread_library_version() -> Option<String> {
    None
}

/// A key for one pointer per thread.
pub(crate) type TssKey = libc::pthread_key_t;

pub(crate) fn tss_create() -> io::Result<TssKey> {
    let mut key = 0;
    // SAFETY: room for the key; no destructor.
    match unsafe { libc::pthread_key_create(&mut key, None) } {
        0 => Ok(key),
        rc => Err(io::Error::from_raw_os_error(rc)),
    }
}

/// # Safety
/// The key was created and not deleted, and nobody uses it any more.
pub(crate) unsafe fn tss_delete(key: TssKey) {
    // SAFETY: the caller promised that the key exists and is not used any more.
    unsafe { libc::pthread_key_delete(key) };
}

/// # Safety
/// The key was created and not deleted.
#[inline]
pub(crate) unsafe fn tss_get(key: TssKey) -> *mut c_void {
    // SAFETY: the caller promised that the key exists.
    unsafe { libc::pthread_getspecific(key) }
}

/// # Safety
/// The key was created and not deleted.
#[inline]
pub(crate) unsafe fn tss_set(key: TssKey, value: *mut c_void) -> io::Result<()> {
    // SAFETY: the caller promised that the key exists; the value is never dereferenced.
    match unsafe { libc::pthread_setspecific(key, value) } {
        0 => Ok(()),
        rc => Err(io::Error::from_raw_os_error(rc)),
    }
}

pub(crate) use name::{NAME_MAX, current_name, set_current_name};

#[path = "unix_name.rs"]
mod name;
