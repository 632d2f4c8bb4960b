//! The secret from the environment. Each case is a process of its own: this binary runs itself
//! with `PYTHONHASHSEED` set and reads what the child prints.
#![cfg(all(not(loom), not(miri), feature = "std"))]

use py_hashsecret::{HashSecret, HashSeed, init, init_with, secret};
use std::process::{Command, Output};

const CHILD: &str = "PY_HASHSECRET_TEST_CHILD";
const SENTENCE: &str = "PYTHONHASHSEED must be \"random\" or an integer in range [0; 4294967295]";

/// Runs the test `child` of this binary as a process with this task and this PYTHONHASHSEED.
fn child_with(task: &str, value: Option<&std::ffi::OsStr>) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD, task);
    match value {
        Some(value) => command.env("PYTHONHASHSEED", value),
        None => command.env_remove("PYTHONHASHSEED"),
    };
    command.output().unwrap()
}

fn stdout_of(task: &str, value: Option<&str>) -> String {
    let output = child_with(task, value.map(std::ffi::OsStr::new));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    let line = text.lines().find_map(|line| line.split_once("child: "));
    line.unwrap_or_else(|| panic!("{output:?}")).1.to_owned()
}

fn hex(secret: &HashSecret) -> String {
    secret
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The child's side; in the parent there is no task and nothing to do.
#[test]
fn child() {
    let Ok(task) = std::env::var(CHILD) else {
        return;
    };
    match &task[..] {
        "init" => match init() {
            Ok(made) => {
                assert_eq!(secret(), made);
                assert_eq!(init(), Ok(made));
                println!("child: {}", hex(&made));
            }
            Err(error) => println!("child: {error}"),
        },
        "secret" => println!("child: {}", hex(&secret())),
        "retry" => {
            let first = init().unwrap_err();
            assert_eq!(init(), Err(first), "a failed init stores nothing");
            assert!(std::panic::catch_unwind(secret).is_err());
            let threads: Vec<_> = (0..8).map(|_| std::thread::spawn(init)).collect();
            for thread in threads {
                assert_eq!(thread.join().unwrap(), Err(first));
            }
            let made = init_with(HashSeed::Fixed(42)).unwrap();
            assert_eq!(init(), Ok(made));
            assert_eq!(secret(), made);
            println!("child: {}", hex(&made));
        }
        "random whatever the variable says" => {
            let made = init_with(HashSeed::Random).unwrap();
            assert_eq!(secret(), made);
            println!("child: {}", hex(&made));
        }
        task => panic!("unknown task {task}"),
    }
}

#[test]
fn a_fixed_seed_in_the_environment_makes_its_secret() {
    for (value, seed) in [("0", 0), ("42", 42), (" +1", 1), ("4294967295", u32::MAX)] {
        let expected = hex(&HashSecret::from_seed(seed));
        assert_eq!(stdout_of("init", Some(value)), expected);
        assert_eq!(stdout_of("secret", Some(value)), expected);
    }
}

#[cfg(feature = "getrandom")]
#[test]
fn unset_empty_and_random_make_a_new_secret_in_each_process() {
    let mut seen: Vec<String> = [
        None,
        None,
        Some(""),
        Some(""),
        Some("random"),
        Some("random"),
    ]
    .into_iter()
    .map(|value| stdout_of("init", value))
    .collect();
    seen.push(hex(&HashSecret::ZERO));
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 7);
}

#[test]
fn an_invalid_value_is_cpythons_error() {
    for value in ["abc", "4294967296", "1 ", " ", "Random"] {
        assert_eq!(stdout_of("init", Some(value)), SENTENCE);
    }
}

/// Seed c14: there, the first call failed and the second reported success with a zero secret.
#[test]
fn a_failed_init_stores_nothing_and_the_next_call_tries_again() {
    let made = stdout_of("retry", Some("not-a-number"));
    assert_eq!(made, hex(&HashSecret::from_seed(42)));
}

#[test]
fn secret_panics_with_the_text_of_cpythons_fatal_error() {
    let output = child_with("secret", Some(std::ffi::OsStr::new("abc")));
    assert!(!output.status.success());
    let stderr = String::from_utf8_lossy(&output.stderr);
    let stdout = String::from_utf8_lossy(&output.stdout);
    let fatal = format!("Fatal Python error: config_init_hash_seed: {SENTENCE}");
    assert!(
        stderr.contains(&fatal) || stdout.contains(&fatal),
        "{output:?}"
    );
}

#[cfg(feature = "getrandom")]
#[test]
fn init_with_does_not_look_at_the_environment() {
    for value in ["junk", "0"] {
        let made = stdout_of("random whatever the variable says", Some(value));
        assert_ne!(made, hex(&HashSecret::ZERO));
    }
}

#[cfg(unix)]
#[test]
fn a_value_that_is_not_utf8_is_an_error_not_a_panic() {
    use std::os::unix::ffi::OsStrExt;
    let output = child_with("init", Some(std::ffi::OsStr::from_bytes(b"1\xff")));
    assert!(String::from_utf8_lossy(&output.stdout).contains(SENTENCE));
}
