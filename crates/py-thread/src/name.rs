//! Names of threads, as debuggers and `top` show them.

use crate::sys;

/// The longest name of a thread: 15 bytes on Linux and Android, 63 on macOS, 19 on FreeBSD, 23 on
/// OpenBSD, 31 on NetBSD and Solaris; 32766 UTF-16 units on Windows; 0 where there are no names.
///
/// CPython: `Modules/_threadmodule.c`, `_thread._NAME_MAXLEN`.
///
/// ```
/// if cfg!(target_os = "linux") {
///     assert_eq!(py_thread::NAME_MAX, 15);
/// }
/// ```
#[doc(alias = "_thread._NAME_MAXLEN")]
pub const NAME_MAX: usize = sys::NAME_MAX;

/// Names the calling thread. A name that is too long is cut after the last whole character that
/// fits, and a NUL ends it. Returns whether the system took the name.
///
/// CPython: `Modules/_threadmodule.c`, `_thread.set_name`, which cuts inside a character.
///
/// ```
/// use py_thread::{current_name, set_current_name};
/// # if cfg!(all(target_os = "linux", not(miri))) {
/// std::thread::spawn(|| {
///     assert!(set_current_name(&"é".repeat(20)));
///     assert_eq!(current_name().as_deref(), Some("ééééééé")); // 14 of 15 bytes
/// })
/// .join()
/// .unwrap();
/// # }
/// ```
#[doc(alias = "_thread.set_name")]
#[doc(alias = "pthread_setname_np")]
pub fn set_current_name(name: &str) -> bool {
    sys::set_current_name(fitting(name, NAME_MAX))
}

/// The calling thread's name, if the system reports it. Bytes that are not UTF-8 are replaced.
///
/// ```
/// std::thread::spawn(|| {
///     if py_thread::set_current_name("worker-1") {
///         assert_eq!(py_thread::current_name().as_deref(), Some("worker-1"));
///     }
/// })
/// .join()
/// .unwrap();
/// ```
#[doc(alias = "pthread_getname_np")]
#[must_use]
pub fn current_name() -> Option<String> {
    sys::current_name()
}

/// The longest start of `name` that ends before a NUL, between two characters, and within `max`
/// bytes (UTF-16 units on Windows).
fn fitting(name: &str, max: usize) -> &str {
    let name = name.split('\0').next().unwrap_or(name);
    let units = |c: char| {
        if cfg!(windows) {
            c.len_utf16()
        } else {
            c.len_utf8()
        }
    };
    let mut used = 0;
    for (at, c) in name.char_indices() {
        used += units(c);
        if used > max {
            return &name[..at];
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::fitting;

    #[test]
    #[cfg(not(windows))]
    fn a_name_is_cut_between_characters() {
        let table = [
            ("", 15, ""),
            ("abc", 3, "abc"),
            ("abcd", 3, "abc"),
            ("éé", 3, "é"),
            ("é", 1, ""),
            ("a\u{10ffff}b", 4, "a"),
            ("a\u{10ffff}b", 5, "a\u{10ffff}"),
            ("ab\0cd", 15, "ab"),
            ("\0", 15, ""),
            ("abc", 0, ""),
        ];
        for (name, max, expected) in table {
            assert_eq!(fitting(name, max), expected, "{name:?} in {max}");
        }
    }
}
