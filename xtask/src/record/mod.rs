//! Pictures of the records below `benches/record/`: one page with all, and one picture for a README.
//!
//! The text of a record is what is kept; the pictures are drawn from it, so that a record of any age
//! can be drawn again. They are written as SVG by hand, not by a plotting library: each colour is a
//! variable that follows the reader's light or dark, lines end in their names, and xtask, which runs
//! before everything else, stays without a dependency for it.

mod bars;
mod contention;
mod figures;
mod lines;
mod page;
mod scale;
mod style;
mod text;

use crate::sh::{Failure, Result, root};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use text::Record;

/// The newest record of a bench.
struct Newest {
    /// The bench.
    bench: String,
    /// The day.
    date: String,
    /// The file, as seen from the page.
    file: String,
    /// What it says.
    record: Record,
}

/// Draws everything again.
pub fn draw() -> Result {
    let folder = root().join("benches/record");
    let mut machines = Vec::new();
    for path in entries(&folder)?.into_iter().filter(|p| p.is_dir()) {
        let arch = name(&path);
        let records = newest(&path, &arch)?;
        let picture = folder.join(format!("mutex-{arch}.svg"));
        match page::mutex(&records) {
            Some(svg) => write(&picture, &svg)?,
            None => eprintln!("xtask: no record of {arch} tells how the mutex fares"),
        }
        machines.push((arch, records));
    }
    write(&folder.join("index.html"), &page::page(&machines))
}

fn write(path: &Path, text: &str) -> Result {
    fs::write(path, text).map_err(|e| Failure::other(format!("{}: {e}", path.display())))?;
    eprintln!("xtask: drawn in {}", path.display());
    Ok(())
}

/// The newest record of each bench in a folder of `2026-11-21-hash.txt` and the like.
fn newest(folder: &Path, arch: &str) -> Result<Vec<Newest>> {
    let mut found: BTreeMap<String, (String, PathBuf)> = BTreeMap::new();
    for path in entries(folder)? {
        let file = name(&path);
        if let Some((date, bench)) = parted(&file) {
            // In the order of their names, and so of their days.
            found.insert(bench.to_owned(), (date.to_owned(), path));
        }
    }
    let mut records = Vec::new();
    for (bench, (date, path)) in found {
        let record = Record::parse(&fs::read_to_string(&path)?);
        let file = format!("{arch}/{}", name(&path));
        records.push(Newest {
            bench,
            date,
            file,
            record,
        });
    }
    Ok(records)
}

/// `2026-11-21-hash.txt`: the day, and the bench.
fn parted(file: &str) -> Option<(&str, &str)> {
    let (date, rest) = (file.get(..10)?, file.get(10..)?);
    let digits = date.chars().all(|c| c == '-' || c.is_ascii_digit());
    let bench = rest.strip_prefix('-')?.strip_suffix(".txt")?;
    digits.then_some((date, bench))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        all.push(entry?.path());
    }
    all.sort();
    Ok(all)
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::{newest, page, parted};
    use crate::sh::root;

    #[test]
    fn a_file_is_named_after_its_day_and_its_bench() {
        let file = "2026-11-21-lock_free.txt";
        assert_eq!(parted(file), Some(("2026-11-21", "lock_free")));
        assert_eq!(parted("mutex.svg"), None);
        assert_eq!(parted("notes-of-a-day.txt"), None);
    }

    #[test]
    fn every_record_that_is_here_gives_a_picture() {
        let records = newest(&root().join("benches/record/x86_64"), "x86_64").unwrap();
        assert!(records.len() > 10);
        for newest in &records {
            assert!(!newest.record.tables.is_empty(), "{}", newest.file);
            let figures = super::figures::of(&newest.record);
            assert!(!figures.is_empty(), "{}", newest.file);
            for figure in figures {
                assert!(
                    !figure.svg.contains("NaN"),
                    "{}: {}",
                    newest.file,
                    figure.title
                );
                assert!(
                    !figure.svg.contains("inf"),
                    "{}: {}",
                    newest.file,
                    figure.title
                );
            }
        }
    }

    #[test]
    fn the_page_needs_nothing_else() {
        let records = newest(&root().join("benches/record/x86_64"), "x86_64").unwrap();
        let mutex = page::mutex(&records).expect("the mutex has records");
        let page = page::page(&[("x86_64".to_owned(), records)]);
        for text in [&page, &mutex] {
            let links = text.replace("http://www.w3.org/2000/svg", "");
            for word in [
                "http:", "https:", "<script", "<link", "<img", "@import", "url(",
            ] {
                assert!(!links.contains(word), "{word}");
            }
            assert_eq!(text.matches("<svg").count(), text.matches("</svg>").count());
            assert_eq!(text.matches("<g ").count(), text.matches("</g>").count());
        }
    }
}
