//! What a release makes of the word, and which waiters it takes out of the queue: the rules of
//! `queue.rs`, row by row.
//!
//! The waiters park one after the other. Those that are woken are held back before they compete for
//! the lock, so the word stays as the release has left it until the test has looked.

mod announced;

use super::protocol::put_off;
use super::queue::{READS, UPGRADES, WRITES};
use super::unlock::GivesUp;
use super::{ONE_READER, PARKED, RwMutex, UPGRADABLE, WRITER};
use crate::deadline::tests::SetClock;
use crate::deadline::{Deadline, TIME_TO_BE_FAIR_NS};
use crate::flags::{LockFlags, LockStatus};
use crate::hooks::{SectionHooks, register_sections};
use crate::parking_lot::{Kind, Waiters, lot};
use crate::sync::{AtomicU64, AtomicUsize, SeqCst};
use std::cell::RefCell;
use std::sync::{Arc, Mutex};

const W: usize = WRITER;
const P: usize = PARKED;
const U: usize = UPGRADABLE;
const R: usize = ONE_READER;

#[test]
fn a_waiter_is_due_50_us_later_for_each_in_front() {
    assert_eq!([0, 1, 127].map(put_off), [0, 50_000, 6_350_000]);
}

thread_local! {
    /// Shut while it is locked.
    static GATE: RefCell<Arc<Mutex<()>>> = RefCell::default();
}

/// Holds a woken thread back before it competes for the lock, until the gate is open.
static HELD_BACK: SectionHooks = SectionHooks {
    suspend: || 1,
    resume: |_| drop(GATE.with_borrow(Arc::clone).lock()),
};

/// One after the other: readers are `R`, writers `W`, upgradable readers `U`.
fn queued(m: &RwMutex) -> String {
    let letters = |waiters: &mut Waiters<'_>| {
        let letter = |token| match token {
            READS => 'R',
            WRITES => 'W',
            UPGRADES => 'U',
            other => panic!("nobody waits for {other}"),
        };
        waiters
            .iter()
            .map(|request| letter(request.token))
            .collect()
    };
    // SAFETY: the lock is this test's own; the closure does not call into the lot.
    unsafe { lot().with_waiters(Kind::RwMutex, m.key(), letters) }
}

/// Locks as `kind` says, and unlocks.
fn turn(m: &RwMutex, clock: &SetClock, kind: char) {
    let (never, detach) = (Deadline::Never, LockFlags::DETACH);
    let status = match kind {
        'R' => m.read_lock_with(clock, never, detach),
        'W' => m.write_lock_with(clock, never, detach),
        _ => m.upgradable_lock_with(clock, never, detach),
    };
    assert_eq!(status, LockStatus::Acquired);
    match kind {
        'R' => assert!(m.read_unlock_with(clock)),
        'W' => assert!(m.write_unlock_with(clock)),
        _ => m.upgradable_unlock_with(clock),
    }
}

/// The word and the queue after a `release` that comes `later`, in nanoseconds, than the waiters of `queue`.
/// `end` ends the holds that are left then.
fn after(
    before: usize,
    queue: &str,
    later: u64,
    release: fn(&RwMutex, &SetClock),
    end: fn(&RwMutex, &SetClock),
) -> (usize, String) {
    static ROUND: AtomicU64 = AtomicU64::new(0); // Each begins after the pause of the one before.
    let start = ROUND.fetch_add(2 * LATE, SeqCst);
    let (m, clock, gate) = (RwMutex::new(), SetClock::at(start), Arc::default());
    m.0.store(before, SeqCst);
    let result = std::thread::scope(|scope| {
        let shut = Mutex::lock(&gate);
        for (i, kind) in queue.chars().enumerate() {
            let (m, clock, gate) = (&m, &clock, &gate);
            scope.spawn(move || {
                GATE.set(Arc::clone(gate));
                register_sections(&HELD_BACK);
                turn(m, clock, kind);
            });
            while queued(m).len() <= i {
                std::thread::yield_now();
            }
        }
        clock.set(start + later);
        release(&m, &clock);
        let result = (m.0.load(SeqCst), queued(&m));
        drop(shut);
        end(&m, &clock);
        result
    });
    assert_eq!(m.0.load(SeqCst), 0, "nobody is left");
    result
}

/// Nanoseconds after the waiters have come: before any fair time, and after all of them.
const EARLY: u64 = 0;
const LATE: u64 = 1_000_000_000;

