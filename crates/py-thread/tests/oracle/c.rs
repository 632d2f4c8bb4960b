//! The few functions of libpython that the tests call. An interpreter is initialised in the calling
//! thread and lives until the process ends.

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::marker::PhantomData;
use std::mem::ManuallyDrop;

type PyObject = *mut c_void;

/// `Py_tss_t` on Linux.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct TssKey {
    initialized: c_int,
    key: u32,
}

/// Never unloaded: threads have destructors in it.
pub(crate) struct Python(ManuallyDrop<Library>);

/// A reference to a Python object.
pub(crate) struct Object<'a>(PyObject, PhantomData<&'a Python>);

impl Python {
    /// The library of `PYTHON_ORACLE_LIB`, initialised; says so where there is none.
    pub(crate) fn load() -> Option<Python> {
        let Some(path) = std::env::var_os("PYTHON_ORACLE_LIB") else {
            println!("skipped: PYTHON_ORACLE_LIB is not set");
            return None;
        };
        // SAFETY: libpython's initialisers only set up its static data. Global, since extension
        // modules look for its symbols.
        let library = unsafe { Library::open(Some(&path), RTLD_NOW | RTLD_GLOBAL) };
        let library = library.expect("PYTHON_ORACLE_LIB names a library");
        let python = Python(ManuallyDrop::new(library));
        if std::env::var_os("PYTHONHOME").is_none() {
            if let Some(home) = super::words::ask("import sys; print(sys.prefix)") {
                // SAFETY: the harness' main thread only waits for this one.
                unsafe { std::env::set_var("PYTHONHOME", home.trim()) };
            }
        }
        // SAFETY: the function's type; no interpreter runs yet.
        unsafe { python.get::<unsafe extern "C" fn(c_int)>("Py_InitializeEx")(0) };
        Some(python)
    }

    /// # Safety
    /// `T` is the symbol's type.
    unsafe fn get<T: Copy>(&self, name: &str) -> T {
        // SAFETY: the caller promised the symbol's type.
        *unsafe { self.0.get(name.as_bytes()) }.expect(name)
    }

    /// `PyThread_ParseTimeoutArg`: the nanoseconds, or whether it was an `OverflowError`, and its
    /// words.
    pub(crate) fn parse_timeout(
        &self,
        arg: &Object<'_>,
        blocking: bool,
    ) -> Result<i64, (bool, String)> {
        type Parse = unsafe extern "C" fn(PyObject, c_int, *mut i64) -> c_int;
        let mut nanos = i64::MIN;
        // SAFETY: the functions' types; this thread holds the interpreter.
        unsafe {
            let parse = self.get::<Parse>("PyThread_ParseTimeoutArg");
            if parse(arg.0, c_int::from(blocking), &mut nanos) == 0 {
                return Ok(nanos);
            }
            assert_eq!(nanos, i64::MIN, "written on success only");
            type Matches = unsafe extern "C" fn(PyObject) -> c_int;
            let overflow = *self.get::<*const PyObject>("PyExc_OverflowError");
            let value = *self.get::<*const PyObject>("PyExc_ValueError");
            let matches = self.get::<Matches>("PyErr_ExceptionMatches");
            let is_overflow = matches(overflow) != 0;
            assert!(is_overflow || matches(value) != 0);
            let raised = self.get::<unsafe extern "C" fn() -> PyObject>("PyErr_GetRaisedException");
            Err((
                is_overflow,
                self.text(Object(raised(), PhantomData)).unwrap(),
            ))
        }
    }

    /// `str(object)`; none for `None`.
    fn text(&self, object: Object<'_>) -> Option<String> {
        type Str = unsafe extern "C" fn(PyObject) -> PyObject;
        type Utf8 = unsafe extern "C" fn(PyObject) -> *const c_char;
        // SAFETY: the functions' types, and live objects.
        unsafe {
            if object.0 == self.get::<PyObject>("_Py_NoneStruct") {
                return None;
            }
            let text = self.get::<Str>("PyObject_Str")(object.0);
            let utf8 = self.get::<Utf8>("PyUnicode_AsUTF8")(text);
            let result = CStr::from_ptr(utf8).to_str().unwrap().to_owned();
            let release = self.get::<unsafe extern "C" fn(PyObject)>("Py_DecRef");
            release(text);
            release(object.0);
            Some(result)
        }
    }

    pub(crate) fn timeout_max(&self) -> i64 {
        // SAFETY: a constant of that type.
        unsafe { *self.get::<*const i64>("PY_TIMEOUT_MAX") }
    }

