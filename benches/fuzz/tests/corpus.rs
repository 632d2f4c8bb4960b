//! Every target on its committed corpus, and the corpus within its bounds.

use fuzz::{TARGETS, Target, target};
use std::fs;
use std::path::PathBuf;

/// Bytes of the files of one target.
const MOST: u64 = 100_000;

fn corpus(target: &Target) -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target.name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<_> = entries.map(|e| e.expect("an entry").path()).collect();
    files.sort();
    assert!(files.len() >= 20, "{}: too few files", folder.display());
    files
}

/// Runs all; says which file it was, if one fails.
fn replay(name: &str) {
    fuzz::hush();
    let target = target(name).expect("a target");
    let files = corpus(target);
    for file in &files {
        let data = fs::read(file).expect("a file of the corpus");
        let run = || {
            (target.run)(&data);
            target.slowly.iter().for_each(|run| run(&data));
        };
        if let Err(panic) = std::panic::catch_unwind(run) {
            eprintln!("again: cargo run -p fuzz -- {name} {}", file.display());
            std::panic::resume_unwind(panic);
        }
    }
    println!("{name}: {} programs", files.len());
}

#[test]
fn arena() {
    replay("arena");
}

#[test]
fn seed() {
    replay("seed");
}

#[test]
fn hash() {
    replay("hash");
}

#[test]
fn timeout() {
    replay("timeout");
}

#[test]
fn lot() {
    replay("lot");
}

#[test]
fn race() {
    replay("race");
}

#[test]
fn section() {
    replay("section");
}

#[cfg(unix)]
#[test]
fn fork() {
    replay("fork");
}

#[test]
fn every_target_is_replayed() {
    let tests = include_str!("corpus.rs");
    for target in &TARGETS {
        let call = format!("replay({:?})", target.name);
        assert!(tests.contains(&call), "{call}");
    }
}

#[test]
fn no_corpus_is_large() {
    for target in &TARGETS {
        let sizes = corpus(target)
            .into_iter()
            .map(|f| fs::metadata(f).expect("a file").len());
        let all: u64 = sizes.sum();
        assert!(
            all <= MOST,
            "{}: {all} bytes, and {MOST} are the limit",
            target.name
        );
    }
}

#[test]
fn any_bytes_are_a_program_or_none() {
    fuzz::hush();
    for target in &TARGETS {
        (target.run)(&[]);
        (target.run)(&[0; 64]);
        (target.run)(&[0xff; 64]);
    }
}
