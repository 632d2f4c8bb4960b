//! CPython's arena, called by its own functions.

use crate::cpython::symbol;
use std::ffi::{c_int, c_void};
use std::sync::OnceLock;

/// `_PyArena_New`, `_PyArena_Malloc`, `_PyArena_AddPyObject`, `_PyArena_Free` and an object.
#[derive(Clone, Copy)]
pub struct PyArena {
    new: unsafe extern "C" fn() -> *mut c_void,
    malloc: unsafe extern "C" fn(*mut c_void, usize) -> *mut u8,
    add: unsafe extern "C" fn(*mut c_void, *mut c_void) -> c_int,
    free: unsafe extern "C" fn(*mut c_void),
    incref: unsafe extern "C" fn(*mut c_void),
    object: *mut c_void,
}

struct Ready(Option<PyArena>);

// SAFETY: the benchmarks use it on one thread, the one that initialised the interpreter.
unsafe impl Send for Ready {}
// SAFETY: as above.
unsafe impl Sync for Ready {}

impl PyArena {
    /// The functions, with an interpreter initialised on this thread; `None` where there is no
    /// library.
    pub fn get() -> Option<PyArena> {
        static READY: OnceLock<Ready> = OnceLock::new();
        READY.get_or_init(|| Ready(PyArena::load())).0
    }

    fn load() -> Option<PyArena> {
        // SAFETY: the types are those of CPython's headers; the interpreter is initialised before
        // anything that needs one.
        unsafe {
            let initialize: unsafe extern "C" fn(c_int) = symbol("Py_InitializeEx")?;
            let list: unsafe extern "C" fn(isize) -> *mut c_void = symbol("PyList_New")?;
            let (new, malloc) = (symbol("_PyArena_New")?, symbol("_PyArena_Malloc")?);
            let (add, free) = (symbol("_PyArena_AddPyObject")?, symbol("_PyArena_Free")?);
            let incref = symbol("Py_IncRef")?;
            initialize(0);
            let object = list(0);
            Some(PyArena {
                new,
                malloc,
                add,
                free,
                incref,
                object,
            })
        }
    }

    /// A new arena, for `f`; freed after.
    #[inline]
    pub fn with<R>(&self, f: impl FnOnce(&OneArena<'_>) -> R) -> R {
        // SAFETY: the interpreter is initialised.
        let arena = unsafe { (self.new)() };
        f(&OneArena { c: self, arena })
    }
}

/// One arena of CPython.
pub struct OneArena<'c> {
    c: &'c PyArena,
    arena: *mut c_void,
}

impl OneArena<'_> {
    /// `_PyArena_Malloc`.
    #[inline]
    pub fn malloc(&self, size: usize) -> *mut u8 {
        // SAFETY: a live arena.
        unsafe { (self.c.malloc)(self.arena, size) }
    }

    /// `_PyArena_Malloc`, and the value written there.
    #[inline]
    pub fn alloc<T: Copy>(&self, value: T) -> *mut T {
        let at = self.malloc(size_of::<T>()).cast::<T>();
        // SAFETY: as large as a `T`, aligned to 8, which is enough for what is measured.
        unsafe { at.write(value) };
        at
    }

    /// `Py_INCREF` and `_PyArena_AddPyObject`: one more reference to one list.
    #[inline]
    pub fn add_object(&self) {
        // SAFETY: a live object; the new reference is the arena's.
        unsafe {
            (self.c.incref)(self.c.object);
            (self.c.add)(self.arena, self.c.object);
        }
    }
}

impl Drop for OneArena<'_> {
    fn drop(&mut self) {
        // SAFETY: freed once.
        unsafe { (self.c.free)(self.arena) };
    }
}

/// Keeps glibc's heap warm: no memory goes back to the system, none is mapped apart.
pub fn keep_heap_warm() {
    // glibc refuses to map apart only above more than 32 MiB, and keeps 128 KiB then.
    set_thresholds(c_int::MAX, 32 << 20);
}

/// From how many free bytes on glibc trims its heap, and from what size on it maps a block apart.
fn set_thresholds(trim: c_int, map: c_int) {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        unsafe extern "C" {
            fn mallopt(parameter: c_int, value: c_int) -> c_int;
        }
        const M_TRIM_THRESHOLD: c_int = -1;
        const M_MMAP_THRESHOLD: c_int = -3;
        // SAFETY: glibc's function, with parameters that it documents.
        unsafe {
            mallopt(M_TRIM_THRESHOLD, trim);
            mallopt(M_MMAP_THRESHOLD, map);
        }
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    let _ = (trim, map);
}

/// Sets glibc's thresholds to those of a new process and keeps them there. By itself it raises them
/// when a large block is freed, so that what a bench did before decides how its peers fare.
pub fn keep_heap_new() {
    set_thresholds(128 << 10, 128 << 10);
}

/// Makes the compiler believe that somebody reads what the pointer points at. Unlike `black_box`,
/// the pointer stays in its register: a store of it would be as dear as what is measured.
#[inline(always)]
pub fn keep<T: ?Sized>(at: *const T) {
    #[cfg(not(miri))]
    // SAFETY: no instruction at all.
    unsafe {
        std::arch::asm!("/* {0} */", in(reg) at.cast::<u8>(), options(nostack, preserves_flags));
    }
}
