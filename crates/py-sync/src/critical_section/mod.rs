//! Critical sections (PEP 703): locks that a thread gives up whenever it sleeps or detaches.
//!
//! They are the lock discipline under which arbitrary code may call back: no two threads wait for
//! each other, since a thread that waits holds nothing. The price: **only the innermost section is
//! sure to be held**, and what it guards may have changed after every call that may sleep.
//!
//! Each thread has a stack of its open sections:
//!
//! ```text
//!    0      suspended          len - 1
//!   ┌─────────┬───────────────────┐     begin: push, then lock        end: unlock, pop
//!   │ hold    │ active: hold      │     detach: suspended = len, unlock what was active
//!   │ nothing │ their mutexes     │     attach, and end of the one inside: lock the top again,
//!   └─────────┴───────────────────┘                                        suspended = len - 1
//! ```
//!
//! | entry | first, second | meaning |
//! |---|---|---|
//! | filled, index >= `suspended` | set | its mutexes are held |
//! | filled, index < `suspended` | set | given up, to be locked again |
//! | unfilled | null | its thread is locking them: nothing to give up |
//!
//! Invariants:
//! * I1: `suspended <= len`, and the suspended entries are the outermost ones. Only the top is
//!   resumed, so one number says it all.
//! * I2: an active, filled entry that `locks` holds its mutexes; a suspended one holds nothing.
//! * I3: a section is pushed, unfilled, before it waits: the sections below it are suspended by its
//!   sleep, and the resume after the sleep finds it on top and takes none of them again.
//! * I4: the fields are null while its mutexes are being locked: a sleep in there gives up nothing
//!   that is not held.
//! * I5: the one lock that a waiting thread may hold unrecorded is the lower of a pair, while it
//!   waits for the higher: by address there is no circle.
//! * I6: a recorded mutex is alive: the closure forms borrow it, the begin form's caller promises.
//! * I7: while a cell's value is lent out its stack is pinned: nothing is suspended, and no section
//!   begins.
//!
//! Nothing here is shared but the mutexes, so there are no orderings.
//!
//! CPython: `Python/critical_section.c`, `Include/internal/pycore_critical_section.h`. Differs from
//! CPython: entries are in an array of the thread, not on the C stack; ending a section that is not
//! the innermost one panics; a thread whose own outer section is in the way gives it up without a
//! sleep; a sleep of a detached thread does not resume its sections; `resume` in a stopped world
//! leaves the section suspended where CPython would wait.

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

/// Panics in a debug build unless the calling thread's innermost critical section is active and
/// has `m`. In a stopped world all is held.
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
