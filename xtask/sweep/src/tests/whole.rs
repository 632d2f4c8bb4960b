//! Whole runs over a small crate: here, and packed.

use super::folder;
use crate::areas::{self, Area, Mutation, Source};
use crate::builds::{Kind, alone};
use crate::decide::{How, each};
use crate::packed;
use crate::results::{Outcome, Results};
use crate::sweep::Sweep;
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

const TINY: &str = r#"
const NAME: &str = "tiny";

pub fn at_most_ten(n: u32) -> u32 {
    if n > 10 {
        return 10;
    }
    n
}

pub fn named(other: &str) -> bool {
    let same = NAME == other;
    same
}

pub fn told(mut to: impl FnMut()) {
    to();
}

pub fn both(mut to: impl FnMut(u8)) {
    to(1);
    to(2);
}

#[cfg(test)]
mod tests {
    #[test]
    fn ten_is_the_limit() {
        assert_eq!([3, 10, 11].map(crate::at_most_ten), [3, 10, 10]);
        assert!(crate::named("tiny") && !crate::named("other"));
    }

    #[test]
    fn both_are_told_in_order() {
        let mut told = Vec::new();
        crate::both(|n| told.push(n));
        assert_eq!(told, [1, 2]);
    }

    #[test]
    fn the_other_thread_is_told() {
        let (sender, receiver) = std::sync::mpsc::channel();
        crate::told(|| sender.send(()).unwrap());
        receiver.recv().unwrap();
    }
}
"#;

fn tiny(root: &Path) -> Vec<Area> {
    let write = |path: &str, text: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    };
    let workspace = "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n\n[profile.model]\ninherits = \"dev\"\n";
    write("Cargo.toml", workspace);
    write(
        "Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"tiny\"\nversion = \"0.0.0\"\n",
    );
    write(
        "crates/tiny/Cargo.toml",
        "[package]\nname = \"tiny\"\nedition = \"2024\"\n",
    );
    write("crates/tiny/src/lib.rs", TINY);
    write("xtask/empty", "");
    write("benches/empty", "");
    areas::read(
        "[[area]]\nname = \"tiny\"\npackage = \"tiny\"\nfiles = [\"src/lib.rs\"]\nmodels = []\n\
         units = [\"tests::\"]\ntests = []\n",
    )
    .expect("an area")
}

fn open<'a>(
    root: &'a Path,
    folder: &str,
    areas: &'a [Area],
    sources: &'a [Source],
    mutations: &'a [Mutation],
) -> Sweep<'a> {
    let folder = root.join("target").join(folder);
    let mut sweep = Sweep::new(root, folder, areas, sources, mutations).expect("a sweep");
    sweep.how.jobs = 3;
    sweep
}

/// What is known about each change, by its name.
fn all_known(sweep: &mut Sweep, mutations: &[Mutation]) -> HashMap<String, Outcome> {
    let mut known = HashMap::new();
    for (i, m) in mutations.iter().enumerate() {
        if let Some(outcome) = sweep.known(i) {
            known.insert(m.name.clone(), outcome);
        }
    }
    known
}

/// The outcomes are what the tests of the crate can know.
fn check(known: &HashMap<String, Outcome>, mutations: &[Mutation]) {
    assert_eq!(known.len(), mutations.len(), "all are decided about");
    let told = |name: &str| {
        let mut named = known.iter().filter(|(n, _)| n.contains(name));
        let found = named.next();
        found.unwrap_or_else(|| panic!("no change is {name}")).1
    };
    let caught = |outcome: &Outcome| match outcome {
        Outcome::Caught { test, how } => (test.clone(), how.clone()),
        other => panic!("{other:?}"),
    };
    let by = |name: &str| format!("tests::{name}");
    assert_eq!(caught(told("`n > 10` is true")).0, by("ten_is_the_limit"));
    assert_eq!(caught(told("`10` -> `11`")).0, by("ten_is_the_limit"));
    // Exchanges are built apart from the others.
    for change in ["`to(2);` before `to(1);`", "left out in `to(1);`"] {
        assert_eq!(caught(told(change)).0, by("both_are_told_in_order"));
    }
    assert_eq!(
        caught(told("left out in `to();`")),
        (by("the_other_thread_is_told"), "waits for ever".to_owned())
    );
    assert_eq!(
        *told("`n > 10` -> `n >= 10`"),
        Outcome::Survived,
        "it is the same function"
    );
    assert_eq!(*told("`NAME` -> `NAME ^ 1`"), Outcome::Refused);
}

#[test]
fn what_the_tests_must_catch_is_caught_and_what_they_cannot_survives() {
    let root = folder("tiny");
    let areas = tiny(&root);
    let sources = areas::sources(&root, &areas, &[]).expect("sources");
    let mutations = areas::mutations(&sources);
    let open = || open(&root, "here", &areas, &sources, &mutations);
    open().run().expect("a run");
    // What a run has decided about is known to the next.
    check(&all_known(&mut open(), &mutations), &mutations);
    // And only survivors are run again, under what is new.
    let mut more = areas.clone();
    more[0].units = vec!["tests::t".to_owned(), "tests::".to_owned()];
    let folder = root.join("target/here");
    let mut sweep = Sweep::new(&root, folder, &more, &sources, &mutations).expect("a sweep");
    let unknown: Vec<usize> = (0..mutations.len())
        .filter(|&i| sweep.known(i).is_none())
        .collect();
    let names: Vec<&str> = unknown.iter().map(|&i| &*mutations[i].name).collect();
    assert_eq!(
        names
            .iter()
            .map(|n| n.split(" in `").next())
            .collect::<Vec<_>>(),
        [
            Some("tiny/lib.rs at_most_ten: bound: `n > 10` -> `n >= 10`"),
            Some("tiny/lib.rs at_most_ten: number: `10` -> `9`"),
        ]
    );
    assert_eq!(sweep.task(unknown[0]).passed.len(), 1);
    fs::remove_dir_all(root).expect("removed");
}

