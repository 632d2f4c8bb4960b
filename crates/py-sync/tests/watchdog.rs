//! The example `watchdog`, run as it would be: a signal, and a table that says who waits.
#![cfg(all(unix, not(miri), feature = "diagnostics"))]

#[path = "../examples/watchdog.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "an example, run by its entry point"
)]
mod watchdog;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const CHILD: &str = "PY_SYNC_TEST_WATCHDOG";

/// The example's own process; does nothing when run as a test.
#[test]
fn as_the_example() {
    if let Ok(args) = std::env::var(CHILD) {
        let args = args.split_whitespace().map(str::to_owned);
        println!("ended with {}", watchdog::run(args));
    }
}

fn start(args: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "as_the_example", "--nocapture"])
        .env(CHILD, args)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The next table, from its head line to the one that ends it.
fn next_table(lines: &mut impl Iterator<Item = String>) -> Vec<String> {
    let from_head = lines.skip_while(|line| !line.starts_with("--- "));
    from_head.take_while(|line| line != "---").collect()
}

/// Asserts that the table shows four threads on the one lock.
fn assert_shows_four_on(table: &[String], address: &str) {
    let [head, columns, rows @ .., sum] = table else {
        panic!("no table: {table:?}");
    };
    assert!(head.ends_with(" hand-offs"), "{head}");
    assert!(columns.starts_with("address"), "{columns}");
    assert!(rows[0].starts_with(address), "{rows:?}");
    assert_eq!(rows.len(), 4, "{rows:?}");
    assert!(
        rows.iter()
            .all(|row| row.contains("Mutex") && row.ends_with(" s"))
    );
    assert_eq!(sum, "4 threads on 1 address");
}

#[test]
fn sigusr1_prints_who_waits_for_what() {
    let mut child = start("--after 1000 --for 600");
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let named = lines.find(|line| line.contains("KEPT is 0x")).unwrap();
    let address = named.split_once("KEPT is ").unwrap().1[..18].to_owned();
    // Until all four sleep, the table may be short.
    let start = Instant::now();
    let table = loop {
        assert!(start.elapsed() < Duration::from_secs(60));
        // SAFETY: the child has not been waited for.
        assert_eq!(unsafe { libc::kill(child.id() as i32, libc::SIGUSR1) }, 0);
        let table = next_table(&mut lines);
        assert!(table[0].starts_with("--- SIGUSR1: "), "{table:?}");
        // The two that work may be seen waiting for their own lock.
        if table.len() == 7 {
            break table;
        }
    };
    assert_shows_four_on(&table, &address);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_wait_that_lasts_too_long_is_told() {
    let mut child = start("--after 0.3 --for 2");
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let table = next_table(&mut lines);
    assert!(
        table[0].starts_with("--- a wait has lasted more than 300ms: "),
        "{table:?}"
    );
    assert!(table.iter().any(|row| row.contains("Mutex")), "{table:?}");
    assert!(lines.any(|line| line == "ended with 0"));
    assert!(child.wait().unwrap().success());
}

#[test]
fn bad_arguments_are_told() {
    let args = |words: &str| {
        words
            .split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    for bad in ["--after", "--after x", "--for -1", "--what 3"] {
        assert_eq!(watchdog::run(args(bad).into_iter()), 2, "{bad}");
    }
}
