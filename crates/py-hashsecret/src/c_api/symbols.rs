//! The list of symbols: what [`export_c_api!`](crate::export_c_api) exports, and what the header's test
//! compares the header with.

/// Calls the macro `$then` with the name and signature of each symbol. What stands behind `of` is a
/// variable of the final crate, whose address the Rust function gets before its other arguments.
#[doc(hidden)]
#[macro_export]
macro_rules! __py_hashsecret_c_symbols {
    ($then:ident) => {
        $crate::$then! {
            fn PyHashSecret_Install(runtime: *const PyHashSecret_Runtime) -> c_int;
            fn PyHashSecret_Init(
                use_hash_seed: c_int, hash_seed: c_ulong) -> c_int, of _Py_HashSecret;

            fn _Py_HashBytes(src: *const c_void, len: Py_ssize_t) -> Py_hash_t, of _Py_HashSecret;
            fn Py_HashBuffer(ptr: *const c_void, len: Py_ssize_t) -> Py_hash_t, of _Py_HashSecret;
            fn PyHash_GetFuncDef() -> *mut PyHash_FuncDef, of PyHash_Func;
            fn _Py_KeyedHash(key: u64, src: *const c_void, src_sz: Py_ssize_t) -> u64;
            fn _Py_HashDouble(inst: *mut c_void, v: f64) -> Py_hash_t;
            fn Py_HashPointer(ptr: *const c_void) -> Py_hash_t;
            fn PyObject_GenericHash(obj: *mut c_void) -> Py_hash_t;
            fn _PyHash_Fini();

            fn _PyOS_URandom(buffer: *mut c_void, size: Py_ssize_t) -> c_int;
            fn _PyOS_URandomNonblock(buffer: *mut c_void, size: Py_ssize_t) -> c_int;
            fn _Py_HashRandomization_Fini();
        }
    };
}

/// Exports CPython's symbols of `pyhash.c` and `bootstrap_hash.c`, as functions for C and the variable
/// `_Py_HashSecret`, from the crate in which it stands. See [`c_api`](crate::c_api).
///
/// For the final crate of a program or a library, once: two of them in one program are two definitions
/// of one symbol, and the linker says so.
///
/// ```no_run
/// py_hashsecret::export_c_api!();
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export_c_api {
    () => {
        $crate::__py_hashsecret_c_symbols!(__py_hashsecret_export);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __py_hashsecret_export {
    ($(fn $name:ident($($arg:ident: $ty:ty),*) $(-> $ret:ty $(, of $of:ident)?)?;)*) => {
        #[allow(non_snake_case, non_upper_case_globals)]
        const _: () = {
            use $crate::c_api::*;
            use ::core::ffi::{c_int, c_ulong, c_void};

            // SAFETY: the name is CPython's, and so are size and alignment.
            #[unsafe(no_mangle)]
            static mut _Py_HashSecret: _Py_HashSecret_t = _Py_HashSecret_t::ZERO;

            static mut PyHash_Func: PyHash_FuncDef = PyHash_FuncDef::siphash13(hash);

            unsafe extern "C" fn hash(src: *const c_void, len: Py_ssize_t) -> Py_hash_t {
                // SAFETY: C's caller promises what the Rust function asks for.
                unsafe { $crate::c_api::raw_hash(&raw const _Py_HashSecret, src, len) }
            }
            $(
                // SAFETY: the name is CPython's, and means what CPython's does.
                #[unsafe(no_mangle)]
                unsafe extern "C" fn $name($($arg: $ty),*) $(-> $ret)? {
                    // SAFETY: C's caller promises what the Rust function asks for.
                    unsafe { $crate::c_api::$name($($(&raw mut $of,)?)? $($arg),*) }
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
macro_rules! __py_hashsecret_signatures {
    ($(fn $name:ident($($arg:ident: $ty:ty),*) $(-> $ret:ty $(, of $of:ident)?)?;)*) => {
        &[$((
            stringify!($name),
            &[$((stringify!($arg), stringify!($ty))),*],
            concat!($(stringify!($ret))?),
        )),*]
    };
}

/// All of them.
#[doc(hidden)]
pub const SIGNATURES: &[Signature] = crate::__py_hashsecret_c_symbols!(__py_hashsecret_signatures);
