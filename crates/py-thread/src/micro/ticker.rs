//! [`Ticker`]: CPython 1.5's ticker, which counts the instructions of a slice down.

use crate::eval_breaker::EvalBreaker;
use core::fmt;
use std::sync::Arc;

/// Counts instructions down from the check interval, and says when to yield.
///
/// An interpreter asks [`tick`](Ticker::tick) **before** it goes on: `false` grants one more
/// instruction. `true` means that the slice is over: the microthread should return
/// [`Step::Yield`](super::Step::Yield), and ask again in its next slice. A slice grants at least
/// one instruction, so a loop that asks first makes progress at an interval of 1 too.
///
/// The scheduler hands one to each slice; a runtime with a loop of its own makes one itself.
///
/// CPython 1.5: `Include/pystate.h`, `PyThreadState.ticker`.
///
/// ```
/// use py_thread::{EvalBreaker, micro::Ticker};
/// use std::sync::Arc;
/// let mut ticker = Ticker::new(3, Arc::new(EvalBreaker::new()));
/// let mut ran = 0;
/// while !ticker.tick() {
///     ran += 1; // one instruction
/// }
/// assert_eq!((ran, ticker.used()), (3, 3));
/// ```
#[doc(alias = "checkinterval")]
#[doc(alias = "things_to_do")]
pub struct Ticker {
    /// Instructions that may still run.
    left: u32,
    /// How many instructions the slice began with.
    granted: u32,
    /// Whether one of the fields below is set. Most slices only count, and skip those fields.
    is_marked: bool,
    /// The ticker said "yield", and the microthread had not ended its slice by itself.
    told: bool,
    /// Inside `unsliced`, where the ticker never says "yield".
    quiet: bool,
    /// Charged beyond the grant.
    over: u32,
    /// Given back by `give_way`.
    spare: u32,
    breaker: Arc<EvalBreaker>,
}

impl Ticker {
    /// A ticker for one slice of `interval` instructions (at least one), which looks at `breaker`.
    ///
    /// ```
    /// # use py_thread::{EvalBreaker, micro::Ticker};
    /// let ticker = Ticker::new(100, Default::default());
    /// assert_eq!(ticker.left(), 100);
    /// ```
    #[must_use]
    pub fn new(interval: u32, breaker: Arc<EvalBreaker>) -> Ticker {
        let granted = interval.max(1);
        Ticker {
            left: granted,
            granted,
            is_marked: false,
            told: false,
            quiet: false,
            over: 0,
            spare: 0,
            breaker,
        }
    }

    /// Begins a new slice of `interval` instructions, at least one.
    ///
    /// ```
    /// # use py_thread::{EvalBreaker, micro::Ticker};
    /// let mut ticker = Ticker::new(1, Default::default());
    /// assert!(!ticker.tick() && ticker.tick());
    /// ticker.begin(2);
    /// assert!(!ticker.tick() && !ticker.tick() && ticker.tick());
    /// ```
    #[inline]
    pub fn begin(&mut self, interval: u32) {
        self.begin_slice(interval.max(1));
    }

    /// As [`begin`](Self::begin), for a number that is at least 1.
    #[inline]
    pub(super) fn begin_slice(&mut self, granted: u32) {
        self.left = granted;
        self.granted = granted;
        if self.is_marked {
            self.is_marked = false;
            (self.told, self.quiet) = (false, false);
            (self.over, self.spare) = (0, 0);
        }
    }

