//! A handle as one word, for C code and for C structures.

use super::Handle;
use super::state::Inner;
use crate::sync::Arc;
use core::ffi::c_void;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

impl Handle {
    /// Turns the handle into a pointer that is never null, for a `void *` of C. The pointer counts
    /// as a handle until [`from_raw`](Handle::from_raw) turns it back. If that never happens, the
    /// memory of the handle is leaked, and the thread is neither joined nor detached after its end.
    ///
    /// The pointer may go to other threads. Only this crate may read what it points at.
    ///
    /// CPython: `Modules/_threadmodule.c`, `ThreadHandle *`.
    ///
    /// # Examples
    /// A C interface that starts, joins and frees:
    /// ```
    /// use py_thread::{Handle, start};
    /// use std::ffi::c_void;
    /// use std::ptr::NonNull;
    ///
    /// extern "C" fn thread_start(f: extern "C" fn()) -> Option<NonNull<c_void>> {
    ///     start(move || f()).ok().map(Handle::into_raw)
    /// }
    ///
    /// /// # Safety
    /// /// `thread` comes from `thread_start` and was not freed.
    /// unsafe extern "C" fn thread_join(thread: NonNull<c_void>) -> bool {
    ///     // SAFETY: the caller promised a pointer that was not freed, and `join` does not keep it.
    ///     unsafe { Handle::borrow_raw(thread) }.join().is_ok()
    /// }
    ///
    /// /// # Safety
    /// /// As for `thread_join`; `thread` is not used again.
    /// unsafe extern "C" fn thread_free(thread: NonNull<c_void>) {
    ///     // SAFETY: the caller promised a pointer that was not freed and is not used again.
    ///     drop(unsafe { Handle::from_raw(thread) });
    /// }
    ///
    /// extern "C" fn work() {}
    /// let thread = thread_start(work).expect("a thread");
    /// // SAFETY: started above, joined, then freed once.
    /// unsafe {
    ///     assert!(thread_join(thread));
    ///     thread_free(thread);
    /// }
    /// ```
    #[must_use = "the handle is leaked unless `from_raw` takes it back"]
    pub fn into_raw(self) -> NonNull<c_void> {
        let raw = Arc::into_raw(self.0).cast_mut().cast();
        // SAFETY: an `Arc`'s pointer is not null.
        unsafe { NonNull::new_unchecked(raw) }
    }

    /// Makes a handle of what [`into_raw`](Handle::into_raw) gave.
    ///
    /// # Safety
    /// `raw` comes from `into_raw` of this same copy of this crate. It is passed here once. Neither
    /// it nor a handle that [`borrow_raw`](Handle::borrow_raw) made of it is used afterwards.
    ///
    /// # Examples
    /// ```
    /// use py_thread::{Handle, start};
    /// let handle = start(|| ())?;
    /// let ident = handle.ident();
    /// let raw = handle.into_raw();
    /// // SAFETY: from `into_raw`, used once.
    /// let handle = unsafe { Handle::from_raw(raw) };
    /// assert_eq!(handle.ident(), ident);
    /// handle.join()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub unsafe fn from_raw(raw: NonNull<c_void>) -> Handle {
        let inner = raw.cast::<Inner>().as_ptr().cast_const();
        // SAFETY: the caller promised a pointer of `Arc::into_raw`, whose reference becomes ours.
        Handle(unsafe { Arc::from_raw(inner) })
    }

    /// The handle behind a pointer that stays with its owner: to join through it, or to clone it.
    ///
    /// # Safety
    /// `raw` comes from `into_raw` of this same copy of this crate. [`from_raw`](Handle::from_raw)
    /// takes it back only after the last use of the result. The result is not dropped by
    /// [`ManuallyDrop::drop`], and the handle is not taken out of it.
    ///
    /// # Examples
    /// ```
    /// use py_thread::{Handle, start};
    /// let raw = start(|| ())?.into_raw();
    /// // SAFETY: taken back below, after its last use here.
    /// let another = Handle::clone(&*unsafe { Handle::borrow_raw(raw) });
    /// assert!(another.join()?.is_returned());
    /// // SAFETY: from `into_raw`, used once.
    /// drop(unsafe { Handle::from_raw(raw) });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub unsafe fn borrow_raw(raw: NonNull<c_void>) -> ManuallyDrop<Handle> {
        // SAFETY: the caller promised that the owner's reference lives, and this one is never
        // dropped.
        ManuallyDrop::new(unsafe { Handle::from_raw(raw) })
    }
}
