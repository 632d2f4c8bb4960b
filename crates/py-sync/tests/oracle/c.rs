//! The functions of libpython. None of these needs an interpreter.

use libloading::Library;
use std::ffi::{c_int, c_void};
use std::sync::OnceLock;

pub(crate) type Lock = unsafe extern "C" fn(*mut c_void);
pub(crate) type Ask = unsafe extern "C" fn(*mut c_void) -> c_int;

/// The library, or `None` after saying that the test is skipped.
pub(crate) fn library() -> Option<&'static Library> {
    static LIBRARY: OnceLock<Option<Library>> = OnceLock::new();
    let open = || {
        let Some(path) = std::env::var_os("PYTHON_ORACLE_LIB") else {
            println!("skipped: PYTHON_ORACLE_LIB is not set");
            return None;
        };
        // SAFETY: libpython's initialisers only set up its static data.
        Some(unsafe { Library::new(path) }.expect("PYTHON_ORACLE_LIB names a libpython"))
    };
    LIBRARY.get_or_init(open).as_ref()
}

/// The function `name`, if the library has it: some came or went between the versions.
///
/// # Safety
///
/// `T` is the function's type.
pub(crate) unsafe fn optional<T: Copy>(library: &'static Library, name: &str) -> Option<T> {
    // SAFETY: the caller's promise.
    unsafe { library.get::<T>(name.as_bytes()) }
        .ok()
        .map(|f| *f)
}

/// The function `name`.
///
/// # Safety
///
/// `T` is the function's type.
pub(crate) unsafe fn function<T: Copy>(library: &'static Library, name: &str) -> T {
    // SAFETY: the caller's promise.
    unsafe { optional(library, name) }.unwrap_or_else(|| panic!("libpython has no {name}"))
}

/// Memory that C and we work on, and other threads look at.
#[derive(Clone, Copy)]
pub(crate) struct Memory(*mut c_void);

// SAFETY: it is only accessed atomically, by the locks that live in it.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Memory {
    /// Zeroed, 32 bytes, never freed: a thread that hangs may still look at it.
    pub(crate) fn new() -> Memory {
        Memory(Box::into_raw(Box::new([0u64; 4])).cast())
    }

    /// As `new`, 1024 bytes.
    pub(crate) fn large() -> Memory {
        Memory(Box::into_raw(Box::new([0u64; 128])).cast())
    }

    pub(crate) fn at(self) -> *mut c_void {
        self.0
    }

    /// # Safety
    ///
    /// A `T` may lie there: it is at most 32 bytes, at most 8-aligned, and valid when zeroed.
    pub(crate) unsafe fn as_ref<T>(self) -> &'static T {
        const { assert!(size_of::<T>() <= 32 && align_of::<T>() <= 8) };
        // SAFETY: never freed, and the caller's promise.
        unsafe { &*self.0.cast::<T>() }
    }
}