    pub(crate) fn set_stack_size(&self, bytes: usize) -> c_int {
        type Set = unsafe extern "C" fn(usize) -> c_int;
        // SAFETY: the function's type.
        unsafe { self.get::<Set>("PyThread_set_stacksize")(bytes) }
    }

    pub(crate) fn stack_size(&self) -> usize {
        // SAFETY: the function's type.
        unsafe { self.get::<unsafe extern "C" fn() -> usize>("PyThread_get_stacksize")() }
    }

    pub(crate) fn tss_create(&self, key: &mut TssKey) -> bool {
        type F = unsafe extern "C" fn(*mut TssKey) -> c_int;
        // SAFETY: the function's type, and a key that is zeroed or created.
        unsafe { self.get::<F>("PyThread_tss_create")(key) == 0 }
    }

    pub(crate) fn tss_delete(&self, key: &mut TssKey) {
        type F = unsafe extern "C" fn(*mut TssKey);
        // SAFETY: the function's type, and a key that is zeroed or created.
        unsafe { self.get::<F>("PyThread_tss_delete")(key) };
    }

    pub(crate) fn tss_is_created(&self, key: &mut TssKey) -> bool {
        type F = unsafe extern "C" fn(*mut TssKey) -> c_int;
        // SAFETY: the function's type, and a key that is zeroed or created.
        unsafe { self.get::<F>("PyThread_tss_is_created")(key) != 0 }
    }

    pub(crate) fn tss_set(&self, key: &mut TssKey, value: *mut c_void) -> bool {
        type F = unsafe extern "C" fn(*mut TssKey, *mut c_void) -> c_int;
        // SAFETY: the function's type, and a created key.
        unsafe { self.get::<F>("PyThread_tss_set")(key, value) == 0 }
    }

    pub(crate) fn tss_get(&self, key: &mut TssKey) -> *mut c_void {
        type F = unsafe extern "C" fn(*mut TssKey) -> *mut c_void;
        // SAFETY: the function's type, and a created key.
        unsafe { self.get::<F>("PyThread_tss_get")(key) }
    }

    /// `sys.thread_info`.
    pub(crate) fn thread_info(&self) -> [Option<String>; 3] {
        type Item = unsafe extern "C" fn(PyObject, isize) -> PyObject;
        // SAFETY: the functions' types; the items are borrowed, so `text` gets references of its
        // own.
        unsafe {
            let info = self.get::<unsafe extern "C" fn() -> PyObject>("PyThread_GetInfo")();
            let item = self.get::<Item>("PyStructSequence_GetItem");
            let keep = self.get::<unsafe extern "C" fn(PyObject)>("Py_IncRef");
            [0, 1, 2].map(|n| {
                let field = item(info, n);
                keep(field);
                self.text(Object(field, PhantomData))
            })
        }
    }

    pub(crate) fn thread_ident(&self) -> u64 {
        // SAFETY: the function's type.
        unsafe { self.get::<unsafe extern "C" fn() -> u64>("PyThread_get_thread_ident_ex")() }
    }

    pub(crate) fn native_id(&self) -> u64 {
        // SAFETY: the function's type: an unsigned long.
        unsafe {
            let id = self.get::<unsafe extern "C" fn() -> usize>("PyThread_get_thread_native_id");
            id() as u64
        }
    }
}

impl<'a> Object<'a> {
    pub(crate) fn none(python: &'a Python) -> Object<'a> {
        // SAFETY: the object itself is the symbol.
        Object(unsafe { python.get("_Py_NoneStruct") }, PhantomData)
    }

    pub(crate) fn int(python: &'a Python, n: i64) -> Object<'a> {
        type New = unsafe extern "C" fn(i64) -> PyObject;
        // SAFETY: the function's type.
        Object(
            unsafe { python.get::<New>("PyLong_FromLongLong")(n) },
            PhantomData,
        )
    }

    pub(crate) fn float(python: &'a Python, x: f64) -> Object<'a> {
        type New = unsafe extern "C" fn(f64) -> PyObject;
        // SAFETY: the function's type.
        Object(
            unsafe { python.get::<New>("PyFloat_FromDouble")(x) },
            PhantomData,
        )
    }

    /// An int of 30 digits.
    pub(crate) fn big_int(python: &'a Python, negative: bool) -> Object<'a> {
        type New = unsafe extern "C" fn(*const c_char, *mut *mut c_char, c_int) -> PyObject;
        let digits = if negative {
            c"-123456789012345678901234567890"
        } else {
            c"123456789012345678901234567890"
        };
        // SAFETY: the function's type, and a C string.
        unsafe {
            let new = python.get::<New>("PyLong_FromString");
            Object(new(digits.as_ptr(), std::ptr::null_mut(), 10), PhantomData)
        }
    }
}
