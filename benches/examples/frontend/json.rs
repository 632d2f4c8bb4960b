//! The report for machines. `totals` is the same for every number of threads and every run under
//! one seed; the rest is measured.

use crate::Run;
use benches::frontend::parts::Turns;
use py_hashsecret::HashSeed;
use serde_json::{Map, Value, json};

pub fn report(run: &Run) -> String {
    let mut report = json!({
        "input": run.what,
        "python": run.python.as_ref().map(|p| json!({
            "program": p.program.to_string_lossy(),
            "version": p.to_string(),
        })),
        "seed": match run.seed {
            HashSeed::Fixed(seed) => json!(seed),
            HashSeed::Random => json!("random"),
        },
        "totals": totals(run),
        "run": measured(run),
        "problems": problems(run),
        "notes": notes(run),
    });
    if let Some(verdict) = verify(run) {
        report["verify"] = verdict;
    }
    format!("{report:#}")
}

fn totals(run: &Run) -> Value {
    let t = &run.totals;
    json!({
        "files": t.files,
        "refused": t.refused,
        "bytes": t.bytes,
        "lines": t.lines,
        "tokens": t.tokens,
        "nodes": t.nodes,
        "names": t.names,
        "distinct_names": t.distinct_names,
        "literals": t.literals,
        "distinct_literals": t.distinct_literals,
        "surrogate_literals": t.surrogates,
        "distinct_surrogate_literals": t.distinct_surrogates,
        "texts": t.texts,
        "arena_bytes": t.arena.bytes,
        "arena_block_bytes": t.arena.reserved,
        "arena_blocks": t.arena.blocks,
        "arena_objects": t.arena.objects,
        "tree_digest": format!("{:016x}", t.digest),
        "hash_sum": format!("{:016x}", t.hash_sum),
        "introduced_digest": format!("{:016x}", t.introduced),
    })
}

fn measured(run: &Run) -> Value {
    let done = &run.done;
    let mut locks = Map::new();
    let turns =
        |t: &Turns| json!({ "taken": t.taken(), "waited": t.waited(), "handed_over": t.handed() });
    locks.insert("queue".to_owned(), turns(&done.queue));
    for (name, lock) in done.turns.named() {
        locks.insert(name.to_owned(), turns(lock));
    }
    json!({
        "threads": done.threads,
        "wall_seconds": done.wall.as_secs_f64(),
        "cpu_seconds": {
            "read": done.phases.read,
            "parse": done.phases.parse,
            "land": done.phases.land,
            "walk": done.phases.walk,
        },
        "locks": locks,
        "sleeps": run.sleeps,
    })
}

fn problems(run: &Run) -> Value {
    crate::report::problems(run)
        .into_iter()
        .map(|(path, problem)| json!({ "path": path, "problem": problem }))
        .collect()
}

fn notes(run: &Run) -> Value {
    crate::report::notes(run)
        .into_iter()
        .map(Value::from)
        .collect()
}

fn verify(run: &Run) -> Option<Value> {
    let v = run.verdict.as_ref()?;
    let differences: Vec<_> = crate::report::differences(run)
        .into_iter()
        .map(|(path, difference)| json!({ "path": path, "difference": difference }))
        .collect();
    Some(json!({
        "files": v.files,
        "names": v.names,
        "literals": v.literals,
        "equal_name_hashes": v.name_hashes,
        "equal_literal_hashes": v.literal_hashes,
        "equal_surrogate_hashes": v.surrogate_hashes,
        "differences": differences,
    }))
}
