//! The list of symbols: what [`export_c_api!`](crate::export_c_api) exports, and what the header's test
//! compares the header with.

/// Calls the macro `$then` with the name and signature of each symbol of a part.
#[doc(hidden)]
#[macro_export]
macro_rules! __py_sync_c_symbols {
    ($then:ident, runtime) => {
        $crate::$then! {
            fn PySync_Install(runtime: *const PySync_Runtime) -> c_int;
        }
    };
    ($then:ident, lock) => {
        $crate::$then! {
            fn PyMutex_Lock(m: *mut PyMutex);
            fn PyMutex_Unlock(m: *mut PyMutex);
            fn PyMutex_IsLocked(m: *mut PyMutex) -> c_int;
            fn _PyMutex_LockTimed(m: *mut PyMutex, timeout_ns: PyTime_t, flags: c_int) -> c_int;
            fn _PyMutex_TryUnlock(m: *mut PyMutex) -> c_int;

            fn _PyRawMutex_LockSlow(m: *mut _PyRawMutex);
            fn _PyRawMutex_UnlockSlow(m: *mut _PyRawMutex);

            fn _PyEvent_IsSet(evt: *mut PyEvent) -> c_int;
            fn _PyEvent_Notify(evt: *mut PyEvent);
            fn PyEvent_Wait(evt: *mut PyEvent);
            fn PyEvent_WaitTimed(evt: *mut PyEvent, timeout_ns: PyTime_t, detach: c_int) -> c_int;

            fn _PyOnceFlag_CallOnceSlow(
                flag: *mut _PyOnceFlag, fn_: _Py_once_fn_t, arg: *mut c_void) -> c_int;

            fn _PyRecursiveMutex_IsLockedByCurrentThread(m: *mut _PyRecursiveMutex) -> c_int;
            fn _PyRecursiveMutex_Lock(m: *mut _PyRecursiveMutex);
            fn _PyRecursiveMutex_LockTimed(
                m: *mut _PyRecursiveMutex, timeout_ns: PyTime_t, flags: c_int) -> c_int;
            fn _PyRecursiveMutex_Unlock(m: *mut _PyRecursiveMutex);
            fn _PyRecursiveMutex_TryUnlock(m: *mut _PyRecursiveMutex) -> c_int;

            fn _PyRWMutex_RLock(rwmutex: *mut _PyRWMutex);
            fn _PyRWMutex_RUnlock(rwmutex: *mut _PyRWMutex);
            fn _PyRWMutex_Lock(rwmutex: *mut _PyRWMutex);
            fn _PyRWMutex_Unlock(rwmutex: *mut _PyRWMutex);

            fn _PySeqLock_LockWrite(seqlock: *mut _PySeqLock);
            fn _PySeqLock_UnlockWrite(seqlock: *mut _PySeqLock);
            fn _PySeqLock_AbandonWrite(seqlock: *mut _PySeqLock);
            fn _PySeqLock_BeginRead(seqlock: *mut _PySeqLock) -> u32;
            fn _PySeqLock_EndRead(seqlock: *mut _PySeqLock, previous: u32) -> c_int;
            fn _PySeqLock_AfterFork(seqlock: *mut _PySeqLock) -> c_int;
        }
    };
    ($then:ident, parking_lot) => {
        $crate::$then! {
            fn _PyParkingLot_Park(
                address: *const c_void, expected: *const c_void, address_size: usize,
                timeout_ns: PyTime_t, park_arg: *mut c_void, detach: c_int) -> c_int;
            fn _PyParkingLot_Unpark(
                address: *const c_void, fn_: _Py_unpark_fn_t, arg: *mut c_void);
            fn _PyParkingLot_UnparkAll(address: *const c_void);
            fn _PyParkingLot_AfterFork();

            fn _PySemaphore_Init(sema: *mut _PySemaphore);
            fn _PySemaphore_Destroy(sema: *mut _PySemaphore);
            fn _PySemaphore_Wait(
                sema: *mut _PySemaphore, timeout_ns: PyTime_t, detach: c_int) -> c_int;
            fn _PySemaphore_Wakeup(sema: *mut _PySemaphore);
        }
    };
    ($then:ident, thread_lock) => {
        $crate::$then! {
            fn PyThread_allocate_lock() -> PyThread_type_lock;
            fn PyThread_free_lock(lock: PyThread_type_lock);
            fn PyThread_acquire_lock(lock: PyThread_type_lock, waitflag: c_int) -> c_int;
            fn PyThread_acquire_lock_timed(
                lock: PyThread_type_lock, microseconds: c_longlong, intr_flag: c_int) -> c_int;
            fn PyThread_acquire_lock_timed_with_retries(
                lock: PyThread_type_lock, timeout_ns: PyTime_t) -> c_int;
            fn PyThread_release_lock(lock: PyThread_type_lock);
            fn _PyThread_at_fork_reinit(lock: *mut PyThread_type_lock) -> c_int;
        }
    };
    ($then:ident, critical_section) => {
        $crate::$then! {
            fn PyCriticalSection_Begin(c: *mut PyCriticalSection, op: *mut c_void);
            fn PyCriticalSection_BeginMutex(c: *mut PyCriticalSection, m: *mut PyMutex);
            fn PyCriticalSection_End(c: *mut PyCriticalSection);
            fn PyCriticalSection2_Begin(
                c: *mut PyCriticalSection2, a: *mut c_void, b: *mut c_void);
            fn PyCriticalSection2_BeginMutex(
                c: *mut PyCriticalSection2, m1: *mut PyMutex, m2: *mut PyMutex);
            fn PyCriticalSection2_End(c: *mut PyCriticalSection2);
            fn _PyCriticalSection_BeginSlow(c: *mut PyCriticalSection, m: *mut PyMutex);
            fn _PyCriticalSection2_BeginSlow(
                c: *mut PyCriticalSection2, m1: *mut PyMutex, m2: *mut PyMutex,
                is_m1_locked: c_int);
            fn _PyCriticalSection_SuspendAll(tstate: *mut c_void);
            fn _PyCriticalSection_Resume(tstate: *mut c_void);
        }
    };
}

