//! Which files: folders are walked and links followed; a circle is reported, and no file is done
//! twice.

use crate::problem::Problem;
use crate::source::words;
use std::collections::HashSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Folders of the standard library that hold no library: tests, some of them broken on purpose, and
/// packages that were installed later.
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

/// How a folder is walked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Walk {
    /// Everything in it.
    #[default]
    Everything,
    /// A standard library: without tests and site-packages.
    Library,
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
    walk: Walk,
    seen: HashSet<PathBuf>,
    /// The folders around the present one: as they are without links, and as they are shown.
    around: Vec<(PathBuf, PathBuf)>,
}

impl Input {
    /// The Python files of these paths. A path that is a file is taken whatever its name is.
    pub fn find(paths: &[PathBuf], walk: Walk) -> Input {
        let mut input = Input {
            walk,
            ..Input::default()
        };
        for path in paths {
            input.add(path);
        }
        input.files.sort_by(|a, b| a.path.cmp(&b.path));
        input.problems.sort_by(|a, b| a.0.cmp(&b.0));
        input
    }

    fn add(&mut self, path: &Path) {
        let is_root = self.around.is_empty();
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                let name = path.file_name().unwrap_or_default();
                let library = self.walk == Walk::Everything || is_root;
                if library || NOT_LIBRARY.iter().all(|other| *other != name) {
                    self.add_folder(path);
                }
            }
            Ok(found) if is_root || is_python(path) => self.add_file(path, found.len()),
            Ok(_) => {}
            // A broken link matters only if it is called like a Python file.
            Err(_) if !is_root && !is_python(path) && path.is_symlink() => {}
            Err(e) => match fs::read_link(path) {
                Ok(to) if e.kind() == ErrorKind::NotFound => {
                    self.problems.push((path.to_owned(), Problem::Dangling(to)));
                }
                _ => self.add_error(path, &e),
            },
        }
    }

    fn add_folder(&mut self, path: &Path) {
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if let Some((_, ancestor)) = self.around.iter().find(|(other, _)| *other == real) {
            let problem = Problem::Circle(ancestor.clone());
            self.problems.push((path.to_owned(), problem));
            return;
        }
        self.around.push((real, path.to_owned()));
        match fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(mut entries) => {
                entries.sort_by_key(fs::DirEntry::file_name);
                entries.iter().for_each(|entry| self.add(&entry.path()));
            }
            Err(e) => self.add_error(path, &e),
        }
        self.around.pop();
    }

    fn add_file(&mut self, path: &Path, size: u64) {
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if self.seen.insert(real) {
            let path = path.to_owned();
            self.files.push(InputFile { path, size });
        } else {
            self.again += 1;
        }
    }

    fn add_error(&mut self, path: &Path, e: &io::Error) {
        self.problems.push((path.to_owned(), Problem::Io(words(e))));
    }
}

fn is_python(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "py" || e == "pyw")
}
