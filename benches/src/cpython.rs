//! CPython's own functions, from the shared library that `PYTHON_ORACLE_LIB` names.
//! `cargo xtask bench` sets it to the newest libpython that it finds.

use libloading::{Library, Symbol};
use std::sync::OnceLock;

/// The shared library, or `None` with the reason on standard error.
pub fn library() -> Option<&'static Library> {
    static LIBRARY: OnceLock<Option<Library>> = OnceLock::new();
    let open = || {
        let Some(path) = std::env::var_os("PYTHON_ORACLE_LIB") else {
            eprintln!("no CPython beside us: PYTHON_ORACLE_LIB is not set");
            return None;
        };
        // SAFETY: libpython's initialisers only set up its static data.
        match unsafe { Library::new(&path) } {
            Ok(library) => Some(library),
            Err(e) => {
                eprintln!("no CPython beside us: cannot load {}: {e}", path.display());
                None
            }
        }
    };
    LIBRARY.get_or_init(open).as_ref()
}

/// A function or variable of the library, or `None` if there is no library or no such symbol.
///
/// # Safety
/// `T` must be the symbol's type.
pub unsafe fn symbol<T: Copy + 'static>(name: &str) -> Option<T> {
    // SAFETY: the caller's promise.
    let symbol: Result<Symbol<'static, T>, _> = unsafe { library()?.get(name.as_bytes()) };
    symbol.ok().map(|s| *s)
}
