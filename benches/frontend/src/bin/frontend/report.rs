//! The report for people, and the lines about single files.

use frontend::engine::Done;
use frontend::input::Input;
use frontend::problem::Note;
use frontend::python::Python;
use frontend::totals::Totals;
use frontend::verify::Verdict;
use py_hashsecret::HashSeed;
use std::path::Path;

/// So many differences are shown; the rest is counted.
const SHOWN: usize = 20;
/// More notes of one kind than this share a line.
const NOTES: usize = 4;

/// One run of the demo.
pub struct Run {
    /// What was read, in words.
    pub what: String,
    pub seed: HashSeed,
    pub python: Option<Python>,
    pub input: Input,
    pub done: Done,
    pub totals: Totals,
    /// How often a thread detached.
    pub detached: u64,
    pub verdict: Option<Verdict>,
}

impl Run {
    /// Whether everything was done and, if asked for, agreed.
    pub fn is_clean(&self) -> bool {
        let differs = |v: &Verdict| !v.differences.is_empty();
        let refused = self.totals.refused > 0 || !self.input.problems.is_empty();
        !refused && !self.verdict.as_ref().is_some_and(differs)
    }
}

/// The lines about single files: to standard error, since they are part of neither report.
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

/// Everything that was refused, by path.
pub fn problems(run: &Run) -> Vec<(String, String)> {
    let not_found = run.input.problems.iter().map(|(path, p)| (&**path, p));
    let results = run.done.files.iter().zip(&run.done.results);
    let refused = results.filter_map(|(file, r)| Some((&*file.path, r.as_ref().err()?)));
    let mut all: Vec<_> = not_found.chain(refused).collect();
    all.sort_by_key(|(path, _)| *path);
    let shown = |(path, problem): (&Path, &_)| (path.display().to_string(), format!("{problem}"));
    all.into_iter().map(shown).collect()
}

/// What is worth a line though it was not refused.
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
    let (f, t, done) = (&run.done.figures, &run.totals, &run.done);
    let megabytes = f.bytes as f64 / 1e6;
    let held = f.arena_bytes as f64 / 1e6;
    let lines = format!("{megabytes:.2} MB, {} lines", grouped(f.lines));
    let arenas = format!(
        "{held:.1} MB in {} blocks of {} arenas, with {} objects",
        grouped(f.arena_blocks),
        grouped(f.files),
        grouped(f.arena_objects)
    );
    let names = format!("{} distinct", grouped(t.distinct_names));
    let surrogates = match t.surrogates {
        0 => String::new(),
        n => format!(", {n} with a lone surrogate"),
    };
    let strings = format!("{} distinct{surrogates}", grouped(t.distinct_literals));
    let seed = match run.seed {
        HashSeed::Random => "a random secret".to_owned(),
        HashSeed::Fixed(seed) => format!("PYTHONHASHSEED={seed}"),
    };
    let hashes = format!("{} under {seed}", py_hashsecret::ALGORITHM);
    let rows = [
        ("files", f.files, lines),
        ("tokens", f.tokens, String::new()),
        ("nodes", f.nodes, arenas),
        ("names", f.names, names),
        ("strings", f.literals, strings),
        ("hashes", t.texts, hashes),
    ];
    let mut out = format!("{}\n\n", run.what);
    for (name, value, what) in rows {
        let line = format!("  {name:<10}{:>14}   {what}", grouped(value));
        out += &format!("{}\n", line.trim_end());
    }
    out += &locks(run);
    let wall = done.wall.as_secs_f64();
    let threads = match done.threads {
        1 => "1 thread".to_owned(),
        n => format!("{n} threads"),
    };
    let speed = megabytes / wall;
    let [read, parse, lower, walk] = done.phases.map(|time| time.as_secs_f64());
    out += &format!(
        "  {wall:.3} s with {threads}, {speed:.1} MB/s; in all threads: {read:.3} s reading, \
         {parse:.3} s parsing, {lower:.3} s lowering and interning, {walk:.3} s walking\n"
    );
    out + &verdict(run)
}

fn locks(run: &Run) -> String {
    let row = |name: &str, [taken, waited, handed]: [String; 3]| {
        format!("  {name:<14}{taken:>12}{waited:>12}{handed:>14}\n")
    };
    let head = ["taken", "waited", "handed over"].map(String::from);
    let mut out = format!("\n{}", row("locks", head));
    for (name, lock) in run.done.locks.named() {
        let name = if name == "queue" { "next file" } else { name };
        out += &row(&name.replace('_', " "), lock.figures().map(grouped));
    }
    let detached = grouped(run.detached);
    out + &format!("  detached {detached} times to sleep on a mutex, section or event\n\n")
}

fn verdict(run: &Run) -> String {
    let (Some(v), Some(python)) = (&run.verdict, &run.python) else {
        return String::new();
    };
    let program = python.program.display();
    let secret = match run.seed {
        HashSeed::Random => "with our 24 random bytes in its _Py_HashSecret",
        HashSeed::Fixed(_) => "under the same PYTHONHASHSEED",
    };
    let agrees = if v.differences.is_empty() {
        "agrees"
    } else {
        "DIFFERS"
    };
    let t = &run.totals;
    let mut out = format!(
        "\n  {python} ({program}), {secret}, {agrees}:\n  {} files, {} names and {} strings the \
         same; equal hashes: {} of {} names, {} of {} strings",
        grouped(v.files),
        grouped(v.names),
        grouped(v.literals),
        grouped(v.name_hashes),
        grouped(t.distinct_names),
        grouped(v.literal_hashes),
        grouped(t.distinct_literals - t.distinct_surrogates),
    );
    if t.distinct_surrogates > 0 {
        let (equal, all) = (v.surrogate_hashes, t.distinct_surrogates);
        out += &format!(", {equal} of {all} with a lone surrogate");
    }
    let rest = run.done.files.len() as u64 - v.files;
    if rest > 0 {
        out += &format!("\n  {rest} files were not compared, for the reasons above");
    }
    out + "\n"
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
