//! Commands that know their own line, ready to paste, and fail with it. Running them is duct's
//! matter, quoting is shlex's.

use duct::Expression;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};
use std::{env, fs, io};

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

/// What `cargo run` sets for xtask itself must not leak into another toolchain or package.
const OF_XTASK: [&str; 5] = [
    "CARGO",
    "RUSTUP_TOOLCHAIN",
    "CARGO_MANIFEST_DIR",
    "CARGO_PKG_NAME",
    "CARGO_MANIFEST_PATH",
];

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

    /// Sets an environment variable, in the place of what was set before by that name.
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Sh {
        // Of two, duct would take the first.
        self.envs.retain(|(other, _)| other != name);
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

    /// The command as duct runs it; a bad end is no error of its own.
    pub fn expression(&self) -> Expression {
        let mut command = duct::cmd(&self.program, &self.args).dir(&self.dir);
        for name in OF_XTASK {
            command = command.env_remove(name);
        }
        for (name, value) in &self.envs {
            command = command.env(name, value);
        }
        command.unchecked()
    }

    /// Runs it with our standard streams, and fails if it fails.
    pub fn run(&self) -> Result {
        let output = self.expression().run().map_err(|e| self.not_started(&e))?;
        self.check(output.status)
    }

    /// Runs it and gives its standard output; `None` if it cannot be started or fails.
    pub fn output(&self) -> Option<String> {
        let quiet = self.expression().stdin_null().stderr_null();
        let output = quiet.stdout_capture().run().ok()?;
        let said = String::from_utf8_lossy(&output.stdout);
        output.status.success().then(|| said.into_owned())
    }

    /// Runs it and gives what it says, line by line. If `show`, it is shown as it comes: both streams
    /// as one, in the order in which they were written. Else they are read apart, the standard
    /// output first, and no half line of one begins a line of the other.
    pub fn tee(&self, show: bool) -> (Vec<String>, Result) {
        let result = if show { self.shown() } else { self.kept() };
        match result {
            Ok((said, status)) => (said, self.check(status)),
            Err(e) => (Vec::new(), Err(self.not_started(&e))),
        }
    }

    fn kept(&self) -> io::Result<(Vec<String>, ExitStatus)> {
        let output = self.expression().stdout_capture().stderr_capture().run()?;
        let streams = [&output.stdout, &output.stderr].map(|s| String::from_utf8_lossy(s));
        let lines = streams.iter().flat_map(|s| s.lines());
        let said = lines.map(|line| line.trim_end().to_owned()).collect();
        Ok((said, output.status))
    }

    fn shown(&self) -> io::Result<(Vec<String>, ExitStatus)> {
        let reader = self.expression().stderr_to_stdout().reader()?;
        let mut from = BufReader::new(&reader);
        let (mut said, mut line) = (Vec::new(), Vec::new());
        while from.read_until(b'\n', &mut line)? > 0 {
            // A closed terminal is no reason to stop the work.
            let _ = io::stdout().write_all(&line);
            said.push(String::from_utf8_lossy(&line).trim_end().to_owned());
            line.clear();
        }
        // The reader has waited for the command before it told the end.
        let output = reader.try_wait()?.ok_or(io::ErrorKind::WouldBlock)?;
        Ok((said, output.status))
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

fn quote(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    // It refuses only a zero byte, which no argument can hold.
    shlex::try_quote(&word).map_or_else(|_| word.clone().into_owned(), |quoted| quoted.into_owned())
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

#[cfg(test)]
mod tests {
    use super::{Failure, Sh, root};

    fn shell(script: &str) -> Sh {
        Sh::new("sh").arg("-c").arg(script)
    }

    #[test]
    #[cfg(unix)]
    fn of_two_values_of_a_variable_the_last_counts() {
        let sh = Sh::new("printenv").arg("XTASK_TEST");
        let sh = sh.env("XTASK_TEST", "first").env("XTASK_TEST", "last");
        assert_eq!(sh.output().as_deref(), Some("last\n"));
        assert_eq!(sh.line().matches("XTASK_TEST=").count(), 1);
    }

    #[test]
    fn a_line_can_be_pasted() {
        let sh = Sh::cargo("test -p x")
            .arg("a b")
            .arg("it's")
            .dir("/tmp/a b");
        let line = sh.env("RUSTFLAGS", "--cfg loom").line();
        let words = shlex::split(&line).unwrap();
        let told = [
            "cd",
            "/tmp/a b",
            "&&",
            "RUSTFLAGS=--cfg loom",
            "cargo",
            "test",
            "-p",
            "x",
            "a b",
            "it's",
        ];
        assert_eq!(words, told);
    }

    #[test]
    #[cfg(unix)]
    fn a_bad_end_is_told_with_its_line_and_its_status() {
        for result in [shell("exit 3").run(), shell("exit 3").tee(false).1] {
            let Err(Failure::Command { line, why, status }) = result else {
                panic!("{result:?}");
            };
            assert_eq!(status, Some(3));
            assert_eq!(line, shell("exit 3").line());
            assert!(why.contains("exit status: 3"), "{why}");
        }
    }

    #[test]
    fn a_program_that_is_not_there_is_told() {
        let sh = Sh::new("no-such-program");
        for result in [sh.run(), sh.tee(true).1] {
            let told = format!("{result:?}");
            assert!(told.contains("cannot start no-such-program"), "{told}");
        }
        assert_eq!(sh.output(), None);
    }

    #[test]
    #[cfg(unix)]
    fn what_is_shown_is_in_order_and_what_is_kept_is_apart() {
        let sh = shell("echo one; printf two >&2; echo three; printf four");
        let (said, result) = sh.tee(true);
        assert_eq!(said, ["one", "twothree", "four"]);
        assert!(result.is_ok());
        let (said, result) = sh.tee(false);
        assert_eq!(said, ["one", "three", "four", "two"]);
        assert!(result.is_ok());
    }

    #[test]
    #[cfg(unix)]
    fn a_command_runs_in_its_folder_with_its_environment_and_without_xtask_s() {
        let said = shell("echo $A $CARGO_PKG_NAME; pwd")
            .env("A", "b")
            .output()
            .unwrap();
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines[0], "b");
        let here = std::fs::canonicalize(lines[1]).unwrap();
        assert_eq!(here, std::fs::canonicalize(root()).unwrap());
    }
}
