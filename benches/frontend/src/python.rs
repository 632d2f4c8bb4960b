//! Finding a Python on this machine: one that really runs, and where its standard library is.

use std::ffi::OsStr;
use std::fmt;
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
    ///
    /// # Errors
    /// Why it is no Python that can be used.
    pub fn at(program: &Path) -> Result<Python, String> {
        let shown = program.display();
        let output = Command::new(program)
            .args(["-c", ASK])
            .env_remove("PYTHONHASHSEED")
            .env("PYTHONIOENCODING", "utf-8")
            .stdin(Stdio::null())
            .output()
            .map_err(|e| format!("{shown}: {}", crate::source::words(&e)))?;
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

    /// The first Python that runs: what `PYTHON_ORACLE` names, else what is called `python3` and so
    /// on on `PATH`, else what pyenv has installed. With `newest_minor_from`, the first whose minor
    /// version is at least that.
    #[must_use]
    pub fn find(newest_minor_from: Option<u8>) -> Option<Python> {
        let fits = |p: &Python| newest_minor_from.is_none_or(|minor| p.version.1 >= minor);
        candidates()
            .iter()
            .filter_map(|c| Python::at(c).ok())
            .find(fits)
    }
}

impl fmt::Display for Python {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor, micro) = self.version;
        write!(f, "Python {major}.{minor}.{micro}")
    }
}

fn candidates() -> Vec<PathBuf> {
    if let Some(named) = std::env::var_os("PYTHON_ORACLE") {
        return vec![named.into()];
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found: Vec<PathBuf> = Vec::new();
    for name in NAMES {
        for folder in std::env::split_paths(&path) {
            let program = folder.join(name).with_extension_of_platform();
            if program.is_file() && !found.contains(&program) {
                found.push(program);
            }
        }
    }
    found.extend(pyenv());
    found
}

/// pyenv's shims fail for a version that is installed but not chosen: look behind them.
fn pyenv() -> Vec<PathBuf> {
    let root = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".pyenv"));
    let Some(root) = root.or_else(home) else {
        return Vec::new();
    };
    let mut versions: Vec<(Vec<u32>, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(root.join("versions"))
        .into_iter()
        .flatten()
        .flatten()
    {
        if let Some(version) = numbers(&entry.file_name()) {
            versions.push((version, entry.path().join("bin").join("python3")));
        }
    }
    versions.sort_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, program)| program).collect()
}

fn numbers(name: &OsStr) -> Option<Vec<u32>> {
    name.to_str()?.split('.').map(|n| n.parse().ok()).collect()
}

trait ExtensionOfPlatform {
    fn with_extension_of_platform(self) -> PathBuf;
}

impl ExtensionOfPlatform for PathBuf {
    fn with_extension_of_platform(mut self) -> PathBuf {
        // Not `set_extension`: that would cut the `.13` off `python3.13`.
        self.as_mut_os_string().push(std::env::consts::EXE_SUFFIX);
        self
    }
}
