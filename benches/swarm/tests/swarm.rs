//! The example as its users run it.

#![cfg(not(miri))]

use std::process::{Command, Output};

fn swarm(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_swarm"));
    command.args(args).output().unwrap()
}

#[test]
fn the_same_seed_gives_the_same_picture_on_any_number_of_threads() {
    let folder = std::env::temp_dir().join(format!("swarm-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let runs: Vec<_> = ["1", "2", "4", "3", "2"]
        .iter()
        .enumerate()
        .map(|(n, threads)| {
            let file = folder.join(format!("{n}.svg"));
            let file = file.to_str().unwrap();
            let args = [
                "--headless",
                "--agents",
                "500",
                "--rounds",
                "60",
                "--seed",
                "7",
            ];
            let out = swarm(&[&args[..], &["--threads", threads, "--record", file]].concat());
            assert!(out.status.success());
            (out.stdout, std::fs::read(file).unwrap())
        })
        .collect();
    assert!(runs.iter().all(|run| *run == runs[0]));
    let text = String::from_utf8_lossy(&runs[0].0).into_owned();
    assert!(text.contains("hunter"), "{text}");
    let other = swarm(&[
        "--headless",
        "--agents",
        "500",
        "--rounds",
        "60",
        "--seed",
        "8",
    ]);
    assert_ne!(other.stdout, runs[0].0);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_faulty_program_is_told_and_the_others_play_on() {
    let folder = std::env::temp_dir().join(format!("swarm-bad-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = write("good.tank", "again: move\n jump again\n");
    let cases = [
        ("a.tank", "move\n  jmp x\n", ":2:3: expected an instruction"),
        (
            "b.tank",
            "set r9 1\n",
            ":1:5: expected a register, r0 to r7, found `r9`",
        ),
        (
            "c.tank",
            "jump there ; nowhere\n",
            ":1:6: expected a label of this program, found `there`",
        ),
        (
            "d.tank",
            "add r1\n",
            ":1:7: expected a register, r0 to r7, or a whole number, found the end",
        ),
        (
            "e.tank",
            "move on\n",
            ":1:6: expected the end of the line, found `on`",
        ),
        (
            "f.tank",
            "; nothing\n",
            ":1:1: expected an instruction, found the end of the file",
        ),
    ];
    for (name, text, told) in cases {
        let bad = write(name, text);
        let out = swarm(&["--headless", "--agents", "20", "--rounds", "5", &bad, &good]);
        let error = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(error.contains(&format!("{bad}{told}")), "{error}");
        assert_eq!(out.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&out.stdout).contains("good "));
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
