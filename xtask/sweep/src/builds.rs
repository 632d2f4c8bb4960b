//! Copies of the tree that hold schemas, and their builds.

use crate::areas::{Mutation, Source};
use crate::schema::{self, Place, SWITCH};
use crate::sites::Form;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

/// The two kinds of builds: for loom, and for the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Model,
    Native,
}

/// What of a package is built.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub tests: BTreeSet<String>,
}

/// The binaries of a package: the library's own tests have no name.
pub type Binaries = HashMap<(String, Kind, String), PathBuf>;

/// A copy of the tree with one layer of changes in it.
pub struct Copy<'a> {
    pub root: &'a Path,
    pub tree: PathBuf,
    /// Where its builds go. No other copy's may go there: cargo would take them for its own, since it
    /// knows a source file by its place in the workspace, and by its time.
    pub targets: PathBuf,
    pub sources: &'a [Source],
    pub mutations: &'a [Mutation],
}

/// The layers: exchanges would hide what else their statements hold.
pub fn is_exchange(sources: &[Source], m: &Mutation) -> bool {
    sources[m.source].sites[m.site].form == Form::Exchange
}

impl Copy<'_> {
    /// Builds the schema of the `live` mutations. Those that do not compile are moved to `refused`, also
    /// where the build fails at last.
    pub fn build(
        &self,
        live: &mut BTreeSet<usize>,
        wanted: &BTreeMap<String, Wanted>,
        refused: &mut Vec<usize>,
    ) -> Result<Binaries, String> {
        'again: loop {
            let files = self.write(live)?;
            let mut binaries = Binaries::new();
            for (package, wanted) in wanted {
                for kind in [Kind::Model, Kind::Native] {
                    let said = cargo(self, package, kind, wanted)?;
                    let errors = errors(&said);
                    if errors.is_empty() {
                        collect(&said, package, kind, &mut binaries);
                        continue;
                    }
                    let bad = guilty(&errors, &files)?;
                    eprintln!("sweep: {} changes do not compile", bad.len());
                    for n in bad {
                        let index = n as usize - 1;
                        if live.remove(&index) {
                            refused.push(index);
                        }
                    }
                    continue 'again;
                }
            }
            return Ok(binaries);
        }
    }

    /// Writes the copy; returns the places of the changes in each file.
    fn write(&self, live: &BTreeSet<usize>) -> Result<HashMap<String, Vec<Place>>, String> {
        let fail = |e: io::Error| format!("{}: {e}", self.tree.display());
        let mut files = BTreeMap::new();
        for part in ["Cargo.toml", "Cargo.lock", "crates", "xtask", "benches"] {
            read(self.root, &self.root.join(part), &mut files).map_err(fail)?;
        }
        let mut places = HashMap::new();
        for (i, source) in self.sources.iter().enumerate() {
            let mut sites = Vec::new();
            for (j, site) in source.sites.iter().enumerate() {
                let mut numbers = vec![0; site.changes.len()];
                for &index in live {
                    let m = &self.mutations[index];
                    if (m.source, m.site) == (i, j) {
                        numbers[m.change] = index as u32 + 1;
                    }
                }
                if numbers.iter().any(|&n| n != 0) {
                    sites.push((site, numbers));
                }
            }
            let schema = schema::write(&source.text, &sites);
            files.insert(source.path.clone(), schema.text.into_bytes());
            places.insert(source.path.clone(), schema.places);
        }
        for (path, text) in &mut files {
            if path.starts_with("crates/") && path.ends_with("/src/lib.rs") {
                text.extend_from_slice(SWITCH.as_bytes());
            }
        }
        renew(&self.tree, &files).map_err(fail)?;
        Ok(places)
    }
}

fn read(root: &Path, path: &Path, into: &mut BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    // A licence is a link to the root's, which is not copied.
    if path.is_symlink() {
        return Ok(());
    }
    if path.is_file() {
        let name = path.strip_prefix(root).expect("below the root");
        let name = name.to_string_lossy().replace('\\', "/");
        into.insert(name, fs::read(path)?);
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        if name != "target" && !name.to_string_lossy().starts_with('.') {
            read(root, &entry.path(), into)?;
        }
    }
    Ok(())
}

/// Makes a folder hold these files and no others. One that is the same keeps its time, by which cargo
/// goes.
fn renew(tree: &Path, files: &BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    let mut old = BTreeMap::new();
    if tree.exists() {
        read(tree, tree, &mut old)?;
    }
    for path in old.keys().filter(|p| !files.contains_key(*p)) {
        fs::remove_file(tree.join(path))?;
    }
    for (path, text) in files.iter().filter(|(p, text)| old.get(*p) != Some(text)) {
        let path = tree.join(path);
        fs::create_dir_all(path.parent().unwrap_or(tree))?;
        fs::write(path, text)?;
    }
    Ok(())
}

