//! [`EvalBreaker`]: the word that an interpreter's loop polls between instructions.

use crate::sync::{AtomicUsize, Ordering, const_fn, fence};
use core::fmt;
use core::ops::{BitOr, BitOrAssign};

/// A set of requests to a thread: CPython's eight bits with their numbers, and eight more for the
/// embedder.
///
/// CPython: `Include/internal/pycore_ceval.h`, `_PY_GIL_DROP_REQUEST_BIT` and its neighbours.
///
/// ```
/// use py_thread::Events;
/// let both = Events::SIGNALS_PENDING | Events::embedder(3);
/// assert!(both.contains(Events::SIGNALS_PENDING));
/// assert!(!both.contains(Events::GC_SCHEDULED));
/// assert_eq!(both.bits(), 0b1000_0000_0010);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Events(usize);

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $bit:expr, $c:literal;)*) => {
        impl Events {
            $(
                $(#[$doc])*
                ///
                /// ```
                #[doc = concat!("assert_eq!(py_thread::Events::", stringify!($name),
                    ".bits(), 1 << ", stringify!($bit), ");")]
                /// ```
                #[doc(alias = $c)]
                pub const $name: Events = Events(1 << $bit);
            )*
        }

        const NAMES: &[(Events, &str)] = &[$((Events::$name, stringify!($name))),*];
    };
}

events! {
    /// Another thread wants the interpreter's lock.
    GIL_DROP_REQUEST = 0, "_PY_GIL_DROP_REQUEST_BIT";
    /// A signal arrived, and its handler has to run.
    SIGNALS_PENDING = 1, "_PY_SIGNALS_PENDING_BIT";
    /// A call was queued.
    CALLS_TO_DO = 2, "_PY_CALLS_TO_DO_BIT";
    /// An exception was set from another thread.
    ASYNC_EXCEPTION = 3, "_PY_ASYNC_EXCEPTION_BIT";
    /// The collector should run.
    GC_SCHEDULED = 4, "_PY_GC_SCHEDULED_BIT";
    /// The world is to be stopped.
    PLEASE_STOP = 5, "_PY_EVAL_PLEASE_STOP_BIT";
    /// Reference counts of other threads are queued to be merged.
    EXPLICIT_MERGE = 6, "_PY_EVAL_EXPLICIT_MERGE_BIT";
    /// Compiled code that is seldom run should go (3.14).
    JIT_INVALIDATE_COLD = 7, "_PY_EVAL_JIT_INVALIDATE_COLD_BIT";
}

impl Events {
    /// Nothing.
    ///
    /// ```
    /// assert!(py_thread::Events::NONE.is_empty());
    /// ```
    pub const NONE: Events = Events(0);

    /// All that can be asked.
    ///
    /// ```
    /// use py_thread::Events;
    /// assert!(Events::ALL.contains(Events::PLEASE_STOP | Events::embedder(7)));
    /// ```
    pub const ALL: Events = Events(0xFFFF);

    /// One of the embedder's own eight: bits 8 to 15. (CPython keeps a version number there.)
    ///
    /// # Panics
    /// If `n` is 8 or more.
    ///
    /// # Examples
    /// ```
    /// use py_thread::Events;
    /// const OUT_OF_FUEL: Events = Events::embedder(0);
    /// assert_eq!(OUT_OF_FUEL.bits(), 1 << 8);
    /// ```
    #[must_use]
    pub const fn embedder(n: u32) -> Events {
        assert!(n < 8, "an embedder has eight events, 0 to 7");
        Events(1 << (8 + n))
    }

    /// The bits.
    ///
    /// ```
    /// assert_eq!(py_thread::Events::ASYNC_EXCEPTION.bits(), 8);
    /// ```
    #[must_use]
    pub const fn bits(self) -> usize {
        self.0
    }

    /// Whether there is nothing.
    ///
    /// ```
    /// assert!(!py_thread::Events::GC_SCHEDULED.is_empty());
    /// ```
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `other` are among these.
    ///
    /// ```
    /// use py_thread::Events;
    /// assert!(Events::ALL.contains(Events::CALLS_TO_DO));
    /// assert!(!Events::CALLS_TO_DO.contains(Events::ALL));
    /// ```
    #[must_use]
    pub const fn contains(self, other: Events) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Events {
    type Output = Events;

    fn bitor(self, other: Events) -> Events {
        Events(self.0 | other.0)
    }
}

impl BitOrAssign for Events {
    fn bitor_assign(&mut self, other: Events) {
        self.0 |= other.0;
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = (0..8).map(|n| (Events::embedder(n), "EMBEDDER"));
        let mut list = f.debug_list();
        for (n, (event, name)) in NAMES.iter().copied().chain(own).enumerate() {
            if self.contains(event) {
                match n.checked_sub(NAMES.len()) {
                    None => list.entry(&format_args!("{name}")),
                    Some(n) => list.entry(&format_args!("{name}_{n}")),
                };
            }
        }
        list.finish()
    }
}

/// One word per interpreter thread. Any thread or signal handler may raise bits of it, and the
/// thread's own loop polls it. A poll that finds nothing is one load.
///
/// CPython: `Include/cpython/pystate.h`, `PyThreadState.eval_breaker`.
///
/// ```
/// use py_thread::{EvalBreaker, Events};
/// static BREAKER: EvalBreaker = EvalBreaker::new();
/// let other = std::thread::spawn(|| BREAKER.raise(Events::SIGNALS_PENDING));
/// let mut instructions = 0_u64;
/// let events = loop {
///     instructions += 1; // run one
///     if BREAKER.is_raised() {
///         break BREAKER.take();
///     }
/// };
/// assert_eq!(events, Events::SIGNALS_PENDING);
/// # other.join().unwrap();
/// ```
///
/// Orderings: what a thread wrote before a `raise` is visible after the `take` or `peek` that finds
/// the bit. There is a second guarantee. Suppose one thread raises a bit and then reads another
/// thread's state (is it attached?), while that other thread changes its state and then takes or
/// peeks. At least one of the two sees what the other did, whatever ordering the state's own
/// accesses have. `is_raised` is Relaxed and gives no such guarantee: the loop uses it only to
/// decide whether to take.
#[doc(alias = "eval_breaker")]
#[derive(Debug, Default)]
pub struct EvalBreaker(AtomicUsize);

impl EvalBreaker {
    const_fn! {
        /// Nothing is asked.
        ///
        /// ```
        /// static BREAKER: py_thread::EvalBreaker = py_thread::EvalBreaker::new();
        /// assert!(!BREAKER.is_raised());
        /// ```
        #[must_use]
        pub fn new() -> EvalBreaker {
            EvalBreaker(AtomicUsize::new(0))
        }
    }

