//! A run: decides about every mutation that no earlier run has decided about.

use crate::areas::{Area, Mutation, Source};
use crate::builds::{Binaries, Copy, Wanted, is_exchange};
use crate::decide::{Decided, How, Task, decide};
use crate::pack::Pack;
use crate::results::{Found, Outcome, Results, code, hash, parse};
use crate::runs::Test;
use crate::suite::{Hashes, base, costs, parts, tests};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
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
    pub how: How,
    hashes: Hashes<'a>,
}

/// What is built of a layer, where, and the changes in it that are to be decided about.
struct Layer {
    binaries: Binaries,
    tree: PathBuf,
    now: BTreeSet<usize>,
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
        let how = How {
            jobs: 1,
            until: None,
            hold: None,
        };
        Ok(Sweep {
            root,
            folder,
            areas,
            sources,
            mutations,
            results,
            only_build: false,
            how,
            hashes: Hashes::new(root),
        })
    }

    fn key(&self, m: &Mutation) -> String {
        hash(&[&m.name, &code(&self.sources[m.source].text)])
    }

    /// What is known about a mutation, if it still counts.
    pub fn known(&mut self, index: usize) -> Option<Outcome> {
        let m = &self.mutations[index];
        let found = self.results.get(&self.key(m))?.clone();
        let counts = match &found.outcome {
            Outcome::Caught { test, .. } => {
                let package = &self.areas[m.area].package;
                found.tests == self.hashes.of_test(package, test)
            }
            Outcome::Survived | Outcome::Undecided => {
                let known: BTreeSet<&str> = found.tests.split(' ').collect();
                let area = &self.areas[m.area];
                let mut parts = parts(area).into_iter();
                parts.all(|p| known.contains(&*self.hashes.of_part(&area.package, &p)))
            }
            Outcome::Refused => true,
        };
        counts.then_some(found.outcome)
    }

    pub fn task(&self, index: usize) -> Task {
        let m = &self.mutations[index];
        let found = self.results.get(&self.key(m));
        let survived = found.filter(|f| f.outcome == Outcome::Survived);
        let passed = survived.map(|f| f.tests.split(' ').map(str::to_owned).collect());
        Task {
            change: index as u32 + 1,
            area: m.area,
            passed: passed.unwrap_or_default(),
        }
    }

    /// Decides about all that is not known.
    pub fn run(&mut self) -> Result<(), String> {
        for exchange in [false, true] {
            if self.how.is_over() {
                break;
            }
            let Some(layer) = self.layer(exchange)? else {
                continue;
            };
            if self.only_build {
                continue;
            }
            let mut areas = self.by_area(&layer.now);
            // What is soon done comes first.
            areas.sort_by_key(|(_, now)| now.len());
            for (area, now) in areas {
                if !self.how.is_over() {
                    self.area(area, &now, &layer.binaries, &layer.tree)?;
                }
            }
        }
        Ok(())
    }

    /// Puts what a run would need into an archive, with the program that runs it.
    pub fn pack(&mut self, archive: &Path, program: &Path) -> Result<(), String> {
        let mut pack = Pack::new(self.folder.join("pack"))?;
        for exchange in [false, true] {
            let Some(layer) = self.layer(exchange)? else {
                continue;
            };
            for (area, now) in self.by_area(&layer.now) {
                let of = &self.areas[area];
                let tests = tests(of, &layer.binaries, &layer.tree, &mut self.hashes)?;
                pack.area(&of.name, &tests)?;
                for index in now {
                    let m = &self.mutations[index];
                    pack.change(&self.task(index), &self.key(m), &m.name);
                }
            }
        }
        pack.finish(program, archive)
    }

    /// Takes in what a packed build has found out.
    pub fn take(&mut self, file: &Path) -> Result<(), String> {
        let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
        let mut unknown = HashMap::new();
        for index in 0..self.mutations.len() {
            if self.known(index).is_none() {
                unknown.insert(self.key(&self.mutations[index]), index);
            }
        }
        let (mut lines, mut taken) = (0, 0);
        for line in text.lines() {
            lines += 1;
            // The last line may have been cut off.
            let Some((key, found)) = parse(line) else {
                continue;
            };
            if let Some(&index) = unknown.get(&key) {
                let put = self.results.put(&key, found, &self.mutations[index].name);
                put.map_err(|e| e.to_string())?;
                taken += 1;
            }
        }
        println!(
            "{taken} of {lines} results are taken; the others are known, or of no change here"
        );
        Ok(())
    }

    /// The areas of these changes, and those of each.
    fn by_area(&self, changes: &BTreeSet<usize>) -> Vec<(usize, Vec<usize>)> {
        let mut areas: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for &index in changes {
            let area = self.mutations[index].area;
            areas.entry(area).or_default().push(index);
        }
        areas.into_iter().collect()
    }

    /// Builds a layer that has changes to decide about.
    fn layer(&mut self, exchange: bool) -> Result<Option<Layer>, String> {
        // All changes of the layer, decided or not: so the copy is the same when a run is taken up again.
        let (mut live, mut now) = (BTreeSet::new(), BTreeSet::new());
        for index in 0..self.mutations.len() {
            if is_exchange(self.sources, &self.mutations[index]) != exchange {
                continue;
            }
            let known = self.known(index);
            if known.is_none() {
                now.insert(index);
            }
            if known != Some(Outcome::Refused) {
                live.insert(index);
            }
        }
        if now.is_empty() {
            return Ok(None);
        }
        let mut wanted: BTreeMap<String, Wanted> = BTreeMap::new();
        for area in now.iter().map(|&i| &self.areas[self.mutations[i].area]) {
            let wanted = wanted.entry(area.package.clone()).or_default();
            wanted.tests.extend(area.tests.iter().cloned());
        }
        let layer = if exchange { "exchanges" } else { "others" };
        eprintln!("sweep: building {} changes ({layer})", live.len());
        let copy = Copy {
            root: self.root,
            tree: self.folder.join(format!("tree-{layer}")),
            targets: self.folder.join(layer),
            sources: self.sources,
            mutations: self.mutations,
        };
        let mut refused = Vec::new();
        let built = copy.build(&mut live, &wanted, &mut refused);
        let tree = copy.tree.clone();
        for index in refused {
            self.put(index, Outcome::Refused, String::new())?;
        }
        now.retain(|i| live.contains(i));
        Ok(Some(Layer {
            binaries: built?,
            tree,
            now,
        }))
    }

    fn area(
        &mut self,
        area: usize,
        now: &[usize],
        binaries: &Binaries,
        tree: &Path,
    ) -> Result<(), String> {
        let of = &self.areas[area];
        let tests = tests(of, binaries, tree, &mut self.hashes)?;
        let mut all: Vec<Vec<Test>> = vec![Vec::new(); area];
        all.push(tests);
        self.sound(&mut all)?;
        let tasks: Vec<Task> = now.iter().map(|&i| self.task(i)).collect();
        let (mut done, how) = (0, self.how.clone());
        decide(&tasks, &all, &how, &mut |task, decided| {
            done += 1;
            let index = task.change as usize - 1;
            let name = &self.mutations[index].name;
            println!("[{done}/{}] {}", tasks.len(), told(name, &decided));
            self.put(index, decided.outcome, decided.tests)
        })
    }

    fn put(&mut self, index: usize, outcome: Outcome, tests: String) -> Result<(), String> {
        let m = &self.mutations[index];
        let key = self.key(m);
        self.results
            .put(&key, Found { outcome, tests }, &m.name)
            .map_err(|e| e.to_string())
    }

    /// Runs the tests without a change, and keeps their times, also for later runs of the same binaries.
    fn sound(&self, tests: &mut [Vec<Test>]) -> Result<(), String> {
        let times = self.folder.join("times.tsv");
        let text = std::fs::read_to_string(&times).unwrap_or_default();
        let known: HashMap<&str, u64> = text
            .lines()
            .filter_map(|l| l.rsplit_once('\t'))
            .filter_map(|(of, took)| Some((of, took.parse().ok()?)))
            .collect();
        for test in tests.iter_mut().flatten() {
            if let Some(&took) = known.get(&*this_build(test)?) {
                test.took = Duration::from_millis(took);
            }
        }
        let begun = Instant::now();
        let bad = base(tests, &self.how)?;
        if let Some((test, how)) = bad.first() {
            return Err(format!("{test} fails without a change: {how}"));
        }
        let mut lines = String::new();
        for test in tests.iter().flatten().filter(|t| !t.took.is_zero()) {
            let of = this_build(test)?;
            if !known.contains_key(&*of) {
                lines.push_str(&format!("{of}\t{}\n", test.took.as_millis()));
            }
        }
        let file = OpenOptions::new().create(true).append(true).open(&times);
        let written = file.and_then(|mut f| f.write_all(lines.as_bytes()));
        written.map_err(|e| e.to_string())?;
        let seconds = begun.elapsed().as_secs_f64();
        eprintln!("sweep: the tests pass without a change, in {seconds:.0} s");
        let tests = tests.iter().filter(|t| !t.is_empty());
        tests.for_each(|t| eprintln!("sweep: {}", costs(t)));
        Ok(())
    }
}

/// Names a test in this very build of it.
fn this_build(test: &Test) -> Result<String, String> {
    let built = std::fs::metadata(&test.binary).and_then(|m| m.modified());
    let built = built.map_err(|e| e.to_string())?;
    Ok(format!(
        "{}\t{built:?}\t{}",
        test.binary.display(),
        test.name
    ))
}

/// A line for people.
pub fn told(name: &str, decided: &Decided) -> String {
    let word = match &decided.outcome {
        Outcome::Caught { test, how } => format!("caught by {test} ({how})"),
        other => format!("{other:?}").to_uppercase(),
    };
    format!("{name}: {word}, {:.1} s", decided.took.as_secs_f64())
}
