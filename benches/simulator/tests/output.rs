//! The simulator as a command.

use std::process::{Command, Output};

fn simulator(args: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_simulator");
    Command::new(program)
        .args(args)
        .output()
        .expect("it starts")
}

fn crowd(more: &[&str]) -> String {
    let args = ["crowd", "--processors", "8", "--slice", "1"];
    let output = simulator(&[&args, more].concat());
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("ASCII")
}

#[test]
fn one_seed_gives_one_output_in_every_process() {
    let (once, again) = (crowd(&["--seed", "1"]), crowd(&["--seed", "1"]));
    assert!(once.contains("8 processors"));
    assert_eq!(once, again);
    assert_ne!(once, crowd(&["--seed", "4"]));
}

/// Nothing depends on the heap that the runs before have left.
#[test]
fn a_peer_has_the_same_figures_alone_and_beside_others() {
    // The last column is that of the last peer: four figures.
    let last = |text: &str| -> Vec<String> {
        let rows = text
            .lines()
            .filter(|line| line.trim_start().starts_with(|c: char| c.is_ascii_digit()));
        rows.map(|row| row.chars().rev().take(28).collect())
            .collect()
    };
    let (alone, beside) = (crowd(&["--peer", "CPython, no GIL"]), crowd(&[]));
    assert_eq!(last(&alone), last(&beside));
}

/// The turns of the first two columns, and their longest waits, in the rows of this section.
fn two_columns(args: &[&str], section: &str) -> Vec<[(f64, f64); 2]> {
    let output = simulator(&[args, &["--processors", "64", "--slice", "2"]].concat());
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("ASCII");
    let rows = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        (words.next()? == section).then(|| words.map(|f| f.parse().expect("a figure")).collect())
    });
    let rows: Vec<[(f64, f64); 2]> = rows
        .map(|f: Vec<f64>| [(f[0], f[1]), (f[4], f[5])])
        .collect();
    assert_eq!(rows.len(), 2, "the wakes of two machines: {text}");
    rows
}

/// An unlock and a park do not get dearer with the number of those that wait. A walk over the queue under
/// the bucket's lock would show here, and nowhere on a machine with two processors; and so would an unlock
/// that frees the lock only after it has looked at a waiter.
#[test]
fn a_crowd_of_64_is_served_as_well_as_by_parking_lot() {
    let args = ["crowd", "--peer", "py-sync", "--peer", "parking_lot 0.13"];
    for [ours, theirs] in two_columns(&args, "1000/1000") {
        assert!(ours.0 > theirs.0, "turns: {ours:?} {theirs:?}");
        assert!(ours.1 < theirs.1, "longest wait: {ours:?} {theirs:?}");
    }
}

/// Four threads on each processor: nobody waits for longer than 1 ms, 50 us for each of the others, and a wake-up
/// for each. If the fair times ran away from the clock, some would wait to the end of the run.
#[test]
fn in_a_crowd_of_four_threads_a_processor_nobody_waits_for_too_long() {
    let args = ["crowd", "--peer", "py-sync", "--each", "4"];
    let output = simulator(&[&args[..], &["--processors", "16", "--slice", "7"]].concat());
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("ASCII");
    let row = text.lines().find(|line| line.contains(" 100/1000 "));
    let longest = row
        .expect("a row of this section")
        .split_whitespace()
        .nth(2);
    let longest: f64 = longest.expect("a wait").parse().expect("a figure");
    assert!(longest < 5.0, "{text}");
}

/// Wakes and cache lines that cost three times as much, so hand-offs do. If the waiters of a crowd were due sooner
/// than the lock can be handed to all of them, it would do nothing else.
#[test]
fn a_crowd_is_not_due_all_at_once_where_hand_offs_are_dear() {
    let dear = "idle.1.exit=42000000 transfer.0=75000 transfer.1=255000 transfer.2=600000";
    let dear = dear.split(' ').flat_map(|cost| ["--cost", cost]);
    let args = "crowd --peer py-sync --processors 96 --slice 10";
    let args: Vec<_> = args.split(' ').chain(dear).collect();
    let output = simulator(&args);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("ASCII");
    let row = text.lines().find(|line| line.contains(" 0/0 "));
    let turns = row.expect("a row").split_whitespace().nth(1);
    let turns: f64 = turns.expect("turns").parse().expect("a figure");
    assert!(turns > 2.0, "{text}");
}

/// A write unlock wakes one, and none while that one is on its way.
#[test]
fn writers_of_a_read_write_lock_are_served_as_well_as_a_mutex_serves_them() {
    let args = ["readers", "--peer", "py-sync", "--peer", "all turns write"];
    for [mutex, writers] in two_columns(&args, "0/0") {
        assert!(writers.0 > 0.6 * mutex.0, "turns: {mutex:?} {writers:?}");
    }
}

#[rstest::rstest]
#[case(&["crowd", "--processors", "129"], "1 to 128")]
#[case(&["crowd", "--each", "9"], "1 to 8")]
#[case(&["crowd", "--cost", "warp=9"], "not a cost")]
#[case(&["crowd", "--peer", "nobody"], "there are py-sync, parking_lot 0.13")]
#[case(&["readers", "--peer", "parking_lot 0.13"], "there are py-sync, all turns write")]
#[case(&["calibrate", "/no/such/record"], "/no/such/record")]
#[case(&["calibrate", env!("CARGO_MANIFEST_PATH")], "no table of pinned cells")]
#[case(&["dance"], "simulator crowd")]
fn a_wrong_word_gets_a_clear_answer(#[case] args: &[&str], #[case] says: &str) {
    let output = simulator(args);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains(says), "{said}");
}
