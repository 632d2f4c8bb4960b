//! What the compiler says of a program that cannot be: it must say what to write instead.
//!
//! The library and each program go to rustc itself, without cargo: no network, no lock file.
#![cfg(not(miri))]

use rstest::rstest;
use std::path::Path;
use std::process::Command;

fn rustc(arguments: &[&str]) -> (bool, String) {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let output = Command::new(rustc)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["--edition", "2024", "--emit", "metadata"])
        .args(arguments)
        .output()
        .expect("rustc runs");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), errors)
}

/// Compiles a program against the library, in a folder of its own.
fn compile(name: &str, program: &str) -> (bool, String) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let path = |file: &str| folder.join(file).to_str().unwrap().to_owned();
    let library = path("libpy_arena.rmeta");
    let out = [
        "-o",
        &library,
        "--crate-type",
        "rlib",
        "--cap-lints",
        "allow",
    ];
    let named = [
        "--crate-name",
        "py_arena",
        "--cfg",
        "feature=\"std\"",
        "src/lib.rs",
    ];
    let (built, errors) = rustc(&[&out[..], &named].concat());
    assert!(built, "{errors}");
    std::fs::write(folder.join("program.rs"), program).unwrap();
    rustc(&[
        "--crate-type",
        "lib",
        "--extern",
        &format!("py_arena={library}"),
        "-o",
        &path("program.rmeta"),
        &path("program.rs"),
    ])
}

const OWNS_NONE: &str =
    "`Arena::new`, `with_policy` and `with_capacity` make an arena that owns no objects";
const WRITE: &str = "write `Arena::<String>::with_objects()`";

#[rstest]
#[case::new(
    "new",
    "pub fn f() { py_arena::Arena::<String>::new(); }",
    &["error[E0277]", OWNS_NONE, WRITE, "this arena should own objects of type `String`"],
)]
#[case::with_policy(
    "policy",
    "pub fn f() { py_arena::Arena::<String>::with_policy(py_arena::BlockPolicy::GROWING); }",
    &["error[E0277]", OWNS_NONE, WRITE],
)]
#[case::with_capacity(
    "capacity",
    "pub fn f() { py_arena::Arena::<String>::with_capacity(1); }",
    &["error[E0277]", OWNS_NONE, WRITE],
)]
#[case::add_object(
    "add",
    "pub fn f() { let arena = py_arena::Arena::new(); arena.add_object(String::new()); }",
    &["error[E0308]", "expected `Infallible`", "Infallible? Make it with_objects()"],
)]
#[case::add_object_to_one_that_came_from_elsewhere(
    "add_to",
    "pub fn f(arena: &py_arena::Arena) { arena.add_object(String::new()); }",
    &["error[E0308]", "expected `Infallible`", "Infallible? Make it with_objects()"],
)]
fn the_compiler_says_what_to_write(
    #[case] name: &str,
    #[case] program: &str,
    #[case] said: &[&str],
) {
    let (compiled, errors) = compile(name, program);
    assert!(!compiled, "{name} compiles");
    for words in said {
        assert!(errors.contains(words), "{words:?} is not in\n{errors}");
    }
}

#[test]
fn what_it_says_to_write_compiles() {
    let program = "pub fn f() {
        let arena = py_arena::Arena::<String>::with_objects();
        arena.add_object(String::new());
        py_arena::Arena::new().alloc(1);
    }
    pub static POLICY: fn() -> py_arena::Arena = || {
        py_arena::Arena::with_policy(py_arena::BlockPolicy::GROWING)
    };
    pub const EMPTY: py_arena::Arena = py_arena::Arena::new();";
    let (compiled, errors) = compile("right", program);
    assert!(compiled, "{errors}");
}
