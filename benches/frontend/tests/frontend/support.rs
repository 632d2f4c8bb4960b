//! Running the demo.

use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// A run of the demo, without what the environment says of Python.
pub fn frontend() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_frontend"));
    command
        .env_remove("PYTHONHASHSEED")
        .env_remove("PYTHON_ORACLE");
    command
}

/// What a run said and did.
pub struct Ran {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// The lines of standard error that begin so.
    pub fn lines(&self, start: &str) -> Vec<&str> {
        self.stderr
            .lines()
            .filter(|l| l.starts_with(start))
            .collect()
    }

    /// The one line about this file.
    pub fn line_about(&self, name: &str) -> &str {
        let about = |l: &&str| l.contains(&format!("/{name}: "));
        let lines: Vec<&str> = self.stderr.lines().filter(about).collect();
        assert_eq!(lines.len(), 1, "{name} in {}", self.stderr);
        lines[0]
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).expect("--json prints JSON")
    }
}

pub fn ran(command: &mut Command) -> Ran {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("the demo starts");
    Ran {
        status: status.code().expect("no signal ended it"),
        stdout: String::from_utf8(stdout).expect("reports are UTF-8"),
        stderr: String::from_utf8(stderr).expect("lines are UTF-8"),
    }
}

pub fn run<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Ran {
    ran(frontend().args(args))
}

pub fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

/// A folder of one test's own; removed when it is dropped.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // Relaxed: the numbers only have to differ.
        let count = COUNT.fetch_add(1, Relaxed);
        let name = format!("py-ground-frontend-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("the folder for temporary files can be written");
        Folder(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        let parent = path.parent().expect("the name is below the folder");
        std::fs::create_dir_all(parent).expect("the folder is ours");
        std::fs::write(&path, bytes).expect("the folder is ours");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left in the folder for temporary files does no harm.
        drop(std::fs::remove_dir_all(&self.0));
    }
}
