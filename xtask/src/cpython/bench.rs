//! `--bench`: the programs of `benches/cpython/`, on both interpreters in turn.

use super::tree::Build;
use crate::sh::{Failure, Result, Sh, root};
use std::path::Path;

/// Each pair of runs is one ratio; their median is told.
const ROUNDS: usize = 7;

/// Runs every program with each of its numbers of threads; prints the ratios of ours to C's.
pub fn run(build: &Build) -> Result {
    let pythons = build.pythons();
    let programs = root().join("benches/cpython/programs.py");
    let list = Sh::new(&pythons[0]).arg(&programs).dir(&build.dir).output();
    let list = list.ok_or_else(|| Failure::other(format!("{} fails", programs.display())))?;
    println!(
        "{:<24} {:>7} {:>14}  ours to C: median (least to most)",
        "program", "threads", "C, per s"
    );
    for line in list.lines() {
        let (name, threads) = line.split_once(' ').unwrap_or((line, "1"));
        let mut ratios = Vec::new();
        let mut of_c = Vec::new();
        for round in 0..ROUNDS {
            // Who goes first has the caches as the other left them.
            let order = if round % 2 == 0 { [0, 1] } else { [1, 0] };
            let mut rates = [0.0; 2];
            for which in order {
                rates[which] = rate(build, &pythons[which], &programs, name, threads)?;
            }
            ratios.push(rates[1] / rates[0]);
            of_c.push(rates[0]);
        }
        ratios.sort_by(f64::total_cmp);
        of_c.sort_by(f64::total_cmp);
        println!(
            "{name:<24} {threads:>7} {:>14.0}  {:.2} ({:.2} to {:.2})",
            of_c[ROUNDS / 2],
            ratios[ROUNDS / 2],
            ratios[0],
            ratios[ROUNDS - 1]
        );
    }
    Ok(())
}

fn rate(build: &Build, python: &Path, programs: &Path, name: &str, threads: &str) -> Result<f64> {
    let sh = Sh::new(python)
        .arg(programs)
        .arg(name)
        .arg(threads)
        .dir(&build.dir);
    let said = sh.output().unwrap_or_default();
    let rate = said.trim().parse().ok().filter(|rate| *rate > 0.0);
    rate.ok_or_else(|| Failure::other(format!("no figure, but {said:?}, from: {}", sh.line())))
}
