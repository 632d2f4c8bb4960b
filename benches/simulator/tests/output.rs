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

/// An unlock and a park do not get dearer with the number of those that wait. A walk over the queue under
/// the bucket's lock would show here, and nowhere on a machine with two processors.
#[test]
fn a_crowd_of_64_is_served_as_well_as_by_parking_lot() {
    let args = ["crowd", "--processors", "64", "--slice", "2"];
    let peers = ["--peer", "py-sync", "--peer", "parking_lot 0.13"];
    let output = simulator(&[&args[..], &peers].concat());
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("ASCII");
    let rows: Vec<&str> = text.lines().filter(|l| l.contains(" 1000/1000 ")).collect();
    assert_eq!(rows.len(), 2, "the wakes of two machines: {text}");
    for row in rows {
        let figures: Vec<f64> = row
            .split_whitespace()
            .skip(1)
            .map(|f| f.parse().unwrap())
            .collect();
        let [ours, our_wait, _, _, theirs, their_wait, ..] = figures[..] else {
            panic!("four figures for each of two peers: {row}");
        };
        assert!(ours > 0.9 * theirs, "{row}");
        assert!(our_wait < their_wait, "{row}");
    }
}

#[rstest::rstest]
#[case(&["crowd", "--processors", "129"], "1 to 128")]
#[case(&["crowd", "--cost", "warp=9"], "not a cost")]
#[case(&["crowd", "--peer", "nobody"], "there are py-sync, parking_lot 0.13")]
#[case(&["calibrate", "/no/such/record"], "/no/such/record")]
#[case(&["calibrate", env!("CARGO_MANIFEST_PATH")], "no table of pinned cells")]
#[case(&["dance"], "simulator crowd")]
fn a_wrong_word_gets_a_clear_answer(#[case] args: &[&str], #[case] says: &str) {
    let output = simulator(args);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains(says), "{said}");
}
