//! A source tree, and the two interpreters that are made of it.

use super::{PARTS, Part, folder};
use crate::sh::{Failure, Result, Sh, root, target};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// One configuration of one source tree.
pub struct Build {
    source: PathBuf,
    /// Where it is built.
    pub dir: PathBuf,
    gil: bool,
}

/// Prints what of the makefile we need to know, a line each.
const QUESTION: &str = "\
include Makefile
what-xtask-wants-to-know:
\t@echo '$(LIBRARY_OBJS)'
\t@echo '$(CC) $(PY_CORE_CFLAGS)'
";

/// The interpreter with our crates in it.
const OURS: &str = "python-ours";
const BASE: &str = "python";
/// Ours, before it has its name.
const LINKED: &str = "python-linked";

impl Build {
    /// Finds the tree and the tools, and copies the tree.
    pub fn prepare(source: &Path, gil: bool) -> Result<Build> {
        let source = fs::canonicalize(source).unwrap_or(source.to_owned());
        let version = version(&source)?;
        for tool in ["make", "cc"] {
            if Sh::new(tool).arg("--version").output().is_none() {
                return Err(Failure::Missing(format!("{tool}, to build CPython")));
            }
        }
        let kind = if gil { "gil" } else { "free-threaded" };
        let dir = folder().join(format!("{version}-{kind}"));
        let copy = folder().join(format!("{version}-source"));
        if !copy.join("configure").exists() {
            eprintln!("copying {} to {}", source.display(), copy.display());
            fs::create_dir_all(folder())?;
            let partly = folder().join(format!("{version}-copying"));
            if partly.exists() {
                fs::remove_dir_all(&partly)?;
            }
            Sh::new("cp").arg("-a").arg(&source).arg(&partly).run()?;
            fs::rename(&partly, &copy)?;
        }
        fs::create_dir_all(&dir)?;
        Ok(Build {
            source: copy,
            dir,
            gil,
        })
    }

    /// Configures and builds it as it is; what is built is not built again.
    pub fn base(&self, jobs: &str) -> Result {
        if !self.dir.join("Makefile").exists() {
            let configure = Sh::new(self.source.join("configure"))
                .arg("-q")
                .dir(&self.dir);
            match self.gil {
                true => configure.run()?,
                false => configure.arg("--disable-gil").run()?,
            }
        }
        // Its thousand lines are of use only if it fails.
        let (said, result) = self.make().arg("-j").arg(jobs).tee(false);
        if result.is_err() {
            said.iter().for_each(|line| eprintln!("{line}"));
        }
        result
    }

    /// Links it once more, with these parts from our crates.
    pub fn ours(&self, parts: &[String]) -> Result {
        let features = if self.gil { "" } else { ",gil-disabled" };
        let features = format!("{}{features}", parts.join(","));
        Sh::cargo("build --release -p cpython-parts --no-default-features --features")
            .arg(features)
            .run()?;
        let question = self.dir.join("xtask.mk");
        fs::write(&question, QUESTION)?;
        let answer = self
            .make()
            .words("-s -f xtask.mk what-xtask-wants-to-know")
            .output();
        let answer =
            answer.ok_or_else(|| Failure::other("the makefile does not say its objects"))?;
        let mut lines = answer.lines();
        let (objects, compiler) = (lines.next().unwrap_or(""), lines.next().unwrap_or(""));
        let mut objects = without(objects, parts)?;
        for glue in glue(parts) {
            let object = format!("xtask-glue-{glue}.o");
            self.compile(compiler, glue, &object)?;
            objects.push(' ');
            objects.push_str(&object);
        }
        let library = target().join("release/libcpython_parts.a");
        objects.push(' ');
        objects.push_str(&library.to_string_lossy());
        self.link(&objects)?;
        self.compare_symbols()
    }

    /// Compiles a file of glue, with this build's own flags.
    fn compile(&self, compiler: &str, glue: &str, object: &str) -> Result {
        let mut words = compiler.split_whitespace();
        let mut sh = Sh::new(words.next().unwrap_or("cc")).args(&words.collect::<Vec<_>>());
        for package in crate::package::CRATES {
            sh = sh
                .arg("-I")
                .arg(root().join("crates").join(package).join("include"));
        }
        sh.arg("-c")
            .arg(root().join(format!("xtask/cpython/src/glue/{glue}.c")))
            .words("-o")
            .arg(object)
            .dir(&self.dir)
            .run()
    }

