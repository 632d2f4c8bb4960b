//! A command with a time limit. One that is still running then is taken to hang: the stacks of all its
//! threads are written down, and it ends with all that it has started.

use crate::sh::{Result, Sh};
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A hanging process says its own stacks (faulthandler's, of Python) so long after the limit at the latest.
pub const GRACE: Duration = Duration::from_secs(30);

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With this status, or by a signal.
    Status(Option<i32>),
    Hung,
}

/// Runs a command. What it says goes to the file `said`, its standard output first.
pub fn run(sh: &Sh, said: &Path, limit: Duration) -> Result<End> {
    let errors = said.with_extension("err");
    let mut expression = sh.expression().stdin_null();
    // What is set for the interpreter of this machine changes what tests see.
    for (name, _) in env::vars_os().filter(|(name, _)| is_of_python(name)) {
        expression = expression.env_remove(name);
    }
    let handle = expression
        .stdout_path(said)
        .stderr_path(&errors)
        .before_spawn(|command| {
            in_its_own_group(command);
            Ok(())
        })
        .start()?;
    let group = handle.pids().first().copied().unwrap_or_default();
    let start = Instant::now();
    let mut stacks = String::new();
    let mut hung = false;
    let end = loop {
        if let Some(output) = handle.try_wait()? {
            break match hung {
                true => End::Hung,
                false => End::Status(output.status.code()),
            };
        }
        if !hung && start.elapsed() >= limit {
            hung = true;
            stacks = stacks_of(group);
        }
        if start.elapsed() >= limit + 2 * GRACE {
            kill(group);
        }
        sleep(Duration::from_millis(50));
    };
    // What it has started and left.
    kill(group);
    append(said, &[fs::read(&errors)?, stacks.into_bytes()].concat())?;
    fs::remove_file(&errors)?;
    Ok(end)
}

fn is_of_python(name: &OsStr) -> bool {
    name.to_string_lossy().starts_with("PYTHON")
}

fn append(file: &Path, more: &[u8]) -> io::Result<()> {
    let mut all = fs::read(file)?;
    all.extend(more);
    fs::write(file, all)
}

#[cfg(unix)]
fn in_its_own_group(command: &mut std::process::Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(not(unix))]
fn in_its_own_group(_: &mut std::process::Command) {}

/// Ends all processes of a group, if there are any.
fn kill(group: u32) {
    let _ = Sh::new("kill")
        .words("-KILL --")
        .arg(format!("-{group}"))
        .output();
}

/// The processes of a group.
fn members(group: u32) -> Vec<String> {
    let all = Sh::new("ps").words("-e -o pid= -o pgid=").output();
    let mut found = Vec::new();
    for line in all.unwrap_or_default().lines() {
        let mut words = line.split_whitespace();
        let (pid, its_group) = (words.next(), words.next());
        if its_group == Some(&group.to_string()) {
            found.extend(pid.map(str::to_owned));
        }
    }
    found
}

/// The stacks of all threads of a group's processes, as a debugger sees them.
fn stacks_of(group: u32) -> String {
    let mut stacks = String::new();
    for pid in members(group) {
        let gdb = Sh::new("gdb")
            .words("-batch -nx -ex")
            .arg("thread apply all backtrace 40")
            .words("-p")
            .arg(&pid)
            .output();
        let gdb = gdb.unwrap_or_else(|| "gdb does not start, or may not attach\n".to_owned());
        stacks.push_str(&format!("\nstacks of process {pid}:\n{gdb}"));
    }
    stacks
}

#[cfg(all(test, unix))]
mod tests {
    use super::{End, is_of_python, run};
    use crate::sh::Sh;
    use std::fs;
    use std::time::{Duration, Instant};

    fn shell(name: &str, script: &str, limit: Duration) -> (End, String) {
        let said = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        let end = run(&Sh::new("sh").arg("-c").arg(script), &said, limit).unwrap();
        let text = fs::read_to_string(&said).unwrap();
        fs::remove_file(&said).unwrap();
        (end, text)
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn an_end_is_a_status_and_what_was_said_is_kept() {
        let (end, said) = shell("status", "echo two >&2; echo one; exit 3", LONG);
        assert_eq!((end, said.as_str()), (End::Status(Some(3)), "one\ntwo\n"));
    }

    #[test]
    fn variables_of_python_are_known() {
        assert!(is_of_python("PYTHONUNBUFFERED".as_ref()));
        assert!(!is_of_python("PATH".as_ref()));
    }

    #[test]
    fn a_death_by_signal_has_no_status() {
        let (end, _) = shell("signal", "kill -9 $$", LONG);
        assert_eq!(end, End::Status(None));
    }

    #[test]
    fn who_is_still_there_at_the_limit_hangs_and_his_stacks_are_asked_for() {
        let (end, said) = shell("hang", "sleep 1; exit 0", Duration::ZERO);
        assert_eq!(end, End::Hung);
        assert!(said.contains("stacks of process"), "{said}");
    }

    #[test]
    fn what_a_command_leaves_behind_ends_with_it() {
        let start = Instant::now();
        let (end, said) = shell("rest", "sleep 300 & echo $!", LONG);
        assert_eq!(end, End::Status(Some(0)));
        let pid = said.trim().to_owned();
        // Its parent is gone, so it may be a zombie for a moment, until it is reaped.
        let runs = || {
            let state = Sh::new("ps").words("-o stat= -p").arg(&pid).output();
            state.is_some_and(|state| !state.trim().is_empty() && !state.starts_with('Z'))
        };
        while runs() {
            assert!(start.elapsed() < LONG, "process {pid} is still there");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
