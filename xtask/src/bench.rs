//! `cargo xtask bench`: the benchmarks, and a record of what they say.

use crate::sh::{Failure, Result, Sh, root};
use crate::{python, record};
use std::fmt::Write as _;

/// Runs all benches or the one named; the other arguments are the bench's own.
pub fn run(args: &[String]) -> Result {
    if let Some(at) = args.iter().position(|a| a == "--draw") {
        return match args.len() {
            1 => record::draw(),
            _ => {
                let other = &args[usize::from(at == 0)];
                Err(Failure::other(format!(
                    "--draw stands alone; what is {other:?}?"
                )))
            }
        };
    }
    let (recorded, args): (Vec<_>, Vec<_>) = args.iter().cloned().partition(|a| a == "--record");
    let sh = match args.first().filter(|a| !a.starts_with('-')) {
        Some(name) => Sh::cargo("bench -p benches --bench")
            .arg(name)
            .arg("--")
            .args(&args[1..]),
        None => Sh::cargo("bench -p benches --benches --").args(&args),
    };
    let sh = python::beside(sh);
    if recorded.is_empty() {
        return sh.run();
    }
    let today = today()?;
    let (said, result) = sh.tee(true);
    result?;
    let mut text = machine();
    for line in said.iter().filter(|line| !is_cargo_s(line)) {
        let _ = writeln!(text, "{line}");
    }
    let name = args
        .first()
        .filter(|a| !a.starts_with('-'))
        .map_or("all", String::as_str);
    let folder = root().join("benches/record").join(std::env::consts::ARCH);
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{today}-{name}.txt"));
    std::fs::write(&path, text).map_err(|e| Failure::other(format!("{}: {e}", path.display())))?;
    eprintln!("xtask: recorded in {}", path.display());
    record::draw()
}

/// Whether cargo said it about the build: a verb at the right of its column of twelve.
fn is_cargo_s(line: &str) -> bool {
    let verbs = [
        "Compiling",
        "Finished",
        "Running",
        "Downloading",
        "Downloaded",
        "Locking",
    ];
    let word = line.trim_start().split(' ').next().unwrap_or_default();
    line.starts_with("  ") && verbs.contains(&word)
}

/// What the figures were taken on.
fn machine() -> String {
    let said = |sh: Sh| sh.output().unwrap_or_else(|| "unknown\n".to_owned());
    let cpu = said(Sh::new("lscpu"));
    let wanted = ["Model name", "CPU(s):", "Architecture"];
    let cpu = cpu
        .lines()
        .filter(|l| wanted.iter().any(|w| l.trim().starts_with(w)));
    let python = python::find().map_or("none".to_owned(), |p| p.version);
    format!(
        "commit {}{}{}\nCPython {python}\n{}\n\n",
        said(Sh::new("git").words("describe --always --dirty")),
        said(Sh::new("uname").arg("-srm")),
        said(Sh::new("rustc").arg("-vV")),
        cpu.collect::<Vec<_>>().join("\n")
    )
}

/// The date, as 2026-11-21. A library for dates would add 3 s to the 5 s of xtask's first
/// build.
fn today() -> Result<String> {
    let said = Sh::new("date").arg("+%Y-%m-%d").output();
    let said = said.ok_or_else(|| Failure::Missing("the program date".to_owned()))?;
    Ok(said.trim().to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_record_holds_no_path_of_the_build() {
        assert!(super::is_cargo_s(
            "   Compiling py-sync v0.1.0 (/home/me/py-sync)"
        ));
        assert!(super::is_cargo_s(
            "    Finished `bench` profile [optimized] target(s) in 0.1s"
        ));
        assert!(!super::is_cargo_s(
            "  py-sync                                 9.83       9.65"
        ));
        assert!(!super::is_cargo_s(
            "a free mutex (ns per lock and unlock, 41 rounds of 366735)"
        ));
    }

    #[test]
    #[cfg(unix)]
    fn today_is_a_date_of_this_century() {
        let today = super::today().unwrap();
        let parts: Vec<u32> = today.split('-').map(|p| p.parse().unwrap()).collect();
        assert!(
            matches!(parts[..], [2026..=2099, 1..=12, 1..=31]),
            "{today}"
        );
    }
}
