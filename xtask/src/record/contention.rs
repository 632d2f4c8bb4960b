//! Threads that fight for a lock: throughput by threads, and the longest wait by lock.

use super::bars::{self, Strip};
use super::figures::{Figure, counted, families, series, with_styles};
use super::lines::{Lines, Series, legend};
use super::scale::Kind;
use super::text::{Record, Table};
use std::fmt::Write as _;

/// The heading of the column with the longest waits, and the label of such rows.
const WAIT: &str = "longest wait, ms";
const WIDTH: f64 = 980.0;

/// A row of a table of cells: threads, nanoseconds inside and outside the lock.
fn cell(label: &str) -> Option<(f64, f64, f64)> {
    let numbers: Vec<f64> = label.split('/').map_while(|n| n.parse().ok()).collect();
    match numbers[..] {
        [threads, inside, outside] => Some((threads, inside, outside)),
        _ => None,
    }
}

fn has_cells(table: &Table) -> bool {
    table.rows.first().is_some_and(|r| cell(&r.label).is_some())
}

/// Whether the table is drawn here.
pub fn is(table: &Table) -> bool {
    has_cells(table) || table.columns.iter().any(|c| c == WAIT)
}

/// The pictures of such tables.
pub fn of(record: &Record) -> Vec<Figure> {
    let mut figures = Vec::new();
    for table in record.tables.iter().filter(|t| has_cells(t)) {
        figures.push(summary(table));
        figures.push(all_cells(table));
    }
    let waits: Vec<&Table> = record
        .tables
        .iter()
        .filter(|t| t.columns.iter().any(|c| c == WAIT))
        .collect();
    let (busy, alone): (Vec<&Table>, Vec<&Table>) =
        waits.iter().partition(|t| t.title.contains("busy"));
    for (title, tables) in [
        ("longest wait in each scenario", &alone),
        ("longest wait in each scenario beside two busy loops", &busy),
    ] {
        figures.extend((!tables.is_empty()).then(|| scenarios(title, tables)));
    }
    let families = families(&waits);
    let enough = families.iter().filter(|(_, members)| members.len() > 2);
    figures.extend(enough.map(|(title, members)| longest(title, members)));
    figures
}

/// A series for each column: the figure of `of`'s rows for each number of threads.
fn by_threads(
    table: &Table,
    of: impl Fn(&str) -> Option<f64>,
    sum: impl Fn(&[f64]) -> f64,
) -> Vec<Series> {
    let mut threads: Vec<f64> = table.rows.iter().filter_map(|r| of(&r.label)).collect();
    threads.dedup();
    let points = |column: usize| {
        let point = |&n: &f64| {
            let rows = table.rows.iter().filter(|r| of(&r.label) == Some(n));
            let figures: Vec<f64> = rows
                .filter_map(|r| r.figures.get(column).copied())
                .collect();
            (n, sum(&figures))
        };
        threads.iter().map(point).collect::<Vec<_>>()
    };
    let all = table.columns.iter().enumerate();
    with_styles(all.map(|(i, name)| (name.clone(), points(i))).collect())
}

fn geometric_mean(figures: &[f64]) -> f64 {
    let sum: f64 = figures.iter().map(|f| f.ln()).sum();
    (sum / figures.len().max(1) as f64).exp()
}

fn figure(title: String, size: (f64, f64), svg: String) -> Figure {
    Figure {
        title,
        unit: String::new(),
        size,
        svg,
    }
}

/// The geometric mean of all cells of so many threads.
fn throughput(table: &Table) -> Vec<Series> {
    by_threads(table, |label| cell(label).map(|c| c.0), geometric_mean)
}

fn waits(table: &Table) -> Vec<Series> {
    let threads = |label: &str| {
        label
            .strip_prefix(WAIT)?
            .trim_start_matches(", ")
            .parse()
            .ok()
    };
    by_threads(table, threads, |figures| {
        figures.iter().copied().fold(0.0, f64::max)
    })
}

/// Throughput and longest wait by threads, side by side.
fn summary(table: &Table) -> Figure {
    let size = (WIDTH, 320.0);
    let half = size.0 / 2.0 - 10.0;
    let mut svg = String::new();
    let (throughput, waits) = (throughput(table), waits(table));
    let cells = table
        .rows
        .iter()
        .filter(|r| cell(&r.label).is_some())
        .count();
    let each = cells / throughput.first().map_or(1, |s| s.points.len().max(1));
    let left = Lines {
        title: &format!("Throughput: turns per µs, geometric mean of {each} cells"),
        x: "threads",
        y: "",
        kind: Kind::Linear,
        series: &throughput,
        labels: true,
    };
    left.draw(&mut svg, (0.0, 0.0, half, size.1));
    let right = Lines {
        title: "Longest wait for one turn in any of them, ms",
        x: "threads",
        y: "",
        kind: Kind::Log,
        series: &waits,
        labels: true,
    };
    right.draw(&mut svg, (size.0 / 2.0 + 10.0, 0.0, half, size.1));
    let title = format!("{}: throughput and longest wait by threads", table.title);
    figure(title, size, svg)
}

