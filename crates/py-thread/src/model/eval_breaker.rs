//! The eval breaker. One thread raises and then reads another's state; the other changes its state
//! and then reads its breaker. At least one of them sees what the other did.

use super::{Work, explore_fully};
use crate::sync::{Arc, AtomicU32, Ordering};
use crate::{EvalBreaker, Events};

const DETACHED: u32 = 0;
const ATTACHED: u32 = 1;

struct Thread {
    breaker: EvalBreaker,
    /// A state of the embedder's. Relaxed everywhere, so that only the breaker orders it.
    state: AtomicU32,
}

/// One thread is asked to stop while it attaches, and reads its breaker by `look`. Either it sees
/// the request, or the thread that asks sees that it is attached.
fn nobody_is_missed(name: &str, look: fn(&EvalBreaker) -> Events) {
    explore_fully(name, move || {
        let thread = Arc::new(Thread {
            breaker: EvalBreaker::new(),
            state: AtomicU32::new(DETACHED),
        });
        let asked = Arc::clone(&thread);
        let asker = loom::thread::spawn(move || {
            asked.breaker.raise(Events::PLEASE_STOP);
            asked.state.load(Ordering::Relaxed)
        });
        thread.state.store(ATTACHED, Ordering::Relaxed);
        let heard = look(&thread.breaker).contains(Events::PLEASE_STOP);
        let seen = asker.join().unwrap() == ATTACHED;
        assert!(heard || seen, "the world stops without a thread that runs");
    });
}

#[test]
fn a_peek_and_a_raise() {
    nobody_is_missed("a_peek_and_a_raise", EvalBreaker::peek);
}

#[test]
fn a_take_and_a_raise() {
    nobody_is_missed("a_take_and_a_raise", EvalBreaker::take);
}

#[test]
fn a_take_of_one_and_a_raise() {
    nobody_is_missed("a_take_of_one_and_a_raise", |breaker| {
        breaker.take_of(Events::PLEASE_STOP)
    });
}

/// Who reads its breaker by `look` and is asked sees what the other wrote before it asked.
fn what_was_written_before_is_seen(name: &str, look: fn(&EvalBreaker) -> Events) {
    explore_fully(name, move || {
        let breaker = Arc::new(EvalBreaker::new());
        let work = Work::new();
        let (raised, writer) = (Arc::clone(&breaker), Arc::clone(&work));
        let asker = loom::thread::spawn(move || {
            writer.set(7);
            raised.raise(Events::CALLS_TO_DO);
        });
        if look(&breaker).contains(Events::CALLS_TO_DO) {
            assert_eq!(work.get(), 7);
        }
        asker.join().unwrap();
    });
}

#[test]
fn who_is_asked_sees_what_was_written_before() {
    let name = "who_is_asked_sees_what_was_written_before";
    what_was_written_before_is_seen(name, EvalBreaker::take);
}

#[test]
fn who_peeks_sees_what_was_written_before() {
    what_was_written_before_is_seen("who_peeks_sees_what_was_written_before", EvalBreaker::peek);
}

#[test]
fn who_takes_one_sees_what_was_written_before() {
    let name = "who_takes_one_sees_what_was_written_before";
    what_was_written_before_is_seen(name, |breaker| breaker.take_of(Events::CALLS_TO_DO));
}
