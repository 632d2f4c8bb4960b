//! Commands: built, quoted, run, and failed with.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::{env, fs, io, thread};

/// What a task gives back.
pub type Result<T = ()> = std::result::Result<T, Failure>;

/// Why a task failed.
#[derive(Debug)]
pub enum Failure {
    /// A command ended badly: its line, ready to paste, and its exit status if it had one.
    Command {
        line: String,
        why: String,
        status: Option<i32>,
    },
    /// A tool that the task needs is not here.
    Missing(String),
    /// Anything else, in words.
    Other(String),
    /// The task's child has said all there is to say; only the status is passed on.
    Status(u8),
}

impl Failure {
    /// A failure in words.
    pub fn other(words: impl Into<String>) -> Failure {
        Failure::Other(words.into())
    }

    /// Tells the failure on standard error.
    pub fn print(&self) {
        match self {
            Failure::Command { line, why, .. } => {
                eprintln!("\nxtask: {why}; the command, ready to paste:\n  {line}");
            }
            Failure::Missing(what) => eprintln!("xtask: missing: {what}"),
            Failure::Other(words) => eprintln!("xtask: {words}"),
            Failure::Status(_) => {}
        }
    }

    /// The exit status that goes with it.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Failure::Status(n) => ExitCode::from(*n),
            Failure::Missing(_) => ExitCode::from(3),
            _ => ExitCode::FAILURE,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(e: io::Error) -> Failure {
        Failure::Other(e.to_string())
    }
}

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the root")
        .to_owned()
}

/// Where builds of the tasks go: cargo's own folder, the one of `CARGO_TARGET_DIR` if that is set.
pub fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR").filter(|d| !d.is_empty()) {
        // Cargo takes a relative one from where it is called.
        Some(dir) => env::current_dir().unwrap_or_else(|_| root()).join(dir),
        None => root().join("target"),
    }
}

/// A command in the making, run in the root of the workspace.
#[derive(Clone, Debug)]
pub struct Sh {
    program: OsString,
    args: Vec<OsString>,
    envs: Vec<(String, OsString)>,
    dir: PathBuf,
}

impl Sh {
    /// A command that runs this program.
    pub fn new(program: impl Into<OsString>) -> Sh {
        Sh {
            program: program.into(),
            args: Vec::new(),
            envs: Vec::new(),
            dir: root(),
        }
    }

    /// `cargo` with these arguments, parted at blanks.
    pub fn cargo(words: &str) -> Sh {
        Sh::new("cargo").words(words)
    }

    /// `cargo +nightly` with these arguments, parted at blanks.
    pub fn nightly(words: &str) -> Sh {
        // Inside `cargo run` the variables CARGO and RUSTUP_TOOLCHAIN name the outer toolchain.
        Sh::new("rustup").words("run nightly cargo").words(words)
    }

    /// Adds arguments, parted at blanks.
    pub fn words(mut self, words: &str) -> Sh {
        self.args
            .extend(words.split_whitespace().map(OsString::from));
        self
    }

    /// Adds one argument as it is.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Sh {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments as they are.
    pub fn args<S: AsRef<OsStr>>(mut self, args: &[S]) -> Sh {
        self.args.extend(args.iter().map(|a| a.as_ref().to_owned()));
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Sh {
        self.envs.push((name.to_owned(), value.into()));
        self
    }

    /// Runs elsewhere than in the root.
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Sh {
        self.dir = dir.into();
        self
    }

    /// The command line, ready to paste.
    pub fn line(&self) -> String {
        let mut line = String::new();
        if self.dir != root() {
            let _ = write!(line, "cd {} && ", quote(self.dir.as_os_str()));
        }
        for (name, value) in &self.envs {
            let _ = write!(line, "{name}={} ", quote(value));
        }
        line.push_str(&quote(&self.program));
        for arg in &self.args {
            line.push(' ');
            line.push_str(&quote(arg));
        }
        line
    }

    /// The command, to be started by the caller.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).current_dir(&self.dir);
        // What `cargo run` set for xtask itself must not leak into another toolchain.
        command.env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN");
        for name in [
            "CARGO_MANIFEST_DIR",
            "CARGO_PKG_NAME",
            "CARGO_MANIFEST_PATH",
        ] {
            command.env_remove(name);
        }
        command.envs(self.envs.iter().map(|(n, v)| (n, v)));
        command
    }