/// A small picture for each length of the section and of what lies between two.
fn all_cells(table: &Table) -> Figure {
    let mut sections: Vec<(f64, f64)> = Vec::new();
    for (_, inside, outside) in table.rows.iter().filter_map(|r| cell(&r.label)) {
        if !sections.contains(&(inside, outside)) {
            sections.push((inside, outside));
        }
    }
    let columns = if sections.len() > 4 {
        3
    } else {
        sections.len().max(1)
    };
    let (wide, high) = (WIDTH / columns as f64, 190.0);
    let rows = sections.len().div_ceil(columns);
    let size = (WIDTH, rows as f64 * high + 30.0);
    let mut svg = String::new();
    for (i, section) in sections.iter().enumerate() {
        let own = |label: &str| cell(label).filter(|c| (c.1, c.2) == *section).map(|c| c.0);
        let series = by_threads(table, own, geometric_mean);
        if i == 0 {
            legend(&mut svg, &series, (4.0, 12.0));
        }
        let (column, row) = ((i % columns) as f64, (i / columns) as f64);
        let lines = Lines {
            title: &format!("{} ns inside, {} ns outside", section.0, section.1),
            x: if i + columns >= sections.len() {
                "threads"
            } else {
                ""
            },
            y: "turns per µs",
            kind: Kind::Linear,
            series: &series,
            labels: false,
        };
        lines.draw(
            &mut svg,
            (column * wide, 28.0 + row * high, wide - 14.0, high - 6.0),
        );
    }
    let title = format!("{}: throughput by threads, cell by cell", table.title);
    figure(title, size, svg)
}

/// The longest wait of each lock in each of these tables.
fn strips(tables: &[&Table]) -> Vec<Strip> {
    let mut rows: Vec<Strip> = Vec::new();
    for table in tables {
        for (name, wait) in table.column(WAIT).unwrap_or_default() {
            let point = (wait, format!("{name}, {}: {wait} ms", table.title));
            match rows.iter_mut().find(|r| r.name == name) {
                Some(row) => row.points.push(point),
                None => rows.push(Strip {
                    name: name.to_owned(),
                    points: vec![point],
                }),
            }
        }
    }
    rows
}

fn scenarios(title: &str, tables: &[&Table]) -> Figure {
    let rows = strips(tables);
    let size = (WIDTH, rows.len() as f64 * 26.0 + 40.0);
    let mut svg = String::new();
    let unit = format!(
        "longest wait of each of {} scenarios, ms; a stroke at the median, the worst named",
        tables.len()
    );
    bars::strips(&mut svg, (0.0, 0.0, size.0, size.1), &rows, &unit, 196.0);
    let title = title.to_owned();
    figure(title, size, svg)
}

fn longest(title: &str, members: &[(f64, &Table)]) -> Figure {
    let series = series(members, WAIT);
    let size = (480.0, 300.0);
    let mut svg = String::new();
    let lines = Lines {
        title: "",
        x: counted(title),
        y: WAIT,
        kind: Kind::Log,
        series: &series,
        labels: true,
    };
    lines.draw(&mut svg, (0.0, 0.0, size.0, size.1));
    let title = title.to_owned();
    figure(title, size, svg)
}

/// The picture that a README shows: the mutex beside its peers. `None` if the records lack it.
pub fn mutex(contended: &Record, starvation: &Record, foot: &str) -> Option<Figure> {
    let table = contended.tables.iter().find(|t| has_cells(t))?;
    let alone = |t: &&Table| t.columns.iter().any(|c| c == WAIT) && !t.title.contains("busy");
    let tables: Vec<&Table> = starvation.tables.iter().filter(alone).collect();
    let rows = strips(&tables);
    if rows.is_empty() {
        return None;
    }
    let size = (940.0, 380.0);
    let mut svg = String::new();
    let head = |svg: &mut String, x: f64, title: &str, below: &str| {
        let _ = write!(
            svg,
            "<text class=\"t\" x=\"{x}\" y=\"18\">{title}</text><text x=\"{x}\" y=\"36\">{below}</text>"
        );
    };
    head(
        &mut svg,
        4.0,
        "Throughput of a contended mutex",
        "turns per µs, geometric mean over lengths of the section; more is better",
    );
    head(
        &mut svg,
        496.0,
        "Longest wait for a turn",
        &format!(
            "each of {} scenarios, median and worst marked; less is better",
            tables.len()
        ),
    );
    let series = throughput(table);
    let lines = Lines {
        title: "",
        x: "threads",
        y: "",
        kind: Kind::Linear,
        series: &series,
        labels: true,
    };
    lines.draw(&mut svg, (4.0, 28.0, 470.0, 320.0));
    bars::strips(&mut svg, (496.0, 52.0, 440.0, 296.0), &rows, "ms", 112.0);
    let _ = write!(
        svg,
        "<text x=\"4\" y=\"372\">{}</text>",
        super::style::escape(foot)
    );
    let title = "The mutex beside its peers: throughput and longest wait".to_owned();
    Some(figure(title, size, svg))
}