/// Exports CPython's symbols of `lock.c`, `parking_lot.c` and `critical_section.c`, and `thread_lock`, the
/// locks of `thread.c`, as functions for C, from the crate in which it stands. See [`c_api`](crate::c_api).
///
/// With the names of some of these files it exports theirs alone, for a program that keeps the others as
/// they are. The part `runtime` is [`PySync_Install`](crate::c_api::PySync_Install).
///
/// For the final crate of a program or a library, once: two of them in one program are two definitions
/// of one symbol, and the linker says so.
///
/// ```no_run
/// py_sync::export_c_api!(runtime, lock);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export_c_api {
    () => {
        $crate::export_c_api!(runtime, lock, parking_lot, critical_section, thread_lock);
    };
    ($($part:ident),+) => {
        $($crate::__py_sync_c_symbols!(__py_sync_export, $part);)+
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __py_sync_export {
    ($(fn $name:ident($($arg:ident: $ty:ty),*) $(-> $ret:ty)?;)*) => {
        #[allow(non_snake_case)]
        const _: () = {
            #[allow(unused_imports)]
            use $crate::c_api::*;
            #[allow(unused_imports)]
            use ::core::ffi::{c_int, c_longlong, c_void};
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
macro_rules! __py_sync_signatures {
    ($(fn $name:ident($($arg:ident: $ty:ty),*) $(-> $ret:ty)?;)*) => {
        &[$((
            stringify!($name),
            &[$((stringify!($arg), stringify!($ty))),*],
            concat!($(stringify!($ret))?),
        )),*]
    };
}

/// Those of each part.
#[doc(hidden)]
pub const SIGNATURES: &[&[Signature]] = &[
    crate::__py_sync_c_symbols!(__py_sync_signatures, runtime),
    crate::__py_sync_c_symbols!(__py_sync_signatures, lock),
    crate::__py_sync_c_symbols!(__py_sync_signatures, parking_lot),
    crate::__py_sync_c_symbols!(__py_sync_signatures, critical_section),
    crate::__py_sync_c_symbols!(__py_sync_signatures, thread_lock),
];
