//! Threads of unix: pthread itself. std's threads cost 1.4 times as much, because each gets a guard
//! page and a signal stack, and they panic if the guard cannot be mapped.

use super::Main;
use crate::sync::{AtomicPtr, Ordering};
use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr;
use std::io;

/// A thread that was neither joined nor detached yet.
#[derive(Clone, Copy)]
pub(crate) struct OsThread(libc::pthread_t);

// SAFETY: a pthread_t names a thread; any thread may use it.
unsafe impl Send for OsThread {}

impl OsThread {
    /// The calling thread, on systems where a thread can find itself.
    pub(crate) fn current() -> Option<OsThread> {
        // SAFETY: no preconditions.
        Some(OsThread(unsafe { libc::pthread_self() }))
    }

    /// Waits until the thread is gone.
    pub(crate) fn join(self) -> io::Result<()> {
        // SAFETY: the caller took it out of its cell, so nobody else joins or detaches it.
        check(unsafe { libc::pthread_join(self.0, ptr::null_mut()) })
    }

    /// Lets the system free the thread when it ends.
    pub(crate) fn detach(self) -> io::Result<()> {
        // SAFETY: the caller took it out of its cell, so nobody else joins or detaches it.
        check(unsafe { libc::pthread_detach(self.0) })
    }
}

/// Where a handle keeps its [`OsThread`]: a pthread_t as a pointer, an integer on some systems.
#[derive(Debug)]
pub(crate) struct OsCell(AtomicPtr<c_void>);

impl OsCell {
    pub(crate) const fn new() -> OsCell {
        OsCell(AtomicPtr::new(ptr::null_mut()))
    }

    /// Starter and child may both store; they store the same value.
    pub(crate) fn store(&self, thread: OsThread) {
        // Relaxed: the handle's word publishes it.
        self.0.store(to_ptr(thread.0), Ordering::Relaxed);
    }

    /// The thread, for the one caller that may settle it.
    pub(crate) fn take(&self) -> OsThread {
        // Relaxed: the handle's word was read with Acquire.
        OsThread(from_ptr(self.0.load(Ordering::Relaxed)))
    }

    /// The number by which the system knows the thread.
    pub(crate) fn ident(&self) -> u64 {
        self.0.load(Ordering::Relaxed).addr() as u64
    }
}

trait Repr: Copy {
    fn to_ptr(self) -> *mut c_void;
    fn from_ptr(p: *mut c_void) -> Self;
}

macro_rules! repr_integer {
    ($($ty:ty)*) => { $(
        impl Repr for $ty {
            fn to_ptr(self) -> *mut c_void {
                ptr::without_provenance_mut(self as usize)
            }
            fn from_ptr(p: *mut c_void) -> $ty {
                p.addr() as $ty
            }
        }
    )* };
}
repr_integer!(u32 i32 u64 i64 usize);

impl<T> Repr for *mut T {
    fn to_ptr(self) -> *mut c_void {
        self.cast()
    }
    fn from_ptr(p: *mut c_void) -> *mut T {
        p.cast()
    }
}

fn to_ptr(thread: libc::pthread_t) -> *mut c_void {
    thread.to_ptr()
}

fn from_ptr(p: *mut c_void) -> libc::pthread_t {
    Repr::from_ptr(p)
}

/// Starts a thread that runs `main`, and passes the thread to `publish`, perhaps after `main` has
/// begun or ended. A stack size of 0 is the platform's default.
pub(crate) fn spawn<M: Main>(
    main: Box<M>,
    stack_size: usize,
    publish: impl FnOnce(OsThread),
) -> io::Result<()> {
    let stack_size = if stack_size == 0 {
        super::DEFAULT_STACK_SIZE
    } else {
        stack_size
    };
    let attributes = match stack_size {
        0 => None,
        bytes => Some(Attributes::with_stack_size(bytes)?),
    };
    let attributes = attributes.as_ref().map_or(ptr::null(), |a| a.0.as_ptr());
    let main = Box::into_raw(main);
    let mut thread = MaybeUninit::uninit();
    // SAFETY: `attributes` is null or initialised; `enter::<M>` takes back the box it is given.
    let rc =
        unsafe { libc::pthread_create(thread.as_mut_ptr(), attributes, enter::<M>, main.cast()) };
    if rc != 0 {
        // SAFETY: no thread was started, so the box is still ours.
        drop(unsafe { Box::from_raw(main) });
        return Err(io::Error::from_raw_os_error(rc));
    }
    // SAFETY: pthread_create succeeded, so it wrote the thread.
    publish(OsThread(unsafe { thread.assume_init() }));
    Ok(())
}

/// The new thread's first function. A panic that gets here ends the process.
extern "C" fn enter<M: Main>(main: *mut c_void) -> *mut c_void {
    // SAFETY: `spawn` made this box for this thread alone.
    let main = unsafe { Box::from_raw(main.cast::<M>()) };
    main.run();
    ptr::null_mut()
}

struct Attributes(MaybeUninit<libc::pthread_attr_t>);

impl Attributes {
    fn with_stack_size(bytes: usize) -> io::Result<Attributes> {
        let mut attributes = Attributes(MaybeUninit::uninit());
        // SAFETY: room for the attributes.
        let rc = unsafe { libc::pthread_attr_init(attributes.0.as_mut_ptr()) };
        if rc != 0 {
            // Nothing was initialised, so nothing may be destroyed.
            core::mem::forget(attributes);
            return Err(io::Error::from_raw_os_error(rc));
        }
        // SAFETY: initialised above.
        check(unsafe { libc::pthread_attr_setstacksize(attributes.0.as_mut_ptr(), bytes) })?;
        Ok(attributes)
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: only initialised attributes are dropped.
        unsafe { libc::pthread_attr_destroy(self.0.as_mut_ptr()) };
    }
}

/// Whether this system accepts a stack of that size.
pub(crate) fn accepts_stack_size(bytes: usize) -> bool {
    Attributes::with_stack_size(bytes).is_ok()
}

#[cfg(feature = "c-api")]
#[path = "unix_c.rs"]
pub(crate) mod c;

fn check(rc: libc::c_int) -> io::Result<()> {
    match rc {
        0 => Ok(()),
        rc => Err(io::Error::from_raw_os_error(rc)),
    }
}
