//! The Python of this machine: one that really runs, and the folder of its standard library.

use crate::source::words;
use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A Python that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Python {
    /// What to run.
    pub program: PathBuf,
    /// Its version.
    pub version: (u8, u8, u8),
    /// The folder of its standard library.
    pub stdlib: PathBuf,
    /// The algorithm of its `str` hash.
    pub algorithm: String,
}

/// Names to try on `PATH`, in this order.
const NAMES: [&str; 7] = [
    "python3",
    "python3.15",
    "python3.14",
    "python3.13",
    "python3.12",
    "python3.11",
    "python",
];

/// The empty entry of `sys.path` is the current folder, where any file may be called `sysconfig`.
const ASK: &str = "import sys; sys.path = [p for p in sys.path if p]; import sysconfig; \
    print(*sys.version_info[:3]); print(sys.hash_info.algorithm); \
    print(sysconfig.get_path('stdlib'))";

impl Python {
    /// Asks this program.
    pub fn at(program: &Path) -> Result<Python, String> {
        let shown = program.display();
        let output = Command::new(program)
            .args(["-c", ASK])
            .env_remove("PYTHONHASHSEED")
            .env("PYTHONIOENCODING", "utf-8")
            .stdin(Stdio::null())
            .output()
            .map_err(|e| format!("{shown}: {}", words(&e)))?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            let why = stderr.lines().find(|l| !l.trim().is_empty());
            return Err(format!("{shown}: {}", why.unwrap_or("it fails").trim()));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let answer = Python::parse(program, &text);
        answer.ok_or_else(|| format!("{shown}: it answers {:?}", text.trim()))
    }

    fn parse(program: &Path, answer: &str) -> Option<Python> {
        let mut lines = answer.lines();
        let mut version = lines.next()?.split(' ').map(str::parse);
        let mut part = || version.next()?.ok();
        let version = (part()?, part()?, part()?);
        let algorithm = lines.next()?.to_owned();
        let stdlib = PathBuf::from(lines.next()?);
        (version.0 == 3 && stdlib.is_dir()).then(|| Python {
            program: program.to_owned(),
            version,
            stdlib,
            algorithm,
        })
    }

    /// The first Python that runs and whose minor version is at least this: the one that
    /// `PYTHON_ORACLE` names, else one on `PATH`, else one that pyenv has installed.
    pub fn find(minor: u8) -> Option<Python> {
        let pythons = candidates().into_iter();
        let mut running = pythons.filter_map(|program| Python::at(&program).ok());
        running.find(|python| python.version.1 >= minor)
    }
}

impl fmt::Display for Python {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor, micro) = self.version;
        write!(f, "Python {major}.{minor}.{micro}")
    }
}

fn candidates() -> Vec<PathBuf> {
    if let Some(named) = env::var_os("PYTHON_ORACLE") {
        return vec![named.into()];
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let mut found: Vec<PathBuf> = Vec::new();
    for name in NAMES {
        for folder in env::split_paths(&path) {
            let program = folder.join(format!("{name}{}", env::consts::EXE_SUFFIX));
            if program.is_file() && !found.contains(&program) {
                found.push(program);
            }
        }
    }
    found.extend(pyenv());
    found
}

/// The versions that pyenv has installed, the newest first. Its shims on `PATH` fail for a version
/// that is not chosen.
fn pyenv() -> Vec<PathBuf> {
    let root = env::var_os("PYENV_ROOT").map(PathBuf::from);
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".pyenv"));
    let versions = root.or_else(home).map(|root| root.join("versions"));
    let entries = versions.and_then(|folder| fs::read_dir(folder).ok());
    let mut found: Vec<(Vec<u32>, PathBuf)> = Vec::new();
    for entry in entries.into_iter().flatten().flatten() {
        let name = entry.file_name();
        let numbers = name.to_string_lossy();
        let numbers: Result<_, _> = numbers.split('.').map(str::parse).collect();
        if let Ok(numbers) = numbers {
            found.push((numbers, entry.path().join("bin").join("python3")));
        }
    }
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, program)| program).collect()
}
