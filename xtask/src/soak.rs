//! `cargo xtask soak`: what takes too long for CI. Forks, signals, half an hour of everything.

use crate::sh::{Failure, Result, Sh};

/// The counts that the tests take from the environment. CI's are a tenth or less.
const FORKS: &str = "10000";
const SIGNALS: &str = "200000";

/// Runs the tests with their large counts, then the program; the arguments are the program's.
pub fn run(args: &[String]) -> Result {
    let release = || Sh::cargo("test --release -p py-sync --all-features --test");
    let shows = ["--", "--nocapture"].map(str::to_owned);
    for (test, variable, count) in [
        ("fork", "PY_SYNC_FORKS", FORKS),
        ("signal_storm", "PY_SYNC_SIGNALS", SIGNALS),
    ] {
        release()
            .arg(test)
            .args(&shows)
            .env(variable, count)
            .run()?;
    }
    let program = || Sh::cargo("run --quiet --release -p py-sync --all-features --example soak --");
    // A watchdog that cannot fire proves nothing.
    let proof = ["--seconds", "60", "--patience", "5", "--prove-watchdog"].map(str::to_owned);
    match program().args(&proof).run() {
        Err(Failure::Command {
            status: Some(1), ..
        }) => eprintln!("xtask: the watchdog found the lost wake-up that was planted"),
        Ok(()) => return Err(Failure::other("the watchdog did not find a lost wake-up")),
        Err(other) => return Err(other),
    }
    program().args(args).run()
}