    /// Asks for one more instruction: false if it may run, true if it is time to yield. Costs a
    /// decrement and a branch.
    ///
    /// ```
    /// # use py_thread::{EvalBreaker, micro::Ticker};
    /// let mut ticker = Ticker::new(1, Default::default());
    /// assert!(!ticker.tick());
    /// assert!(ticker.tick());
    /// assert!(ticker.tick(), "and again, until the next slice");
    /// ```
    #[inline]
    #[must_use = "true means to give way"]
    pub fn tick(&mut self) -> bool {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                false
            }
            None => self.tell(),
        }
    }

    /// Inlined although it is cold: a ticker whose address is never taken stays in registers.
    #[inline]
    fn tell(&mut self) -> bool {
        self.is_marked = true;
        if self.quiet {
            self.over = self.over.saturating_add(1);
            return false;
        }
        // A microthread that ended its slice by `give_way` was not interrupted.
        self.told = self.spare == 0;
        true
    }

    /// As [`tick`](Ticker::tick), for a back edge or a call: it also checks the [`EvalBreaker`],
    /// for one load more.
    ///
    /// ```
    /// use py_thread::{EvalBreaker, Events, micro::Ticker};
    /// use std::sync::Arc;
    /// let breaker = Arc::new(EvalBreaker::new());
    /// let mut ticker = Ticker::new(100, Arc::clone(&breaker));
    /// assert!(!ticker.check());
    /// breaker.raise(Events::SIGNALS_PENDING);
    /// assert!(ticker.check());
    /// assert_eq!(ticker.used(), 1);
    /// ```
    #[inline]
    #[must_use = "true means to give way"]
    pub fn check(&mut self) -> bool {
        if self.breaker.is_raised() && !self.quiet {
            (self.is_marked, self.told) = (true, true);
            return true;
        }
        self.tick()
    }

    /// Counts `n` instructions at once. A long primitive pays for itself in this way, so that the
    /// other microthreads run sooner. `n` may be more than the slice has left.
    ///
    /// ```
    /// # use py_thread::{EvalBreaker, micro::Ticker};
    /// let mut ticker = Ticker::new(100, Default::default());
    /// ticker.charge(250); // sorted a list
    /// assert!(ticker.tick());
    /// assert_eq!(ticker.used(), 250);
    /// ```
    #[doc(alias = "bump_reductions")]
    #[inline]
    pub fn charge(&mut self, n: u32) {
        match self.left.checked_sub(n) {
            Some(left) => self.left = left,
            None => {
                self.is_marked = true;
                self.over = self.over.saturating_add(n - self.left);
                self.left = 0;
            }
        }
    }

    /// Ends the slice here: from now on [`tick`](Ticker::tick) returns true. The instructions that
    /// were left are not counted as used.
    ///
    /// ```
    /// # use py_thread::{EvalBreaker, micro::Ticker};
    /// let mut ticker = Ticker::new(100, Default::default());
    /// ticker.give_way();
    /// assert!(ticker.tick());
    /// assert_eq!(ticker.used(), 0);
    /// ```
    #[inline]
    pub fn give_way(&mut self) {
        self.is_marked = true;
        self.spare = self.spare.saturating_add(self.left);
        self.left = 0;
    }

    /// Runs `f`, and never says "yield" inside it. It is meant for a native function that calls
    /// back into the interpreter: its frames are on the Rust stack, so it cannot be suspended. The
    /// instructions of `f` count, and the first tick after it pays for them.
    ///
    /// ```
    /// # use py_thread::{EvalBreaker, micro::Ticker};
    /// let mut ticker = Ticker::new(10, Default::default());
    /// ticker.unsliced(|ticker| {
    ///     for _ in 0..25 {
    ///         assert!(!ticker.check());
    ///     }
    /// });
    /// assert!(ticker.tick());
    /// assert_eq!(ticker.used(), 25);
    /// ```
    #[doc(alias = "nesting_level")]
    pub fn unsliced<R>(&mut self, f: impl FnOnce(&mut Ticker) -> R) -> R {
        struct Loud<'a>(&'a mut Ticker, bool);
        impl Drop for Loud<'_> {
            fn drop(&mut self) {
                self.0.quiet = self.1;
            }
        }
        self.is_marked = true;
        let before = core::mem::replace(&mut self.quiet, true);
        let loud = Loud(self, before);
        f(loud.0)
    }

    /// How many instructions the slice still has.
    ///
    /// ```
    /// # use py_thread::{EvalBreaker, micro::Ticker};
    /// let mut ticker = Ticker::new(5, Default::default());
    /// ticker.charge(2);
    /// assert_eq!(ticker.left(), 3);
    /// ```
    #[inline]
    #[must_use]
    pub fn left(&self) -> u32 {
        self.left
    }

    /// How many instructions were counted in this slice.
    ///
    /// ```
    /// # use py_thread::{EvalBreaker, micro::Ticker};
    /// let mut ticker = Ticker::new(5, Default::default());
    /// ticker.charge(2);
    /// assert_eq!(ticker.used(), 2);
    /// ```
    #[inline]
    #[must_use]
    pub fn used(&self) -> u64 {
        let used = u64::from(self.granted - self.left);
        match self.is_marked {
            false => used,
            true => add(used, self.over, self.spare),
        }
    }

    /// The breaker that [`check`](Ticker::check) reads.
    ///
    /// ```
    /// # use py_thread::{EvalBreaker, micro::Ticker};
    /// let ticker = Ticker::new(5, Default::default());
    /// assert!(!ticker.breaker().is_raised());
    /// ```
    #[must_use]
    pub fn breaker(&self) -> &Arc<EvalBreaker> {
        &self.breaker
    }

    /// Whether the ticker said "yield", and the microthread had not ended its slice by itself.
    #[inline]
    pub(super) fn told(&self) -> bool {
        self.is_marked && self.told
    }

    /// Whether it did more than count.
    #[inline]
    pub(super) fn is_marked(&self) -> bool {
        self.is_marked
    }
}

/// Takes its arguments by value, so that no address of the ticker is taken.
#[cold]
fn add(used: u64, over: u32, spare: u32) -> u64 {
    used + u64::from(over) - u64::from(spare)
}

impl fmt::Debug for Ticker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticker")
            .field("left", &self.left)
            .field("used", &self.used())
            .finish_non_exhaustive()
    }
}
