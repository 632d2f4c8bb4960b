//! What a simulated program sees: the shim of py-sync, and the calls of a kernel.
//!
//! Outside of a run everything works and costs nothing, so that locks can be made before one.

use crate::costs::{NS, Ps};
use crate::lines::Access;
use crate::state::State;
use core::sync::atomic::Ordering;
use corosensei::Yielder;
use std::cell::{Cell, RefCell};

thread_local! {
    static STATE: RefCell<Option<State>> = const { RefCell::new(None) };
    static YIELDER: Cell<*const Yielder<(), ()>> = const { Cell::new(core::ptr::null()) };
}

pub(crate) fn install(state: Option<State>) -> Option<State> {
    STATE.with(|cell| cell.replace(state))
}

pub(crate) fn with<R>(f: impl FnOnce(&mut State) -> R) -> Option<R> {
    STATE.with(|cell| cell.borrow_mut().as_mut().map(f))
}

pub(crate) fn set_yielder(yielder: *const Yielder<(), ()>) {
    YIELDER.set(yielder);
}

/// Gives the turn to the machine, which comes back when the thread goes on.
fn stand_aside() {
    let yielder = YIELDER.get();
    assert!(!yielder.is_null(), "only a thread of the machine can wait");
    // SAFETY: of the coroutine that runs at the moment, which the machine has set before it let it
    // run; the coroutine lives for as long as it runs.
    unsafe { (*yielder).suspend(()) };
}

/// Does something that takes as long as `f` says.
fn spend(f: impl FnOnce(&mut State) -> Ps) {
    let aside = with(|state| {
        let time = f(state);
        state.spend(time)
    });
    if aside == Some(true) {
        stand_aside();
    }
}

/// Touches the line at `address`.
pub fn touch<T>(address: *const T, access: Access) {
    spend(|state| {
        let time = state.access(address.addr(), access);
        state.latency(time)
    });
}

/// Computes for about so many nanoseconds.
pub fn work(nanos: u64) {
    if nanos > 0 {
        spend(|state| {
            let time = state.about(nanos * NS);
            state.computation(time)
        });
    }
}

/// Computes for exactly so many picoseconds.
pub fn work_exactly(time: Ps) {
    spend(|_| time);
}

/// Reads the processor's counter: picoseconds.
pub fn counter() -> Ps {
    spend(|state| state.latency(state.machine.costs.counter));
    now()
}

/// Which of the machine's threads runs: its place among the programs. 0 outside of a run.
pub fn this_thread() -> usize {
    with(|state| state.thread_here()).unwrap_or(0)
}

/// What time it is, for who measures: free of charge.
pub fn now() -> Ps {
    with(|state| state.now).unwrap_or(0)
}

/// Nanoseconds of the monotonic clock.
pub fn monotonic_ns() -> u64 {
    spend(|state| state.machine.costs.clock);
    now() / NS
}

/// One pause.
pub fn spin_loop() {
    spend(|state| state.machine.costs.pause);
}

/// Lets other threads of the processor run.
pub fn yield_now() {
    spend(|state| state.machine.costs.yields);
    if with(State::yields) == Some(true) {
        stand_aside();
    }
}

/// True if threads run at the same time.
pub fn has_many_processors() -> bool {
    with(|state| state.machine.processors > 1).unwrap_or(true)
}

/// Sleeps while `word` is `expected`, until woken.
pub fn wait(word: &AtomicU32, expected: u32) {
    wait_until(word, expected, None);
}

/// Sleeps while `word` is `expected`, until woken or until that instant of the monotonic clock. No
/// signal ever ends it: false.
pub fn wait_until(word: &AtomicU32, expected: u32, until: Option<u64>) -> bool {
    let address = word.as_ptr().addr();
    kernel(address);
    spend(|state| state.machine.costs.wait_refused / 2);
    let sleeps = with(|state| {
        // Not by the shim: the kernel looks and queues the thread in one.
        if word.0.load(Ordering::SeqCst) != expected {
            return false;
        }
        state.sleep(address, until.map(|nanos| nanos.saturating_mul(NS)));
        true
    });
    if sleeps == Some(true) {
        stand_aside();
    } else {
        spend(|state| state.machine.costs.wait_refused / 2);
    }
    false
}

