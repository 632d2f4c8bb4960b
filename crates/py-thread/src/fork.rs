//! What a fork does to this process: the child counts a new generation, in which every thread of an
//! older one is dead, except the thread that forked; then it runs the hooks of
//! [`on_fork_child`], py-sync's among them.
//!
//! Nothing of a handle has to be walked, locked or freed in the child: a handle carries the
//! generation in which its thread was started, and looks.
//!
//! `pthread_atfork` runs its child handlers in the order in which they were registered. A program's
//! own handler may start threads, wait and join, so ours must come before it, or it would count
//! those threads among the dead. So ours are registered before `main` (`sys/before_main.rs`), and
//! not at the first use, which may come later than the program's own. That also keeps us from ever
//! calling `pthread_atfork` from inside a handler, which deadlocks on a glibc before 2.36; and no
//! fork can have begun before the registration.
//!
//! Invariants:
//! * F1: the child counts once per fork, whoever comes first: the handler, a second copy of it, or
//!   an early [`after_fork`]. `prepare` makes the count due, and the first to count takes that away.
//! * F2: a slot of `HOOKS` goes from null to a hook, once. Whoever registers a hook finds it in a
//!   slot, or puts it there itself, before `on_fork_child` returns: there is no moment at which a
//!   hook is half registered, and nobody to wait for.
//!
//! Ordering: the generation, `SURVIVOR` and `DUE` are written by the forking thread just before the
//! fork and by the only thread of a new process; starting a thread publishes them. Two threads that
//! fork at the same time both write the same to `DUE`. So `Relaxed` is enough. A hook is put into
//! its slot with Release and read with Acquire, though code needs no publishing: what its owner did
//! before is seen by the hook.

use crate::generation::advance;
use crate::ident::Ident;
use crate::sys;
use core::fmt;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};
use std::io;

pub(crate) use crate::generation::generation;

/// The thread that forked this process, as a number; 0 in a process that nobody forked, and if
/// that thread has no number yet.
static SURVIVOR: AtomicU64 = AtomicU64::new(0);
static REGISTERED: AtomicBool = AtomicBool::new(false);
/// A fork was prepared, and its child has not counted yet. Stays true in the parent.
static DUE: AtomicBool = AtomicBool::new(false);

/// How many hooks there is room for.
const MAX_HOOKS: usize = 16;
static HOOKS: [AtomicPtr<()>; MAX_HOOKS] = [const { AtomicPtr::new(ptr::null_mut()) }; MAX_HOOKS];

/// Whether a thread of this ident, started in this generation, vanished in a fork. An ident of 0 is
/// that of a thread whose start was only claimed, and so of none that could fork.
#[inline]
pub(crate) fn is_dead(generation: u32, ident: u64) -> bool {
    generation != self::generation() && (ident == 0 || ident != SURVIVOR.load(Ordering::Relaxed))
}

/// Asks the system to call us around forks; later calls do nothing. Two threads that race here
/// register twice, which F1 allows.
pub(crate) fn register() -> io::Result<()> {
    if REGISTERED.load(Ordering::Relaxed) {
        return Ok(());
    }
    sys::at_fork(prepare, in_child)?;
    REGISTERED.store(true, Ordering::Relaxed);
    Ok(())
}

/// Runs in the parent, in the forking thread, before it forks.
extern "C" fn prepare() {
    DUE.store(true, Ordering::Relaxed);
}

/// Runs in the child, before `fork` returns there. Allocates nothing and takes no lock.
extern "C" fn in_child() {
    // F1.
    if DUE.swap(false, Ordering::Relaxed) {
        count();
    }
}

fn count() {
    SURVIVOR.store(Ident::own_if_minted(), Ordering::Relaxed);
    advance();
    for slot in &HOOKS {
        let hook = slot.load(Ordering::Acquire);
        if hook.is_null() {
            break;
        }
        // SAFETY: F2: only `on_fork_child` fills a slot, with a `fn()`.
        let hook = unsafe { core::mem::transmute::<*mut (), fn()>(hook) };
        hook();
    }
}

