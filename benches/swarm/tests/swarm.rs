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
    is_a_picture(std::str::from_utf8(&runs[0].1).unwrap());
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

/// It is well-formed XML, and shows what there was: a field, the tracks of some, and who is left on
/// the field.
fn is_a_picture(svg: &str) {
    let document = roxmltree::Document::parse(svg).unwrap();
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "svg");
    assert_eq!(
        root.tag_name().namespace(),
        Some("http://www.w3.org/2000/svg")
    );
    let all = |name: &'static str| {
        root.children()
            .filter(move |node| node.tag_name().name() == name)
    };
    let (rects, paths) = (all("rect").count(), all("path").count());
    assert!((2..=501).contains(&rects), "{rects} squares");
    assert_eq!(paths, 200);
    for path in all("path") {
        let track = path.attribute("d").unwrap();
        assert!(track.starts_with('M'), "{track}");
        let numbers = track.split(['M', 'L', ' ']).filter(|word| !word.is_empty());
        assert!(numbers.clone().count() >= 2);
        assert!(numbers.clone().all(|word| word.parse::<f64>().is_ok()));
    }
}

#[test]
fn it_runs_anywhere_and_its_reader_reads_a_real_file() {
    let folder = std::env::temp_dir().join(format!("swarm-anywhere-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let run = |temporary: &std::path::Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_swarm"));
        command.args(["--headless", "--agents", "40", "--rounds", "30"]);
        command.current_dir(&folder).env("TMPDIR", temporary);
        command.output().unwrap()
    };
    let out = run(&folder);
    assert!(out.status.success());
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    if cfg!(unix) {
        // A folder that cannot be written gives an error, and no file.
        let out = run(&folder.join("nowhere"));
        let error = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(
            error.contains("the programs' folder: No such file"),
            "{error}"
        );
        assert_eq!(out.status.code(), Some(1));
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_program_reads_its_own_file() {
    let folder = std::env::temp_dir().join(format!("swarm-own-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    // It moves only if it reads the length that its file has, once; then it sleeps.
    let text = |length: usize| {
        format!(
            "read r0\nset r1 {length}\njlt r0 r1 rest\njlt r1 r0 rest\nmove\nrest: sleep 1000\n"
        )
    };
    let right = text(text(10).len());
    let field = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        let file = path.to_str().unwrap().to_owned();
        let out = swarm(&["--headless", "--agents", "9", "--rounds", "30", &file]);
        assert!(out.status.success());
        String::from_utf8(out.stdout).unwrap()
    };
    let at_rest = field("same.tank", "sleep 1000\n");
    assert_eq!(field("same.tank", &text(99)), at_rest);
    assert_ne!(field("same.tank", &right), at_rest);
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
