//! The child of a fork: its lot is empty.
//!
//! The child has one thread, but a copy of its parent's lot: waiters on stacks of threads that do
//! not exist, and buckets locked by threads that will never unlock them. On unix the first park
//! registers [`after_fork`] with `pthread_atfork`; nobody has to remember.
//!
//! Two threads that park first at the same time may both register: the second run does nothing
//! that the first did not. What must not be is a park that goes on unregistered, so there is no
//! "somebody else is at it" to wait for or to trust.
//!
//! One gap is left, and it is the C library's: a fork runs the handlers that were registered when
//! it began. A process that parks for the first time while another of its threads is within `fork`
//! gets a child whose lot is as it was; the docs of [`after_fork`] say what to do about it.

use super::table::lot;

/// Empties the lot in the child of a fork: all waiters are forgotten, all buckets unlocked.
///
/// The bytes of locks are left as they were: one whose holder stayed in the parent stays locked,
/// one that the forking thread holds it can unlock, whose parked bit then finds nobody and goes.
/// On unix this runs by itself in every child of a fork that began after the process first parked.
/// A runtime that wants it earlier than its own handlers, or whose first fork may meet the first
/// park of another thread, calls it itself: twice does no harm.
///
/// | in the child | is |
/// |---|---|
/// | a lock that was free, or that the forking thread holds | as it was |
/// | a [`Mutex`](crate::Mutex), [`RwMutex`](crate::RwMutex) or [`RecursiveMutex`](crate::RecursiveMutex) that another thread held | held for ever, unless [`at_fork_reinit`](crate::Mutex::at_fork_reinit) |
/// | a [`OnceFlag`](crate::OnceFlag) whose initialiser ran in another thread | waited for for ever, unless [`at_fork_reinit`](crate::OnceFlag::at_fork_reinit) |
/// | an [`Event`](crate::Event) | set or not as it was; `notify` reaches the child's own waiters |
/// | a [`SeqLock`](crate::SeqLock) in which another thread wrote | torn: [`SeqLock::after_fork`](crate::SeqLock::after_fork) |
/// | a [`RawMutex`](crate::RawMutex) with waiters | broken, unless [`at_fork_reinit`](crate::RawMutex::at_fork_reinit) |
/// | a lock whose memory was zeroed | free |
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
