//! Critical sections (PEP 703): locks that a thread releases whenever it sleeps or detaches.
//!
//! Under this discipline code may call back into anything: a thread that waits holds nothing, so no two
//! threads wait for each other. The price: **only the innermost section is sure to be held**, and what
//! it guards may have changed after every call that may sleep.
//!
//! Each thread has a stack of its open sections:
//!
//! ```text
//!    0      suspended          len - 1
//!   ┌─────────┬───────────────────┐     begin: push, then lock        end: unlock, pop
//!   │ hold    │ active: hold      │     detach: suspended = len, unlock what was active
//!   │ nothing │ their mutexes     │     attach, and end of the section above: lock the top again,
//!   └─────────┴───────────────────┘                                         suspended = len - 1
//! ```
//!
//! | entry | first, second | meaning |
//! |---|---|---|
//! | filled, index >= `suspended` | set | its mutexes are held |
//! | filled, index < `suspended` | set | released, to be locked again |
//! | unfilled | null | its thread is locking them: there is nothing to release |
//!
//! Invariants:
//! * I1: `suspended <= len`, and the suspended entries are the outermost ones. Only the top is ever
//!   resumed, so one number is enough.
//! * I2: an active, filled entry that `locks` holds its mutexes; a suspended one holds nothing.
//! * I3: a section is pushed, unfilled, before it waits. Its sleep suspends the sections below, and the
//!   resume after the sleep finds it on top and locks none of them.
//! * I4: the fields are null while the mutexes are being locked, so a sleep in that time releases
//!   nothing that is not held.
//! * I5: the one lock that a waiting thread may hold without a record is the lower of a pair, while it
//!   waits for the higher. Ordered by address, such waits form no cycle.
//! * I6: a recorded mutex is alive: the closure forms borrow it, and the caller of the begin form
//!   promises it.
//! * I7: while a cell's value is lent out its stack is pinned: nothing is suspended, and no section
//!   begins.
//!
//! Only the mutexes are shared between threads, so there are no orderings here.
//!
//! CPython: `Python/critical_section.c`, `Include/internal/pycore_critical_section.h`. Differs from
//! CPython: entries are in an array of the thread, not on the C stack; ending a section that is not the
//! innermost one panics; a thread whose own outer section holds a mutex of the new one suspends that
//! without a sleep; a sleep of a detached thread does not resume its sections; `resume` in a stopped
//! world leaves the section suspended where CPython would wait.

mod cell;
mod current;
mod entered;
mod entry;
mod guard;
pub(crate) mod locks;
mod scoped;
mod slow;
mod stack;
mod thread;

pub use cell::{CriticalCell, with_critical_section_mutex, with_critical_section_mutex2};
pub use entered::EnteredCriticalSection;
pub use guard::CriticalSection;
pub use scoped::{with_critical_section, with_critical_section2};
pub use thread::{CsThread, TopSection};

use crate::hooks;
use crate::mutex::Mutex;

/// Panics in a debug build unless the calling thread's innermost critical section is active and has
/// `m`. In a stopped world it never panics.
///
/// CPython: `Include/internal/pycore_critical_section.h`,
/// `_Py_CRITICAL_SECTION_ASSERT_MUTEX_LOCKED`.
///
/// ```
/// use py_sync::{Mutex, assert_held, with_critical_section};
/// let m = Mutex::new();
/// with_critical_section(&m, |_| assert_held(&m));
/// ```
#[doc(alias = "_Py_CRITICAL_SECTION_ASSERT_MUTEX_LOCKED")]
#[doc(alias = "_Py_CRITICAL_SECTION_ASSERT_OBJECT_LOCKED")]
#[inline]
#[track_caller]
pub fn assert_held(m: &Mutex) {
    debug_assert!(
        current::with_current(|stack| stack.top_has(m)) || hooks::world_stopped(),
        "the critical section of this mutex is not held"
    );
}
