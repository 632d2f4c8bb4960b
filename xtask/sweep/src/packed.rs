//! Runs a packed build: this program lies beside its plan, and needs nothing else but a shell.
//!
//! What a test catches on another machine counts here too. A test that fails there without a change is
//! left out, and a change that survives is then kept as one that has not met the test's part.

use crate::builds::Kind;
use crate::decide::{How, Task, decide};
use crate::pack::PLAN;
use crate::results::{Found, Results};
use crate::runs::Test;
use crate::suite::{base, costs};
use crate::sweep::told;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::{Duration, Instant};

/// What a plan holds: the tests of each area; the changes, and of each its key and its name.
#[derive(Default)]
pub struct Plan {
    pub areas: Vec<Vec<Test>>,
    pub area_names: Vec<String>,
    pub tasks: Vec<Task>,
    pub names: HashMap<u32, (String, String)>,
}

/// Reads a plan whose binaries are in the folder `bin` beside it.
pub fn read(text: &str, folder: &Path) -> Result<Plan, String> {
    let mut plan = Plan::default();
    for line in text.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields[..] {
            ["area", name] => {
                plan.areas.push(Vec::new());
                plan.area_names.push(name.to_owned());
            }
            ["test", kind, binary, name, told, part, file] => {
                let area = plan.areas.last_mut().ok_or("a test is in no area")?;
                area.push(Test {
                    kind: match kind {
                        "model" => Kind::Model,
                        "native" => Kind::Native,
                        other => return Err(format!("no kind of test: {other}")),
                    },
                    told: told.to_owned(),
                    name: name.to_owned(),
                    binary: folder.join("bin").join(binary),
                    folder: folder.to_owned(),
                    took: Duration::ZERO,
                    part: part.to_owned(),
                    file: file.to_owned(),
                });
            }
            ["change", number, key, passed, name] => {
                let change = number.parse().map_err(|_| format!("no number: {number}"))?;
                let area = plan.areas.len().checked_sub(1);
                let passed = passed.split(' ').filter(|p| !p.is_empty());
                plan.tasks.push(Task {
                    change,
                    area: area.ok_or("a change is in no area")?,
                    passed: passed.map(str::to_owned).collect(),
                });
                let names = (key.to_owned(), name.to_owned());
                plan.names.insert(change, names);
            }
            _ => return Err(format!("not a line of a plan: {line}")),
        }
    }
    Ok(plan)
}

/// Decides about the changes of the plan in a folder that the results do not hold yet.
pub fn run(folder: &Path, results: &Path, how: &How) -> Result<(), String> {
    let begun = Instant::now();
    let plan = folder.join(PLAN);
    let text = std::fs::read_to_string(&plan).map_err(|e| format!("{}: {e}", plan.display()))?;
    let mut plan = read(&text, folder)?;
    let fail = |e: std::io::Error| format!("{}: {e}", results.display());
    let mut results = Results::open(results).map_err(fail)?;
    plan.tasks
        .retain(|t| results.get(&plan.names[&t.change].0).is_none());
    drop_failing(&mut plan.areas, how)?;
    let seconds = begun.elapsed().as_secs_f64();
    println!("the tests have run without a change, in {seconds:.0} s");
    for (name, tests) in plan.area_names.iter().zip(&plan.areas) {
        println!("{name}: {}", costs(tests));
    }
    let (mut done, all) = (0, plan.tasks.len());
    decide(&plan.tasks, &plan.areas, how, &mut |task, decided| {
        done += 1;
        let (key, name) = &plan.names[&task.change];
        let seconds = begun.elapsed().as_secs_f64();
        println!("[{done}/{all}, {seconds:.0} s] {}", told(name, &decided));
        let (outcome, tests) = (decided.outcome, decided.tests);
        let put = results.put(key, Found { outcome, tests }, name);
        put.map_err(fail)
    })?;
    let seconds = begun.elapsed().as_secs_f64();
    println!("{done} of {all} changes are decided about, in {seconds:.0} s");
    Ok(())
}

/// Measures the tests, and leaves out those that fail by themselves.
fn drop_failing(areas: &mut [Vec<Test>], how: &How) -> Result<(), String> {
    let bad = base(areas, how)?;
    for (test, how) in &bad {
        println!("left out, since it fails without a change: {test} ({how})");
    }
    let bad: HashSet<String> = bad.into_iter().map(|(test, _)| test).collect();
    for tests in areas {
        let torn: HashSet<String> = tests
            .iter()
            .filter(|t| bad.contains(&t.told))
            .map(|t| t.part.clone())
            .collect();
        tests.retain(|t| !bad.contains(&t.told));
        // Nothing has passed the whole of such a part.
        for test in tests.iter_mut().filter(|t| torn.contains(&t.part)) {
            test.part.clear();
        }
    }
    Ok(())
}
