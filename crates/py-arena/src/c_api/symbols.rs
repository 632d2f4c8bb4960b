//! The list of symbols: what [`export_c_api!`](crate::export_c_api) exports, and what the header's test
//! compares the header with.

/// Calls the macro `$then` with the name and signature of each symbol.
#[doc(hidden)]
#[macro_export]
macro_rules! __py_arena_c_symbols {
    ($then:ident) => {
        $crate::$then! {
            fn PyArena_Install(runtime: *const PyArena_Runtime) -> c_int;
            fn _PyArena_New() -> *mut PyArena;
            fn _PyArena_Free(arena: *mut PyArena);
            fn _PyArena_Malloc(arena: *mut PyArena, size: usize) -> *mut c_void;
            fn _PyArena_AddPyObject(arena: *mut PyArena, obj: *mut c_void) -> c_int;
        }
    };
}

/// Exports CPython's symbols of `pyarena.c`, as functions for C, from the crate in which it stands. See
/// [`c_api`](crate::c_api).
///
/// For the final crate of a program or a library, once: two of them in one program are two definitions
/// of one symbol, and the linker says so.
///
/// ```no_run
/// py_arena::export_c_api!();
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export_c_api {
    () => {
        $crate::__py_arena_c_symbols!(__py_arena_export);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __py_arena_export {
    ($(fn $name:ident($($arg:ident: $ty:ty),*) $(-> $ret:ty)?;)*) => {
        #[allow(non_snake_case)]
        const _: () = {
            use $crate::c_api::*;
            use ::core::ffi::{c_int, c_void};
            $(
                // SAFETY: the name is CPython's, and means what CPython's does.
                #[unsafe(no_mangle)]
                unsafe extern "C" fn $name($($arg: $ty),*) $(-> $ret)? {
                    // SAFETY: C's caller promises what the Rust function asks for.
                    unsafe { $crate::c_api::$name($($arg),*) }
                }
            )*
        };
    };
}

/// Name, parameters and result of a symbol.
#[doc(hidden)]
pub type Signature = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
);

#[doc(hidden)]
#[macro_export]
macro_rules! __py_arena_signatures {
    ($(fn $name:ident($($arg:ident: $ty:ty),*) $(-> $ret:ty)?;)*) => {
        &[$((
            stringify!($name),
            &[$((stringify!($arg), stringify!($ty))),*],
            concat!($(stringify!($ret))?),
        )),*]
    };
}

/// All of them.
#[doc(hidden)]
pub const SIGNATURES: &[Signature] = crate::__py_arena_c_symbols!(__py_arena_signatures);
