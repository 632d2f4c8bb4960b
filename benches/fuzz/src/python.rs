//! The live CPython that `PYTHON_ORACLE` names: one that answers questions, and others that are only
//! started.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex};

/// Answers a question a line; the same that py-hashsecret's tests ask.
const SCRIPT: &str = include_str!("../../../crates/py-hashsecret/tests/common/oracle.py");

fn command() -> Option<Command> {
    let mut python = Command::new(std::env::var_os("PYTHON_ORACLE")?);
    // No module `site`; every answer is written at once.
    python.args(["-S", "-u", "-c", SCRIPT]);
    python.stdin(Stdio::piped()).stdout(Stdio::piped());
    Some(python)
}

/// The python that answers. It ends when this process does, and with it the questions.
struct Server {
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

#[allow(clippy::zombie_processes, reason = "it lives as long as this process")]
fn serve() -> Option<Mutex<Server>> {
    let mut child = command()?.spawn().expect("PYTHON_ORACLE runs");
    Some(Mutex::new(Server {
        questions: child.stdin.take().expect("piped"),
        answers: BufReader::new(child.stdout.take().expect("piped")),
    }))
}

/// The live python's answer; `None` if none is named.
pub(crate) fn ask(question: &str) -> Option<String> {
    static SERVER: LazyLock<Option<Mutex<Server>>> = LazyLock::new(serve);
    let mut server = SERVER.as_ref()?.lock().expect("no question has failed");
    writeln!(server.questions, "{question}").expect("python reads");
    let mut answer = String::new();
    server
        .answers
        .read_line(&mut answer)
        .expect("python answers");
    assert!(answer.ends_with('\n'), "python ended at {question:?}");
    answer.pop();
    Some(answer)
}

/// What a python that is started with this `PYTHONHASHSEED` says of its secret, or why it does not start.
#[cfg_attr(
    not(unix),
    allow(unused_variables, reason = "its environment is no bytes")
)]
pub(crate) fn started_with(seed: &[u8]) -> Option<Result<String, String>> {
    let mut python = command()?;
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        python.env("PYTHONHASHSEED", std::ffi::OsStr::from_bytes(seed));
    }
    #[cfg(not(unix))]
    python.env("PYTHONHASHSEED", std::str::from_utf8(seed).ok()?);
    let mut child = python
        .stderr(Stdio::piped())
        .spawn()
        .expect("PYTHON_ORACLE runs");
    // One that refuses its seed does not read.
    let _ = child.stdin.take().expect("piped").write_all(b"secret\n");
    let output = child.wait_with_output().expect("it ends");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    Some(if output.status.success() {
        Ok(said(&output.stdout))
    } else {
        Err(said(&output.stderr))
    })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut digits = String::new();
    for byte in bytes {
        write!(digits, "{byte:02x}").expect("a string takes it");
    }
    digits
}
