//! [`signal_arrived`]: closes the gap between a thread's last look for signals and its sleep.
//!
//! A signal ends a sleep in the kernel by itself, but not one that is about to begin: a handler
//! that runs after the thread asked its runtime and before the kernel looks at the wait word would
//! go unnoticed. A handler that says [`signal_arrived`] leaves a mark of its own thread, and takes
//! the word of a wait that has begun back to "awake", so that the kernel refuses the sleep.
//!
//! | the handler runs | noticed by |
//! |---|---|
//! | before the word is shown | [`take_mark`], which the wait asks after showing it |
//! | after that, before the kernel looks | the word is [`EMPTY`], and not slept on |
//! | during the sleep | the kernel, `SA_RESTART` or not: the word has changed |
//! | after the sleep | the mark, by this wait or by the next interruptible one |
//!
//! Orderings: all `Relaxed`. Handler and wait are one thread, which needs the compiler's order
//! only; the poster, another thread, is met by the compare-exchange on the word alone.

use crate::primitive::{AtomicPtr, AtomicU8, AtomicU32, Relaxed, SeqCst, compiler_fence, local};
use core::ptr;

/// A wait word whose owner is awake, and which nobody has posted.
pub(crate) const EMPTY: u32 = 0;

/// A wait word whose owner is asleep, or about to be.
pub(crate) const ASLEEP: u32 = 1;

local! {
    /// 1: a handler has run on this thread since the last interruptible wait asked.
    static MARK: AtomicU8 = AtomicU8::new(0);
}

local! {
    /// The word of this thread's interruptible wait; null outside one.
    static WORD: AtomicPtr<AtomicU32> = AtomicPtr::new(ptr::null_mut());
}

/// Says, from a signal handler, that a signal has arrived for the calling thread.
///
/// The thread's wait with [`LockFlags::HANDLE_SIGNALS`](crate::LockFlags::HANDLE_SIGNALS), the one
/// it is in or else its next one, then asks the runtime's
/// [`pending`](crate::Runtime::pending) without sleeping first; without an
/// [`install`](crate::install)ed runtime it goes on. One with
/// [`FAIL_IF_INTERRUPTED`](crate::LockFlags::FAIL_IF_INTERRUPTED) ends, and one of the calls named
/// `.._with_signals` runs its check. Without this call a signal still
/// ends a sleep that has begun, where the handler was installed without `SA_RESTART`; but one that
/// is handled after the thread last looked for signals and before it sleeps ends none, as in
/// CPython.
///
/// Costs two accesses of thread-local storage and at most one compare-exchange; a wait that handles
/// signals pays four accesses for it, any other wait nothing.
///
/// # Async-signal safety
///
/// May be called from a handler: it takes no lock, allocates nothing and leaves `errno` alone. In a
/// library that was opened by `dlopen`, and on the few targets whose thread-local storage is
/// emulated, the first use of it on a thread may allocate: there, call this once on each thread
/// before the first signal.
///
/// A signal sent to the process runs its handler on any thread that does not block it. A runtime
/// that wants it on one thread blocks it in the others, or sends it on with `pthread_kill`.
///
/// # Examples
///
/// ```
/// use core::ops::ControlFlow;
/// use py_sync::{LockFlags, LockStatus, Mutex, Runtime};
///
/// struct Stops;
/// impl Runtime for Stops {
///     fn pending(&self) -> ControlFlow<()> { ControlFlow::Break(()) }
/// }
/// py_sync::install(&Stops).unwrap();
///
/// let m = Mutex::new();
/// m.lock();
/// py_sync::signal_arrived(); // as a handler would, just before the wait
/// assert_eq!(m.lock_timed(None, LockFlags::HANDLE_SIGNALS), LockStatus::Intr);
/// ```
#[doc(alias = "PyErr_SetInterruptEx")]
pub fn signal_arrived() {
    let _ = MARK.try_with(|mark| mark.store(1, Relaxed));
    compiler_fence(SeqCst);
    let word = WORD.try_with(|word| word.load(Relaxed));
    let word = word.unwrap_or(ptr::null_mut());
    if !word.is_null() {
        // SAFETY: shown by a `Shown` of this thread, which we interrupt: the word is alive.
        interrupt(unsafe { &*word });
    }
}

/// Ends the sleep on `word` before or while it lasts, from a signal handler of the thread that
/// waits: the kernel does not sleep, nor restart a sleep, on a word that has changed. True if there
/// was a sleep to end.
pub(crate) fn interrupt(word: &AtomicU32) -> bool {
    // Relaxed: a post wins, and carries its own ordering; a poster that finds `EMPTY` has nobody to
    // wake, since the thread that would sleep is running this.
    word.compare_exchange(ASLEEP, EMPTY, Relaxed, Relaxed)
        .is_ok()
}

/// True if a handler has run since the last call. On the thread that waits.
pub(crate) fn take_mark() -> bool {
    compiler_fence(SeqCst);
    MARK.try_with(|mark| {
        let marked = mark.load(Relaxed) != 0;
        if marked {
            mark.store(0, Relaxed);
        }
        marked
    })
    .unwrap_or(false)
}

/// Shows the word of the calling thread's wait to its signal handlers, until dropped.
#[derive(Debug)]
pub(crate) struct Shown<'a> {
    before: *mut AtomicU32,
    _word: core::marker::PhantomData<&'a AtomicU32>,
}

impl<'a> Shown<'a> {
    pub(crate) fn new(word: &'a AtomicU32) -> Shown<'a> {
        Shown {
            before: show(ptr::from_ref(word).cast_mut()),
            _word: core::marker::PhantomData,
        }
    }
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        show(self.before);
    }
}

/// Puts `word` in the place of the one that is shown, and returns that. The thread's storage may be
/// gone: then nothing is shown, and a signal ends the sleep as it does without us.
fn show(word: *mut AtomicU32) -> *mut AtomicU32 {
    let before = WORD.try_with(|shown| {
        let before = shown.load(Relaxed);
        shown.store(word, Relaxed);
        before
    });
    compiler_fence(SeqCst);
    before.unwrap_or(ptr::null_mut())
}
