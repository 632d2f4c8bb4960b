//! The list of symbols: what [`export_c_api!`](crate::export_c_api) exports, and what the header's test
//! compares the header with.

/// Calls the macro `$then` with the name and signature of each symbol.
#[doc(hidden)]
#[macro_export]
macro_rules! __py_thread_c_symbols {
    ($then:ident) => {
        $crate::$then! {
            extern "C" fn PyThread_Install(runtime: *const PyThread_Runtime) -> c_int;
            extern "C" fn PyThread_init_thread();

            extern "C" fn PyThread_start_joinable_thread(
                func: PyThread_func_t, arg: *mut c_void, ident: *mut PyThread_ident_t,
                handle: *mut PyThread_handle_t) -> c_int;
            extern "C" fn PyThread_start_new_thread(
                func: PyThread_func_t, arg: *mut c_void) -> c_ulong;
            extern "C" fn PyThread_join_thread(handle: PyThread_handle_t) -> c_int;
            extern "C" fn PyThread_detach_thread(handle: PyThread_handle_t) -> c_int;
            extern "C-unwind" fn PyThread_exit_thread() -> !;
            extern "C" fn PyThread_hang_thread() -> !;

            extern "C" fn PyThread_get_thread_ident_ex() -> PyThread_ident_t;
            extern "C" fn PyThread_get_thread_ident() -> c_ulong;
            extern "C" fn PyThread_get_thread_native_id() -> c_ulong;
            extern "C" fn PyThread_get_stacksize() -> usize;
            extern "C" fn PyThread_set_stacksize(size: usize) -> c_int;
            extern "C" fn PyThread_Describe(out: *mut PyThread_Description);

            extern "C" fn PyThread_tss_alloc() -> *mut Py_tss_t;
            extern "C" fn PyThread_tss_free(key: *mut Py_tss_t);
            extern "C" fn PyThread_tss_is_created(key: *mut Py_tss_t) -> c_int;
            extern "C" fn PyThread_tss_create(key: *mut Py_tss_t) -> c_int;
            extern "C" fn PyThread_tss_delete(key: *mut Py_tss_t);
            extern "C" fn PyThread_tss_set(key: *mut Py_tss_t, value: *mut c_void) -> c_int;
            extern "C" fn PyThread_tss_get(key: *mut Py_tss_t) -> *mut c_void;

            extern "C" fn PyThread_create_key() -> c_int;
            extern "C" fn PyThread_delete_key(key: c_int);
            extern "C" fn PyThread_set_key_value(key: c_int, value: *mut c_void) -> c_int;
            extern "C" fn PyThread_get_key_value(key: c_int) -> *mut c_void;
            extern "C" fn PyThread_delete_key_value(key: c_int);
            extern "C" fn PyThread_ReInitTLS();

            extern "C" fn _PyThread_cond_init(cond: *mut PyCOND_T) -> c_int;
            extern "C" fn _PyThread_cond_after(us: c_longlong, abs: *mut timespec);
        }
    };
}

/// Exports CPython's symbols of `thread.c`, as functions for C and the constant `PY_TIMEOUT_MAX`, from the crate in which it stands. See
/// [`c_api`](crate::c_api).
///
/// For the final crate of a program or a library, once: two of them in one program are two definitions
/// of one symbol, and the linker says so.
///
/// ```no_run
/// py_thread::export_c_api!();
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export_c_api {
    () => {
        $crate::__py_thread_c_symbols!(__py_thread_export);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __py_thread_export {
    ($(extern $abi:literal fn $name:ident($($arg:ident: $ty:ty),*) $(-> $ret:ty)?;)*) => {
        #[allow(non_snake_case)]
        const _: () = {
            use $crate::c_api::*;
            use ::core::ffi::{c_int, c_longlong, c_ulong, c_void};

            // SAFETY: the name is CPython's, and so is the type.
            #[unsafe(export_name = "PY_TIMEOUT_MAX")]
            static LONGEST: c_longlong = PY_TIMEOUT_MAX;
            $(
                // SAFETY: the name is CPython's, and means what CPython's does.
                #[unsafe(no_mangle)]
                unsafe extern $abi fn $name($($arg: $ty),*) $(-> $ret)? {
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
macro_rules! __py_thread_signatures {
    ($(extern $abi:literal fn $name:ident($($arg:ident: $ty:ty),*) $(-> $ret:ty)?;)*) => {
        &[$((
            stringify!($name),
            &[$((stringify!($arg), stringify!($ty))),*],
            concat!($(stringify!($ret))?),
        )),*]
    };
}

/// All of them.
#[doc(hidden)]
pub const SIGNATURES: &[Signature] = crate::__py_thread_c_symbols!(__py_thread_signatures);
