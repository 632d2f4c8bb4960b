//! Reads a record: the text that a bench printed, below what it ran on.
//!
//! ```text
//! hash of 5 bytes (ns per hash, 41 rounds of 560025)
//!                                          median        min    ours/it
//!   py-hashsecret                            6.91       6.83      1.000
//! ```
//!
//! A table is a title with its unit, a line of headings, and rows up to an empty line or one without
//! figures. A label ends at two blanks; a heading ends in the column in which its figures end.

/// What one bench said.
#[derive(Debug, Default)]
pub struct Record {
    /// What it ran on: lines such as `rustc 1.95.0 (..)`.
    machine: Vec<String>,
    /// Its tables.
    pub tables: Vec<Table>,
}

/// One question, and the figures of each peer.
#[derive(Clone, Debug)]
pub struct Table {
    /// The question.
    pub title: String,
    /// What was measured and how often: `ns per hash, 41 rounds of 560025`.
    pub unit: String,
    /// The headings of the columns with figures.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A label and its figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The label.
    pub label: String,
    /// The figures; what stands in brackets behind one is not read.
    pub figures: Vec<f64>,
}

impl Record {
    /// Reads the text; what is no table is passed over.
    pub fn parse(text: &str) -> Record {
        let lines: Vec<&str> = text.lines().collect();
        let mut record = Record::default();
        let mut at = 0;
        while at < lines.len() {
            match table(&lines[at..]) {
                Some((table, length)) => {
                    record.tables.push(table);
                    at += length;
                }
                None => {
                    if record.tables.is_empty() {
                        record.machine.push(lines[at].to_owned());
                    }
                    at += 1;
                }
            }
        }
        record
    }

    /// What follows the word at the start of a line about the machine.
    pub fn machine(&self, word: &str) -> Option<&str> {
        let rest = self.machine.iter().find_map(|l| l.strip_prefix(word));
        rest.map(str::trim).filter(|r| !r.is_empty())
    }
}

impl Table {
    /// The figures of a column, with the rows' labels; `None` if no column has this heading.
    pub fn column(&self, heading: &str) -> Option<Vec<(&str, f64)>> {
        let i = self.columns.iter().position(|c| c == heading)?;
        let figure = |r: &'_ Row| r.figures.get(i).copied();
        let pairs = self.rows.iter();
        Some(
            pairs
                .filter_map(|r| Some((r.label.as_str(), figure(r)?)))
                .collect(),
        )
    }
}

/// The table that begins at the first of these lines, and how many lines it has.
fn table(lines: &[&str]) -> Option<(Table, usize)> {
    let (title, unit) = lines.first()?.strip_suffix(')')?.rsplit_once(" (")?;
    if title.starts_with(' ') || !unit.contains("rounds") {
        return None;
    }
    let headings = lines.get(1)?;
    let read: Vec<(Row, Vec<usize>)> = lines[2..].iter().map_while(|l| row(l)).collect();
    let width = headings.chars().count();
    // A label that is too long pushes its figures to the right: such a row shows no column.
    let ends = read.iter().map(|(_, ends)| ends);
    let ends = ends.into_iter().find(|e| e.last() == Some(&width))?;
    let length = 2 + read.len();
    let table = Table {
        title: title.to_owned(),
        unit: unit.to_owned(),
        columns: columns(headings, ends),
        rows: read.into_iter().map(|(row, _)| row).collect(),
    };
    Some((table, length))
}

/// A row, and where each of its figures ends; `None` if the line is none.
fn row(line: &str) -> Option<(Row, Vec<usize>)> {
    let indent = line.len() - line.trim_start().len();
    let label = line.trim_start().split("  ").next()?;
    let (mut figures, mut ends) = (Vec::new(), Vec::new());
    let mut at = indent + label.chars().count();
    for word in line[indent + label.len()..].split(' ') {
        at += word.chars().count();
        let inner = word.strip_prefix('(').and_then(|w| w.strip_suffix(')'));
        match inner.unwrap_or(word).parse::<f64>() {
            // It belongs to the figure before it.
            Ok(_) if inner.is_some() => *ends.last_mut()? = at,
            Ok(figure) => {
                figures.push(figure);
                ends.push(at);
            }
            Err(_) if word.is_empty() => {}
            Err(_) => return None,
        }
        at += 1;
    }
    let label = label.to_owned();
    (!figures.is_empty()).then_some((Row { label, figures }, ends))
}

/// Each heading is right above its figures; the first begins behind the heading of the labels.
fn columns(headings: &str, ends: &[usize]) -> Vec<String> {
    let chars: Vec<char> = headings.chars().collect();
    let mut from = 0;
    let mut columns = Vec::new();
    for &end in ends {
        let slice: String = chars[from.min(end)..end.min(chars.len())].iter().collect();
        let slice = slice.trim();
        columns.push(slice.rsplit("  ").next().unwrap_or(slice).trim().to_owned());
        from = end;
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::Record;

    const TEXT: &str = "\
commit b9b3161
Linux 6.18 x86_64
rustc 1.95.0 (59807616e 2026-04-14)

CPython 3.13.0

a free mutex (ns per lock and unlock, 41 rounds of 366735)
                                         median        min    ours/it
  py-sync                                  9.83       9.65      1.000
  a name that is longer than its column is      10.03       9.88      0.978
corosensei: 100000 stacks are more than vm.max_map_count allows; left out

victim beside holds of 20 us, unpinned (5 rounds of 400ms)
                            turns passed over   longest wait, ms greedy turns/s
  py-sync                                  45               3.79          38211

contended, unpinned (turns per us, 6 rounds of 40ms; in brackets Jain's index)
threads/inside/outside            py-sync   parking_lot 0.13
                 2/0/0       29.92 (0.99)       32.86 (0.96)
   longest wait, ms, 2                5.1                9.8
";

    #[test]
    fn a_table_ends_where_the_figures_end() {
        let record = Record::parse(TEXT);
        assert_eq!(record.tables.len(), 3);
        let free = &record.tables[0];
        assert_eq!(free.title, "a free mutex");
        assert_eq!(free.columns, ["median", "min", "ours/it"]);
        assert_eq!(free.rows.len(), 2);
        assert_eq!(free.rows[1].figures, [10.03, 9.88, 0.978]);
    }

    #[test]
    fn headings_with_one_blank_between_them_are_two() {
        let record = Record::parse(TEXT);
        let waits = record.tables[1].column("longest wait, ms");
        assert_eq!(waits, Some(vec![("py-sync", 3.79)]));
        assert_eq!(record.tables[1].columns[2], "greedy turns/s");
    }

    #[test]
    fn a_cell_has_its_index_in_brackets_and_a_sum_has_none() {
        let contended = &Record::parse(TEXT).tables[2];
        assert_eq!(contended.columns, ["py-sync", "parking_lot 0.13"]);
        assert_eq!(contended.rows[0].label, "2/0/0");
        assert_eq!(contended.rows[0].figures, [29.92, 32.86]);
        assert_eq!(contended.rows[1].label, "longest wait, ms, 2");
        assert_eq!(contended.rows[1].figures, [5.1, 9.8]);
    }

    #[test]
    fn what_it_ran_on_is_found_by_its_word() {
        let record = Record::parse(TEXT);
        assert_eq!(record.machine("commit "), Some("b9b3161"));
        assert_eq!(record.machine("Model name:"), None);
    }
}
