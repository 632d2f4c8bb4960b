//! A pointer per thread: `PyThread_tss_*`, and the keys before them.

use crate::sys::{self, TssKey};
use core::alloc::Layout;
use core::ffi::{c_int, c_void};
use core::ptr;

/// A key. All zero is one that is not created. CPython: `Include/cpython/pythread.h`, `Py_tss_t`.
#[derive(Debug)]
#[repr(C)]
pub struct Py_tss_t {
    _is_initialized: c_int,
    _key: TssKey,
}

/// A key that is not created yet; null if there is no memory. CPython: `Include/pythread.h`,
/// `PyThread_tss_alloc`.
///
/// # Safety
///
/// None is needed.
#[must_use]
pub unsafe fn PyThread_tss_alloc() -> *mut Py_tss_t {
    // SAFETY: the layout is not empty. All zero is a key.
    unsafe { std::alloc::alloc_zeroed(Layout::new::<Py_tss_t>()) }.cast()
}

/// Deletes a key, and frees its memory; of null, does nothing. CPython: `Include/pythread.h`,
/// `PyThread_tss_free`.
///
/// # Safety
///
/// `key` is null or of [`PyThread_tss_alloc`], and nobody uses it any more.
pub unsafe fn PyThread_tss_free(key: *mut Py_tss_t) {
    if !key.is_null() {
        // SAFETY: the caller promises that `key` is of `PyThread_tss_alloc`, which allocated it by
        // this layout, and that nobody uses it any more.
        unsafe {
            PyThread_tss_delete(key);
            std::alloc::dealloc(key.cast(), Layout::new::<Py_tss_t>());
        }
    }
}

/// 1 if the key is created. CPython: `Include/pythread.h`, `PyThread_tss_is_created`.
///
/// # Safety
///
/// `key` is alive, and nobody creates or deletes it meanwhile.
#[must_use]
pub unsafe fn PyThread_tss_is_created(key: *mut Py_tss_t) -> c_int {
    // SAFETY: the caller promises that `key` is alive and that nobody writes to it meanwhile.
    unsafe { (*key)._is_initialized }
}

/// Creates the key, unless that is done: 0, or -1 if the system has no more. CPython:
/// `Include/pythread.h`, `PyThread_tss_create`.
///
/// # Safety
///
/// `key` is alive, and nobody uses it meanwhile.
pub unsafe fn PyThread_tss_create(key: *mut Py_tss_t) -> c_int {
    // SAFETY: the caller promises that `key` is alive and that nobody else uses it meanwhile.
    let key = unsafe { &mut *key };
    if key._is_initialized != 0 {
        return 0;
    }
    match sys::tss_create() {
        Ok(created) => {
            key._key = created;
            key._is_initialized = 1;
            0
        }
        Err(_) => -1,
    }
}

/// Deletes the key, and forgets all threads' values, if it is created. CPython: `Include/pythread.h`,
/// `PyThread_tss_delete`.
///
/// # Safety
///
/// As for [`PyThread_tss_create`].
pub unsafe fn PyThread_tss_delete(key: *mut Py_tss_t) {
    // SAFETY: the caller promises that `key` is alive and that nobody else uses it meanwhile.
    let key = unsafe { &mut *key };
    if key._is_initialized != 0 {
        // SAFETY: it is created, and nobody uses it.
        unsafe { sys::tss_delete(key._key) };
        key._is_initialized = 0;
    }
}

/// Sets the calling thread's value: 0, or -1 if there is no memory. CPython: `Include/pythread.h`,
/// `PyThread_tss_set`.
///
/// # Safety
///
/// `key` is created, and nobody deletes it meanwhile.
#[inline]
pub unsafe fn PyThread_tss_set(key: *mut Py_tss_t, value: *mut c_void) -> c_int {
    // SAFETY: the caller promises that `key` is created and stays so, and a created key is never
    // written.
    match unsafe { sys::tss_set((*key)._key, value) } {
        Ok(()) => 0,
        Err(_) => -1,
    }
}

/// The calling thread's value; null if it has set none. CPython: `Include/pythread.h`,
/// `PyThread_tss_get`.
///
/// # Safety
///
/// As for [`PyThread_tss_set`].
#[inline]
pub unsafe fn PyThread_tss_get(key: *mut Py_tss_t) -> *mut c_void {
    // SAFETY: the caller promises that `key` is created and stays so, and a created key is never
    // written.
    unsafe { sys::tss_get((*key)._key) }
}

/// An `int` as the system's key; `None` where a key is no `int`, and this interface does nothing.
fn key_of(key: c_int) -> Option<TssKey> {
    if size_of::<TssKey>() != size_of::<c_int>() {
        return None;
    }
    TssKey::try_from(key).ok()
}

/// A new key, or -1. CPython: `Include/pythread.h`, `PyThread_create_key`, deprecated since 3.7.
///
/// # Safety
///
/// None is needed.
pub unsafe fn PyThread_create_key() -> c_int {
    if key_of(0).is_none() {
        return -1;
    }
    let Ok(created) = sys::tss_create() else {
        return -1;
    };
    c_int::try_from(created).unwrap_or_else(|_| {
        // SAFETY: created above, and nobody has seen it.
        unsafe { sys::tss_delete(created) };
        -1
    })
}

/// Deletes a key. CPython: `Include/pythread.h`, `PyThread_delete_key`, deprecated since 3.7.
///
/// # Safety
///
/// `key` is of [`PyThread_create_key`], and nobody uses it any more.
pub unsafe fn PyThread_delete_key(key: c_int) {
    if let Some(key) = key_of(key) {
        // SAFETY: the caller promises that `key` is of `PyThread_create_key`, and that this is its
        // last use.
        unsafe { sys::tss_delete(key) };
    }
}

/// Sets the calling thread's value: 0, or -1. CPython: `Include/pythread.h`, `PyThread_set_key_value`,
/// deprecated since 3.7.
///
/// # Safety
///
/// `key` is of [`PyThread_create_key`] and not deleted.
pub unsafe fn PyThread_set_key_value(key: c_int, value: *mut c_void) -> c_int {
    // SAFETY: the caller promises that `key` is of `PyThread_create_key` and not deleted.
    let set = key_of(key).map(|key| unsafe { sys::tss_set(key, value) });
    match set {
        Some(Ok(())) => 0,
        _ => -1,
    }
}

/// The calling thread's value; null if it has set none. CPython: `Include/pythread.h`,
/// `PyThread_get_key_value`, deprecated since 3.7.
///
/// # Safety
///
/// As for [`PyThread_set_key_value`].
#[must_use]
pub unsafe fn PyThread_get_key_value(key: c_int) -> *mut c_void {
    // SAFETY: the caller promises that `key` is of `PyThread_create_key` and not deleted.
    key_of(key).map_or(ptr::null_mut(), |key| unsafe { sys::tss_get(key) })
}

/// Forgets the calling thread's value. CPython: `Include/pythread.h`, `PyThread_delete_key_value`,
/// deprecated since 3.7.
///
/// # Safety
///
/// As for [`PyThread_set_key_value`].
pub unsafe fn PyThread_delete_key_value(key: c_int) {
    // SAFETY: `PyThread_set_key_value` asks for a key that is not deleted, which the caller
    // promises.
    unsafe { PyThread_set_key_value(key, ptr::null_mut()) };
}

/// Does nothing, as C's. CPython: `Include/pythread.h`, `PyThread_ReInitTLS`, deprecated since 3.7.
///
/// # Safety
///
/// None is needed.
pub unsafe fn PyThread_ReInitTLS() {}
