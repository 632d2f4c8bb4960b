//! Runs one test under one change.

use crate::builds::Kind;
use crate::schema::VARIABLE;
use std::collections::HashMap;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A test that can be run by itself.
#[derive(Clone, Debug)]
pub struct Test {
    pub kind: Kind,
    /// As the report tells it: the file of tests and the name.
    pub told: String,
    pub name: String,
    pub binary: PathBuf,
    pub folder: PathBuf,
    /// How long it takes without a change.
    pub took: Duration,
    /// The hash of the part of its area's tests that it belongs to, with the file.
    pub part: String,
    /// The hash of its file.
    pub file: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ran {
    Passed,
    /// It failed, or it would never have ended; and how.
    Failed(String),
    /// A model that went on for too long to tell.
    Undecided,
}

/// Runs a test; the change 0 is none.
pub fn run(test: &Test, change: u32) -> Result<Ran, String> {
    let seconds = test.took.as_secs_f64();
    // Processor time, since a loaded machine says nothing about a test.
    let limit = match test.kind {
        Kind::Model => seconds * 2.0 + 3.0,
        Kind::Native => seconds * 2.0 + 2.0,
    };
    let limit = if change == 0 { 1800.0 } else { limit };
    let mut child = start(test, change, limit as u32).map_err(|e| format!("{}: {e}", test.told))?;
    let mut reader = child.stdout.take();
    let said = thread::spawn(move || {
        let mut said = Vec::new();
        let _ = reader.as_mut().map(|r| r.read_to_end(&mut said));
        said
    });
    let idle = Duration::from_secs_f64(1.5 + 2.0 * seconds.min(20.0));
    // A test that looks again and again whether something has happened.
    let long = match test.kind {
        Kind::Native if change != 0 => Duration::from_secs_f64(5.0 + 20.0 * seconds),
        _ => Duration::MAX,
    };
    let status = wait(&mut child, idle, long).map_err(|e| format!("{}: {e}", test.told))?;
    // Children that it has left behind keep its output open; and their group its number.
    let end = Instant::now() + Duration::from_secs(1);
    while !said.is_finished() && Instant::now() < end {
        thread::sleep(Duration::from_millis(1));
    }
    if !said.is_finished() {
        kill(child.id());
    }
    let said = said.join().unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    Ok(match status {
        None => Ran::Failed("waits for ever".to_owned()),
        Some(status) if out_of_time(status) => match test.kind {
            Kind::Model => Ran::Undecided,
            Kind::Native => Ran::Failed("runs for ever".to_owned()),
        },
        Some(status) if status.success() && !said.contains(" 0 passed") => Ran::Passed,
        Some(status) if status.success() => return Err(format!("there is no test {}", test.told)),
        Some(_) => Ran::Failed(how(&said)),
    })
}

fn start(test: &Test, change: u32, limit: u32) -> std::io::Result<Child> {
    let mut command = if cfg!(unix) {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!(
            "ulimit -c 0; ulimit -t {limit}; exec \"$0\" \"$@\""
        ));
        shell.arg(&test.binary);
        shell
    } else {
        Command::new(&test.binary)
    };
    command.args(["--exact", &test.name, "--test-threads=1"]);
    command.current_dir(&test.folder);
    command
        .env("LOOM_MAX_PREEMPTIONS", "2")
        // How often the tests of a fork do it.
        .env("PY_SYNC_FORKS", "40")
        .env(VARIABLE, change.to_string());
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn()
}

/// Waits for the end; `None` if it was killed, because nothing of it has moved for `idle`, or because it
/// has gone on for `long`. Both are by a clock that stands while this program gets no processor: then the
/// test may have got none either.
fn wait(child: &mut Child, idle: Duration, long: Duration) -> std::io::Result<Option<ExitStatus>> {
    let (mut waited, mut seen) = (Duration::ZERO, Instant::now());
    let (mut moved, mut looked, mut last) = (waited, waited, Pulse::default());
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        let pause = if waited < Duration::from_millis(300) {
            2
        } else {
            25
        };
        let pause = Duration::from_millis(pause);
        thread::sleep(pause);
        let before = std::mem::replace(&mut seen, Instant::now());
        waited += (seen - before).min(2 * pause);
        if waited - looked < Duration::from_millis(500) {
            continue;
        }
        looked = waited;
        let now = pulse(child.id());
        if now.runs || now != last {
            (moved, last) = (waited, now);
        }
        if waited - moved > idle || waited > long {
            kill(child.id());
            child.wait()?;
            return Ok(None);
        }
    }
}

/// What a group of processes has done so far.
#[derive(Clone, Debug, Default, PartialEq)]
struct Pulse {
    /// A thread runs or would, had it a processor.
    runs: bool,
    used: HashMap<String, u64>,
}

/// Where there is no `/proc` it is still: then `idle` is by the clock alone.
fn pulse(group: u32) -> Pulse {
    let mut pulse = Pulse::default();
    let list = |path: &str| std::fs::read_dir(path).into_iter().flatten().flatten();
    for process in list("/proc") {
        let folder = process.path();
        let Some((fields, _)) = stat(&folder.join("stat")) else {
            continue;
        };
        if fields.get(2).is_none_or(|g| *g != group.to_string()) {
            continue;
        }
        for task in list(&folder.join("task").to_string_lossy()) {
            if let Some((fields, used)) = stat(&task.path().join("stat")) {
                pulse.runs |= fields.first().is_some_and(|s| s == "R" || s == "D");
                pulse
                    .used
                    .insert(task.path().to_string_lossy().into_owned(), used);
            }
        }
    }
    pulse
}

/// The fields behind the name, which may hold blanks; and the processor time.
fn stat(path: &std::path::Path) -> Option<(Vec<String>, u64)> {
    let text = std::fs::read_to_string(path).ok()?;
    let fields: Vec<String> = text
        .rsplit_once(')')?
        .1
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    let used = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some((fields, used))
}

/// Ends what is left of a group.
fn kill(group: u32) {
    if cfg!(unix) {
        // The shell's own: not every machine has a program of this name.
        let mut command = Command::new("sh");
        command.args(["-c", &format!("kill -s KILL -- -{group}")]);
        let _ = command.stderr(Stdio::null()).status();
    }
}

/// Whether the limit ended it: by SIGXCPU, or by SIGKILL a moment later.
fn out_of_time(status: ExitStatus) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        matches!(status.signal(), Some(9 | 24))
    }
    #[cfg(not(unix))]
    {
        let _ = status;
        false
    }
}

fn how(said: &str) -> String {
    let known = [
        "deadlock",
        "Causality violation",
        "exceeded maximum number of branches",
        "leaked",
    ];
    if let Some(word) = known.iter().find(|w| said.contains(**w)) {
        return word.to_lowercase();
    }
    let mut lines = said.lines().skip_while(|l| !l.contains("panicked at"));
    let panic = lines.nth(1).map_or("it ended badly", str::trim);
    panic.replace('\t', " ").chars().take(80).collect()
}
