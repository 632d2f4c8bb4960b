//! Which pictures a record gives.
//!
//! Tables whose titles differ in one number only are one picture, with that number below and a line
//! for each peer. Every other table is a picture of bars. The tables of threads that fight for a
//! lock, and of how long one waits, have pictures of their own, in [`super::contention`].

use super::bars::{self, Bar};
use super::contention;
use super::lines::{Lines, Series};
use super::scale::Kind;
use super::style;
use super::text::{Record, Table};

/// A picture and what it is of.
#[derive(Debug)]
pub struct Figure {
    /// What was asked.
    pub title: String,
    /// What a figure is, where the picture does not say so.
    pub unit: String,
    /// Width and height.
    pub size: (f64, f64),
    /// What is drawn.
    pub svg: String,
}

/// The size of a picture of lines.
const LINES: (f64, f64) = (480.0, 300.0);
/// Fewer points are no line.
const LEAST: usize = 3;

/// All pictures of a record, in its order.
pub fn of(record: &Record) -> Vec<Figure> {
    let mut figures = contention::of(record);
    let rest: Vec<&Table> = record
        .tables
        .iter()
        .filter(|t| !contention::is(t))
        .collect();
    for (title, members) in families(&rest) {
        let columns: Vec<&str> = members[0].1.columns.iter().map(String::as_str).collect();
        let picture = match columns[..] {
            ["median", "min", _] if members.len() >= LEAST => lines(&title, &members),
            ["median", "min", _] => one_table(members[0].1),
            _ => {
                figures.extend(members.iter().map(|(_, table)| side_by_side(table)));
                continue;
            }
        };
        figures.push(picture);
    }
    figures
}

