//! The tests of an area: which they are, what they rest on, and how long they take.

use crate::areas::Area;
use crate::builds::{Binaries, Kind};
use crate::decide::{How, each};
use crate::results::{code, hash};
use crate::runs::{Ran, Test, run};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A part of an area's tests: a file of them, or those of the library whose names begin alike.
#[derive(Clone, Debug)]
pub struct Part {
    kind: Kind,
    /// Empty for the library's own.
    file: String,
    begins: String,
}

pub fn parts(area: &Area) -> Vec<Part> {
    let part = |kind, file: &str, begins: &str| Part {
        kind,
        file: file.to_owned(),
        begins: begins.to_owned(),
    };
    let models = area.models.iter().map(|m| part(Kind::Model, "", m));
    let units = area.units.iter().map(|u| part(Kind::Native, "", u));
    let tests = area.tests.iter().map(|t| part(Kind::Native, t, ""));
    models.chain(units).chain(tests).collect()
}

/// The hashes of the files of tests, by path.
pub struct Hashes<'a> {
    root: &'a Path,
    known: HashMap<PathBuf, String>,
}

impl<'a> Hashes<'a> {
    pub fn new(root: &'a Path) -> Hashes<'a> {
        let known = HashMap::new();
        Hashes { root, known }
    }

    /// Of a part, with the file that holds it.
    pub fn of_part(&mut self, package: &str, part: &Part) -> String {
        let told = match part.file.as_str() {
            "" => part.begins.trim_end_matches(':').to_owned(),
            file => format!("{file}: "),
        };
        let file = self.of_test(package, &told);
        // Enough for a few thousand, and short: a survivor names all of its own.
        hash(&[&format!("{:?}", part.kind), &part.file, &part.begins, &file])[..12].to_owned()
    }

    /// Of the file that holds a test, by how the test is told.
    pub fn of_test(&mut self, package: &str, told: &str) -> String {
        let package = self.root.join("crates").join(package);
        let path = match told.split_once(": ") {
            Some((file, _)) => {
                let folder = package.join("tests").join(file);
                if folder.is_dir() {
                    folder
                } else {
                    package.join(format!("tests/{file}.rs"))
                }
            }
            None => {
                let mut path = package.join("src");
                for word in told.split("::") {
                    if path.join(format!("{word}.rs")).is_file() {
                        path = path.join(format!("{word}.rs"));
                        break;
                    }
                    path = path.join(word);
                }
                path
            }
        };
        self.of_file(path)
    }

    fn of_file(&mut self, path: PathBuf) -> String {
        let known = self.known.get(&path).cloned();
        known.unwrap_or_else(|| {
            let mut text = String::new();
            for file in crate::areas::below(&path).unwrap_or_default() {
                text.push_str(&code(&std::fs::read_to_string(file).unwrap_or_default()));
            }
            let hash = hash(&[&text]);
            self.known.insert(path, hash.clone());
            hash
        })
    }
}

/// The tests of an area, one by one.
pub fn tests(
    area: &Area,
    binaries: &Binaries,
    tree: &Path,
    hashes: &mut Hashes,
) -> Result<Vec<Test>, String> {
    let mut tests: Vec<Test> = Vec::new();
    let folder = tree.join("crates").join(&area.package);
    let mut unused: Vec<&String> = area.without.iter().collect();
    for part in parts(area) {
        let key = (area.package.clone(), part.kind, part.file.clone());
        let binary = binaries.get(&key);
        let binary = binary.ok_or_else(|| format!("{key:?} was not built"))?;
        let hash = hashes.of_part(&area.package, &part);
        let mut any = false;
        for name in list(binary, &folder)? {
            if !name.starts_with(&part.begins) {
                continue;
            }
            any = true;
            let told = match part.file.as_str() {
                "" => name.clone(),
                file => format!("{file}: {name}"),
            };
            if area.without.contains(&told) {
                unused.retain(|w| **w != told);
                continue;
            }
            if tests.iter().any(|t| t.told == told && t.kind == part.kind) {
                continue;
            }
            tests.push(Test {
                kind: part.kind,
                file: hashes.of_test(&area.package, &told),
                told,
                name,
                binary: binary.clone(),
                folder: folder.clone(),
                took: Duration::ZERO,
                part: hash.clone(),
            });
        }
        if !any {
            return Err(format!("{}: no test is {part:?}", area.name));
        }
    }
    match unused.first() {
        Some(name) => Err(format!("{}: no test to leave out is {name:?}", area.name)),
        None => Ok(tests),
    }
}

fn list(binary: &Path, folder: &Path) -> Result<Vec<String>, String> {
    let mut command = Command::new(binary);
    let output = command
        .args(["--list", "--format", "terse"])
        .current_dir(folder)
        .output();
    let output = output.map_err(|e| format!("{}: {e}", binary.display()))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let names = said
        .lines()
        .filter_map(|l| l.strip_suffix(": test"))
        .map(str::to_owned);
    Ok(names.collect())
}

/// Runs tests without a change, each once: a test that fails then would catch anything. Returns those
/// that fail and how; the others know their times. Stops early when the time is over.
pub fn base(areas: &mut [Vec<Test>], how: &How) -> Result<Vec<(String, String)>, String> {
    let id = |t: &Test| (t.binary.clone(), t.name.clone());
    let mut once: HashMap<_, Test> = HashMap::new();
    for test in areas.iter().flatten() {
        if test.took.is_zero() {
            once.entry(id(test)).or_insert_with(|| test.clone());
        }
    }
    let mut items: Vec<Test> = once.into_values().collect();
    items.sort_by(|a, b| (&a.binary, &a.name).cmp(&(&b.binary, &b.name)));
    let times = Mutex::new(HashMap::new());
    let failed = Mutex::new(Vec::new());
    each(&items, how, |test| {
        how.hold();
        let begun = Instant::now();
        match run(test, 0)? {
            Ran::Passed => {
                let mut times = times.lock().unwrap_or_else(PoisonError::into_inner);
                times.insert(id(test), begun.elapsed().max(Duration::from_millis(1)));
            }
            Ran::Failed(how) => {
                let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                failed.push((test.told.clone(), how));
            }
            Ran::Undecided => return Err(format!("{} took too long", test.told)),
        }
        Ok(())
    })?;
    let times = times.into_inner().unwrap_or_else(PoisonError::into_inner);
    for test in areas.iter_mut().flatten() {
        if let Some(took) = times.get(&id(test)) {
            test.took = *took;
        }
    }
    Ok(failed.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// What a survivor costs, and the tests that cost most of it.
pub fn costs(tests: &[Test]) -> String {
    let seconds = |d: Duration| d.as_secs_f64();
    let mut slow: Vec<&Test> = tests.iter().collect();
    slow.sort_by_key(|t| std::cmp::Reverse(t.took));
    let told = |t: &&Test| format!("{} {:.1} s", t.told, seconds(t.took));
    let slow: Vec<String> = slow.iter().take(5).map(told).collect();
    let all = seconds(tests.iter().map(|t| t.took).sum());
    let (count, slow) = (tests.len(), slow.join(", "));
    format!("{count} tests, and a survivor costs {all:.1} s: {slow}")
}
