//! The mutex of py-sync, and two peers' protocols, on a simulated machine of many processors.
//!
//! The machine is the package beside this one; what it cannot know is said there and in
//! `benches/README.md`.

mod calibrate;
mod contend;
mod costs;
mod crowd;
mod locks;
mod measure;

use crowd::Told;
use lexopt::prelude::*;
use std::process::ExitCode;

const HELP: &str = "\
simulator measure              what things cost on this machine (Linux, two processors)
simulator calibrate RECORD     36 cells of two processors, beside a record of lock_contended
simulator compare RECORD RECORD  how well two records of the real machine agree
simulator crowd                the mutexes on 4, 16, 64 and 128 processors
simulator readers              our read-write lock there, by the share of turns that read
simulator writers              the same, with threads that only read beside some that only write

--seed N            of every chance (1)
--cost NAME=PS      another cost, in picoseconds: --cost pause=40000 --cost idle.1.exit=5000000
--each N            threads on each processor, for those (1)
--processors N      for crowd, readers and writers, instead of the four; may be repeated
--peer NAME         one of their columns, instead of all; may be repeated
--slice MS          virtual milliseconds of a run of theirs (20)";

/// What the command line says.
struct Asked {
    words: Vec<String>,
    crowd: crowd::Crowd,
}

fn parse() -> Result<Asked, lexopt::Error> {
    let mut asked = Asked {
        words: Vec::new(),
        crowd: crowd::Crowd {
            processors: Vec::new(),
            each: 1,
            peers: Vec::new(),
            slice: 20_000_000,
            seed: 1,
            costs: costs::COSTS,
        },
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("seed") => asked.crowd.seed = parser.value()?.parse()?,
            Long("cost") => {
                costs::change(&mut asked.crowd.costs, &parser.value()?.string()?)?;
            }
            Long("processors") => asked.crowd.processors.push(processors(&parser.value()?)?),
            Long("each") => asked.crowd.each = each(&parser.value()?)?,
            Long("peer") => {
                asked.crowd.peers.push(parser.value()?.string()?);
            }
            Long("slice") => asked.crowd.slice = parser.value()?.parse::<u64>()? * 1_000_000,
            Long("help") | Short('h') => asked.words = vec!["help".to_owned()],
            Value(word) => asked.words.push(word.string()?),
            other => return Err(other.unexpected()),
        }
    }
    if asked.crowd.processors.is_empty() {
        asked.crowd.processors = vec![4, 16, 64, 128];
    }
    Ok(asked)
}

fn processors(value: &std::ffi::OsString) -> Result<usize, lexopt::Error> {
    match value.parse() {
        Ok(n @ 1..=128) => Ok(n),
        _ => Err("--processors takes a number from 1 to 128".into()),
    }
}

fn each(value: &std::ffi::OsString) -> Result<usize, lexopt::Error> {
    match value.parse() {
        Ok(n @ 1..=8) => Ok(n),
        _ => Err("--each takes a number from 1 to 8".into()),
    }
}

fn run(asked: &Asked) -> Result<(), lexopt::Error> {
    let words: Vec<&str> = asked.words.iter().map(String::as_str).collect();
    match words[..] {
        ["measure"] => measure::run(),
        ["calibrate", path] => {
            calibrate::run(&read(path)?, asked.crowd.costs, asked.crowd.seed)?;
        }
        ["compare", one, other] => calibrate::compare(&read(one)?, &read(other)?)?,
        ["crowd"] => crowd::run(&asked.crowd, &crowd::mutexes(), Told::Turns)?,
        ["readers"] => crowd::run(&asked.crowd, &crowd::read_write(), Told::Turns)?,
        ["writers"] => crowd::run(&asked.crowd, &crowd::beside_writers(), Told::Sides)?,
        ["help"] => println!("{HELP}"),
        _ => return Err(HELP.into()),
    }
    Ok(())
}

fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))
}

fn main() -> ExitCode {
    match parse().and_then(|asked| run(&asked)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("simulator: {error}");
            ExitCode::from(2)
        }
    }
}
