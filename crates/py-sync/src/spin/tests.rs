use super::adaptive::{AdaptiveSpin, MAX_CREDIT, REST, SPIN_NS, end_of_spin, next, spin_until};
use super::{Placement, Spin};
use crate::deadline::Deadline;
use crate::sync::{AtomicU8, Relaxed, has_many_processors};

#[test]
fn only_a_lock_that_is_held_all_the_time_is_looked_at_often() {
    for free_at in 0..6 {
        let looks = core::cell::Cell::new(0);
        let mut spin = Placement::InObject.on_arrival();
        for _ in 0..2 {
            spin.watch(|| looks.replace(looks.get() + 1) != free_at);
        }
        let (often, looked) = match has_many_processors() {
            true => (free_at > 3, (free_at + 1).min(4)),
            false => (false, 0),
        };
        assert_eq!((spin.most == 16, looks.get()), (often, looked));
    }
    let mut alone = Placement::Alone.on_arrival();
    alone.watch(|| panic!("it looks often anyway"));
}

/// The rows of the table at the head.
#[rstest::rstest]
#[case(Placement::Alone.on_arrival(), 7, 196, 1)]
#[case(Placement::Alone.woken(), 5, 120, 0)]
#[case(Placement::InObject.on_arrival(), 3, 3600, 1)]
#[case(Placement::InObject.woken(), 1, 1200, 0)]
#[case(Spin::on_long_section(), 24, 384, 1)]
#[case(Spin::beside_long_sections(), 50, 1600, 50)]
#[case(Placement::UnderGil.on_arrival(), 0, 0, 0)]
#[case(Placement::UnderGil.woken(), 0, 0, 0)]
#[case(Spin::of_a_writer(), 8, 126, 2)]
#[case(Spin::on_bucket(), 8, 126, 0)]
#[case(Spin::behind_a_writer(), 12, 894, 2)]
fn a_spin_ends(
    #[case] mut spin: Spin,
    #[case] looks: usize,
    #[case] pauses: u32,
    #[case] yields: u32,
) {
    assert_eq!(spin.yields, yields);
    let mut paused = 0;
    let look = || {
        let pauses = spin.pauses;
        spin.once().then(|| paused += pauses)
    };
    let taken = core::iter::from_fn(look).count();
    match has_many_processors() {
        true => assert_eq!((taken, paused), (looks, pauses)),
        false => assert_eq!(taken, 0),
    }
    assert!(!spin.once());
}

#[test]
fn without_its_yields_a_spin_looks_as_often() {
    let mut spin = Spin::of_a_writer();
    let before = (spin.looks, spin.pauses);
    assert_ne!(spin.yields, 0);
    spin.never_yield();
    assert_eq!(
        (spin.looks, spin.pauses, spin.yields),
        (before.0, before.1, 0)
    );
}

#[test]
fn waits_that_are_posted_at_once_keep_spinning() {
    let mut state = 1;
    for _ in 0..10 {
        state = next(state, true);
    }
    assert_eq!(state, MAX_CREDIT);
}

#[test]
fn spins_in_vain_end_in_a_rest_and_a_rest_in_another_spin() {
    let mut state = MAX_CREDIT;
    let mut looks = 0;
    while state <= MAX_CREDIT {
        state = next(state, false);
        looks += 1;
    }
    assert_eq!(looks, MAX_CREDIT);
    let mut rest = 0;
    while state > MAX_CREDIT {
        state = next(state, false);
        rest += 1;
    }
    assert_eq!((rest, state), (REST, 1));
}

#[rstest::rstest]
#[case(Deadline::Now, 100)]
#[case(Deadline::At(7), 7)]
#[case(Deadline::At(101), 101)]
#[case(Deadline::At(u64::MAX), 100 + SPIN_NS)]
#[case(Deadline::Never, 100 + SPIN_NS)]
fn a_spin_ends_at_the_deadline(#[case] deadline: Deadline, #[case] end: u64) {
    assert_eq!(end_of_spin(100, deadline), end);
}

#[test]
fn a_spin_ends_when_it_is_done_or_its_time_is_up() {
    let looks = core::cell::Cell::new(0);
    let third = || {
        looks.set(looks.get() + 1);
        looks.get() == 3
    };
    assert!(spin_until(Deadline::Never, third));
    assert_eq!(looks.get(), 3);
    assert!(!spin_until(Deadline::Never, || false));
}

#[rstest::rstest]
#[case::first(1, true, 3)]
#[case::full(MAX_CREDIT, true, MAX_CREDIT)]
#[case::last_of_the_rest(MAX_CREDIT + 1, false, 1)]
#[case::rest(MAX_CREDIT + REST, false, MAX_CREDIT + REST - 1)]
fn credit_spins_and_rest_does_not(#[case] before: u8, #[case] spins: bool, #[case] after: u8) {
    if !has_many_processors() {
        println!("skipped: it never spins on one processor");
        return;
    }
    let (spin, looked) = (AdaptiveSpin::new(), core::cell::Cell::new(false));
    assert_eq!(spin.0.load(Relaxed), 1);
    spin.0.store(before, Relaxed);
    spin.spin(Deadline::Never, || {
        looked.set(true);
        true
    });
    assert_eq!((looked.get(), spin.0.load(Relaxed)), (spins, after));
}

#[test]
fn a_spin_in_vain_costs_credit() {
    let spin = AdaptiveSpin(AtomicU8::new(5));
    spin.spin(Deadline::Never, || false);
    let left = if has_many_processors() { 4 } else { 5 };
    assert_eq!(spin.0.load(Relaxed), left);
}
