//! [`signal_arrived`]: closes the gap between a thread's last check for signals and its sleep.
//!
//! A signal ends a sleep in the kernel by itself, but not a sleep that is about to begin. A handler that
//! runs after the thread has asked its runtime, and before the kernel checks the wait word, would go
//! unnoticed. A handler that calls [`signal_arrived`] sets a mark of its own thread, and sets the word
//! of a wait that has begun back to "awake", so that the kernel refuses the sleep.
//!
//! | the handler runs | how the wait notices |
//! |---|---|
//! | before the word is published | [`take_mark`], which the wait calls after publishing it |
//! | after that, before the kernel checks the word | the word is [`EMPTY`]: no sleep |
//! | during the sleep | the kernel, with `SA_RESTART` or without: the word has changed |
//! | after the sleep | the mark: this wait finds it, or the next interruptible one |
//!
//! Orderings: all `Relaxed`. The handler and the wait are one thread, which needs the compiler's order
//! only. The poster, another thread, meets them only at the compare-exchange on the word.

use crate::sync::{AtomicPtr, AtomicU8, AtomicU32, Relaxed, SeqCst, compiler_fence, local};
use core::ptr;

/// A wait word whose owner is awake, and which nobody has posted.
pub(crate) const EMPTY: u32 = 0;

/// A wait word whose owner is asleep, or about to be.
pub(crate) const ASLEEP: u32 = 1;

local! {
    /// 1 if a handler has run on this thread since the last interruptible wait checked.
    static MARK: AtomicU8 = AtomicU8::new(0);
}

local! {
    /// The word of this thread's interruptible wait; null outside one.
    static WORD: AtomicPtr<AtomicU32> = AtomicPtr::new(ptr::null_mut());
}

/// Tells the waits of the calling thread, from a signal handler, that a signal has arrived.
///
/// It takes effect in the wait that the thread is in, or else in its next one, before any sleep:
///
/// * with [`LockFlags::HANDLE_SIGNALS`](crate::LockFlags::HANDLE_SIGNALS) the wait asks the runtime's
///   [`pending`](crate::Runtime::pending); without an [`install`](crate::install)ed runtime it goes on;
/// * with [`FAIL_IF_INTERRUPTED`](crate::LockFlags::FAIL_IF_INTERRUPTED) the wait ends;
/// * a call named `.._with_signals` runs its check.
///
/// Without this call a signal still ends a sleep that has begun, if its handler was installed without
/// `SA_RESTART`. But a signal that is handled after the thread's last check and before its sleep ends
/// nothing, as in CPython.
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
        // SAFETY: a `Published` of this thread has published the word. The handler interrupts that thread,
        // so the `Published`, and the word that it borrows, are still there.
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

/// True if a handler has run on the calling thread since the last call.
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

/// Publishes the word of the calling thread's wait to its signal handlers, until dropped.
#[derive(Debug)]
pub(crate) struct Published<'a> {
    before: *mut AtomicU32,
    _word: core::marker::PhantomData<&'a AtomicU32>,
}

impl<'a> Published<'a> {
    pub(crate) fn new(word: &'a AtomicU32) -> Published<'a> {
        Published {
            before: publish(ptr::from_ref(word).cast_mut()),
            _word: core::marker::PhantomData,
        }
    }
}

impl Drop for Published<'_> {
    fn drop(&mut self) {
        publish(self.before);
    }
}

/// Publishes `word`, and returns the one that was published before. If the thread-locals are gone,
/// nothing is published, and a signal ends a sleep as it does without [`signal_arrived`].
fn publish(word: *mut AtomicU32) -> *mut AtomicU32 {
    let before = WORD.try_with(|published| {
        let before = published.load(Relaxed);
        published.store(word, Relaxed);
        before
    });
    compiler_fence(SeqCst);
    before.unwrap_or(ptr::null_mut())
}