    /// Extension modules, and other people's, find by name what they find in the base.
    fn compare_symbols(&self) -> Result {
        let [base, ours] = self.pythons().map(|python| symbols(&python));
        let (base, ours) = (base?, ours?);
        let missing: Vec<&str> = base.difference(&ours).map(String::as_str).collect();
        match missing.is_empty() {
            true => Ok(()),
            false => Err(Failure::other(format!(
                "ours lacks symbols of the base: {}",
                missing.join(", ")
            ))),
        }
    }

    fn link(&self, objects: &str) -> Result {
        let linked = self.dir.join(LINKED);
        if linked.exists() {
            fs::remove_file(&linked)?;
        }
        let (said, result) = self
            .make()
            .arg(format!("BUILDPYTHON={LINKED}"))
            .arg("LINK_PYTHON_DEPS=")
            .arg(format!("LINK_PYTHON_OBJS={objects}"))
            .arg(LINKED)
            .tee(false);
        if result.is_err() {
            said.iter().for_each(|line| eprintln!("{line}"));
        }
        result?;
        // In one step: a suite that runs with the old one starts it anew all the time.
        fs::rename(linked, self.dir.join(OURS))?;
        // gdb finds the script by the interpreter's name, and trusts the base's.
        Sh::new("ln")
            .words("-sf python-gdb.py")
            .arg(format!("{OURS}-gdb.py"))
            .dir(&self.dir)
            .run()
    }

    fn make(&self) -> Sh {
        Sh::new("make").dir(&self.dir)
    }

    /// The two interpreters: as it is, and ours.
    pub fn pythons(&self) -> [PathBuf; 2] {
        [BASE, OURS].map(|name| self.dir.join(name))
    }
}

/// What an interpreter offers to what it loads.
fn symbols(python: &Path) -> Result<BTreeSet<String>> {
    let said = Sh::new("nm")
        .words("-D --defined-only --format=posix")
        .arg(python)
        .output();
    let said = said.ok_or_else(|| Failure::Missing("nm, to compare symbols".to_owned()))?;
    let names = said.lines().filter_map(|l| l.split_whitespace().next());
    Ok(names.map(str::to_owned).collect())
}

/// Those of these names.
fn chosen(parts: &[String]) -> impl Iterator<Item = &'static Part> {
    PARTS
        .iter()
        .filter(|part| parts.iter().any(|name| name == part.name))
}

/// The files of glue that the parts want, each once.
fn glue(parts: &[String]) -> BTreeSet<&'static str> {
    chosen(parts).flat_map(|part| part.glue).copied().collect()
}

/// The objects, without those that we replace.
fn without(objects: &str, parts: &[String]) -> Result<String> {
    let replaced: Vec<&str> = chosen(parts)
        .flat_map(|part| part.objects)
        .copied()
        .collect();
    let kept: Vec<&str> = objects
        .split_whitespace()
        .filter(|object| !replaced.contains(object))
        .collect();
    let gone = objects.split_whitespace().count() - kept.len();
    if gone != replaced.len() {
        let why = format!("of {replaced:?} the makefile knows {gone}");
        return Err(Failure::other(why));
    }
    Ok(kept.join(" "))
}

/// `3.13.15`, of a tree of 3.13 or newer.
fn version(source: &Path) -> Result<String> {
    let patchlevel = source.join("Include/patchlevel.h");
    let text = fs::read_to_string(&patchlevel).map_err(|_| {
        Failure::Missing(format!("a source tree of CPython in {}", source.display()))
    })?;
    let said = text
        .lines()
        .find_map(|l| l.strip_prefix("#define PY_VERSION"));
    let version = said.unwrap_or_default().trim().trim_matches('"').to_owned();
    let minor = version
        .split('.')
        .nth(1)
        .and_then(|n| n.parse::<u32>().ok());
    match minor {
        Some(13..) => Ok(version),
        _ => Err(Failure::other(format!(
            "{} is CPython {version:?}; 3.13 is the oldest that has these files",
            source.display()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::{glue, without};

    #[test]
    fn glue_is_compiled_once() {
        let parts = ["lock", "thread", "hash"].map(str::to_owned);
        let files: Vec<&str> = glue(&parts).into_iter().collect();
        assert_eq!(files, ["hash", "sync", "thread"]);
    }

    #[test]
    fn the_objects_of_the_parts_go_and_no_others() {
        let objects = "Python/getargs.o  Python/lock.o Python/lock2.o Python/parking_lot.o";
        let parts =
            |words: &str| -> Vec<String> { words.split_whitespace().map(str::to_owned).collect() };
        let kept = without(objects, &parts("lock")).unwrap();
        assert_eq!(kept, "Python/getargs.o Python/lock2.o Python/parking_lot.o");
        assert!(without(objects, &parts("critical_section")).is_err());
        assert!(without("Python/pyhash.o", &parts("hash")).is_err());
    }
}