#[test]
fn a_packed_build_runs_without_the_tree_and_its_results_are_taken_in() {
    if alone().is_none() {
        println!("skipped: this machine has no libc.a, so it can pack nothing");
        return;
    }
    let root = folder("packed-tree");
    let elsewhere = folder("packed");
    let areas = tiny(&root);
    let sources = areas::sources(&root, &areas, &[]).expect("sources");
    let mutations = areas::mutations(&sources);
    let mut sweep = open(&root, "there", &areas, &sources, &mutations);
    let archive = elsewhere.join("sweep.tar.xz");
    let program = root.join("Cargo.toml");
    sweep.pack(&archive, &program).expect("packed");
    let away = elsewhere.join("away");
    fs::rename(root.join("crates"), &away).expect("the source is gone");
    fs::rename(root.join("target"), elsewhere.join("target")).expect("the build is gone");
    let mut tar = Command::new("tar");
    let unpacked = tar
        .arg("-xf")
        .arg(&archive)
        .current_dir(&elsewhere)
        .status();
    assert!(unpacked.expect("tar").success());
    let results = elsewhere.join("results.tsv");
    let how = How {
        jobs: 2,
        until: None,
        hold: None,
    };
    packed::run(&elsewhere.join("sweep"), &results, &how).expect("a run");
    fs::rename(&away, root.join("crates")).expect("the source is back");
    fs::rename(elsewhere.join("target"), root.join("target")).expect("the build is back");
    sweep.take(&results).expect("taken");
    drop(sweep);
    let mut sweep = open(&root, "there", &areas, &sources, &mutations);
    check(&all_known(&mut sweep, &mutations), &mutations);
    let nothing = sweep.pack(&archive, &program).expect_err("all is known");
    assert!(nothing.contains("nothing is left"), "{nothing}");
    fs::remove_dir_all(root).expect("removed");
    fs::remove_dir_all(elsewhere).expect("removed");
}

/// A program that is a test binary with two tests, of which the first fails.
#[cfg(unix)]
const FAKE: &str = r#"#!/bin/sh
case "$2" in
    bad) echo "test bad"; exit 101;;
    *) echo "1 passed";;
esac
"#;

#[cfg(unix)]
#[test]
fn a_test_that_fails_by_itself_is_left_out_and_its_part_is_not_passed() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder("failing");
    fs::create_dir(folder.join("bin")).expect("made");
    let binary = folder.join("bin/0");
    fs::write(&binary, FAKE).expect("written");
    fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).expect("a program");
    let plan = "area\ta\ntest\tnative\t0\tbad\tt: bad\tone\tfile\n\
                test\tnative\t0\tgood\tt: good\tone\tfile\n\
                test\tmodel\t0\tother\tother\ttwo\tfile\nchange\t7\tkey\t\tname\n";
    assert_eq!(
        packed::read(plan, &folder).expect("a plan").areas[0][2].kind,
        Kind::Model
    );
    fs::write(folder.join("plan.tsv"), plan).expect("written");
    let results = folder.join("results.tsv");
    let how = How {
        jobs: 1,
        until: None,
        hold: None,
    };
    packed::run(&folder, &results, &how).expect("a run");
    let results = Results::open(&results).expect("opened");
    let found = results.get("key").expect("decided");
    assert_eq!(found.outcome, Outcome::Survived);
    assert_eq!(found.tests, "two");
    fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn a_line_that_is_none_of_a_plan_is_refused() {
    for plan in [
        "change\t1\tk\t\tn",
        "area\ta\ntest\tother\t0\tn\tt\tp\tf",
        "what",
    ] {
        assert!(packed::read(plan, Path::new("")).is_err(), "{plan}");
    }
}

#[test]
fn all_items_are_worked_on_by_several_and_none_after_the_time() {
    let seen = Mutex::new(Vec::new());
    let mut how = How {
        jobs: 4,
        until: None,
        hold: None,
    };
    let items: Vec<u32> = (0..100).collect();
    let work = |n: &u32| {
        seen.lock().expect("no panic").push(*n);
        Ok(())
    };
    each(&items, &how, work).expect("worked");
    let mut all = std::mem::take(&mut *seen.lock().expect("no panic"));
    all.sort_unstable();
    assert_eq!(all, items);
    how.until = Some(Instant::now());
    each(&items, &how, work).expect("worked");
    assert!(seen.lock().expect("no panic").is_empty());
    let fails = |n: &u32| {
        if *n == 50 {
            Err("fifty".to_owned())
        } else {
            Ok(())
        }
    };
    how.until = None;
    assert_eq!(each(&items, &how, fails), Err("fifty".to_owned()));
}

#[test]
fn no_test_begins_while_another_holds_the_lock() {
    let folder = folder("hold");
    let file = folder.join("gate");
    let gate = fs::File::create(&file).expect("a file");
    gate.lock().expect("locked");
    let how = How {
        jobs: 1,
        until: None,
        hold: Some(file),
    };
    let open = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| {
            how.hold();
            assert!(open.load(Relaxed), "it has waited");
        });
        std::thread::sleep(Duration::from_millis(100));
        open.store(true, Relaxed);
        gate.unlock().expect("unlocked");
        waits.join().expect("no panic");
    });
    fs::remove_dir_all(folder).expect("removed");
}