fn cargo(copy: &Copy, package: &str, kind: Kind, wanted: &Wanted) -> Result<String, String> {
    let mut words = vec![
        "test",
        "--no-run",
        "--message-format",
        "json",
        "--quiet",
        "-p",
        package,
        "--lib",
    ];
    let (flags, folder) = match kind {
        Kind::Model => {
            words.extend(["--profile", "model"]);
            if package == "py-thread" {
                words.extend(["--features", "micro"]);
            }
            ("--cfg loom --cap-lints warn", "model")
        }
        Kind::Native => {
            words.push("--all-features");
            for test in &wanted.tests {
                words.extend(["--test", test]);
            }
            ("--cap-lints warn", "native")
        }
    };
    // The target is named so that the flags are not for build scripts and macros.
    let mut flags = flags.to_owned();
    if let Some(target) = alone() {
        words.extend(["--target", target]);
        flags.push_str(" -C target-feature=+crt-static");
    }
    let output = Command::new("cargo")
        .args(&words)
        .current_dir(&copy.tree)
        .env("RUSTFLAGS", flags)
        .env("CARGO_TARGET_DIR", copy.targets.join(folder))
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_PROFILE_TEST_DEBUG", "0")
        .env("CARGO_PROFILE_DEV_STRIP", "symbols")
        .env("CARGO_PROFILE_MODEL_STRIP", "symbols")
        // What `cargo run` sets for this program is not for the copy.
        .env_remove("CARGO")
        .env_remove("CARGO_MANIFEST_DIR")
        .env_remove("RUSTUP_TOOLCHAIN")
        .output()
        .map_err(|e| format!("cannot start cargo: {e}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() && errors(&said).is_empty() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(format!("the copy of {package} does not build:\n{why}"));
    }
    Ok(said)
}

/// The target whose programs can be built without shared libraries, if this machine can: they start
/// faster, and run on another machine.
pub fn alone() -> Option<&'static str> {
    let target = match std::env::consts::ARCH {
        "x86_64" if cfg!(all(target_os = "linux", target_env = "gnu")) => {
            "x86_64-unknown-linux-gnu"
        }
        "aarch64" if cfg!(all(target_os = "linux", target_env = "gnu")) => {
            "aarch64-unknown-linux-gnu"
        }
        _ => return None,
    };
    // It says the whole path of a library that it has, and the bare name of another.
    let asked = Command::new("cc").arg("-print-file-name=libc.a").output();
    let has = asked.is_ok_and(|said| said.stdout.starts_with(b"/"));
    has.then_some(target)
}

/// A file, and the bytes of it that are meant.
type Span = (String, usize, usize);

/// An error of the compiler: its words, and where it points to, the main place first.
struct Error {
    told: String,
    spans: Vec<Span>,
    /// Where its notes point to.
    notes: Vec<Span>,
}

fn errors(said: &str) -> Vec<Error> {
    let lines = said
        .lines()
        .filter_map(|l| serde_json::from_str::<Value>(l).ok());
    let messages = lines.filter(|v| v["reason"] == "compiler-message");
    let bad = messages.filter(|v| v["message"]["level"] == "error");
    let all = bad.map(|v| {
        let message = &v["message"];
        let children = message["children"].as_array().into_iter().flatten();
        Error {
            told: message["rendered"].as_str().unwrap_or_default().to_owned(),
            spans: spans(message),
            notes: children.flat_map(spans).collect(),
        }
    });
    // The last one only counts the others.
    all.filter(|e| !e.spans.is_empty()).collect()
}

/// Where a message points to, the main place first.
fn spans(message: &Value) -> Vec<Span> {
    let mut spans: Vec<&Value> = message["spans"].as_array().into_iter().flatten().collect();
    spans.sort_by_key(|s| s["is_primary"] != true);
    let span = |s: &Value| {
        let byte = |key: &str| s[key].as_u64().unwrap_or(0) as usize;
        let file = s["file_name"].as_str().unwrap_or_default().to_owned();
        (file, byte("byte_start"), byte("byte_end"))
    };
    spans.into_iter().map(span).collect()
}

/// The changes that the errors point into: of each error the smallest place around its main span, or
/// failing that around another of its spans, failing that those around the spans of its notes. An error in
/// no change is another's consequence, or ours.
fn guilty(errors: &[Error], files: &HashMap<String, Vec<Place>>) -> Result<BTreeSet<u32>, String> {
    let mut bad = BTreeSet::new();
    for error in errors {
        let around = |(file, start, end): &Span| {
            let places = files.get(file)?.iter();
            let around = places.filter(|p| p.range.start <= *start && *end <= p.range.end);
            around.min_by_key(|p| p.range.len())
        };
        let mut places: Vec<&Place> = error.spans.iter().find_map(around).into_iter().collect();
        if places.is_empty() {
            places.extend(error.notes.iter().filter_map(around));
        }
        bad.extend(places.into_iter().flat_map(|p| p.changes.iter().copied()));
    }
    if bad.is_empty() {
        let told: String = errors.iter().map(|e| e.told.as_str()).collect();
        return Err(format!("an error in no change:\n{told}"));
    }
    Ok(bad)
}

fn collect(said: &str, package: &str, kind: Kind, into: &mut Binaries) {
    for line in said.lines() {
        let Ok(v) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        let Some(path) = v["executable"].as_str() else {
            continue;
        };
        let is_test = v["target"]["kind"]
            .as_array()
            .is_some_and(|k| k.iter().any(|k| k == "test"));
        let name = match is_test {
            true => v["target"]["name"].as_str().unwrap_or_default(),
            false => "",
        };
        // Not the program of a dependency.
        if v["profile"]["test"] == true {
            let key = (package.to_owned(), kind, name.to_owned());
            into.insert(key, PathBuf::from(OsStr::new(path)));
        }
    }
}
