//! What the command line says.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The options, with what they are if nothing is said.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) time: Duration,
    pub(crate) threads: usize,
    pub(crate) patience: Duration,
    pub(crate) forks: u64,
    pub(crate) seed: u64,
    pub(crate) prove_watchdog: bool,
}

impl Options {
    pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
        let clock = SystemTime::now().duration_since(UNIX_EPOCH);
        let mut options = Options {
            time: Duration::from_secs(30 * 60),
            threads: 64,
            patience: Duration::from_secs(60),
            forks: 0,
            seed: clock.map_or(1, |since| since.as_nanos() as u64),
            prove_watchdog: false,
        };
        while let Some(name) = args.next() {
            let mut number = || {
                let value = args.next().ok_or(format!("{name} takes a number"))?;
                let wrong = |_| format!("{name} takes a number, not {value:?}");
                value.parse::<u64>().map_err(wrong)
            };
            match name.as_str() {
                "--seconds" => options.time = Duration::from_secs(number()?),
                "--threads" => options.threads = number()?.clamp(2, 10_000) as usize,
                "--patience" => options.patience = Duration::from_secs(number()?),
                "--forks" => options.forks = number()?,
                "--seed" => options.seed = number()?,
                "--prove-watchdog" => options.prove_watchdog = true,
                _ => return Err(format!("there is no option {name}")),
            }
        }
        match cfg!(unix) || options.forks == 0 {
            true => Ok(options),
            false => Err("nothing forks here".to_owned()),
        }
    }
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Options { time, threads, forks, seed, .. } = self;
        write!(f, "{threads} threads for {time:?}, {forks} forks, seed {seed}")
    }
}
