//! Fork handling. This head is the one place that explains it; the user's side is the page of
//! [`init`](crate::init).
//!
//! A forked child starts a new *generation*. Every thread of an older generation is dead in it,
//! except the thread that forked. After the count the child runs the hooks of [`on_fork_child`];
//! py-sync's parking lot is one of them.
//!
//! The child walks, locks and frees nothing that belongs to a handle. A handle stores the
//! generation in which its thread was started, and compares it with the current one whenever it is
//! used (`handle/state.rs`, S5). Pools and inboxes do the same.
//!
//! `pthread_atfork` runs child handlers in the order of their registration. A program's own handler
//! may start threads and join them. So our handler must run before it; otherwise ours would count
//! those new threads as dead. For that reason we register before `main` (`sys/before_main.rs`), not
//! at the first use. Early registration has two more effects: no fork can have begun before it, and
//! we never call `pthread_atfork` inside a handler, where glibc before 2.36 deadlocks.
//!
//! Invariants:
//! * F1: the child counts once per fork. Three callers may try: the handler, a second copy of it,
//!   and an early [`after_fork`]. `prepare` sets `PREPARED`, and the first caller that counts
//!   clears it.
//! * F2: a slot of `HOOKS` changes once, from null to a hook. Before `on_fork_child` returns, the
//!   hook is in a slot. No hook is ever half registered, so nobody waits for a registration.
//!
//! Ordering: the forking thread writes `PREPARED` just before the fork, and the only thread of the
//! child writes all three of the generation, `SURVIVOR` and `PREPARED`. The start of a thread
//! publishes them. Two threads that fork at the same time write the same value to `PREPARED`. So
//! `Relaxed` is enough. A hook is stored with Release and loaded with Acquire: the hook sees what
//! its owner wrote before the registration.

use crate::generation::advance;
use crate::ident::Ident;
use crate::sys;
use core::fmt;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};
use std::io;

pub(crate) use crate::generation::generation;

/// The ident of the thread that forked this process. 0 if the process was not forked, or if that
/// thread had no ident yet.
static SURVIVOR: AtomicU64 = AtomicU64::new(0);
static REGISTERED: AtomicBool = AtomicBool::new(false);
/// A fork was prepared, and its child has not counted yet (F1). It stays true in the parent.
static PREPARED: AtomicBool = AtomicBool::new(false);

/// How many hooks there is room for.
const MAX_HOOKS: usize = 16;
static HOOKS: [AtomicPtr<()>; MAX_HOOKS] = [const { AtomicPtr::new(ptr::null_mut()) }; MAX_HOOKS];

/// Whether a thread of this ident, started in this generation, vanished in a fork. A thread whose
/// start was only claimed has ident 0: it never ran, so it cannot be the one that forked.
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
    PREPARED.store(true, Ordering::Relaxed);
}

/// Runs in the child, before `fork` returns there. Allocates nothing and takes no lock.
extern "C" fn in_child() {
    // F1.
    if PREPARED.swap(false, Ordering::Relaxed) {
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
/// itself registered with `pthread_atfork`. Those may then rely on what `hook` repairs. py-sync
/// empties its parking lot in this way.
///
/// Hooks run in the order of their registration, after this crate has counted its dead threads. So
/// a hook may start threads and join. To register a hook twice does nothing. (Hooks are told apart
/// by their addresses, and casts of one function may give several: keep one pointer.) This function
/// takes no lock and allocates nothing, so it may be called in a fork handler or a signal handler
/// too. On a system without forks, hooks are kept and never run.
///
/// [`init`](crate::init) says on which systems hooks come before the program's own handlers.
///
/// # Errors
/// If 16 hooks are registered already.
///
/// # Safety
/// `hook` may do only what the child of a fork may do while its one thread is inside `fork`: take
/// no lock that another thread of the parent may have held, and not unwind.
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
        // F2: a failed exchange gives the hook that took this slot first.
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

/// Tells this crate, in the child of a fork, that the process was forked: all threads but the
/// calling one count as ended, and the hooks of [`on_fork_child`] run. As a rule that happens by
/// itself.
///
/// There are two cases for a call. A child that was made without fork handlers (`_Fork`, a raw
/// `clone`) must call it. A fork handler that was registered before this crate's own (see
/// [`init`](crate::init)) calls it first, and may then start threads and wait. This crate's handler
/// then sees that the work is done, and does not count the new threads as dead.
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
    PREPARED.store(false, Ordering::Relaxed);
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
        // One pointer: another one to the same function may be another address.
        let hook: fn() = || ();
        let taken = || {
            HOOKS
                .iter()
                .filter(|slot| !slot.load(Ordering::Relaxed).is_null())
                .count()
        };
        // SAFETY: the hook does nothing.
        let before = (unsafe { on_fork_child(hook) }, taken());
        // SAFETY: the hook does nothing.
        let after = (unsafe { on_fork_child(hook) }, taken());
        assert_eq!(before, after);
    }
}
