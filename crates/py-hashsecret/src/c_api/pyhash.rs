//! `Python/pyhash.c`.

use super::{_Py_HashSecret_t, Py_hash_t, Py_ssize_t};
use crate::number_native::{hash_f64, hash_pointer};
use crate::sip::{keyed_hash, sip};
use core::ffi::{c_char, c_int, c_void};
use core::slice;

/// The algorithm, for who asks. CPython: `Include/cpython/pyhash.h`, `PyHash_FuncDef`.
#[derive(Debug)]
#[repr(C)]
pub struct PyHash_FuncDef {
    /// The raw hash: of an empty message too, and -1 may come out.
    pub hash: unsafe extern "C" fn(src: *const c_void, len: Py_ssize_t) -> Py_hash_t,
    /// Its name.
    pub name: *const c_char,
    /// Bits of the internal result.
    pub hash_bits: c_int,
    /// Bits of the key.
    pub seed_bits: c_int,
}

// SAFETY: nothing in it is ever changed.
unsafe impl Sync for PyHash_FuncDef {}

impl PyHash_FuncDef {
    /// SipHash-1-3, by this function.
    #[doc(hidden)]
    pub const fn siphash13(
        hash: unsafe extern "C" fn(*const c_void, Py_ssize_t) -> Py_hash_t,
    ) -> PyHash_FuncDef {
        PyHash_FuncDef {
            hash,
            name: c"siphash13".as_ptr(),
            hash_bits: 64,
            seed_bits: 128,
        }
    }
}

/// The message as a slice.
///
/// # Safety
///
/// `src` may be read for `len` bytes, and is not changed meanwhile; it may be anything if `len` is 0.
#[inline(always)]
unsafe fn message<'a>(src: *const c_void, len: Py_ssize_t) -> &'a [u8] {
    match len {
        // A slice never begins at null.
        ..1 => &[],
        // SAFETY: `len` is above 0, and then the caller promises that `src` may be read for so many
        // bytes and is not changed meanwhile.
        len => unsafe { slice::from_raw_parts(src.cast(), len.unsigned_abs()) },
    }
}

/// The hash of bytes; 0 if there are none, and never -1. CPython, before 3.14:
/// `Include/internal/pycore_pyhash.h`, `_Py_HashBytes`.
///
/// # Safety
///
/// `secret` is the variable `_Py_HashSecret`, which the exported function passes, and nobody makes it
/// meanwhile. `src` may be read for `len` bytes.
#[inline]
pub unsafe fn _Py_HashBytes(
    secret: *const _Py_HashSecret_t,
    src: *const c_void,
    len: Py_ssize_t,
) -> Py_hash_t {
    // SAFETY: the caller promises that `secret` is the variable, which nobody writes now, and that
    // `src` may be read for `len` bytes.
    unsafe { (*secret).hash_bytes(message(src, len)) }
}

/// The hash of bytes; 0 if there are none, and never -1. CPython, from 3.14 on:
/// `Include/cpython/pyhash.h`, `Py_HashBuffer`.
///
/// # Safety
///
/// As for [`_Py_HashBytes`].
#[inline]
pub unsafe fn Py_HashBuffer(
    secret: *const _Py_HashSecret_t,
    ptr: *const c_void,
    len: Py_ssize_t,
) -> Py_hash_t {
    // SAFETY: `secret` and the bytes at `ptr` are promised as `_Py_HashBytes` asks for them.
    unsafe { _Py_HashBytes(secret, ptr, len) }
}

/// What [`PyHash_FuncDef::hash`] is.
///
/// # Safety
///
/// As for [`_Py_HashBytes`].
#[doc(hidden)]
pub unsafe fn raw_hash(
    secret: *const _Py_HashSecret_t,
    src: *const c_void,
    len: Py_ssize_t,
) -> Py_hash_t {
    // SAFETY: the caller promises that `secret` is the variable, which nobody writes now, and that
    // `src` may be read for `len` bytes.
    let (keys, message) = unsafe { ((*secret).siphash_keys(), message(src, len)) };
    sip::<1, 3>(keys, message) as Py_hash_t
}

/// What hashes bytes. CPython: `Include/cpython/pyhash.h`, `PyHash_GetFuncDef`.
///
/// # Safety
///
/// `func` is the variable that the exported function passes. Nobody writes to the result.
pub unsafe fn PyHash_GetFuncDef(func: *const PyHash_FuncDef) -> *mut PyHash_FuncDef {
    func.cast_mut()
}

/// The hash of bytes under a key of its own; of an empty message too. CPython:
/// `Include/internal/pycore_pyhash.h`, `_Py_KeyedHash`.
///
/// # Safety
///
/// `src` may be read for `src_sz` bytes.
pub unsafe fn _Py_KeyedHash(key: u64, src: *const c_void, src_sz: Py_ssize_t) -> u64 {
    // SAFETY: the caller promises that `src` may be read for `src_sz` bytes.
    keyed_hash(key, unsafe { message(src, src_sz) })
}

/// The hash of a float; of a not-a-number that of the object. CPython: `Include/cpython/pyhash.h`,
/// `_Py_HashDouble`.
///
/// # Safety
///
/// None is needed: `inst` is a number here.
#[inline]
pub unsafe fn _Py_HashDouble(inst: *mut c_void, v: f64) -> Py_hash_t {
    hash_f64(v, hash_pointer(inst.addr()))
}

/// The hash of an address. CPython: `Include/cpython/pyhash.h`, `Py_HashPointer`.
///
/// # Safety
///
/// None is needed: `ptr` is a number here.
#[inline]
pub unsafe fn Py_HashPointer(ptr: *const c_void) -> Py_hash_t {
    hash_pointer(ptr.addr())
}

/// The hash of an object by what it is. CPython: `Include/cpython/pyhash.h`, `PyObject_GenericHash`.
///
/// # Safety
///
/// None is needed: `obj` is a number here.
#[inline]
pub unsafe fn PyObject_GenericHash(obj: *mut c_void) -> Py_hash_t {
    hash_pointer(obj.addr())
}

/// Ends nothing: C prints statistics here, in a build that counts. CPython: `Python/pyhash.c`,
/// `_PyHash_Fini`.
///
/// # Safety
///
/// None is needed.
pub unsafe fn _PyHash_Fini() {}