/// There is no room for another hook.
///
/// ```
/// let error = py_thread::TooManyForkHooks;
/// assert_eq!(error.to_string(), "too many fork hooks");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyForkHooks;

impl fmt::Display for TooManyForkHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too many fork hooks")
    }
}

impl core::error::Error for TooManyForkHooks {}

/// Runs `hook` in the child of every later fork, **before** the child handlers that the program
/// itself registered with `pthread_atfork`, so that those may rely on what `hook` mends. py-sync
/// empties its parking lot in this way.
///
/// Hooks run in the order of their registration, after this crate has counted its dead threads, so a
/// hook may start threads and join. Registering one again does nothing. Takes no lock and
/// allocates nothing: it may be called anywhere, in a fork handler or a signal handler too. Where
/// nothing forks, hooks are kept and never run.
///
/// When exactly a hook comes before the program's own handlers: see [`init`](crate::init).
///
/// # Errors
/// If 16 hooks are registered already.
///
/// # Safety
/// `hook` may do only what the child of a fork may do while its one thread is inside `fork`: take no
/// lock that another thread of the parent may have held, and not unwind.
///
/// # Examples
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
/// static FORKS: AtomicU32 = AtomicU32::new(0);
/// fn hook() {
///     FORKS.fetch_add(1, Ordering::Relaxed);
/// }
/// // SAFETY: it adds to an atomic number.
/// unsafe { py_thread::on_fork_child(hook) }?;
/// # Ok::<(), py_thread::TooManyForkHooks>(())
/// ```
pub unsafe fn on_fork_child(hook: fn()) -> Result<(), TooManyForkHooks> {
    let hook = hook as *mut ();
    for slot in &HOOKS {
        // F2. A failure shows who was first.
        let first =
            slot.compare_exchange(ptr::null_mut(), hook, Ordering::AcqRel, Ordering::Acquire);
        match first {
            Ok(_) => return Ok(()),
            Err(other) if other == hook => return Ok(()),
            Err(_) => {}
        }
    }
    Err(TooManyForkHooks)
}

/// Does in the child of a fork what runs there by itself as a rule: all threads but the calling one
/// count as ended, and the hooks of [`on_fork_child`] run.
///
/// There are two uses. A child that was made without fork handlers (`_Fork`, a raw `clone`) must
/// call it. A fork handler that was registered before this crate's own (see
/// [`init`](crate::init)) calls it first thing, and may then start threads and wait; this crate's
/// handler finds it done, and does nothing to them.
///
/// # Safety
/// The process has forked, and the calling thread is the child's only one; it is in no call of this
/// crate or of a crate that registered a hook.
///
/// # Examples
/// ```
/// # #[cfg(all(unix, not(miri)))] {
/// extern "C" fn in_child() {
///     // SAFETY: the child's only thread, within its `fork`.
///     unsafe { py_thread::after_fork() };
///     // From here on threads may be started, and joined.
/// }
/// // SAFETY: the handler does what one may.
/// assert_eq!(unsafe { libc::pthread_atfork(None, None, Some(in_child)) }, 0);
/// # }
/// ```
#[doc(alias = "_PyThread_AfterFork")]
pub unsafe fn after_fork() {
    // F1.
    DUE.store(false, Ordering::Relaxed);
    count();
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_without_an_ident_is_no_survivor() {
        let now = generation();
        assert!(!is_dead(now, 0), "it is being started");
        assert!(is_dead(now.wrapping_sub(1), 0), "its starter is gone");
    }

    #[test]
    fn a_hook_takes_one_slot() {
        fn hook() {}
        let taken = || {
            HOOKS
                .iter()
                .filter(|slot| !slot.load(Ordering::Relaxed).is_null())
                .count()
        };
        // SAFETY: it does nothing.
        let before = (unsafe { on_fork_child(hook) }, taken());
        // SAFETY: as above.
        let after = (unsafe { on_fork_child(hook) }, taken());
        assert_eq!(before, after);
    }
}
