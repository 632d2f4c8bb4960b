//! `Python/pyarena.c`.

use super::runtime;
use crate::arena::Arena;
use crate::block::{give_back, memory_of};
use crate::error::AllocError;
use crate::policy::BlockPolicy;
use core::alloc::Layout;
use core::ffi::{c_int, c_void};
use core::mem;
use core::ptr::{self, NonNull};

/// An arena. C sees no field of it. CPython: `Include/internal/pycore_pyarena.h`, `PyArena`.
#[derive(Debug)]
pub struct PyArena(Arena<Object>);

/// A reference to an object of the embedder's.
struct Object(*mut c_void);

impl Drop for Object {
    fn drop(&mut self) {
        if let Some(decref) = runtime().decref {
            // SAFETY: the promise of `PyArena_Install`; `_PyArena_AddPyObject` took the reference.
            unsafe { decref(self.0) };
        }
    }
}

/// Makes an arena, with its first block; null, and the error is set, if there is no memory. CPython:
/// `Include/internal/pycore_pyarena.h`, `_PyArena_New`.
///
/// # Safety
///
/// What the runtime's `malloc` asks for. (CPython's: the thread has a state.)
#[must_use]
pub unsafe fn _PyArena_New() -> *mut PyArena {
    match new() {
        Ok(arena) => arena.as_ptr(),
        Err(AllocError) => {
            runtime().no_memory();
            ptr::null_mut()
        }
    }
}

fn new() -> Result<NonNull<PyArena>, AllocError> {
    let heap = runtime().heap();
    // SAFETY: the layout is not empty.
    let place = unsafe { memory_of(Layout::new::<PyArena>(), heap) }?.cast::<PyArena>();
    let policy = BlockPolicy::default();
    let arena = match heap {
        Some(heap) => Arena::with_objects_in(policy, heap),
        None => Arena::with_objects_and_policy(policy),
    };
    // C has the first block from the start. Nothing is handed out of it here.
    if let Err(error) = arena.malloc(0) {
        // SAFETY: from above, and nothing is in it.
        unsafe { give_back(place.cast(), Layout::new::<PyArena>(), heap) };
        return Err(error);
    }
    // SAFETY: room for it, from above.
    unsafe { place.write(PyArena(arena)) };
    Ok(place)
}

/// Frees an arena: its objects lose their references, last in first out, then its blocks are freed.
/// CPython: `Include/internal/pycore_pyarena.h`, `_PyArena_Free`.
///
/// # Safety
///
/// `arena` is of [`_PyArena_New`], and neither it nor what it handed out is used again.
pub unsafe fn _PyArena_Free(arena: *mut PyArena) {
    // SAFETY: the caller promises that `arena` is of `_PyArena_New`, so it is not null, holds a
    // live `PyArena`, and came by this layout from this heap, since a runtime is installed while no
    // arena is alive; and that nobody uses it afterwards.
    unsafe {
        ptr::drop_in_place(arena);
        let place = NonNull::new_unchecked(arena).cast();
        give_back(place, Layout::new::<PyArena>(), runtime().heap());
    }
}

/// Memory of so many bytes, aligned to 8, with the arena's life; null, and the error is set, if there
/// is none. CPython: `Include/internal/pycore_pyarena.h`, `_PyArena_Malloc`.
///
/// # Safety
///
/// `arena` is of [`_PyArena_New`] and not freed, and no other thread uses it meanwhile.
#[inline]
pub unsafe fn _PyArena_Malloc(arena: *mut PyArena, size: usize) -> *mut c_void {
    // SAFETY: the caller promises that `arena` is alive and that no other thread uses it meanwhile.
    match unsafe { &*arena }.0.malloc(size) {
        Ok(memory) => memory.as_ptr().cast(),
        Err(AllocError) => {
            runtime().no_memory();
            ptr::null_mut()
        }
    }
}

/// Gives the caller's reference to an object to the arena: 0; or -1, and the error is set, if there is
/// no memory for it, and the reference is still the caller's. CPython:
/// `Include/internal/pycore_pyarena.h`, `_PyArena_AddPyObject`.
///
/// # Safety
///
/// As for [`_PyArena_Malloc`]. The runtime's `decref` may be called with `obj` when the arena is freed.
#[inline]
pub unsafe fn _PyArena_AddPyObject(arena: *mut PyArena, obj: *mut c_void) -> c_int {
    // SAFETY: the caller promises that `arena` is alive and that no other thread uses it meanwhile.
    match unsafe { &*arena }.0.try_add_object(Object(obj)) {
        Ok(_) => 0,
        Err((AllocError, object)) => {
            mem::forget(object);
            runtime().no_memory();
            -1
        }
    }
}
