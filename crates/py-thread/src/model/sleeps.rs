//! Sleeps that end before the thread does: of a time limit, or of a piece of a long sleep, which is
//! how a runtime looks for signals where those end no sleep.

use super::{SOON, Work, explore, start};
use crate::sys::wait::LAST_SLEEP;
use crate::{JoinError, Runtime, Timeout};
use core::cell::Cell;
use core::ops::ControlFlow;
use core::sync::atomic::{AtomicU64, Ordering::SeqCst};
use core::time::Duration;

/// A runtime that is asked after each of its first pieces, and asks to stop after them or sleeps on
/// for ever.
struct Pieces {
    left: Cell<u32>,
    stops: bool,
}

impl Pieces {
    fn new(stops: bool) -> Pieces {
        Pieces {
            left: Cell::new(1),
            stops,
        }
    }
}

impl Runtime for Pieces {
    fn pending_interval(&self) -> Option<Duration> {
        (self.left.get() > 0).then_some(Duration::from_millis(50))
    }

    fn pending(&self) -> ControlFlow<()> {
        self.left.set(self.left.get().saturating_sub(1));
        match self.stops {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

/// The end of a piece is no end of the wait.
#[test]
fn a_join_without_a_limit_goes_on_after_a_piece_of_its_sleep() {
    explore("a_join_without_a_limit_goes_on_after_a_piece", || {
        let work = Work::new();
        let handle = start(&work);
        let joined = handle.join_with(Timeout::FOREVER, &Pieces::new(false));
        assert!(joined.unwrap().expect("it has ended").is_returned());
        assert_eq!(work.get(), 7);
    });
}

#[test]
fn a_runtime_that_asks_to_stop_ends_the_join_and_not_the_thread() {
    static STOPPED: AtomicU64 = AtomicU64::new(0);
    explore("a_runtime_that_asks_to_stop_ends_the_join", || {
        let work = Work::new();
        let handle = start(&work);
        match handle.join_with(Timeout::FOREVER, &Pieces::new(true)) {
            Ok(outcome) => assert!(outcome.expect("it has ended").is_returned()),
            Err(JoinError::Interrupted) => drop(STOPPED.fetch_add(1, SeqCst)),
            Err(other) => panic!("{other}"),
        }
        assert!(handle.join().unwrap().is_returned());
        assert_eq!(work.get(), 7);
    });
    assert_ne!(STOPPED.load(SeqCst), 0, "it was never asked");
}

/// The model's time limits are all zero, and its pieces are not.
#[test]
fn a_piece_of_a_sleep_ends_with_the_time_limit() {
    explore("a_piece_of_a_sleep_ends_with_the_time_limit", || {
        LAST_SLEEP.store(0, SeqCst);
        let work = Work::new();
        let handle = start(&work);
        let limit = Timeout::from(SOON);
        let joined = handle.join_with(limit, &Pieces::new(true)).unwrap();
        assert_eq!(LAST_SLEEP.load(SeqCst), 0, "it slept for longer");
        drop(joined);
        assert!(handle.join().unwrap().is_returned());
    });
}