/// The word and the queue before a release, and after an early and a late one.
type Row<'a> = (usize, &'a str, (usize, &'a str), (usize, &'a str));

fn check(rows: &[Row<'_>], release: fn(&RwMutex, &SetClock), end: fn(&RwMutex, &SetClock)) {
    for &(before, queue, early, late) in rows {
        for (now, expected) in [(EARLY, early), (LATE, late)] {
            let (word, left) = after(before, queue, now, release, end);
            let told = format!("{before:#x} {queue:?} at {now:#x} becomes {word:#x} {left:?}");
            assert_eq!((word, left.as_str()), expected, "{told}");
        }
    }
}

/// Of a release that does not ask whether it is late.
fn check_always(
    rows: &[(usize, &str, (usize, &str))],
    release: fn(&RwMutex, &SetClock),
    end: fn(&RwMutex, &SetClock),
) {
    for &(before, queue, expected) in rows {
        check(&[(before, queue, expected, expected)], release, end);
    }
}

fn end_none(_: &RwMutex, _: &SetClock) {}

fn end_write(m: &RwMutex, clock: &SetClock) {
    assert!(m.write_unlock_with(clock));
}

fn end_read(m: &RwMutex, clock: &SetClock) {
    assert!(m.read_unlock_with(clock));
}

fn end_upgradable(m: &RwMutex, clock: &SetClock) {
    m.upgradable_unlock_with(clock);
}

fn end_both(m: &RwMutex, clock: &SetClock) {
    end_upgradable(m, clock);
    end_read(m, clock);
}

#[test]
fn a_writer_wakes_the_front_or_hands_the_lock_to_it() {
    let rows = [
        (W, "W", (0, ""), (W, "")),
        (W, "WW", (0, "W"), (W + P, "W")),
        (W, "WR", (0, "R"), (W + P, "R")),
        (W, "WU", (0, "U"), (W + P, "U")),
        (W, "R", (0, ""), (R, "")),
        (W, "RR", (0, ""), (2 * R, "")),
        (W, "RRW", (P, "W"), (2 * R + P, "W")),
        (W, "RWR", (P, "WR"), (R + P, "WR")),
        (W, "RWU", (P, "WU"), (R + P, "WU")),
        (W, "U", (0, ""), (U, "")),
        (W, "UU", (P, "U"), (U + P, "U")),
        (W, "UR", (0, ""), (U + R, "")),
        (W, "RU", (0, ""), (U + R, "")),
        (W, "RUW", (P, "W"), (U + R + P, "W")),
        (W, "UWR", (P, "W"), (U + R + P, "W")),
        (W, "UWUR", (P, "WU"), (U + R + P, "WU")),
        // The bit may say that somebody is parked when nobody is.
        (W + P, "", (0, ""), (0, "")),
    ];
    check(&rows, end_write, end_none);
}

/// The lock is handed over if the first of those that go is due, strictly after its fair time.
#[rstest::rstest]
#[case("W", 0, 0)]
#[case("W", 1, W)]
#[case("RR", 0, 0)]
#[case("RR", 1, 2 * R)]
#[case("WR", 1, W + P)]
fn the_first_of_the_front_says_when(#[case] queue: &str, #[case] past: u64, #[case] word: usize) {
    let now = TIME_TO_BE_FAIR_NS + past;
    assert_eq!(after(W, queue, now, end_write, end_none).0, word);
}

#[test]
fn the_last_reader_lets_no_new_one_pass_the_writer_that_it_wakes() {
    let rows = [
        (R, "W", (P, ""), (W, "")),
        (R, "WW", (P, "W"), (W + P, "W")),
        (R, "WR", (P, "R"), (W + P, "R")),
        (R, "WU", (P, "U"), (W + P, "U")),
        // The writer for whom they came too late has given up.
        (R + P, "R", (R, ""), (R, "")),
        (R + P, "RW", (R + P, "W"), (R + P, "W")),
        (R + P, "U", (U, ""), (U, "")),
        (R + P, "UW", (U + P, "W"), (U + P, "W")),
        (R + P, "", (0, ""), (0, "")),
    ];
    check(&rows, end_read, end_none);
    // This one has the real clock, and the fair times of these waiters are long past.
    let owned = rows.map(|(before, queue, _, late)| (before, queue, late));
    check_always(&owned, |m, _| m.read_unlock_owned(), end_none);
    let not_the_last = [
        (2 * R, "W", (R + P, "W")),
        (2 * R + P, "R", (R + P, "R")),
        (U + R, "W", (U + P, "W")),
    ];
    check_always(&not_the_last[..2], end_read, end_read);
    check_always(&not_the_last[2..], end_read, end_upgradable);
    let owned = |m: &RwMutex, _: &SetClock| m.read_unlock_owned();
    check_always(&not_the_last[..2], owned, end_read);
    check_always(&not_the_last[2..], owned, end_upgradable);
}

#[test]
fn an_upgradable_reader_that_leaves_hands_its_place_to_the_next() {
    let rows = [
        (U, "W", (P, ""), (W, "")),
        (U, "WW", (P, "W"), (W + P, "W")),
        (U, "WU", (P, "U"), (W + P, "U")),
        (U, "U", (U, ""), (U, "")),
        (U, "UU", (U + P, "U"), (U + P, "U")),
        (U, "UW", (U + P, "W"), (U + P, "W")),
        (U + P, "", (0, ""), (0, "")),
    ];
    check(&rows, end_upgradable, end_none);
    let beside_a_reader = [
        (U + R, "W", (R + P, "W")),
        (U + R, "WU", (R + P, "WU")),
        (U + R, "U", (U + R, "")),
        (U + R, "UW", (U + R + P, "W")),
        (U + R + P, "", (R, "")),
        (U + R, "", (R, "")),
    ];
    check_always(&beside_a_reader, end_upgradable, end_read);
}

/// By now another is upgradable, and waits for the readers to leave. So the parked bit must stay.
#[test]
fn who_comes_too_late_to_be_upgradable_changes_nothing() {
    let late = |m: &RwMutex, _: &SetClock| assert!(!m.become_upgradable(P));
    let end = |m: &RwMutex, clock: &SetClock| {
        end_read(m, clock);
        m.0.fetch_and(!U, SeqCst);
        end_write(m, clock);
    };
    check_always(&[(U + W + R, "R", (U + W + R + P, "R"))], late, end);
}

#[test]
fn who_becomes_a_reader_lets_in_who_may_be_beside_it() {
    let rows = [
        (W, "", (R, "")),
        (W + P, "", (R, "")),
        (W, "W", (R + P, "W")),
        (W, "WR", (R + P, "WR")),
        (W, "R", (2 * R, "")),
        (W, "RW", (2 * R + P, "W")),
        (W, "U", (U + R, "")),
        (W, "UU", (U + R + P, "U")),
        (W, "UWR", (U + 2 * R + P, "W")),
    ];
    check_always(&rows, |m, clock| m.downgrade_with(clock), end_read);
    let rows = [
        (U, "", (R, "")),
        (U + P, "", (R, "")),
        (U, "W", (R + P, "W")),
        (U, "WU", (R + P, "WU")),
        (U, "U", (U + R, "")),
        (U, "UU", (U + R + P, "U")),
        (U, "UW", (U + R + P, "W")),
    ];
    let release = |m: &RwMutex, clock: &SetClock| m.downgrade_upgradable_with(clock);
    check_always(&rows, release, end_read);
}

#[test]
fn who_becomes_the_upgradable_reader_lets_readers_in() {
    let rows = [
        (W, "", (U, "")),
        (W + P, "", (U, "")),
        (W, "W", (U + P, "W")),
        (W, "U", (U + P, "U")),
        (W, "R", (U + R, "")),
        (W, "WR", (U + R + P, "W")),
        (W, "RWR", (U + 2 * R + P, "W")),
        (W, "UR", (U + R + P, "U")),
    ];
    let release = |m: &RwMutex, clock: &SetClock| m.downgrade_to_upgradable_with(clock);
    check_always(&rows, release, end_upgradable);
}

#[test]
fn an_upgrade_leaves_the_queue_alone() {
    let rows = [
        (U, "", (W, "")),
        (U + P, "", (W + P, "")),
        (U, "W", (W + P, "W")),
        (U, "U", (W + P, "U")),
        (U + W, "R", (W + P, "R")),
    ];
    check_always(&rows, |m, _| assert!(m.try_upgrade()), end_write);
}

#[test]
fn an_upgrade_that_gives_up_lets_in_the_readers_that_it_has_stopped() {
    let rows = [
        (U + W + R, "", (U + R, "")),
        (U + W + R, "R", (U + 2 * R, "")),
        (U + W + R, "RW", (U + 2 * R + P, "W")),
        (U + W + R, "WR", (U + 2 * R + P, "W")),
        (U + W + R, "UR", (U + 2 * R + P, "U")),
    ];
    let give_up = |m: &RwMutex, _: &SetClock| {
        assert_eq!(m.upgrade_with(Deadline::At(1)), LockStatus::Failure);
    };
    check_always(&rows, give_up, end_both);
}

#[test]
fn a_writer_that_gives_up_lets_in_those_that_only_it_has_stopped() {
    let give_up = |m: &RwMutex, _: &SetClock| drop(GivesUp(m));
    let beside_a_reader = [
        (R, "", (R, "")),
        (R + P, "", (R, "")),
        (R + P, "R", (2 * R, "")),
        (R + P, "RW", (2 * R + P, "W")),
        (R + P, "WR", (R + P, "WR")),
        (R + P, "U", (U + R, "")),
    ];
    check_always(&beside_a_reader, give_up, end_read);
    let beside_an_upgradable_one = [
        (U, "", (U, "")),
        (U + P, "", (U, "")),
        (U + P, "W", (U + P, "W")),
        (U + P, "U", (U + P, "U")),
    ];
    check_always(&beside_an_upgradable_one, give_up, end_upgradable);
    let beside_a_writer = [(W, "", (W, "")), (W + P, "", (W + P, ""))];
    check_always(&beside_a_writer, give_up, end_write);
    check_always(&[(W + P, "RW", (W + P, "RW"))], give_up, end_write);
    let free = [(P, "", (0, "")), (P, "R", (R, "")), (P, "U", (U, ""))];
    check_always(&free, give_up, end_none);
}

/// What a call without waiting makes of a word, if it succeeds.
#[rstest::rstest]
#[case(0, [Some(R), Some(R), Some(W), Some(U), None, None])]
#[case(P, [None, Some(R + P), Some(W + P), None, None, None])]
#[case(W, [None, None, None, None, None, Some(0)])]
#[case(W + P, [None, None, None, None, None, Some(0)])]
#[case(R, [Some(2 * R), Some(2 * R), None, Some(U + R), Some(0), None])]
#[case(2 * R, [Some(3 * R), Some(3 * R), None, Some(U + 2 * R), Some(R), None])]
#[case(R + P, [None, Some(2 * R + P), None, None, Some(0), None])]
#[case(2 * R + P, [None, Some(3 * R + P), None, None, Some(R + P), None])]
#[case(U, [Some(U + R), Some(U + R), None, None, None, None])]
#[case(U + P, [Some(U + R + P), Some(U + R + P), None, None, None, None])]
#[case(U + R, [Some(U + 2 * R), Some(U + 2 * R), None, None, Some(U), None])]
#[case(U + R + P, [Some(U + 2 * R + P), Some(U + 2 * R + P), None, None, Some(U + P), None])]
#[case(U + W, [None, Some(U + W + R), None, None, None, None])]
#[case(U + W + P, [None, Some(U + W + R + P), None, None, None, None])]
#[case(U + W + R + P, [None, Some(U + W + 2 * R + P), None, None, Some(U + W + P), None])]
fn the_word_says_who_may_come_and_go(#[case] before: usize, #[case] expected: [Option<usize>; 6]) {
    let calls: [fn(&RwMutex) -> bool; 6] = [
        RwMutex::try_read_lock,
        RwMutex::try_read_lock_recursive,
        RwMutex::try_write_lock,
        RwMutex::try_upgradable_lock,
        |m| m.read_unlock_with(&SetClock::at(0)),
        |m| m.write_unlock_with(&SetClock::at(0)),
    ];
    for (call, expected) in calls.into_iter().zip(expected) {
        let m = RwMutex(AtomicUsize::new(before));
        assert_eq!(call(&m), expected.is_some());
        assert_eq!(m.0.load(SeqCst), expected.unwrap_or(before));
    }
    let m = RwMutex(AtomicUsize::new(before));
    let locked = before & !P != 0;
    assert_eq!(m.is_locked(), locked);
    assert_eq!(m.is_write_locked(), locked && before & !P == W);
    assert_eq!(m.is_read_locked(), locked && before & W == 0);
    assert_eq!(m.has_waiters(), before & P != 0);
}
