//! `cargo xtask simulate`: the mutexes on a simulated machine.

use crate::sh::{Result, Sh};

/// Runs the simulator with these arguments.
pub fn run(args: &[String]) -> Result {
    Sh::cargo("run --release -p simulator --").args(args).run()
}
