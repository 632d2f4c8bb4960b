//! `--verify`: a real Python agrees; where one answers something else, the demo says so.

use crate::support::{frontend, ran, samples};
use rstest::rstest;
use std::path::PathBuf;

/// The Python that `PYTHON_ORACLE` names, from 3.12 on.
fn oracle() -> Option<PathBuf> {
    let python = std::env::var_os("PYTHON_ORACLE");
    if python.is_none() {
        eprintln!("skipped: PYTHON_ORACLE is not set");
    }
    python.map(PathBuf::from)
}

#[rstest]
fn a_real_python_agrees(
    #[values("0", "1", "42", "4294967295", "random")] seed: &str,
    #[values(true, false)] library: bool,
) {
    let Some(python) = oracle() else { return };
    let mut command = frontend();
    if !library {
        command.arg(samples());
    }
    command
        .env("PYTHONHASHSEED", seed)
        .args(["--verify", "--json", "--python"])
        .arg(python);
    let ran = ran(&mut command);
    let report = ran.json();
    let (totals, verify) = (&report["totals"], &report["verify"]);
    assert_eq!(verify["differences"], serde_json::json!([]));
    assert_eq!(verify["files"], totals["files"]);
    assert_eq!(verify["names"], totals["names"]);
    assert_eq!(verify["literals"], totals["literals"]);
    assert_eq!(verify["equal_name_hashes"], totals["distinct_names"]);
    let count = |name: &str| verify[name].as_u64().expect("a count");
    let literals = count("equal_literal_hashes") + count("equal_surrogate_hashes");
    assert_eq!(totals["distinct_literals"], literals);
    assert_eq!(
        totals["distinct_surrogate_literals"],
        verify["equal_surrogate_hashes"]
    );
    if !library {
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        assert!(count("equal_surrogate_hashes") > 0, "the samples hold some");
    }
}

/// A program that answers what it is told to, as Python would.
#[cfg(unix)]
mod pretended {
    use super::{frontend, ran};
    use crate::support::{Folder, Ran};
    use rstest::rstest;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    fn python(folder: &Folder, version: &str, algorithm: &str, answer: &str) -> PathBuf {
        let script = format!(
            "#!/bin/sh\ncase \"$2\" in *sysconfig*) printf '%s\\n' '{version}' '{algorithm}' '{}' \
             ;; *) cat >/dev/null; printf '{answer}' ;; esac\n",
            folder.path().display()
        );
        let path = folder.write("python", script);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        path
    }

    fn verify(version: &str, algorithm: &str, answer: &str) -> Ran {
        let folder = Folder::new();
        let file = folder.write("one.py", "x = 1\n");
        let python = python(&folder, version, algorithm, answer);
        let mut command = frontend();
        command
            .arg(file)
            .args(["--verify", "--seed", "0", "--json", "--python"])
            .arg(python);
        ran(&mut command)
    }

    // hash('x') under seed 0, golden.
    const HASH_OF_X: &str = "-3368204716105132637";

    #[test]
    fn one_that_agrees_passes() {
        let answer = format!("F 0\\nN 0:1\\nL\\nT {HASH_OF_X} 78\\n");
        let ran = verify("3 13 0", "siphash13", &answer);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
        assert_eq!(ran.json()["verify"]["equal_name_hashes"], 1);
    }

    #[rstest]
    #[case::count(
        "F 0\\nN 0:2\\nL\\nT {} 78\\n",
        "name \"x\": 1 times here, 2 times in Python"
    )]
    #[case::kind(
        "F 0\\nN\\nL 0:1\\nT {} 78\\n",
        "literal \"x\": 0 times here, 1 times in Python"
    )]
    #[case::missing("F 0\\nN\\nL\\n", "name \"x\": 1 times here, 0 times in Python")]
    #[case::more(
        "F 0\\nN 0:1 1:1\\nL\\nT {} 78\\nT 7 79\\n",
        "name \"y\": 0 times here, 1"
    )]
    #[case::hash("F 0\\nN 0:1\\nL\\nT 7 78\\n", "hash of \"x\": {} here, 7 in Python")]
    #[case::refused(
        "E 0 TokenError: x\\n",
        "this Python cannot tokenize it: TokenError: x"
    )]
    fn one_that_differs_is_reported(#[case] answer: &str, #[case] says: &str) {
        let answer = answer.replace("{}", HASH_OF_X);
        let says = says.replace("{}", HASH_OF_X);
        let ran = verify("3 13 0", "siphash13", &answer);
        assert_eq!(ran.status, 1);
        assert!(ran.line_about("one.py").contains(&says), "{}", ran.stderr);
    }

    #[rstest]
    #[case("3 11 7", "siphash13", "", "3.11.7; --verify needs 3.12 or newer")]
    #[case("3 13 0", "fnv", "", "hashes with fnv, and we with siphash13")]
    #[case(
        "3 13 0",
        "siphash13",
        "nonsense\\n",
        "gave an answer that cannot be read"
    )]
    #[case("2 7 18", "siphash13", "", "it answers")]
    fn one_that_cannot_be_asked_is_an_error(
        #[case] version: &str,
        #[case] algorithm: &str,
        #[case] answer: &str,
        #[case] says: &str,
    ) {
        let ran = verify(version, algorithm, answer);
        assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
        assert!(ran.stderr.contains(says), "{}", ran.stderr);
    }
}
