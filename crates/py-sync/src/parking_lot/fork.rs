//! The child of a fork: its lot is empty.
//!
//! The child has one thread, but a copy of its parent's lot: waiters on stacks of threads that do
//! not exist, and buckets locked by threads that will never unlock them. On unix the first park
//! registers [`after_fork`] with `pthread_atfork`; nobody has to remember.
//!
//! Two threads that park first at the same time may both register: the second run does nothing
//! that the first did not. What must not be is a park that goes on unregistered, so there is no
//! "somebody else is at it" to wait for or to trust.

use super::table::lot;

/// Empties the lot in the child of a fork: all waiters are forgotten, all buckets unlocked.
///
/// The bytes of locks are left as they were: one whose holder stayed in the parent stays locked,
/// one that the forking thread holds it can unlock, whose parked bit then finds nobody and goes.
/// On unix this runs by itself in every forked child after the first park of the process; a
/// runtime that wants it earlier than its own handlers may call it too.
///
/// | in the child | is |
/// |---|---|
/// | a lock that was free, or that the forking thread holds | as it was |
/// | a [`Mutex`](crate::Mutex) that another thread held | locked for ever, unless [`at_fork_reinit`](crate::Mutex::at_fork_reinit) |
/// | a [`RawMutex`](crate::RawMutex) with waiters | broken until [`at_fork_reinit`](crate::RawMutex::at_fork_reinit) |
/// | a lock whose memory was zeroed | unlocked |
/// | a key of `park` | without waiters; may be parked on again |
/// | the runtime, its hooks, the thread's critical sections | as they were |
///
/// A thread must not fork from a hook or a callback of this crate.
///
/// CPython: `Python/parking_lot.c`, `_PyParkingLot_AfterFork`.
///
/// # Safety
///
/// The process has forked, the calling thread is the child's only one, and no callback of the lot
/// is running on it.
///
/// # Examples
///
/// ```
/// // SAFETY: this test has one thread, and it is in no call of the lot.
/// unsafe { py_sync::after_fork() };
/// ```
#[doc(alias = "_PyParkingLot_AfterFork")]
pub unsafe fn after_fork() {
    // SAFETY: the caller's promise.
    unsafe { lot().after_fork() };
}

/// Registers [`after_fork`], once. Under Miri and in models nothing forks.
#[cfg(all(unix, not(miri), not(all(test, loom))))]
#[inline]
pub(crate) fn register() {
    use crate::primitive::{Acquire, AtomicU8};
    static REGISTERED: AtomicU8 = AtomicU8::new(0);

    unsafe extern "C" fn child() {
        // SAFETY: called by the C library in the child's only thread, from within its `fork`.
        unsafe { after_fork() };
    }

    #[cold]
    fn register_slow() {
        use crate::primitive::Release;
        assert!(
            crate::sys::at_fork_in_child(child),
            "no memory to register after_fork"
        );
        REGISTERED.store(1, Release);
    }

    if REGISTERED.load(Acquire) == 0 {
        register_slow();
    }
}

/// Nothing forks here.
#[cfg(not(all(unix, not(miri), not(all(test, loom)))))]
#[inline]
pub(crate) fn register() {}
