//! Options, the hash seed, and where output goes.

use crate::support::{frontend, ran, run, samples};
use rstest::rstest;

/// CPython's words.
const FATAL: &str = "Fatal Python error: config_init_hash_seed: PYTHONHASHSEED must be \"random\" \
     or an integer in range [0; 4294967295]\n";

#[rstest]
#[case("abc")]
#[case("-1")]
#[case("4294967296")]
#[case("0x10")]
#[case("1 ")]
#[case("Random")]
fn a_bad_hash_seed_ends_with_cpythons_message_and_nothing_done(#[case] value: &str) {
    let ran = ran(frontend().arg(samples()).env("PYTHONHASHSEED", value));
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
    assert_eq!(ran.stderr, FATAL);
}

/// Empty is random, as in CPython; and the option wins over the variable.
#[rstest]
#[case("", None, "\"random\"")]
#[case("random", None, "\"random\"")]
#[case(" +042", None, "42")]
#[case("abc", Some("7"), "7")]
#[case("7", Some("random"), "\"random\"")]
fn the_seed_is_the_options_or_the_variables(
    #[case] variable: &str,
    #[case] option: Option<&str>,
    #[case] seed: &str,
) {
    let mut command = frontend();
    command
        .arg(samples())
        .arg("--json")
        .env("PYTHONHASHSEED", variable);
    if let Some(option) = option {
        command.args(["--seed", option]);
    }
    let ran = ran(&mut command);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(ran.json()["seed"].to_string(), seed);
}

#[rstest]
#[case(&["--threads"], "missing argument")]
#[case(&["--threads", "0"], "--threads takes 1 to 1024, not 0")]
#[case(&["--threads", "1025"], "--threads takes 1 to 1024, not 1025")]
#[case(&["--threads", "two"], "two")]
#[case(&["--seed", "abc"], "--seed takes \"random\" or an integer in [0; 4294967295]")]
#[case(&["--nonsense"], "--nonsense")]
#[case(&["--json=yes"], "unexpected argument for option '--json'")]
fn a_wrong_command_line_ends_with_status_2(#[case] args: &[&str], #[case] says: &str) {
    let ran = run(args);
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains(says), "{}", ran.stderr);
    assert!(ran.stderr.ends_with("Try --help.\n"));
}

#[test]
fn help_tells_every_option() {
    let ran = run(["--help"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    for option in [
        "--threads",
        "--seed",
        "--verify",
        "--python",
        "--json",
        "PYTHONHASHSEED",
    ] {
        assert!(ran.stdout.contains(option), "{option}");
    }
}

/// No bar, no colour, no carriage return: standard error is empty when all is well.
#[test]
fn there_is_no_noise_without_a_terminal() {
    let ran = run([samples()]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    assert!(!ran.stdout.contains(['\x1b', '\r']), "{}", ran.stdout);
}

#[test]
fn the_table_shows_what_the_json_shows() {
    let table = run([samples().as_os_str(), "--seed".as_ref(), "1".as_ref()]);
    let json = run([
        samples().as_os_str(),
        "--seed".as_ref(),
        "1".as_ref(),
        "--json".as_ref(),
    ]);
    let totals = &json.json()["totals"];
    for name in ["files", "tokens", "nodes", "names"] {
        let row = table
            .stdout
            .lines()
            .find(|l| l.trim_start().starts_with(name));
        let row = row.unwrap_or_else(|| panic!("no {name} in {}", table.stdout));
        let value = row
            .split_whitespace()
            .nth(1)
            .expect("a row has a value")
            .replace(',', "");
        assert_eq!(value, totals[name].to_string(), "{name}");
    }
}

/// Where no Python is, our own files are read.
#[cfg(unix)]
#[test]
fn without_a_python_the_samples_are_read() {
    let mut command = frontend();
    command
        .arg("--json")
        .env("PATH", "")
        .env("HOME", "/nowhere")
        .env_remove("PYENV_ROOT");
    let ran = ran(&mut command);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let report = ran.json();
    assert_eq!(report["input"], "our own samples: no python3 was found");
    let files = std::fs::read_dir(samples()).unwrap().count();
    assert_eq!(report["totals"]["files"], files);
}

#[cfg(target_os = "linux")]
#[test]
fn a_report_that_cannot_be_written_is_an_error() {
    let full = std::fs::File::create("/dev/full").expect("Linux has it");
    let ran = ran(frontend().arg(samples()).stdout(full));
    assert_eq!(ran.status, 1);
    let says = "frontend: the report could not be written: No space left on device";
    assert!(ran.stderr.starts_with(says), "{}", ran.stderr);
}

#[test]
fn a_wrong_python_oracle_is_an_error() {
    let ran = ran(frontend().env("PYTHON_ORACLE", "/no/such/python"));
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
    let says = "frontend: PYTHON_ORACLE: /no/such/python: ";
    assert!(ran.stderr.starts_with(says), "{}", ran.stderr);
}
