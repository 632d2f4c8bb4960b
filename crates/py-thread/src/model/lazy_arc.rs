//! A value that is made on first use: a thread that gets it sees what its maker wrote.

use super::explore_fully;
use crate::lazy_arc::LazyArc;
use crate::sync::{Arc, UnsafeCell};
use core::cell::Cell;

/// Memory that `make` writes before the value is shown.
struct Made(UnsafeCell<u32>);

// SAFETY: loom checks every access to the cell.
unsafe impl Sync for Made {}
// SAFETY: a `u32` may go to another thread.
unsafe impl Send for Made {}

impl Made {
    fn by(maker: u32) -> Made {
        let made = Made(UnsafeCell::new(0));
        // SAFETY: no other thread has it yet.
        made.0.with_mut(|p| unsafe { *p = maker });
        made
    }

    fn maker(&self) -> u32 {
        // SAFETY: loom checks that nobody writes meanwhile.
        self.0.with(|p| unsafe { *p })
    }
}

#[test]
fn two_makers_get_the_same_and_see_it() {
    explore_fully("two_makers_get_the_same_and_see_it", || {
        let lazy = Arc::new(LazyArc::new());
        let other = Arc::clone(&lazy);
        let second = loom::thread::spawn(move || {
            let made = other.get_or_make(|_| true, || Made::by(2));
            made.maker()
        });
        let ours = lazy.get_or_make(|_| true, || Made::by(1)).maker();
        assert_eq!(ours, second.join().unwrap());
        assert_eq!(lazy.get().map(Made::maker), Some(ours));
    });
}

#[test]
fn who_looks_sees_all_of_it_or_nothing() {
    explore_fully("who_looks_sees_all_of_it_or_nothing", || {
        let lazy = Arc::new(LazyArc::new());
        let other = Arc::clone(&lazy);
        let looker = loom::thread::spawn(move || other.get().map(Made::maker));
        drop(lazy.get_or_make(|_| true, || Made::by(1)));
        assert!(matches!(looker.join().unwrap(), None | Some(1)));
    });
}

/// As in a forked child, whose value is a stale one.
#[test]
fn a_stale_value_is_replaced_once() {
    explore_fully("a_stale_value_is_replaced_once", || {
        let lazy = Arc::new(LazyArc::new());
        let stale = lazy.get_or_make(|_| true, || Made::by(1));
        let fresh = |made: &Made| made.maker() != 1;
        let other = Arc::clone(&lazy);
        let second = loom::thread::spawn(move || other.get_or_make(fresh, || Made::by(2)).maker());
        let ours = lazy.get_or_make(fresh, || Made::by(3)).maker();
        assert_eq!(ours, second.join().unwrap());
        // L2 leaks the old value; this test frees it.
        // SAFETY: this is the reference that the lazy value had and has given up.
        unsafe { std::sync::Arc::decrement_strong_count(std::sync::Arc::as_ptr(&stale)) };
    });
}

/// Counts how many there are.
struct Counted<'a>(&'a Cell<usize>);

impl<'a> Counted<'a> {
    fn new(count: &'a Cell<usize>) -> Counted<'a> {
        count.set(count.get() + 1);
        Counted(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// The second, made while the first is made, is not needed.
#[test]
fn what_is_not_needed_is_dropped_and_the_rest_with_the_last_owner() {
    // One thread is enough, so there is one execution.
    loom::model(|| {
        let (count, makes) = (Cell::new(0), Cell::new(0));
        let lazy = LazyArc::new();
        let make = || {
            makes.set(makes.get() + 1);
            Counted::new(&count)
        };
        let twice = || {
            drop(lazy.get_or_make(|_| true, make));
            make()
        };
        let first = lazy.get_or_make(|_| true, twice);
        assert_eq!((count.get(), makes.get()), (1, 2));
        drop(lazy.get_or_make(|_| true, make));
        assert_eq!((count.get(), makes.get()), (1, 2));
        drop(lazy);
        assert_eq!(count.get(), 1);
        drop(first);
        assert_eq!(count.get(), 0);
    });
}