    /// Runs it with our standard streams, and fails if it fails.
    pub fn run(&self) -> Result {
        let status = self.command().status().map_err(|e| self.not_started(&e))?;
        self.check(status)
    }

    /// Runs it and gives its standard output; `None` if it cannot be started or fails.
    pub fn output(&self) -> Option<String> {
        let output = self
            .command()
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs it, shows both its streams if `show`, and gives what they said, line by line.
    pub fn tee(&self, show: bool) -> (Vec<String>, Result) {
        let child = self
            .command()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = match child {
            Ok(child) => child,
            Err(e) => return (Vec::new(), Err(self.not_started(&e))),
        };
        let stderr = child.stderr.take().expect("piped");
        let stdout = child.stdout.take().expect("piped");
        let err = thread::spawn(move || pump(stderr, show.then(io::stderr)));
        let mut said = pump(stdout, show.then(io::stdout));
        said.extend(err.join().expect("the pump does not panic"));
        let result = match child.wait() {
            Ok(status) => self.check(status),
            Err(e) => Err(self.not_started(&e)),
        };
        (said, result)
    }

    fn not_started(&self, e: &io::Error) -> Failure {
        let why = format!("cannot start {}: {e}", self.program.display());
        Failure::Command {
            line: self.line(),
            why,
            status: None,
        }
    }

    fn check(&self, status: ExitStatus) -> Result {
        if status.success() {
            return Ok(());
        }
        let why = format!("the command ended with {status}");
        Err(Failure::Command {
            line: self.line(),
            why,
            status: status.code(),
        })
    }
}

fn pump(from: impl Read, mut to: Option<impl Write>) -> Vec<String> {
    let mut said = Vec::new();
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
        if let Some(to) = &mut to {
            // A closed terminal is no reason to stop the work.
            let _ = to.write_all(&line);
        }
        said.push(String::from_utf8_lossy(&line).trim_end().to_owned());
        line.clear();
    }
    said
}

fn quote(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:+,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Fails unless the nightly toolchain is there, with the component if one is named.
pub fn need_nightly(component: Option<&str>) -> Result {
    let sysroot = Sh::new("rustup")
        .words("run nightly rustc --print sysroot")
        .output();
    let Some(sysroot) = sysroot else {
        let how = "a nightly toolchain (rustup toolchain install nightly)";
        return Err(Failure::Missing(how.to_owned()));
    };
    let sysroot = Path::new(sysroot.trim());
    let there = match component {
        None => true,
        Some("rust-src") => sysroot
            .join("lib/rustlib/src/rust/library/std/src/lib.rs")
            .exists(),
        Some("miri") => sysroot.join("bin/miri").exists() || sysroot.join("bin/miri.exe").exists(),
        Some(other) => return Err(Failure::other(format!("no such component: {other}"))),
    };
    if there {
        return Ok(());
    }
    let component = component.unwrap_or_default();
    let how = format!("nightly's {component} (rustup +nightly component add {component})");
    Err(Failure::Missing(how))
}

/// Fails unless `cargo <tool>` can be run.
pub fn has_cargo_tool(tool: &str) -> bool {
    Sh::cargo(tool).words("--version").output().is_some()
}

/// All files below `dir`, in order; `target` and hidden folders are left out.
pub fn files_below(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut entries: Vec<_> = fs::read_dir(dir)?.collect::<io::Result<_>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if name != "target" && !name.to_string_lossy().starts_with('.') {
                found.extend(files_below(&path)?);
            }
        } else {
            found.push(path);
        }
    }
    Ok(found)
}
