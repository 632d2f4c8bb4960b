//! A run: decides about every mutation that no earlier run has decided about.

use crate::areas::{Area, Mutation, Source};
use crate::builds::{Binaries, Copy, Kind, Wanted, is_exchange};
use crate::results::{Found, Outcome, Results, code, hash};
use crate::runs::{Ran, Test, run};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

pub struct Sweep<'a> {
    pub root: &'a Path,
    pub folder: PathBuf,
    pub areas: &'a [Area],
    pub sources: &'a [Source],
    pub mutations: &'a [Mutation],
    pub results: Results,
    /// Only builds.
    pub only_build: bool,
    /// When to stop, between two mutations.
    pub until: Option<Instant>,
    /// The hashes of the files of tests, by path.
    hashes: HashMap<PathBuf, String>,
}

impl<'a> Sweep<'a> {
    pub fn new(
        root: &'a Path,
        folder: PathBuf,
        areas: &'a [Area],
        sources: &'a [Source],
        mutations: &'a [Mutation],
    ) -> Result<Sweep<'a>, String> {
        let results = Results::open(&folder.join("results.tsv")).map_err(|e| e.to_string())?;
        Ok(Sweep {
            root,
            folder,
            areas,
            sources,
            mutations,
            results,
            only_build: false,
            until: None,
            hashes: HashMap::new(),
        })
    }

    fn key(&self, m: &Mutation) -> String {
        hash(&[&m.name, &code(&self.sources[m.source].text)])
    }

    /// What is known about a mutation, if it still counts.
    pub fn known(&mut self, index: usize) -> Option<Outcome> {
        let m = &self.mutations[index];
        let found = self.results.get(&self.key(m))?.clone();
        let tests = match &found.outcome {
            Outcome::Caught { test, .. } => self.hash_of(&self.areas[m.area].package, test),
            Outcome::Survived | Outcome::Undecided => self.hash_of_area(m.area),
            Outcome::Refused => String::new(),
        };
        (found.tests == tests).then_some(found.outcome)
    }

    fn hash_of_file(&mut self, path: PathBuf) -> String {
        let known = self.hashes.get(&path).cloned();
        known.unwrap_or_else(|| {
            let mut text = String::new();
            for file in crate::areas::below(&path).unwrap_or_default() {
                text.push_str(&code(&std::fs::read_to_string(file).unwrap_or_default()));
            }
            let hash = hash(&[&text]);
            self.hashes.insert(path, hash.clone());
            hash
        })
    }

    /// Of the file that holds a test, by how the test is told.
    fn hash_of(&mut self, package: &str, told: &str) -> String {
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
        self.hash_of_file(path)
    }

    fn hash_of_area(&mut self, area: usize) -> String {
        let of = self.areas[area].clone();
        let mut parts = vec![format!("{:?} {:?} {:?}", of.models, of.units, of.tests)];
        let units = of
            .models
            .iter()
            .chain(&of.units)
            .map(|n| n.trim_end_matches(':').to_owned());
        let tests = of.tests.iter().map(|t| format!("{t}: "));
        for told in units.chain(tests) {
            parts.push(self.hash_of(&of.package, &told));
        }
        hash(&parts.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Decides about all that is not known.
    pub fn run(&mut self) -> Result<(), String> {
        let all: Vec<usize> = (0..self.mutations.len()).collect();
        let pending: BTreeSet<usize> = all
            .into_iter()
            .filter(|&i| self.known(i).is_none())
            .collect();
        for exchange in [false, true] {
            let of_layer = |m: &Mutation| is_exchange(self.sources, m) == exchange;
            let now: BTreeSet<usize> = pending
                .iter()
                .copied()
                .filter(|&i| of_layer(&self.mutations[i]))
                .collect();
            if !now.is_empty() && !self.is_over() {
                self.layer(exchange, &now)?;
            }
        }
        Ok(())
    }

    fn layer(&mut self, exchange: bool, pending: &BTreeSet<usize>) -> Result<(), String> {
        // All changes of the layer, decided or not: so the copy is the same when a run is taken up again.
        let mut live = BTreeSet::new();
        for index in 0..self.mutations.len() {
            let of_layer = is_exchange(self.sources, &self.mutations[index]) == exchange;
            if of_layer && self.known(index) != Some(Outcome::Refused) {
                live.insert(index);
            }
        }
        let mut wanted: BTreeMap<String, Wanted> = BTreeMap::new();
        for area in pending.iter().map(|&i| &self.areas[self.mutations[i].area]) {
            let tests = area.tests.iter().cloned();
            wanted
                .entry(area.package.clone())
                .or_default()
                .tests
                .extend(tests);
        }
        let layer = if exchange { "exchanges" } else { "others" };
        eprintln!("sweep: building {} changes ({layer})", live.len());
        let copy = Copy {
            root: self.root,
            tree: self.folder.join(format!("tree-{layer}")),
            targets: self.folder.clone(),
            sources: self.sources,
            mutations: self.mutations,
        };
        let (binaries, refused) = copy.build(&mut live, &wanted)?;
        let tree = copy.tree.clone();
        for index in refused {
            self.put(index, Outcome::Refused)?;
        }
        for area in 0..self.areas.len() {
            let of_area = |i: &usize| self.mutations[*i].area == area && live.contains(i);
            let now: Vec<usize> = pending.iter().copied().filter(of_area).collect();
            if !now.is_empty() && !self.only_build && !self.is_over() {
                let mut tests = tests(&self.areas[area], &binaries, &tree)?;
                sound(&mut tests, &self.folder.join("times.tsv"))?;
                self.decide(&now, &tests)?;
            }
        }
        Ok(())
    }

    fn decide(&mut self, pending: &[usize], tests: &[Test]) -> Result<(), String> {
        // Tests that have caught much, and cost little, come first.
        let mut caught: Vec<u32> = vec![0; tests.len()];
        for (done, &index) in pending.iter().enumerate() {
            if self.is_over() {
                break;
            }
            let begun = Instant::now();
            let mut order: Vec<usize> = (0..tests.len()).collect();
            let cost = |i: usize| (tests[i].took.as_secs_f64() + 0.005) / f64::from(1 + caught[i]);
            order.sort_by(|&a, &b| cost(a).total_cmp(&cost(b)));
            let mut outcome = Outcome::Survived;
            for i in order {
                match run(&tests[i], index as u32 + 1)? {
                    Ran::Passed => {}
                    Ran::Undecided => outcome = Outcome::Undecided,
                    Ran::Failed(how) => {
                        caught[i] += 1;
                        outcome = Outcome::Caught {
                            test: tests[i].told.clone(),
                            how,
                        };
                        break;
                    }
                }
            }
            let word = match &outcome {
                Outcome::Caught { test, how } => format!("caught by {test} ({how})"),
                other => format!("{other:?}").to_uppercase(),
            };
            let (name, took) = (&self.mutations[index].name, begun.elapsed().as_secs_f64());
            println!(
                "[{}/{}] {name}: {word}, {took:.1} s",
                done + 1,
                pending.len()
            );
            self.put(index, outcome)?;
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }

    fn put(&mut self, index: usize, outcome: Outcome) -> Result<(), String> {
        let m = &self.mutations[index];
        let tests = match &outcome {
            Outcome::Caught { test, .. } => self.hash_of(&self.areas[m.area].package, test),
            Outcome::Survived | Outcome::Undecided => self.hash_of_area(m.area),
            Outcome::Refused => String::new(),
        };
        let key = self.key(m);
        self.results
            .put(&key, Found { outcome, tests }, &m.name)
            .map_err(|e| e.to_string())
    }
}

/// The tests of an area, one by one.
fn tests(area: &Area, binaries: &Binaries, tree: &Path) -> Result<Vec<Test>, String> {
    let mut tests = Vec::new();
    let binary = |kind, name: &str| {
        let key = (area.package.clone(), kind, name.to_owned());
        binaries
            .get(&key)
            .cloned()
            .ok_or_else(|| format!("{key:?} was not built"))
    };
    let folder = tree.join("crates").join(&area.package);
    let mut add = |kind, file: &str, begins: &str| -> Result<(), String> {
        let binary = binary(kind, file)?;
        let names = list(&binary, &folder)?;
        let mut any = false;
        for name in names.into_iter().filter(|n| n.starts_with(begins)) {
            any = true;
            let told = if file.is_empty() {
                name.clone()
            } else {
                format!("{file}: {name}")
            };
            if !tests
                .iter()
                .any(|t: &Test| t.told == told && t.kind == kind)
            {
                let (binary, folder, took) = (binary.clone(), folder.clone(), Duration::ZERO);
                tests.push(Test {
                    kind,
                    told,
                    name,
                    binary,
                    folder,
                    took,
                });
            }
        }
        if any {
            Ok(())
        } else {
            Err(format!("{}: no test is {file:?} {begins:?}", area.name))
        }
    };
    for begins in &area.models {
        add(Kind::Model, "", begins)?;
    }
    for begins in &area.units {
        add(Kind::Native, "", begins)?;
    }
    for file in &area.tests {
        add(Kind::Native, file, "")?;
    }
    Ok(tests)
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

/// Runs the tests without a change: a test that fails then would catch anything. Keeps their times, also
/// for later runs of the same binaries.
fn sound(tests: &mut [Test], times: &Path) -> Result<(), String> {
    let known = std::fs::read_to_string(times).unwrap_or_default();
    let known: HashMap<&str, u64> = known
        .lines()
        .filter_map(|l| l.rsplit_once('\t'))
        .filter_map(|(of, took)| Some((of, took.parse().ok()?)))
        .collect();
    let begun = Instant::now();
    for test in tests.iter_mut() {
        let built = std::fs::metadata(&test.binary).and_then(|m| m.modified());
        let built = built.map_err(|e| e.to_string())?;
        let of = format!("{}\t{built:?}\t{}", test.binary.display(), test.name);
        if let Some(&took) = known.get(of.as_str()) {
            test.took = Duration::from_millis(took);
            continue;
        }
        let start = Instant::now();
        match run(test, 0)? {
            Ran::Passed => test.took = start.elapsed(),
            other => return Err(format!("{} fails without a change: {other:?}", test.told)),
        }
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(times);
        let mut file = file.map_err(|e| e.to_string())?;
        let line = format!("{of}\t{}\n", test.took.as_millis());
        file.write_all(line.as_bytes()).map_err(|e| e.to_string())?;
    }
    let took = begun.elapsed().as_secs_f64();
    eprintln!(
        "sweep: {} tests pass without a change, in {took:.0} s",
        tests.len()
    );
    Ok(())
}
