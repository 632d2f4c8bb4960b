//! [`PyArena_Runtime`]: what the embedder knows and CPython's file takes for granted.

use crate::block::Heap;
use core::alloc::{GlobalAlloc, Layout};
use core::ffi::{c_int, c_void};
use core::mem::offset_of;
use core::ptr;
use core::sync::atomic::AtomicPtr;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// The functions of a runtime, each of which may be null for a plain answer. They must not unwind.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct PyArena_Runtime {
    /// `sizeof(PyArena_Runtime)`: a runtime that was compiled with another header is refused.
    pub size: usize,
    /// Memory of so many bytes, aligned as C's `malloc` aligns it, or null. CPython: `PyMem_Malloc`.
    /// Null: the program's Rust allocator.
    pub malloc: Option<unsafe extern "C" fn(size: usize) -> *mut c_void>,
    /// Gives it back. CPython: `PyMem_Free`. Null together with `malloc`.
    pub free: Option<unsafe extern "C" fn(memory: *mut c_void)>,
    /// An object loses the reference that its arena had. CPython: `Py_DECREF`. Null: objects have no
    /// references to lose.
    pub decref: Option<unsafe extern "C" fn(object: *mut c_void)>,
    /// Sets the error of a call that returns null or -1. CPython: `PyErr_NoMemory`. Null: nothing is
    /// set.
    pub no_memory: Option<unsafe extern "C" fn()>,
}

impl PyArena_Runtime {
    /// Null everywhere.
    pub const NONE: PyArena_Runtime = PyArena_Runtime {
        size: size_of::<PyArena_Runtime>(),
        malloc: None,
        free: None,
        decref: None,
        no_memory: None,
    };
}

/// Before a runtime is installed.
static NONE: PyArena_Runtime = PyArena_Runtime::NONE;

static INSTALLED: AtomicPtr<PyArena_Runtime> = AtomicPtr::new(ptr::null_mut());

/// Installs the runtime, once for the life of the process. 0 if it did; -1, and nothing is changed, if
/// one is installed already, `runtime` was compiled with another header, or has one of `malloc` and
/// `free` without the other.
///
/// # Safety
///
/// `runtime` points to a table that is never changed or freed, and whose functions do what is said
/// with them. No arena is alive.
pub unsafe fn PyArena_Install(runtime: *const PyArena_Runtime) -> c_int {
    const { assert!(offset_of!(PyArena_Runtime, size) == 0) };
    // SAFETY: the caller promises a table behind `runtime`; whatever header it was compiled with,
    // it begins with its size, and nothing else is read.
    if runtime.is_null() || unsafe { *runtime.cast::<usize>() } != size_of::<PyArena_Runtime>() {
        return -1;
    }
    // SAFETY: the caller promises a table behind `runtime`, and its size says that it has these
    // fields.
    let half = unsafe { (*runtime).malloc.is_some() != (*runtime).free.is_some() };
    if half {
        return -1;
    }
    let null = ptr::null_mut();
    // Release: a thread that finds the table finds what its maker wrote to it. Relaxed on failure:
    // nothing is read through the other table.
    match INSTALLED.compare_exchange(null, runtime.cast_mut(), Release, Relaxed) {
        Ok(_) => 0,
        Err(_) => -1,
    }
}

/// The table.
#[inline]
pub(super) fn runtime() -> &'static PyArena_Runtime {
    // SAFETY: null, or installed, and then it is never changed or freed.
    unsafe { INSTALLED.load(Acquire).as_ref() }.unwrap_or(&NONE)
}

impl PyArena_Runtime {
    /// Where arenas get their memory.
    pub(super) fn heap(&self) -> Heap {
        match self.malloc {
            Some(_) => Some(&Hooks),
            None => None,
        }
    }

    #[cold]
    pub(super) fn no_memory(&self) {
        if let Some(no_memory) = self.no_memory {
            // SAFETY: the promise of `PyArena_Install`.
            unsafe { no_memory() };
        }
    }
}

/// What C's `malloc` aligns to at least.
const MALLOC_ALIGN: usize = 2 * size_of::<usize>();

/// The table's `malloc` and `free`.
struct Hooks;

// SAFETY: what the table's `malloc` gives is of that size, is nobody else's, and goes back to its
// `free` once; its alignment is looked at. The table is never changed.
unsafe impl GlobalAlloc for Hooks {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(malloc) = runtime().malloc else {
            return ptr::null_mut();
        };
        if layout.align() > MALLOC_ALIGN {
            return over_aligned(malloc, layout);
        }
        // SAFETY: the promise of `PyArena_Install`.
        let memory = unsafe { malloc(layout.size()) }.cast::<u8>();
        assert!(
            memory.addr() % layout.align() == 0,
            "PyArena_Runtime: malloc does not align as C's does"
        );
        memory
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        let Some(free) = runtime().free else {
            return;
        };
        let memory = match layout.align() > MALLOC_ALIGN {
            // SAFETY: `over_aligned` has put it there.
            true => unsafe { *memory.cast::<*mut u8>().sub(1) },
            false => memory,
        };
        // SAFETY: the promise of `PyArena_Install`.
        unsafe { free(memory.cast()) };
    }
}

/// Memory with room to align it in; the address that `free` wants is the word before it.
fn over_aligned(malloc: unsafe extern "C" fn(usize) -> *mut c_void, layout: Layout) -> *mut u8 {
    let Some(size) = layout.size().checked_add(layout.align()) else {
        return ptr::null_mut();
    };
    // SAFETY: the promise of `PyArena_Install`.
    let memory = unsafe { malloc(size) }.cast::<u8>();
    if memory.is_null() {
        return memory;
    }
    let up = layout.align() - memory.addr() % layout.align();
    // SAFETY: `up` is `align` at most, and a word at least, since `malloc` aligns to two.
    unsafe {
        let aligned = memory.add(up);
        aligned.cast::<*mut u8>().sub(1).write(memory);
        aligned
    }
}
