//! The command line.

use lexopt::{Arg, Error, Parser, ValueExt};
use py_hashsecret::HashSeed;
use std::path::PathBuf;

/// More threads than this are a slip of the finger.
const MOST_THREADS: usize = 1024;

pub const HELP: &str = "\
What a Python runtime does before it runs a line: reads, lexes and parses Python
files on several threads, lowers each into an arena, and interns every name and
string in one table, under Python's own hash.

usage: cargo xtask demo [PATH]... [OPTION]...

PATH is a file or a folder. Without one, the standard library of the python3
found is read, without its tests and site-packages; without a python3, a few
files of our own.

  --threads N     worker threads (default: one for each processor)
  --seed S        the hash seed: \"random\" or 0 to 4294967295
                  (default: PYTHONHASHSEED, else random)
  --verify        ask a real Python (3.12 or newer) for the names and string
                  literals of the same files and the hash() of each
  --python PATH   the Python to use (default: PYTHON_ORACLE, else the first on
                  PATH that runs)
  --json          the report for machines
  --help          this text

exit status: 0 if all is well; 1 if a file was refused, a comparison differs, or
PYTHONHASHSEED is invalid; 2 if the command line is wrong
";

/// What is asked for.
pub enum Command {
    Run(Options),
    Help,
}

/// How to run.
#[derive(Debug, Default)]
pub struct Options {
    pub paths: Vec<PathBuf>,
    pub threads: usize,
    pub seed: Option<HashSeed>,
    pub verify: bool,
    pub python: Option<PathBuf>,
    pub json: bool,
}

pub fn parse() -> Result<Command, String> {
    let mut options = Options {
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        ..Options::default()
    };
    let mut parser = Parser::from_env();
    let text = |e: Error| e.to_string();
    while let Some(arg) = parser.next().map_err(text)? {
        match arg {
            Arg::Long("help") | Arg::Short('h') => return Ok(Command::Help),
            Arg::Long("verify") => options.verify = true,
            Arg::Long("json") => options.json = true,
            Arg::Long("threads") => {
                let number = parser.value().and_then(|v| v.parse()).map_err(text)?;
                if !(1..=MOST_THREADS).contains(&number) {
                    return Err(format!("--threads takes 1 to {MOST_THREADS}, not {number}"));
                }
                options.threads = number;
            }
            Arg::Long("seed") => {
                let seed = HashSeed::parse(parser.value().map_err(text)?.as_encoded_bytes());
                let why = |_| "--seed takes \"random\" or an integer in [0; 4294967295]";
                options.seed = Some(seed.map_err(why)?);
            }
            Arg::Long("python") => options.python = Some(parser.value().map_err(text)?.into()),
            Arg::Value(path) => options.paths.push(path.into()),
            other => return Err(text(other.unexpected())),
        }
    }
    Ok(Command::Run(options))
}
