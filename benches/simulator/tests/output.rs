//! The simulator as a command.

use std::process::{Command, Output};

fn simulator(args: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_simulator");
    Command::new(program)
        .args(args)
        .output()
        .expect("it starts")
}

/// What is printed up to the end of the first column of figures, py-sync's: the peers' nodes are on the
/// heap, and their figures still move a little from process to process.
fn ours(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .map(|line| line.chars().take(43).collect())
        .collect()
}

#[test]
fn one_seed_gives_py_sync_one_output_in_every_process() {
    let say = |seed| {
        simulator(&[
            "crowd",
            "--processors",
            "12",
            "--slice",
            "1",
            "--seed",
            seed,
        ])
    };
    let (once, again, other) = (say("1"), say("1"), say("2"));
    assert!(once.status.success(), "{once:?}");
    assert!(!once.stdout.is_empty());
    assert_eq!(ours(&once), ours(&again));
    assert_ne!(ours(&once), ours(&other));
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
