//! Finds the real CPython that the tests and benchmarks ask.
//!
//! `PYTHON_ORACLE` (an executable) and `PYTHON_ORACLE_LIB` (its shared library) win if they are set;
//! else the newest of those that run is taken.

use crate::sh::Sh;
use std::ffi::OsString;
use std::path::PathBuf;

/// The CPython found.
#[derive(Clone, Debug)]
pub struct Python {
    /// The executable.
    pub program: PathBuf,
    /// Its version, as `3.13.0`.
    pub version: String,
    /// Its shared library, if it has one.
    pub library: Option<PathBuf>,
}

const QUESTION: &str = "\
import os, sys, sysconfig
name = sysconfig.get_config_var('INSTSONAME') or ''
library = os.path.join(sysconfig.get_config_var('LIBDIR') or '', name)
print(sys.implementation.name)
print('.'.join(map(str, sys.version_info[:3])))
print(library if '.so' in name or '.dylib' in name else '')
";

/// The CPython to ask; `None` if there is none from 3.11 on.
pub fn find() -> Option<Python> {
    let all = match std::env::var_os("PYTHON_ORACLE") {
        Some(named) => vec![named],
        None => candidates(),
    };
    all.into_iter()
        .filter_map(ask)
        .max_by_key(|p| version_key(&p.version))
}

/// Sets both variables for the command, as far as there is something to set.
pub fn beside(sh: Sh) -> Sh {
    let Some(python) = find() else { return sh };
    let sh = match std::env::var_os("PYTHON_ORACLE") {
        Some(_) => sh,
        None => sh.env("PYTHON_ORACLE", &python.program),
    };
    match (std::env::var_os("PYTHON_ORACLE_LIB"), python.library) {
        (None, Some(library)) => sh.env("PYTHON_ORACLE_LIB", library),
        _ => sh,
    }
}

fn candidates() -> Vec<OsString> {
    let mut all: Vec<OsString> = vec!["python3".into()];
    all.extend((11..=15).map(|minor| format!("python3.{minor}").into()));
    // pyenv's shims refuse a version that is installed and not enabled.
    if let Some(root) = std::env::var_os("PYENV_ROOT") {
        let versions = std::fs::read_dir(PathBuf::from(root).join("versions"));
        let found = versions.into_iter().flatten().flatten();
        all.extend(found.map(|e| e.path().join("bin/python3").into_os_string()));
    }
    all
}

fn version_key(version: &str) -> Vec<u32> {
    version.split('.').map_while(|n| n.parse().ok()).collect()
}

fn ask(program: OsString) -> Option<Python> {
    let said = Sh::new(&program)
        .arg("-I")
        .arg("-c")
        .arg(QUESTION)
        .output()?;
    let mut lines = said.lines();
    if lines.next()? != "cpython" {
        return None;
    }
    let version = lines.next()?.to_owned();
    let minor: u32 = version.split('.').nth(1)?.parse().ok()?;
    if minor < 11 {
        return None;
    }
    let library = lines.next().filter(|l| !l.is_empty()).map(PathBuf::from);
    let library = library.filter(|l| l.exists());
    Some(Python {
        program: program.into(),
        version,
        library,
    })
}
