//! A lock that a spinning writer has announced itself at.

use super::{P, R, U, W};
use crate::deadline::tests::SetClock;
use crate::deadline::{Clock, Deadline, Monotonic, TIME_TO_BE_FAIR_NS};
use crate::flags::{LockFlags, LockStatus};
use crate::rw_mutex::unlock::GivesUp;
use crate::rw_mutex::{ANNOUNCED, RwMutex};
use crate::sync::SeqCst;

const A: usize = ANNOUNCED;

/// By it no fair time comes.
static NEVER_FAIR: SetClock = SetClock::at(0);

fn at(word: usize) -> RwMutex {
    let m = RwMutex::new();
    m.0.store(word, SeqCst);
    m
}

/// A step, whether it succeeds, and the word after it.
type Step = (usize, fn(&RwMutex) -> bool, bool, usize);

#[test]
fn every_step_keeps_an_announcement_or_ends_it() {
    let leave: fn(&RwMutex) -> bool = |m| m.read_unlock_with(&NEVER_FAIR);
    let leave_owned: fn(&RwMutex) -> bool = |m| {
        m.read_unlock_owned();
        true
    };
    let give_up: fn(&RwMutex) -> bool = |m| {
        drop(GivesUp(m));
        true
    };
    let become_upgradable: fn(&RwMutex) -> bool = |m| m.become_upgradable(m.0.load(SeqCst));
    let announce: fn(&RwMutex) -> bool = |m| m.announce(m.0.load(SeqCst));
    let steps: [Step; 25] = [
        (A + 2 * R, leave, true, A + R),
        (A + R, leave, true, A),
        (A, leave, false, A),
        (A + 2 * R, leave_owned, true, A + R),
        (A + R, leave_owned, true, A),
        (A + R, RwMutex::try_read_lock, true, 2 * R),
        (A, RwMutex::try_read_lock, true, R),
        (A + R, RwMutex::try_read_lock_recursive, true, 2 * R),
        (A, RwMutex::try_write_lock, true, W),
        (A + R, RwMutex::try_write_lock, false, A + R),
        (A, |m| m.write_unlock_with(&NEVER_FAIR), false, A),
        (A, RwMutex::try_upgradable_lock, false, A),
        (A + R, RwMutex::try_upgradable_lock, false, A + R),
        (A, become_upgradable, true, U),
        (A + R, become_upgradable, true, U + R),
        (A + R, give_up, true, R),
        (A, give_up, true, 0),
        (R, announce, true, A + R),
        (A + R, announce, false, A + R),
        (W, announce, false, W),
        (W + P, announce, false, W + P),
        (R + P, announce, false, R + P),
        (U, announce, false, U),
        (U + R, announce, false, U + R),
        (U + R + W, announce, false, U + R + W),
    ];
    for (i, (before, step, succeeds, after)) in steps.into_iter().enumerate() {
        let m = at(before);
        assert_eq!(step(&m), succeeds, "step {i}");
        assert_eq!(m.0.load(SeqCst), after, "step {i}");
    }
}

#[test]
fn an_announcement_is_no_hold() {
    for (word, read, free) in [(A, false, true), (A + R, true, false)] {
        let m = at(word);
        assert_eq!(m.is_read_locked(), read);
        assert_eq!(m.is_locked(), !free);
        assert!(!m.is_write_locked() && !m.has_waiters());
        let told = format!("{m:?}");
        assert!(
            told.contains(&format!("readers: {}", usize::from(read))),
            "{told}"
        );
    }
}

#[test]
fn it_stops_a_new_reader_until_its_time_is_up() {
    for word in [A, A + R] {
        let m = at(word);
        let status = m.read_lock_with(&NEVER_FAIR, Deadline::Now, LockFlags::NONE);
        assert_eq!(status, LockStatus::Failure);
        assert_eq!(m.0.load(SeqCst) & !P, word & !A, "who parks ends it");
    }
}

/// The writer is stopped, or a thread of the parent process.
#[test]
fn a_writer_that_does_not_come_stops_a_reader_for_a_millisecond_and_the_next_not_at_all() {
    let m = at(A);
    let asked = Monotonic.now();
    m.read_lock();
    assert!(Monotonic.now() - asked >= TIME_TO_BE_FAIR_NS);
    assert!(m.read_unlock_with(&Monotonic));
    assert_eq!(m.0.load(SeqCst), 0);
}
