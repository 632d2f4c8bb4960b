//! The calling thread's stack of sections: its own, or that of the [`CsThread`](super::CsThread) that it
//! has entered.

use super::stack::Stack;
use crate::hooks::{self, SectionHooks};
use crate::sync::local;
use core::cell::Cell;
use core::ptr;

local! {
    static OWN: Stack = Stack::new();
}

local! {
    static CURRENT: Cell<*const Stack> = Cell::new(ptr::null());
}

/// What a thread's sleeps call once it has begun a section.
static HOOKS: SectionHooks = SectionHooks {
    suspend: || with_current(Stack::suspend_all),
    resume: |depth| {
        with_current(|stack| {
            // If not, the section that was begun is on top, and the one that was held before is not
            // resumed.
            debug_assert!(
                stack.len.get() == depth || std::thread::panicking(),
                "a critical section was begun while its thread was detached, and not ended"
            );
            stack.resume();
        });
    },
};

/// Runs `f` on the calling thread's stack.
#[inline]
pub(super) fn with_current<R>(f: impl FnOnce(&Stack) -> R) -> R {
    // SAFETY: the pointer is to `OWN`, which lives as long as the thread and needs no drop, or to a
    // stack that `enter` or `waiting_on` borrows until it has put the previous one back.
    f(unsafe { &*current() })
}

/// The calling thread's stack.
#[inline]
pub(super) fn current() -> *const Stack {
    let current = CURRENT.with(Cell::get);
    if current.is_null() {
        return adopt_own();
    }
    current
}

/// Makes the thread's own stack the current one, at its first section, and registers the hooks: from
/// now on its sleeps suspend its sections.
#[cold]
fn adopt_own() -> *const Stack {
    let own = OWN.with(ptr::from_ref);
    CURRENT.with(|current| current.set(own));
    hooks::register_sections(&HOOKS);
    own
}

/// Runs `f` with `stack` as the calling thread's. The previous stack is suspended meanwhile. `stack` is
/// resumed before `f` and suspended after it.
pub(super) fn enter<R>(stack: &Stack, f: impl FnOnce() -> R) -> R {
    struct Leave<'a>(&'a Stack);
    impl Drop for Leave<'_> {
        fn drop(&mut self) {
            self.0.suspend_all();
        }
    }
    if ptr::eq(current(), stack) {
        return f();
    }
    waiting_on(stack, || {
        let _leave = Leave(stack);
        stack.resume();
        f()
    })
}

/// Runs `f`, which may sleep on behalf of `stack`: the sleep suspends and resumes `stack`. The thread's
/// previous stack is suspended all the time.
#[inline]
pub(super) fn waiting_on<R>(stack: &Stack, f: impl FnOnce() -> R) -> R {
    struct Back(*const Stack, u32);
    impl Drop for Back {
        fn drop(&mut self) {
            CURRENT.with(|current| current.set(self.0));
            if self.1 > 0 {
                with_current(Stack::resume);
            }
        }
    }
    let before = current();
    if ptr::eq(before, stack) {
        return f();
    }
    let _back = Back(before, with_current(Stack::suspend_all));
    CURRENT.with(|current| current.set(ptr::from_ref(stack)));
    f()
}
