//! What is wrong with an input is told in one line, the rest is done, and the exit status says so.

use crate::support::{Folder, frontend, ran, run};
use rstest::rstest;

#[rstest]
#[case::null_byte("x = 1\0\n", "binary: source code cannot contain null bytes")]
#[case::syntax("def f(:\n", "syntax error in line 1, column 7")]
#[case::unknown_coding("# coding: klingon\n", "its coding line says klingon")]
#[case::brackets(&"(".repeat(6000), "nested deeper than 5000 levels")]
#[case::operators(&format!("x = {}1", "-".repeat(700_000)), "nested deeper than 5000 levels")]
#[case::lambdas(&format!("x = {}1", "lambda a, b: ".repeat(6000)), "nested deeper than")]
fn a_bad_file_is_told_in_one_line_and_the_rest_is_done(#[case] text: &str, #[case] says: &str) {
    let folder = Folder::new();
    folder.write("bad.py", text);
    folder.write("good.py", "answer = 42\n");
    let ran = run([folder.path().as_os_str(), "--json".as_ref()]);
    let totals = &ran.json()["totals"];
    assert_eq!(ran.status, 1);
    assert!(ran.line_about("bad.py").contains(says), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert_eq!(totals["files"], 1);
    assert_eq!(totals["refused"], 1);
    assert_eq!(totals["distinct_names"], 1);
}

#[rstest]
#[case::latin1(
    b"# -*- coding: latin-1 -*-\nn = '\xe9'\n",
    "decoded from iso-8859-1",
    0
)]
#[case::latin1_in_line_two(b"#!python\n# vim: fileencoding=iso-8859-1\n'\xe9'", "iso-8859-1", 0)]
#[case::not_in_line_three(b"\n\n# coding: latin-1\n'\xe9'", "Non-UTF-8 code starting with", 1)]
#[case::not_behind_code(b"x = 1\n# coding: latin-1\n'\xe9'", "'\\xe9' on line 3", 1)]
#[case::latin9(b"# coding: latin-9\n'\xa4'", "decoded from iso-8859-15", 0)]
#[case::cp1252(b"# coding: cp1252\n'\x80'", "decoded from cp1252", 0)]
#[case::cp1252_hole(b"# coding: cp1252\n'\x81'", "has no byte 0x81 (line 2)", 1)]
#[case::ascii(b"# coding: ascii\n'\xe9'", "has no byte 0xe9 (line 2)", 1)]
#[case::utf8(
    b"# coding: utf-8\n'\xe9'",
    "'utf-8' codec can't decode byte 0xe9 on line 2",
    1
)]
#[case::mark(b"\xef\xbb\xbf# coding: latin-1\n", "a UTF-8 byte order mark, but", 1)]
#[case::mark_and_utf8(b"\xef\xbb\xbf#coding: utf8\n", "a UTF-8 byte order mark, but", 1)]
#[case::not_utf8(
    b"n = '\xe9'\n",
    "no encoding declared; see https://peps.python.org/pep-02",
    1
)]
#[case::empty(b"", "empty", 0)]
fn an_encoding_is_what_the_coding_line_says(
    #[case] bytes: &[u8],
    #[case] says: &str,
    #[case] status: i32,
) {
    let folder = Folder::new();
    folder.write("one.py", bytes);
    let ran = run([folder.path()]);
    assert_eq!(ran.status, status, "{}", ran.stderr);
    assert!(ran.line_about("one.py").contains(says), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
}

#[test]
fn a_latin_1_name_is_the_same_name_as_in_utf_8() {
    let folder = Folder::new();
    folder.write("a.py", b"# coding: latin-1\n\xe9t\xe9 = '\xe9'\n");
    folder.write("b.py", "\u{feff}été = 'é'\r\n");
    let totals = run([folder.path().as_os_str(), "--json".as_ref()]).json()["totals"].take();
    assert_eq!(totals["names"], 2);
    assert_eq!(totals["distinct_names"], 1);
    assert_eq!(totals["distinct_literals"], 1);
}

#[test]
fn a_file_of_50_mb_is_told_and_done() {
    let folder = Folder::new();
    let line = format!("# {}\n", "long ".repeat(200));
    folder.write(
        "large.py",
        line.repeat(50_000_000 / line.len() + 1) + "x = 1\n",
    );
    let ran = run([folder.path()]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(
        ran.line_about("large.py").contains("large: 50.0 MB"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_missing_path_is_told_and_the_others_are_done() {
    let folder = Folder::new();
    let good = folder.write("good.py", "x = 1\n");
    let missing = folder.path().join("missing.py");
    let ran = run([missing.as_path(), good.as_path(), "--json".as_ref()]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.line_about("missing.py").contains("cannot read"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.json()["totals"]["files"], 1);
}

#[test]
fn a_folder_without_python_is_an_error() {
    let folder = Folder::new();
    folder.write("readme.txt", "x = 1\n");
    let ran = run([folder.path()]);
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
    assert!(ran.stderr.contains("no Python file in"), "{}", ran.stderr);
}

#[test]
fn a_file_by_its_own_name_is_done_whatever_its_name_is() {
    let folder = Folder::new();
    let script = folder.write("script", "#!/usr/bin/env python3\nx = 1\n");
    assert_eq!(run([script]).status, 0);
}

/// A FIFO that is opened waits for a writer: it must not be opened.
#[cfg(unix)]
#[test]
fn what_cannot_be_read_is_told_and_hangs_nothing() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new();
    folder.write("good.py", "x = 1\n");
    folder.write("sub.py/inner.py", "y = 2\n"); // a folder may be called anything
    symlink("nowhere.py", folder.path().join("dangling.py")).unwrap();
    symlink("self.py", folder.path().join("self.py")).unwrap();
    symlink("..", folder.path().join("sub.py/loop")).unwrap();
    symlink("good.py", folder.path().join("same.py")).unwrap();
    let fifo = std::process::Command::new("mkfifo")
        .arg(folder.path().join("fifo.py"))
        .status();
    assert!(fifo.expect("mkfifo is there").success());
    let secret = folder.write("secret.py", "z = 3\n");
    std::fs::set_permissions(&secret, PermissionsExt::from_mode(0o000)).unwrap();
    let is_root = std::fs::read(&secret).is_ok();

    let ran = ran(frontend().arg(folder.path()).arg("--json"));
    assert_eq!(ran.status, 1);
    let says = |name: &str, words: &str| {
        assert!(ran.line_about(name).contains(words), "{}", ran.stderr);
    };
    says(
        "dangling.py",
        "symbolic link to nowhere.py, which does not exist",
    );
    says("self.py", "cannot read: Too many levels of symbolic links");
    says("loop", "symbolic link in a circle, back to");
    says("fifo.py", "not a regular file but a FIFO");
    if !is_root {
        says("secret.py", "cannot read: Permission denied");
    }
    assert_eq!(ran.lines("error: ").len(), if is_root { 4 } else { 5 });
    assert_eq!(ran.lines("note: ").len(), 1, "{}", ran.stderr); // same.py is good.py
    let files = if is_root { 3 } else { 2 };
    assert_eq!(ran.json()["totals"]["files"], files);
}
