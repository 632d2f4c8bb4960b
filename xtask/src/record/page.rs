//! The page: a section for each bench, with its pictures and what they were taken on.

use super::Newest;
use super::contention;
use super::figures::{self, Figure};
use super::style::{css, escape};
use std::fmt::Write as _;

/// What each bench asks, in the order of the page. A bench that is not listed comes last, by name.
const QUESTIONS: [(&str, &str); 17] = [
    ("lock_contended", "Threads that fight for a mutex"),
    ("lock_starvation", "How long one thread may starve"),
    ("lock_free", "A free mutex"),
    ("lock_programs", "Locks in other people's programs"),
    ("lock_readers", "Readers together"),
    ("lock_writers", "Readers beside writers"),
    ("lock_sleep", "A sleep and a wake"),
    (
        "lock_primitives",
        "Once, event, sequence lock, recursive mutex",
    ),
    ("typed", "Locks with data"),
    ("sections", "Critical sections"),
    ("thread", "Threads and their identity"),
    ("micro", "Microthreads"),
    ("arena_size", "The arena: one value, by its size"),
    ("arena_life", "The arena: a whole life"),
    (
        "arena_trace",
        "The arena: what CPython's compiler asks of it",
    ),
    ("hash", "The hash, by length"),
    ("frontend", "The demo: a library of Python files"),
];

const PAGE_CSS: &str = "\
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;margin:0 auto;padding:1.5rem;max-width:1040px;color:#1f2328;background:#fff}
h1{font-size:1.6rem;margin:0 0 .4rem}h2{font-size:1.25rem;margin:2.6rem 0 .2rem;padding-top:.8rem;border-top:1px solid #d8dee4}
h3{font-size:.9rem;margin:0 0 .4rem}small{font-weight:400;color:#59636e}p{margin:.3rem 0;max-width:46rem}.ran{color:#59636e;font-size:.85rem}
nav{columns:3 15rem;font-size:.9rem;margin:1rem 0}nav a{display:block}a{color:#0b57d0}
.all{display:flex;flex-wrap:wrap;gap:1.6rem 1.2rem;align-items:flex-start;margin-top:1rem}
figure{margin:0;max-width:100%}svg{max-width:100%;height:auto;display:block}
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}h2{border-color:#343b44}.ran,small{color:#9aa4af}a{color:#6cb0ff}}
@media print{h2{break-after:avoid}figure{break-inside:avoid}}
";

const HOW: &str = "\
<p>Ours have a thick line or a bold name; each line ends in its name, and no two lines of a picture \
have the same dashes and mark. A bar ends at the median over the rounds, a tick in it is the fastest \
round. Where figures are too far apart for bars, marks stand on a logarithmic axis. The figure of a \
mark or bar shows where the pointer rests on it.</p>\
<p><code>cargo xtask bench --record</code> writes the records and this page, <code>cargo xtask bench \
--draw</code> the page alone.</p>";

/// The page of these machines' records.
pub fn page(machines: &[(String, Vec<Newest>)]) -> String {
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Benchmarks of py-ground</title>\n\
         <style>{PAGE_CSS}{}</style></head>\n<body><h1>Benchmarks</h1>{HOW}\n",
        css()
    );
    for (arch, records) in machines {
        let mut records: Vec<&Newest> = records.iter().collect();
        records.sort_by_key(|r| (place(&r.bench), r.bench.clone()));
        let _ = write!(html, "<nav aria-label=\"{arch}\">");
        for newest in &records {
            let _ = write!(
                html,
                "<a href=\"#{arch}-{0}\">{1}</a>",
                newest.bench,
                escape(&question(&newest.bench))
            );
        }
        html.push_str("</nav>\n");
        for newest in records {
            section(&mut html, arch, newest);
        }
    }
    html.push_str("</body></html>\n");
    html
}

/// Where a bench stands on the page. `lock_contended-one-processor` is a bench and its circumstances.
fn place(bench: &str) -> usize {
    let (bench, _) = bench.split_once('-').unwrap_or((bench, ""));
    let place = QUESTIONS.iter().position(|(name, _)| *name == bench);
    place.unwrap_or(QUESTIONS.len())
}

fn question(bench: &str) -> String {
    let question = QUESTIONS
        .get(place(bench))
        .map_or(bench, |(_, question)| question);
    match bench.split_once('-') {
        Some((_, how)) => format!("{question}: {}", how.replace('-', " ")),
        None => question.to_owned(),
    }
}

fn section(html: &mut String, arch: &str, newest: &Newest) {
    let Newest { bench, file, .. } = newest;
    let _ = writeln!(
        html,
        "<section id=\"{arch}-{bench}\"><h2>{}</h2><p class=\"ran\"><a href=\"{file}\">{bench}</a>, {}</p><div class=\"all\">",
        escape(&question(bench)),
        escape(&ran_on(newest))
    );
    for figure in figures::of(&newest.record) {
        let (title, unit) = (escape(&figure.title), escape(&figure.unit));
        let width = figure.size.0;
        let _ = writeln!(
            html,
            "<figure style=\"width:{width}px\"><h3>{title} <small>{unit}</small></h3>{}</figure>",
            svg(&figure, "")
        );
    }
    html.push_str("</div></section>\n");
}

/// The day, the machine and the tools: `2026-11-21, commit b9b3161, AMD EPYC, 2 processors, ..`.
fn ran_on(newest: &Newest) -> String {
    let machine = |word: &str| newest.record.machine(word);
    let mut parts = vec![newest.date.clone()];
    parts.extend(machine("commit ").map(|c| format!("commit {c}")));
    parts.extend(machine("Model name:").map(str::to_owned));
    parts.extend(machine("CPU(s):").map(|n| format!("{n} processors")));
    let version = |rust: &str| rust.split(' ').next().unwrap_or(rust).to_owned();
    parts.extend(machine("rustc ").map(|r| format!("rustc {}", version(r))));
    parts.extend(
        machine("CPython ")
            .filter(|v| *v != "none")
            .map(|v| format!("CPython {v}")),
    );
    parts.join(", ")
}

/// A picture in an element of its own.
fn svg(figure: &Figure, style: &str) -> String {
    let (width, height) = figure.size;
    let title = escape(&figure.title);
    format!(
        "<svg class=\"pic\" xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width} {height:.0}\" role=\"img\" aria-label=\"{title}\">{style}{}</svg>",
        figure.svg
    )
}

/// The picture of the mutex, a file of its own.
pub fn mutex(records: &[Newest]) -> Option<String> {
    let of = |bench: &str| records.iter().find(|r| r.bench == bench);
    let (contended, starvation) = (of("lock_contended")?, of("lock_starvation")?);
    let mut foot = ran_on(contended);
    if starvation.date != contended.date {
        let _ = write!(foot, "; the waits {}", starvation.date);
    }
    let figure = contention::mutex(&contended.record, &starvation.record, &foot)?;
    let back = format!(
        "<style>{}</style><rect class=\"back\" width=\"100%\" height=\"100%\"/>",
        css()
    );
    Some(svg(&figure, &back) + "\n")
}