/// Wakes one thread that sleeps on `word`, which may dangle.
pub fn wake_one(word: *const AtomicU32) {
    let address = word.addr();
    kernel(address);
    spend(|state| state.machine.costs.wake_nobody);
    spend(|state| {
        let costs = state.wake(address);
        state.about(costs)
    });
}

/// The kernel's own lock on the queue of an address, of which there are many.
fn kernel(address: usize) {
    let line = with(|state| state.kernel_line(address)).unwrap_or(0);
    touch(core::ptr::without_provenance::<u8>(line), Access::Locked);
}

macro_rules! atomic {
    ($(#[$meta:meta])* $name:ident, $of:ident, $value:ty $(, $generic:ident)?) => {
        $(#[$meta])*
        #[derive(Debug)]
        #[repr(transparent)]
        pub struct $name $(<$generic>)? (core::sync::atomic::$of $(<$generic>)?);

        impl $(<$generic>)? $name $(<$generic>)? {
            /// A new one.
            pub const fn new(value: $value) -> Self {
                Self(core::sync::atomic::$of::new(value))
            }

            /// Reads it.
            pub fn load(&self, order: Ordering) -> $value {
                touch(self, Access::Read);
                self.0.load(order)
            }

            /// Writes it.
            pub fn store(&self, value: $value, order: Ordering) {
                touch(self, Access::Write);
                self.0.store(value, order);
            }

            /// Writes it, and says what it was.
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                touch(self, Access::Locked);
                self.0.swap(value, order)
            }

            /// Writes it if it is `current`.
            #[allow(clippy::missing_errors_doc, reason = "as core's")]
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                touch(self, Access::Locked);
                self.0.compare_exchange(current, new, success, failure)
            }

            /// As `compare_exchange`: it does not fail without a reason.
            #[allow(clippy::missing_errors_doc, reason = "as core's")]
            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.compare_exchange(current, new, success, failure)
            }

            /// What its owner may write to.
            pub fn get_mut(&mut self) -> &mut $value {
                self.0.get_mut()
            }

            /// Its address.
            pub const fn as_ptr(&self) -> *mut $value {
                self.0.as_ptr()
            }
        }
    };
}

macro_rules! arithmetic {
    ($($name:ident: $value:ty),*) => {$(
        impl $name {
            /// Adds, and says what it was.
            pub fn fetch_add(&self, value: $value, order: Ordering) -> $value {
                touch(self, Access::Locked);
                self.0.fetch_add(value, order)
            }

            /// Subtracts, and says what it was.
            pub fn fetch_sub(&self, value: $value, order: Ordering) -> $value {
                touch(self, Access::Locked);
                self.0.fetch_sub(value, order)
            }

            /// Sets bits, and says what it was.
            pub fn fetch_or(&self, value: $value, order: Ordering) -> $value {
                touch(self, Access::Locked);
                self.0.fetch_or(value, order)
            }

            /// Keeps these bits, and says what it was.
            pub fn fetch_and(&self, value: $value, order: Ordering) -> $value {
                touch(self, Access::Locked);
                self.0.fetch_and(value, order)
            }
        }
    )*};
}

atomic!(/// A byte.
    AtomicU8, AtomicU8, u8);
atomic!(/// 32 bits.
    AtomicU32, AtomicU32, u32);
atomic!(/// 64 bits.
    AtomicU64, AtomicU64, u64);
atomic!(/// A word.
    AtomicUsize, AtomicUsize, usize);
atomic!(/// A pointer.
    AtomicPtr, AtomicPtr, *mut T, T);
arithmetic!(AtomicU8: u8, AtomicU32: u32, AtomicU64: u64, AtomicUsize: usize);

/// A fence costs what a locked instruction costs.
pub fn fence(order: Ordering) {
    spend(|state| state.machine.costs.locked);
    core::sync::atomic::fence(order);
}

/// A cell whose uses cost what its line costs.
#[derive(Debug, Default)]
#[repr(transparent)]
pub struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    /// A new one.
    pub const fn new(value: T) -> Self {
        UnsafeCell(core::cell::UnsafeCell::new(value))
    }

    /// What is in it.
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }

    /// Hands `f` a pointer it may read through.
    pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        touch(self, Access::Read);
        f(self.0.get())
    }

    /// Hands `f` a pointer it may write through.
    pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        touch(self, Access::Write);
        f(self.0.get())
    }
}
