//! `cargo xtask ci`: the checks of every change, cheapest first; with `--full`, every check there is.

use crate::package;
use crate::sh::{Failure, Result, Sh, root, target};
use crate::steps::{self, Step, Work};
use crate::{python, test};

/// Runs the steps that are named, or all.
pub fn run(args: &[String]) -> Result {
    let (options, names): (Vec<&String>, Vec<&String>) =
        args.iter().partition(|a| a.starts_with("--"));
    if let Some(bad) = options
        .iter()
        .find(|o| !["--require", "--list", "--full"].contains(&o.as_str()))
    {
        return Err(Failure::other(format!("ci has no option {bad}")));
    }
    let mut steps = of_every_change();
    if !names.is_empty() || options.iter().any(|o| *o == "--full") {
        steps.extend(that_take_long());
    }
    if let Some(bad) = names
        .iter()
        .find(|n| steps.iter().all(|s| s.name != n.as_str()))
    {
        return Err(Failure::other(format!(
            "ci has no step {bad}; --list names them"
        )));
    }
    steps.retain(|s| names.is_empty() || names.iter().any(|n| *n == s.name));
    check_models_somewhere(&mut steps);
    if options.iter().any(|o| *o == "--list") {
        steps.iter().for_each(|s| println!("{}", s.name));
        return Ok(());
    }
    match python::find() {
        Some(p) => eprintln!("the CPython to ask: {} {}", p.program.display(), p.version),
        None => eprintln!("no CPython to ask: the tests that would say so"),
    }
    steps::run(steps, options.iter().any(|o| *o == "--require"))
}

/// Where no step runs the models as they are, the step of the planted faults has to.
fn check_models_somewhere(steps: &mut [Step]) {
    if steps.iter().all(|s| s.name != "loom") {
        let alone = steps.iter_mut().filter(|s| s.name == "mutants");
        alone.for_each(|s| *s = task("mutants", "mutants"));
    }
}

#[rustfmt::skip]
fn of_every_change() -> Vec<Step> {
    let each = package::each();
    let clippy = |features: &str| Sh::cargo("clippy --all-targets").words(features)
        .words("-- -D warnings");
    let doc = Sh::cargo("doc --no-deps --all-features").words(&each).env("RUSTDOCFLAGS", "-D warnings");
    let bare = Sh::cargo("test --lib --tests --no-default-features").words(&each);
    vec![
        command("fmt", Sh::cargo("fmt --all --check")),
        task("rules", "rules"),
        command("clippy", clippy("--workspace")),
        command("clippy-all-features", clippy("--workspace --all-features")),
        Step { name: "clippy-no-default-features", work: Work::Commands(
            // One crate at a time: together, one crate's needs would switch another's features on.
            package::CRATES.map(|c| clippy(&format!("--no-default-features -p {c}"))).into()) },
        command("doc", doc),
        docs_rs(&each),
        task("api", "api"),
        command("test", test::command("--all-features", &[])),
        command("test-release", test::optimised()),
        command("test-no-default-features", python::beside(bare)),
        command("doctest", Sh::cargo("test --doc --all-features").words(&each)),
        in_place_of_parking_lot(),
        task("package", "package"),
        task("loom", "loom"),
        task("mutants", "mutants --after-loom"),
        task("targets", "targets"),
        task("sanitize-thread", "sanitize thread -p py-sync"),
        task("sanitize-address", "sanitize address -p py-arena"),
    ]
}

/// Each builds the standard library or the tree anew, or runs every test many times slower.
fn that_take_long() -> Vec<Step> {
    vec![
        task("sanitize-thread-all", "sanitize thread"),
        task("sanitize-address-all", "sanitize address"),
        task("careful", "sanitize careful"),
        task("valgrind", "sanitize valgrind"),
        task("linearizable", "linearizable"),
        task("miri", "miri"),
    ]
}

fn command(name: &'static str, sh: Sh) -> Step {
    Step {
        name,
        work: Work::Commands(vec![sh]),
    }
}

/// A step that is a task of ours; it ends with status 3 if its tool is missing.
fn task(name: &'static str, words: &str) -> Step {
    let xtask = std::env::current_exe().expect("the name of the running program");
    Step {
        name,
        work: Work::Task(python::beside(Sh::new(xtask).words(words))),
    }
}

/// A crate from crates.io on our locks: the example has a workspace and a lock file of its own.
fn in_place_of_parking_lot() -> Step {
    let manifest = root().join("crates/py-sync/examples/in_place_of_parking_lot/Cargo.toml");
    let cargo = |task: &str| Sh::cargo(task).arg("--manifest-path").arg(&manifest);
    let folder = || target().join("in-place-of-parking-lot");
    let built = |task: &str| cargo(task).words("--locked --target-dir").arg(folder());
    Step {
        name: "in-place-of-parking-lot",
        work: Work::Commands(vec![
            cargo("fmt").words("--all --check"),
            built("clippy").words("--workspace -- -D warnings"),
            built("run"),
        ]),
    }
}

/// The documentation as docs.rs builds it.
fn docs_rs(each: &str) -> Step {
    let name = "docs-rs";
    if Sh::new("rustup")
        .words("run nightly rustc --version")
        .output()
        .is_none()
    {
        let why = "a nightly toolchain (rustup toolchain install nightly)";
        return Step {
            name,
            work: Work::Skip(why.to_owned()),
        };
    }
    let sh = Sh::nightly("doc --no-deps --all-features --target-dir target/docs-rs").words(each);
    command(name, sh.env("RUSTDOCFLAGS", "--cfg docsrs -D warnings"))
}

#[cfg(test)]
mod tests {
    use super::{Step, Work, check_models_somewhere, of_every_change};

    #[test]
    fn every_run_with_the_planted_faults_runs_the_models_as_they_are() {
        let line = |steps: &[Step]| match &steps.iter().find(|s| s.name == "mutants").unwrap().work
        {
            Work::Task(sh) => sh.line(),
            _ => panic!("a task"),
        };
        let mut steps = of_every_change();
        check_models_somewhere(&mut steps);
        assert!(line(&steps).contains("mutants --after-loom"));
        steps.retain(|s| s.name != "loom");
        check_models_somewhere(&mut steps);
        assert!(line(&steps).ends_with("mutants"));
    }
}
