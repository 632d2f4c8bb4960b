//! Thread names on unix: C strings of a length that each system limits.

use core::ffi::CStr;

/// The longest name in bytes. 0 where the system keeps none.
pub(crate) const NAME_MAX: usize = if cfg!(any(target_os = "linux", target_os = "android")) {
    15
} else if cfg!(target_vendor = "apple") {
    63
} else if cfg!(target_os = "freebsd") {
    19
} else if cfg!(target_os = "openbsd") {
    23
} else if cfg!(any(
    target_os = "netbsd",
    target_os = "solaris",
    target_os = "illumos"
)) {
    31
} else {
    0
};

/// Names the calling thread. The name is short enough and holds no NUL.
pub(crate) fn set_current_name(name: &str) -> bool {
    let mut text = [0u8; NAME_MAX + 1];
    let Some(room) = text.get_mut(..name.len()) else {
        return false;
    };
    room.copy_from_slice(name.as_bytes());
    match CStr::from_bytes_until_nul(&text) {
        Ok(text) => set(text),
        Err(_) => false,
    }
}

#[cfg(any(
    target_os = "linux",
    target_os = "android",
    target_os = "solaris",
    target_os = "illumos"
))]
fn set(name: &CStr) -> bool {
    // SAFETY: the calling thread and a C string.
    unsafe { libc::pthread_setname_np(libc::pthread_self(), name.as_ptr()) == 0 }
}

#[cfg(target_vendor = "apple")]
fn set(name: &CStr) -> bool {
    // SAFETY: a C string; it names the calling thread.
    unsafe { libc::pthread_setname_np(name.as_ptr()) == 0 }
}

#[cfg(any(target_os = "freebsd", target_os = "openbsd"))]
fn set(name: &CStr) -> bool {
    // SAFETY: the calling thread and a C string.
    unsafe { libc::pthread_set_name_np(libc::pthread_self(), name.as_ptr()) };
    true
}

#[cfg(target_os = "netbsd")]
fn set(name: &CStr) -> bool {
    // SAFETY: the calling thread, a format with one string, and that string.
    unsafe {
        libc::pthread_setname_np(
            libc::pthread_self(),
            c"%s".as_ptr(),
            name.as_ptr().cast_mut().cast(),
        ) == 0
    }
}

#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "openbsd",
    target_os = "netbsd",
    target_os = "solaris",
    target_os = "illumos"
)))]
fn set(_name: &CStr) -> bool {
    false
}

/// The calling thread's name. Bytes that are not UTF-8 (a character that was cut) are replaced.
pub(crate) fn current_name() -> Option<String> {
    let mut text = [0u8; 64];
    if !get(&mut text) {
        return None;
    }
    let text = CStr::from_bytes_until_nul(&text).ok()?;
    Some(text.to_string_lossy().into_owned())
}

#[cfg(any(
    target_os = "linux",
    target_vendor = "apple",
    target_os = "netbsd",
    target_os = "solaris",
    target_os = "illumos"
))]
fn get(text: &mut [u8]) -> bool {
    // SAFETY: the calling thread, and room of the given length.
    unsafe {
        libc::pthread_getname_np(libc::pthread_self(), text.as_mut_ptr().cast(), text.len()) == 0
    }
}

/// Android has `pthread_getname_np` only since API level 26, so this asks the kernel.
#[cfg(target_os = "android")]
fn get(text: &mut [u8]) -> bool {
    // SAFETY: room for the 16 bytes that the kernel writes.
    unsafe { libc::prctl(libc::PR_GET_NAME, text.as_mut_ptr()) == 0 }
}

#[cfg(any(target_os = "freebsd", target_os = "openbsd"))]
fn get(text: &mut [u8]) -> bool {
    // SAFETY: the calling thread, and room of the given length.
    unsafe {
        libc::pthread_get_name_np(libc::pthread_self(), text.as_mut_ptr().cast(), text.len());
    }
    true
}

#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "openbsd",
    target_os = "netbsd",
    target_os = "solaris",
    target_os = "illumos"
)))]
fn get(_text: &mut [u8]) -> bool {
    false
}
