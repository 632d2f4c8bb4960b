//! What Windows offers besides starting threads: numbers, names, keys.

use core::ffi::c_void;
use core::ptr;
use std::io;
use windows_sys::Win32::Foundation::{GetLastError, LocalFree, SetLastError};
use windows_sys::Win32::System::Threading::{
    GetCurrentThread, GetCurrentThreadId, GetThreadDescription, INFINITE, SetThreadDescription,
    SleepEx, TLS_OUT_OF_INDEXES, TlsAlloc, TlsFree, TlsGetValue, TlsSetValue,
};

/// The longest time for one wait: 0xFFFFFFFF milliseconds would mean for ever.
pub(crate) const TIMEOUT_MAX: i64 = 0xFFFF_FFFE * 1000;

/// The longest name, in UTF-16 units.
pub(crate) const NAME_MAX: usize = 32766;

/// Windows cannot fork.
#[allow(clippy::unnecessary_wraps, reason = "unix can fail")]
pub(crate) fn at_fork(_prepare: extern "C" fn(), _child: extern "C" fn()) -> io::Result<()> {
    Ok(())
}

/// The number of the calling thread.
pub(crate) fn os_ident() -> u64 {
    // SAFETY: no preconditions.
    u64::from(unsafe { GetCurrentThreadId() })
}

/// The same number: Windows has one only.
pub(crate) fn native_id() -> u64 {
    os_ident()
}

/// Sleeps for ever; alertable, so that asynchronous procedure calls still run.
pub(crate) fn hang() -> ! {
    loop {
        // SAFETY: no preconditions.
        unsafe { SleepEx(INFINITE, 1) };
    }
}

pub(crate) fn thread_library_version() -> Option<String> {
    None
}

/// Names the calling thread. The name is short enough and holds no NUL.
pub(crate) fn set_current_name(name: &str) -> bool {
    let wide: Vec<u16> = name.encode_utf16().chain([0]).collect();
    // SAFETY: the calling thread, and a string that ends with NUL.
    unsafe { SetThreadDescription(GetCurrentThread(), wide.as_ptr()) >= 0 }
}

/// The calling thread's name.
pub(crate) fn current_name() -> Option<String> {
    let mut wide = ptr::null_mut();
    // SAFETY: the calling thread, and room for the pointer.
    if unsafe { GetThreadDescription(GetCurrentThread(), &mut wide) } < 0 || wide.is_null() {
        return None;
    }
    let mut len = 0;
    // SAFETY: on success the string ends with NUL.
    while unsafe { *wide.add(len) } != 0 {
        len += 1;
    }
    // SAFETY: the loop above counted `len` units before the NUL.
    let name = String::from_utf16_lossy(unsafe { core::slice::from_raw_parts(wide, len) });
    // SAFETY: the string is ours to free, and not used any more.
    unsafe { LocalFree(wide.cast()) };
    Some(name)
}

/// A key for one pointer per thread.
pub(crate) type TssKey = u32;

pub(crate) fn tss_create() -> io::Result<TssKey> {
    // SAFETY: no preconditions.
    match unsafe { TlsAlloc() } {
        TLS_OUT_OF_INDEXES => Err(io::Error::last_os_error()),
        key => Ok(key),
    }
}

/// # Safety
/// The key was created and not deleted, and nobody uses it any more.
pub(crate) unsafe fn tss_delete(key: TssKey) {
    // SAFETY: the caller promised that the key exists and is not used any more.
    unsafe { TlsFree(key) };
}

/// # Safety
/// The key was created and not deleted.
#[inline]
pub(crate) unsafe fn tss_get(key: TssKey) -> *mut c_void {
    // TlsGetValue clears the thread's last error, so it is saved: callers may read theirs
    // afterwards.
    // SAFETY: the last error has no preconditions, and the caller promises that the key exists.
    unsafe {
        let error = GetLastError();
        let value = TlsGetValue(key);
        SetLastError(error);
        value
    }
}

/// # Safety
/// The key was created and not deleted.
#[inline]
pub(crate) unsafe fn tss_set(key: TssKey, value: *mut c_void) -> io::Result<()> {
    // SAFETY: the caller promised that the key exists; the value is never dereferenced.
    match unsafe { TlsSetValue(key, value) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
