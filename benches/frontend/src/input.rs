//! Which files: folders are walked, links followed, circles told, and no file done twice.

use crate::problem::Problem;
use crate::source::words;
use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use walkdir::{DirEntry, WalkDir};

/// Folders of the standard library that hold no library: tests, of which some are meant to be
/// broken, and what others installed.
const NOT_LIBRARY: [&str; 6] = [
    "test",
    "tests",
    "idle_test",
    "site-packages",
    "dist-packages",
    "__pycache__",
];

/// One file to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// As it is shown.
    pub path: PathBuf,
    /// Bytes, as far as known.
    pub size: u64,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Input {
    /// The files, by path.
    pub files: Vec<InputFile>,
    /// What could not be walked, by path.
    pub problems: Vec<(PathBuf, Problem)>,
    /// Files that were reached again, by a link or by two of the paths given.
    pub again: usize,
}

/// How a folder is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// Everything in it.
    Everything,
    /// A standard library: without tests and site-packages.
    Library,
}

impl Input {
    /// The Python files of these paths. A path that is a file is taken whatever it is called.
    #[must_use]
    pub fn find(paths: &[PathBuf], walk: Walk) -> Input {
        let mut input = Input::default();
        let mut seen = HashSet::new();
        for path in paths {
            input.add(path, walk, &mut seen);
        }
        input.files.sort_by(|a, b| a.path.cmp(&b.path));
        input.problems.sort_by(|a, b| a.0.cmp(&b.0));
        input
    }

    fn add(&mut self, path: &Path, walk: Walk, seen: &mut HashSet<PathBuf>) {
        let wanted = |e: &DirEntry| {
            let skipped = NOT_LIBRARY.iter().any(|n| *n == e.file_name());
            walk == Walk::Everything || e.depth() == 0 || !e.file_type().is_dir() || !skipped
        };
        let entries = WalkDir::new(path).follow_links(true).sort_by_file_name();
        for entry in entries.into_iter().filter_entry(wanted) {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {}
                Ok(entry) if entry.depth() == 0 || is_python(entry.path()) => {
                    self.add_file(&entry, seen);
                }
                Ok(_) => {}
                Err(e) => self.add_error(path, &e),
            }
        }
    }

    fn add_file(&mut self, entry: &DirEntry, seen: &mut HashSet<PathBuf>) {
        let real = entry.path().canonicalize();
        if !seen.insert(real.unwrap_or_else(|_| entry.path().to_owned())) {
            self.again += 1;
            return;
        }
        self.files.push(InputFile {
            path: entry.path().to_owned(),
            size: entry.metadata().map_or(0, |m| m.len()),
        });
    }

    fn add_error(&mut self, root: &Path, e: &walkdir::Error) {
        let path = e.path().unwrap_or(root);
        let problem = match (e.loop_ancestor(), e.io_error()) {
            (Some(ancestor), _) => Problem::Circle(ancestor.to_owned()),
            // What no link leads to any more matters only if it looks like a Python file.
            (_, Some(_)) if e.depth() > 0 && is_other_link(path) => return,
            (_, Some(io)) => match std::fs::read_link(path) {
                Ok(to) if io.kind() == ErrorKind::NotFound => Problem::Dangling(to),
                _ => Problem::Io(words(io)),
            },
            _ => Problem::Io(e.to_string()),
        };
        self.problems.push((path.to_owned(), problem));
    }
}

fn is_python(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "py" || e == "pyw")
}

/// A link that leads nowhere and is not called like a Python file.
fn is_other_link(path: &Path) -> bool {
    let link = std::fs::symlink_metadata(path).is_ok_and(|m| m.file_type().is_symlink());
    link && !is_python(path)
}
