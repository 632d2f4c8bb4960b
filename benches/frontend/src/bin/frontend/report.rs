//! The report for people, and the lines about single files.

use crate::Run;
use frontend::file::Phases;
use frontend::problem::Note;
use py_hashsecret::HashSeed;
use std::fmt::Write;

/// So many differences are shown; the rest is counted.
const SHOWN: usize = 20;
/// More notes of one kind than this share a line.
const NOTES: usize = 4;

/// The lines about single files: to standard error, for they are no part of either report.
pub fn lines(run: &Run) {
    for note in notes(run) {
        eprintln!("note: {note}");
    }
    for (path, problem) in problems(run) {
        eprintln!("error: {path}: {problem}");
    }
    let differences = differences(run);
    for (path, difference) in differences.iter().take(SHOWN) {
        eprintln!("differs: {path}: {difference}");
    }
    if differences.len() > SHOWN {
        eprintln!("differs: and {} more", differences.len() - SHOWN);
    }
}

/// Everything that was not done, by path.
pub fn problems(run: &Run) -> Vec<(String, String)> {
    let walked = run.input.problems.iter();
    let walked = walked.map(|(path, p)| (path.as_path(), p.to_string()));
    let results = run.done.files.iter().zip(&run.done.results);
    let refused = results.filter_map(|(file, result)| {
        let problem = result.as_ref().err()?;
        Some((file.path.as_path(), problem.to_string()))
    });
    let mut all: Vec<_> = walked.chain(refused).collect();
    all.sort();
    let shown = |(path, what): (&std::path::Path, _)| (path.display().to_string(), what);
    all.into_iter().map(shown).collect()
}

/// What is worth a line though it was done.
pub fn notes(run: &Run) -> Vec<String> {
    let mut all: Vec<(&Note, String)> = Vec::new();
    for (file, result) in run.done.files.iter().zip(&run.done.results) {
        let notes = result.iter().flat_map(|r| &r.notes);
        all.extend(notes.map(|note| (note, file.path.display().to_string())));
    }
    all.sort();
    let mut lines = Vec::new();
    for same in all.chunk_by(|a, b| a.0 == b.0) {
        let note = same[0].0;
        if same.len() > NOTES {
            let (first, count) = (&same[0].1, same.len());
            lines.push(format!("{count} files: {note} (the first is {first})"));
        } else {
            lines.extend(same.iter().map(|(_, path)| format!("{path}: {note}")));
        }
    }
    if run.input.again > 0 {
        let again = run.input.again;
        let files = if again == 1 { "file was" } else { "files were" };
        lines.push(format!(
            "{again} {files} reached more than once, and done once"
        ));
    }
    lines
}

/// What differs from Python, by path.
pub fn differences(run: &Run) -> Vec<(String, String)> {
    let differences = run.verdict.iter().flat_map(|v| &v.differences);
    differences
        .map(|(number, difference)| {
            let path = &run.done.files[*number as usize].path;
            (path.display().to_string(), difference.to_string())
        })
        .collect()
}

/// The table.
pub fn table(run: &Run) -> String {
    let mut out = String::new();
    let (t, done) = (&run.totals, &run.done);
    let mut row = |name: &str, value: u64, what: String| {
        let line = format!("  {name:<10}{:>14}   {what}", grouped(value));
        writeln!(out, "{}", line.trim_end()).expect("a String grows");
    };
    let megabytes = t.bytes as f64 / 1e6;
    row(
        "files",
        t.files,
        format!("{megabytes:.2} MB, {} lines", grouped(t.lines)),
    );
    row("tokens", t.tokens, String::new());
    row(
        "nodes",
        t.nodes,
        format!(
            "{:.1} MB in {} blocks of {} arenas, with {} objects",
            t.arena.bytes as f64 / 1e6,
            grouped(t.arena.blocks),
            grouped(t.files),
            grouped(t.arena.objects)
        ),
    );
    row(
        "names",
        t.names,
        format!("{} distinct", grouped(t.distinct_names)),
    );
    let apart = match t.surrogates {
        0 => String::new(),
        n => format!(", {n} with a lone surrogate"),
    };
    let distinct = grouped(t.distinct_literals);
    row("strings", t.literals, format!("{distinct} distinct{apart}"));
    let seed = match run.seed {
        HashSeed::Random => "a random secret".to_owned(),
        HashSeed::Fixed(seed) => format!("PYTHONHASHSEED={seed}"),
    };
    let algorithm = py_hashsecret::ALGORITHM;
    row("hashes", t.texts, format!("{algorithm} under {seed}"));
    out.push('\n');
    locks(&mut out, run);
    let wall = done.wall.as_secs_f64();
    let threads = match done.threads {
        1 => "1 thread".to_owned(),
        n => format!("{n} threads"),
    };
    let speed = megabytes / wall;
    let Phases {
        read,
        parse,
        land,
        walk,
    } = done.phases;
    writeln!(
        out,
        "  {wall:.3} s with {threads}, {speed:.1} MB/s; CPU: {read:.3} s reading, {parse:.3} s \
         parsing, {land:.3} s landing, {walk:.3} s walking"
    )
    .expect("a String grows");
    verdict(&mut out, run);
    format!("{}\n\n{out}", run.what)
}

fn locks(out: &mut String, run: &Run) {
    let names = [
        "shard reads",
        "shard writes",
        "entries",
        "accounts",
        "moves",
    ];
    let queue = ("next file", &run.done.queue);
    let others = names
        .into_iter()
        .zip(run.done.turns.named().map(|(_, t)| t));
    let mut row = |name: &str, cells: [String; 3]| {
        let [taken, waited, handed] = cells;
        writeln!(out, "  {name:<14}{taken:>12}{waited:>12}{handed:>14}").expect("a String grows");
    };
    row(
        "locks",
        ["taken", "waited", "handed over"].map(String::from),
    );
    for (name, turns) in std::iter::once(queue).chain(others) {
        let figures = [turns.taken(), turns.waited(), turns.handed()];
        row(name, figures.map(grouped));
    }
    let sleeps = grouped(run.sleeps);
    writeln!(out, "  {sleeps} sleeps on locks and events\n").expect("a String grows");
}

fn verdict(out: &mut String, run: &Run) {
    let (Some(v), Some(python)) = (&run.verdict, &run.python) else {
        return;
    };
    let shown = python.program.display();
    let handed = match run.seed {
        HashSeed::Random => "with our 24 random bytes in its _Py_HashSecret",
        HashSeed::Fixed(_) => "under the same PYTHONHASHSEED",
    };
    let agrees = if v.differences.is_empty() {
        "agrees"
    } else {
        "DIFFERS"
    };
    writeln!(
        out,
        "\n  {python} ({shown}), {handed}, {agrees}:\n  \
         {} files, {} names and {} strings the same; equal hashes: {} of {} names, {} of {} \
         strings{}",
        grouped(v.files),
        grouped(v.names),
        grouped(v.literals),
        grouped(v.name_hashes),
        grouped(run.totals.distinct_names),
        grouped(v.literal_hashes),
        grouped(run.totals.distinct_literals - run.totals.distinct_surrogates),
        match run.totals.distinct_surrogates {
            0 => String::new(),
            all => format!(", {} of {all} with a lone surrogate", v.surrogate_hashes),
        }
    )
    .expect("a String grows");
    if v.files < run.done.files.len() as u64 {
        let rest = run.done.files.len() as u64 - v.files;
        writeln!(
            out,
            "  {rest} files were not compared, for the reasons above"
        )
        .expect("a String grows");
    }
}

/// Digits in groups of three.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