/// Tables with one title but for a number, with that number; a table of no family is its own.
pub fn families<'a>(tables: &[&'a Table]) -> Vec<(String, Vec<(f64, &'a Table)>)> {
    let patterns = |t: &Table| numbers(&t.title);
    let count = |pattern: &str| {
        let has = |t: &&&Table| patterns(t).iter().any(|(p, _)| p == pattern);
        tables.iter().filter(has).count()
    };
    let mut families: Vec<(String, Vec<(f64, &Table)>)> = Vec::new();
    for table in tables {
        let own = patterns(table).into_iter().max_by_key(|(p, _)| count(p));
        let (pattern, n) = match own.filter(|(p, _)| count(p) >= LEAST) {
            Some(family) => family,
            None => (table.title.clone(), 0.0),
        };
        match families.iter_mut().find(|(p, _)| *p == pattern) {
            Some((_, members)) => members.push((n, table)),
            None => families.push((pattern, vec![(n, table)])),
        }
    }
    for (_, members) in &mut families {
        members.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    families
}

/// The title once for each number that is a word of it, with `n` in its place.
fn numbers(title: &str) -> Vec<(String, f64)> {
    let words: Vec<&str> = title.split(' ').collect();
    let pattern = |(i, word): (usize, &&str)| {
        let n: f64 = word.trim_end_matches(',').parse().ok()?;
        let mut words: Vec<&str> = words.clone();
        words[i] = if word.ends_with(',') { "n," } else { "n" };
        Some((words.join(" "), n))
    };
    words.iter().enumerate().filter_map(pattern).collect()
}

/// What `n` counts: the word behind it.
pub fn counted(pattern: &str) -> &str {
    let behind = pattern.split(' ').skip_while(|w| *w != "n").nth(1);
    match behind.unwrap_or("n").trim_end_matches(',') {
        "B" => "bytes",
        word if word.len() > 1 => word,
        _ => "n",
    }
}

/// What a figure is, without how often it was taken: `ns per hash`.
fn unit(table: &Table) -> &str {
    table.unit.split(", ").next().unwrap_or(&table.unit)
}

/// A line for each peer of these tables: the figures of the column over the numbers.
pub fn series(members: &[(f64, &Table)], column: &str) -> Vec<Series> {
    let mut all: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
    for (n, table) in members {
        for (name, figure) in table.column(column).unwrap_or_default() {
            match all.iter_mut().find(|(known, _)| known == name) {
                Some((_, points)) => points.push((*n, figure)),
                None => all.push((name.to_owned(), vec![(*n, figure)])),
            }
        }
    }
    with_styles(all)
}

/// The series, each with its looks.
pub fn with_styles(all: Vec<(String, Vec<(f64, f64)>)>) -> Vec<Series> {
    let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    let styles = style::of(&names);
    let both = all.into_iter().zip(styles);
    let series = both.map(|((name, points), style)| Series {
        name,
        style,
        points,
    });
    series.collect()
}

/// A picture of lines, each with its name.
fn lines(title: &str, members: &[(f64, &Table)]) -> Figure {
    let series = series(members, "median");
    let x = counted(title);
    // Few threads are evenly far from none; sizes are not.
    let kind = if x == "threads" {
        Kind::Linear
    } else {
        Kind::Log
    };
    let room = LINES.1.max(series.len() as f64 * 15.0 + 60.0);
    let mut svg = String::new();
    let lines = Lines {
        title: "",
        x,
        y: unit(members[0].1),
        kind,
        series: &series,
        labels: true,
    };
    lines.draw(&mut svg, (0.0, 0.0, LINES.0, room));
    Figure {
        title: title.to_owned(),
        unit: String::new(),
        size: (LINES.0, room),
        svg,
    }
}

fn one_table(table: &Table) -> Figure {
    let least = table.column("min").unwrap_or_default();
    let bar = |(i, (name, figure)): (usize, (&'_ str, f64))| (i, name.to_owned(), figure);
    let medians = table.column("median").unwrap_or_default();
    let named: Vec<_> = medians.into_iter().enumerate().map(bar).collect();
    let rows: Vec<Bar<'_>> = named
        .iter()
        .map(|(i, name, figure)| Bar {
            name,
            figure: *figure,
            least: least.get(*i).map(|l| l.1),
        })
        .collect();
    drawn(table, &rows)
}

/// A table whose columns are the peers, but for the ratios.
fn side_by_side(table: &Table) -> Figure {
    let columns = table
        .columns
        .iter()
        .enumerate()
        .filter(|(_, c)| !c.contains('/'));
    let columns: Vec<(usize, &String)> = columns.collect();
    let cells = table.rows.iter().flat_map(|row| {
        let cell = |(i, column): &(usize, &String)| {
            let figure = *row.figures.get(*i)?;
            Some((format!("{}, {column}", row.label), figure))
        };
        columns.iter().filter_map(cell).collect::<Vec<_>>()
    });
    let cells: Vec<(String, f64)> = cells.collect();
    let bar = |(name, figure): &'_ (String, f64)| (name.clone(), *figure);
    let named: Vec<_> = cells.iter().map(bar).collect();
    let rows: Vec<Bar<'_>> = named
        .iter()
        .map(|(name, figure)| Bar {
            name,
            figure: *figure,
            least: None,
        })
        .collect();
    drawn(table, &rows)
}

fn drawn(table: &Table, rows: &[Bar<'_>]) -> Figure {
    let most = rows.iter().map(|r| r.figure).fold(0.0, f64::max);
    let (unit, factor) = readable(unit(table), most);
    let scaled = rows.iter().map(|r| Bar {
        name: r.name,
        figure: r.figure / factor,
        least: r.least.map(|l| l / factor),
    });
    let rows: Vec<Bar<'_>> = scaled.collect();
    let size = (LINES.0, bars::height(rows.len()));
    let room = bars::room(rows.iter().map(|r| r.name)).clamp(130.0, 280.0);
    let mut svg = String::new();
    bars::bars(&mut svg, (0.0, 0.0, size.0, size.1), &rows, &unit, room);
    Figure {
        title: table.title.clone(),
        unit,
        size,
        svg,
    }
}

/// Nanoseconds as microseconds or milliseconds where they are many: the unit, and what it is worth.
fn readable(unit: &str, most: f64) -> (String, f64) {
    match unit.strip_prefix("ns ") {
        Some(per) if most >= 1e7 => (format!("ms {per}"), 1e6),
        Some(per) if most >= 2e4 => (format!("µs {per}"), 1e3),
        _ => (unit.to_owned(), 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::{counted, families, readable};
    use crate::record::text::Table;

    fn titled(title: &str) -> Table {
        Table {
            title: title.to_owned(),
            unit: "ns per hash, 41 rounds".to_owned(),
            columns: Vec::new(),
            rows: Vec::new(),
        }
    }

    #[test]
    fn titles_that_differ_in_one_number_are_a_family() {
        let titles = [
            "hash of 5 bytes",
            "hash of 5 bytes, free",
            "hash of 64 bytes",
            "hash of 1 bytes",
            "hash of 1 bytes, free",
            "SipHash-2-4 of 8 bytes",
            "3 to 5",
            "4 to 5",
        ];
        let tables = titles.map(titled);
        let families = families(&tables.iter().collect::<Vec<_>>());
        let told: Vec<(&str, usize)> = families
            .iter()
            .map(|(p, m)| (p.as_str(), m.len()))
            .collect();
        assert_eq!(told[0], ("hash of n bytes", 3));
        assert_eq!(told[1], ("hash of 5 bytes, free", 1));
        assert_eq!(told.len(), 6);
        let sizes: Vec<f64> = families[0].1.iter().map(|m| m.0).collect();
        assert_eq!(sizes, [1.0, 5.0, 64.0]);
    }

    #[test]
    fn the_number_that_more_titles_differ_in_counts() {
        let titles = [
            "3 holds of 5 ns",
            "3 holds of 6 ns",
            "3 holds of 7 ns",
            "9 holds of 5 ns",
        ];
        let tables = titles.map(titled);
        let families = families(&tables.iter().collect::<Vec<_>>());
        assert_eq!(families[0].0, "3 holds of n ns");
        assert_eq!(families[1].0, "9 holds of 5 ns");
    }

    #[test]
    fn what_is_counted_stands_behind_the_number() {
        assert_eq!(counted("claim n B, warm"), "bytes");
        assert_eq!(counted("readers, n threads, pinned"), "threads");
        assert_eq!(counted("new + n x 48 B + free"), "n");
    }

    #[test]
    fn many_nanoseconds_are_told_as_fewer_of_something_longer() {
        assert_eq!(
            readable("ns per hash", 900.0),
            ("ns per hash".to_owned(), 1.0)
        );
        assert_eq!(
            readable("ns per replay", 25_000.0),
            ("µs per replay".to_owned(), 1e3)
        );
        assert_eq!(
            readable("ms per library", 1e9),
            ("ms per library".to_owned(), 1.0)
        );
    }
}
