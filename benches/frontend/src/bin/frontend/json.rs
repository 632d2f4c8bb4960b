//! The report for machines. `totals` is the same for every number of threads and every run under
//! one seed; the rest is measured.
//!
//! It is written here: a library that also reads JSON would be a tenth of all that the demo
//! compiles. The tests read it with one.

use crate::report::{Run, differences, notes, problems};
use frontend::stats::LockStats;
use frontend::worker::PHASES;
use py_hashsecret::HashSeed;

pub fn report(run: &Run) -> String {
    let python = run.python.as_ref().map_or("null".to_owned(), |p| {
        object([
            ("program", text(&p.program.to_string_lossy())),
            ("version", text(&p.to_string())),
        ])
    });
    let seed = match run.seed {
        HashSeed::Fixed(seed) => seed.to_string(),
        HashSeed::Random => text("random"),
    };
    let parts = [
        ("input", text(&run.what)),
        ("python", python),
        ("seed", seed),
        ("totals", totals(run)),
        ("run", measured(run)),
        ("problems", pairs("problem", problems(run))),
        ("notes", list(notes(run).iter().map(|note| text(note)))),
    ];
    let verdict = verdict(run).map(|verdict| ("verify", verdict));
    object(parts.into_iter().chain(verdict))
}

fn totals(run: &Run) -> String {
    let (f, t) = (&run.done.figures, &run.totals);
    let counts = [
        ("files", f.files),
        ("refused", t.refused),
        ("bytes", f.bytes),
        ("lines", f.lines),
        ("tokens", f.tokens),
        ("nodes", f.nodes),
        ("names", f.names),
        ("distinct_names", t.distinct_names),
        ("literals", f.literals),
        ("distinct_literals", t.distinct_literals),
        ("surrogate_literals", t.surrogates),
        ("distinct_surrogate_literals", t.distinct_surrogates),
        ("texts", t.texts),
        ("arena_bytes", f.arena_bytes),
        ("arena_block_bytes", f.arena_block_bytes),
        ("arena_blocks", f.arena_blocks),
        ("arena_objects", f.arena_objects),
    ];
    let digests = [
        ("tree_digest", f.digest),
        ("hash_sum", t.hash_sum),
        ("introduced_digest", t.introduced),
    ];
    let counts = counts.map(|(name, n)| (name, n.to_string()));
    let digests = digests.map(|(name, n)| (name, text(&format!("{n:016x}"))));
    object(counts.into_iter().chain(digests))
}

fn measured(run: &Run) -> String {
    let done = &run.done;
    let lock = |(name, lock): (&'static str, &LockStats)| {
        let names = ["taken", "waited", "handed_over"].into_iter();
        let figures = lock.figures().map(|n| n.to_string());
        (name, object(names.zip(figures)))
    };
    let phases = done.phases.map(|time| time.as_secs_f64().to_string());
    let phases = PHASES.into_iter().zip(phases);
    object([
        ("threads", done.threads.to_string()),
        ("wall_seconds", done.wall.as_secs_f64().to_string()),
        ("phase_seconds", object(phases)),
        ("locks", object(done.locks.named().map(lock))),
        ("detached", run.detached.to_string()),
    ])
}

fn verdict(run: &Run) -> Option<String> {
    let v = run.verdict.as_ref()?;
    let counts = [
        ("files", v.files),
        ("names", v.names),
        ("literals", v.literals),
        ("equal_name_hashes", v.name_hashes),
        ("equal_literal_hashes", v.literal_hashes),
        ("equal_surrogate_hashes", v.surrogate_hashes),
    ];
    let counts = counts.map(|(name, n)| (name, n.to_string()));
    let differences = pairs("difference", differences(run));
    let differences = [("differences", differences)];
    Some(object(counts.into_iter().chain(differences)))
}

/// A list of objects, each a path and what is said about it.
fn pairs(name: &'static str, pairs: Vec<(String, String)>) -> String {
    let pair =
        |(path, said): (String, String)| object([("path", text(&path)), (name, text(&said))]);
    list(pairs.into_iter().map(pair))
}

/// An object of members that are JSON already, each in a line of its own.
fn object(members: impl IntoIterator<Item = (&'static str, String)>) -> String {
    let member = |(name, value): (&str, String)| format!("\"{name}\": {value}");
    block('{', '}', members.into_iter().map(member))
}

fn list(items: impl IntoIterator<Item = String>) -> String {
    block('[', ']', items)
}

fn block(open: char, close: char, items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    if items.is_empty() {
        return format!("{open}{close}");
    }
    let inside = items.join(",\n").replace('\n', "\n  ");
    format!("{open}\n  {inside}\n{close}")
}

fn text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\0'..='\x1f' => out += &format!("\\u{:04x}", u32::from(c)),
            _ => out.push(c),
        }
    }
    out + "\""
}