    /// Asks for `events`, from any thread or a signal handler: one atomic operation and a fence.
    ///
    /// The caller may then read the thread's state: if the thread changed its state and found
    /// nothing by `peek` or `take` afterwards, the caller sees the change. (In C the operation is
    /// sequentially consistent.)
    ///
    /// CPython: `Include/internal/pycore_ceval.h`, `_Py_set_eval_breaker_bit`.
    ///
    /// ```
    /// use py_thread::{EvalBreaker, Events};
    /// let breaker = EvalBreaker::new();
    /// breaker.raise(Events::GC_SCHEDULED);
    /// breaker.raise(Events::embedder(1));
    /// assert_eq!(breaker.take(), Events::GC_SCHEDULED | Events::embedder(1));
    /// ```
    #[doc(alias = "_Py_set_eval_breaker_bit")]
    pub fn raise(&self, events: Events) {
        // Release: publishes what the caller wrote before.
        self.0.fetch_or(events.0, Ordering::Release);
        // SeqCst: a store followed by a load, here and in the polling thread. This fence pairs with
        // that of `before_a_look`. Of the two fences one is first, and the load after the other one
        // sees the store before the first.
        fence(Ordering::SeqCst);
    }

    /// Takes `events` back.
    ///
    /// CPython: `Include/internal/pycore_ceval.h`, `_Py_unset_eval_breaker_bit`.
    ///
    /// ```
    /// use py_thread::{EvalBreaker, Events};
    /// let breaker = EvalBreaker::new();
    /// breaker.raise(Events::GIL_DROP_REQUEST | Events::CALLS_TO_DO);
    /// breaker.clear(Events::GIL_DROP_REQUEST);
    /// assert_eq!(breaker.peek(), Events::CALLS_TO_DO);
    /// ```
    #[doc(alias = "_Py_unset_eval_breaker_bit")]
    pub fn clear(&self, events: Events) {
        self.take_of(events);
    }

    /// Whether any bit is raised: one relaxed load, for the loop.
    ///
    /// A thread that has just changed its state may miss a bit that was raised before the change.
    /// So after an attach use [`peek`](EvalBreaker::peek).
    ///
    /// ```
    /// assert!(!py_thread::EvalBreaker::new().is_raised());
    /// ```
    #[inline]
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }

    /// The raised bits, which stay raised: a fence and a load. It sees every bit of a thread that
    /// did not see what the caller has written so far.
    ///
    /// CPython: `Include/internal/pycore_ceval.h`, `_Py_eval_breaker_bit_is_set`.
    ///
    /// ```
    /// use py_thread::{EvalBreaker, Events};
    /// let breaker = EvalBreaker::new();
    /// breaker.raise(Events::ASYNC_EXCEPTION);
    /// assert!(breaker.peek().contains(Events::ASYNC_EXCEPTION));
    /// assert!(breaker.is_raised());
    /// ```
    #[doc(alias = "_Py_eval_breaker_bit_is_set")]
    #[must_use]
    pub fn peek(&self) -> Events {
        self.before_a_look();
        Events(self.0.load(Ordering::Acquire))
    }

    /// Takes all raised bits.
    ///
    /// ```
    /// use py_thread::{EvalBreaker, Events};
    /// let breaker = EvalBreaker::new();
    /// breaker.raise(Events::PLEASE_STOP);
    /// assert_eq!(breaker.take(), Events::PLEASE_STOP);
    /// assert_eq!(breaker.take(), Events::NONE);
    /// ```
    #[must_use = "what was taken has to be done"]
    pub fn take(&self) -> Events {
        self.before_a_look();
        Events(self.0.swap(0, Ordering::Acquire))
    }

    /// Takes those raised bits that are in `events`, and leaves the others.
    ///
    /// ```
    /// use py_thread::{EvalBreaker, Events};
    /// let breaker = EvalBreaker::new();
    /// breaker.raise(Events::PLEASE_STOP | Events::GC_SCHEDULED);
    /// assert_eq!(breaker.take_of(Events::PLEASE_STOP), Events::PLEASE_STOP);
    /// assert_eq!(breaker.peek(), Events::GC_SCHEDULED);
    /// ```
    pub fn take_of(&self, events: Events) -> Events {
        self.before_a_look();
        Events(self.0.fetch_and(!events.0, Ordering::Acquire) & events.0)
    }

    /// Orders the caller's own stores before its load of the word.
    #[inline]
    fn before_a_look(&self) {
        // SeqCst: the other half of the pair in `raise`.
        fence(Ordering::SeqCst);
    }
}
