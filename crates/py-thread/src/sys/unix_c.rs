//! Threads whose function is C's, and C's condition variables, for the C interface.

use super::{Attributes, check, from_ptr, to_ptr};
use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr;
use std::io;

/// What a thread runs. It may end the thread from inside ([`exit_thread`]), so it is called by a frame
/// that has nothing to drop.
pub(crate) type Entry = unsafe extern "C-unwind" fn(arg: *mut c_void);

unsafe extern "C-unwind" {
    /// Ends the calling thread, by unwinding its stack where the C library does.
    fn pthread_exit(value: *mut c_void) -> !;
}

unsafe extern "C" {
    /// As libc's, with a function that may be unwound.
    fn pthread_create(
        thread: *mut libc::pthread_t,
        attributes: *const libc::pthread_attr_t,
        enter: unsafe extern "C-unwind" fn(*mut c_void) -> *mut c_void,
        arg: *mut c_void,
    ) -> c_int;
}

struct Start {
    f: Entry,
    arg: *mut c_void,
}

/// A thread that is neither joined nor detached, as a number.
pub(crate) type Handle = usize;

fn thread_of(handle: Handle) -> libc::pthread_t {
    from_ptr(ptr::with_exposed_provenance_mut(handle))
}

/// Starts a thread that calls `f(arg)`. A stack size of 0 is the platform's default.
///
/// # Safety
/// `f` may be called with `arg` on another thread.
pub(crate) unsafe fn start(f: Entry, arg: *mut c_void, stack_size: usize) -> io::Result<Handle> {
    let stack_size = match stack_size {
        0 => crate::sys::DEFAULT_STACK_SIZE,
        bytes => bytes,
    };
    let attributes = match stack_size {
        0 => None,
        bytes => Some(Attributes::with_stack_size(bytes)?),
    };
    let attributes = attributes.as_ref().map_or(ptr::null(), |a| a.0.as_ptr());
    let start = Box::into_raw(Box::new(Start { f, arg }));
    let mut thread = MaybeUninit::uninit();
    // SAFETY: `attributes` is null or initialised; `enter` takes back the box.
    let rc = unsafe { pthread_create(thread.as_mut_ptr(), attributes, enter, start.cast()) };
    if let Err(error) = check(rc) {
        // SAFETY: no thread was started, so the box is still ours.
        drop(unsafe { Box::from_raw(start) });
        return Err(error);
    }
    // SAFETY: pthread_create succeeded, so it wrote the thread.
    Ok(to_ptr(unsafe { thread.assume_init() }).expose_provenance())
}

/// The new thread's first function.
unsafe extern "C-unwind" fn enter(start: *mut c_void) -> *mut c_void {
    // SAFETY: `start` made this box for this thread alone. It is freed before the call: the frame
    // has nothing to drop when the thread ends inside.
    let Start { f, arg } = *unsafe { Box::from_raw(start.cast::<Start>()) };
    // SAFETY: the promise of `start`'s caller.
    unsafe { f(arg) };
    ptr::null_mut()
}

/// Waits until the thread is gone: 0, or an error number.
///
/// # Safety
/// It is neither joined nor detached, by nobody else either.
pub(crate) unsafe fn join(handle: Handle) -> c_int {
    // SAFETY: the caller promises that the thread of `handle` was neither joined nor detached.
    unsafe { libc::pthread_join(thread_of(handle), ptr::null_mut()) }
}

/// Lets the system free the thread when it ends: 0, or an error number.
///
/// # Safety
/// As for [`join`].
pub(crate) unsafe fn detach(handle: Handle) -> c_int {
    // SAFETY: the caller promises that the thread of `handle` was neither joined nor detached.
    unsafe { libc::pthread_detach(thread_of(handle)) }
}

/// Ends the calling thread.
///
/// # Safety
/// Its frames may all be left without a drop.
pub(crate) unsafe fn exit_thread() -> ! {
    // SAFETY: the caller promises that no frame of the thread has anything to drop.
    unsafe { pthread_exit(ptr::null_mut()) }
}

/// Whether condition variables go by the clock that is never set.
const MONOTONIC: bool = cfg!(not(target_vendor = "apple"));

/// Makes a condition variable that goes by the clock of [`condition_after`]: 0, or an error number.
///
/// # Safety
/// There is room for one, which nobody uses yet.
pub(crate) unsafe fn condition_new(condition: *mut c_void) -> c_int {
    let mut attributes = MaybeUninit::uninit();
    // SAFETY: room for the attributes.
    let rc = unsafe { libc::pthread_condattr_init(attributes.as_mut_ptr()) };
    if rc != 0 {
        return rc;
    }
    // SAFETY: the attributes are initialised, and the caller promises room for a condition
    // variable.
    unsafe {
        let rc = set_clock(attributes.as_mut_ptr());
        let rc = match rc {
            0 => libc::pthread_cond_init(condition.cast(), attributes.as_ptr()),
            rc => rc,
        };
        libc::pthread_condattr_destroy(attributes.as_mut_ptr());
        rc
    }
}

/// # Safety
/// The attributes are initialised.
#[cfg(not(target_vendor = "apple"))]
unsafe fn set_clock(attributes: *mut libc::pthread_condattr_t) -> c_int {
    // SAFETY: the caller promises that the attributes are initialised.
    unsafe { libc::pthread_condattr_setclock(attributes, libc::CLOCK_MONOTONIC) }
}

/// # Safety
/// None is needed.
#[cfg(target_vendor = "apple")]
unsafe fn set_clock(_attributes: *mut libc::pthread_condattr_t) -> c_int {
    0
}

/// Writes the time that is so many microseconds from now, or as near as a `timespec` can say.
///
/// # Safety
/// There is room for a `timespec`.
#[allow(
    clippy::useless_conversion,
    trivial_numeric_casts,
    reason = "its fields are narrower on some systems"
)]
pub(crate) unsafe fn condition_after(microseconds: i64, out: *mut c_void) {
    const NS_PER_S: i64 = 1_000_000_000;
    let clock = match MONOTONIC {
        true => libc::CLOCK_MONOTONIC,
        false => libc::CLOCK_REALTIME,
    };
    // SAFETY: all zero is a time.
    let mut time: libc::timespec = unsafe { core::mem::zeroed() };
    // SAFETY: room for a time. It fails for a clock that does not exist.
    unsafe { libc::clock_gettime(clock, &mut time) };
    let ns = microseconds.saturating_mul(1000);
    // In two parts, so that the nanoseconds of both cannot overflow.
    let ns_now = i64::from(time.tv_nsec) + ns.rem_euclid(NS_PER_S);
    let seconds = ns.div_euclid(NS_PER_S) + ns_now / NS_PER_S;
    let seconds = i64::from(time.tv_sec).saturating_add(seconds);
    let most = match size_of_val(&time.tv_sec) {
        4 => i64::from(i32::MAX),
        _ => i64::MAX,
    };
    time.tv_sec = seconds.min(most) as _;
    time.tv_nsec = (ns_now % NS_PER_S) as _;
    // SAFETY: the caller promises room for a `timespec` at `out`.
    unsafe { out.cast::<libc::timespec>().write(time) };
}
