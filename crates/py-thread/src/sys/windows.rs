//! Threads of Windows.

use super::Main;
use crate::sync::{AtomicPtr, AtomicU32, Ordering};
use core::ffi::c_void;
use core::ptr;
use std::io;
use windows_sys::Win32::Foundation::{CloseHandle, WAIT_OBJECT_0};
use windows_sys::Win32::System::Threading::{
    CREATE_SUSPENDED, CreateThread, INFINITE, ResumeThread, STACK_SIZE_PARAM_IS_A_RESERVATION,
    WaitForSingleObject,
};

/// A thread that was neither joined nor detached yet: its open handle, and its number.
pub(crate) struct OsThread {
    handle: *mut c_void,
    ident: u32,
}

impl OsThread {
    /// The calling thread, on systems where a thread can find itself. Here it cannot: it has no
    /// handle of its own. Its starter publishes it before it runs.
    pub(crate) fn current() -> Option<OsThread> {
        None
    }

    /// Waits until the thread is gone.
    pub(crate) fn join(self) -> io::Result<()> {
        // SAFETY: an open handle, which nobody else closes.
        if unsafe { WaitForSingleObject(self.handle, INFINITE) } != WAIT_OBJECT_0 {
            return Err(io::Error::last_os_error());
        }
        self.detach()
    }

    /// Lets the system free the thread when it ends.
    pub(crate) fn detach(self) -> io::Result<()> {
        // SAFETY: an open handle, which nobody else closes.
        if unsafe { CloseHandle(self.handle) } == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }
}

/// Where a handle keeps its [`OsThread`].
#[derive(Debug)]
pub(crate) struct OsCell {
    handle: AtomicPtr<c_void>,
    ident: AtomicU32,
}

impl OsCell {
    pub(crate) const fn new() -> OsCell {
        OsCell {
            handle: AtomicPtr::new(ptr::null_mut()),
            ident: AtomicU32::new(0),
        }
    }

    pub(crate) fn store(&self, thread: OsThread) {
        // Relaxed: the handle's word publishes both.
        self.handle.store(thread.handle, Ordering::Relaxed);
        self.ident.store(thread.ident, Ordering::Relaxed);
    }

    /// The thread, for the one caller that may settle it.
    pub(crate) fn take(&self) -> OsThread {
        // Relaxed: the handle's word was read with Acquire.
        OsThread {
            handle: self.handle.load(Ordering::Relaxed),
            ident: self.ident.load(Ordering::Relaxed),
        }
    }

    /// The number by which the system knows the thread.
    pub(crate) fn ident(&self) -> u64 {
        u64::from(self.ident.load(Ordering::Relaxed))
    }
}

/// Starts a thread that runs `main`, and passes the thread to `publish` before `main` begins. A
/// stack size of 0 is the program's default.
pub(crate) fn spawn<M: Main>(
    main: Box<M>,
    stack_size: usize,
    publish: impl FnOnce(OsThread),
) -> io::Result<()> {
    let main = Box::into_raw(main);
    let mut ident = 0;
    // SAFETY: `enter::<M>` takes back the box that it is given; the other arguments are values.
    let handle = unsafe {
        CreateThread(
            ptr::null(),
            stack_size,
            Some(enter::<M>),
            main.cast(),
            CREATE_SUSPENDED | STACK_SIZE_PARAM_IS_A_RESERVATION,
            &mut ident,
        )
    };
    if handle.is_null() {
        let error = io::Error::last_os_error();
        // SAFETY: no thread was started, so the box is still ours.
        drop(unsafe { Box::from_raw(main) });
        return Err(error);
    }
    publish(OsThread { handle, ident });
    // SAFETY: `main` is suspended, so it has not ended and nobody has joined it: the handle is
    // open. Resuming a thread of one's own fails only for a bad handle.
    unsafe { ResumeThread(handle) };
    Ok(())
}

/// The new thread's first function. A panic that gets here ends the process.
unsafe extern "system" fn enter<M: Main>(main: *mut c_void) -> u32 {
    // SAFETY: `spawn` made this box for this thread alone.
    let main = unsafe { Box::from_raw(main.cast::<M>()) };
    main.run();
    0
}

/// Whether this system accepts a stack of that size: CPython's bound.
pub(crate) fn accepts_stack_size(bytes: usize) -> bool {
    bytes < 0x1000_0000
}
