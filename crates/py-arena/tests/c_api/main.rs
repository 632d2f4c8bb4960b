//! The C interface: the header says what the Rust functions are, and C programs that know the header
//! alone do with the library what they should.

#![cfg(all(feature = "c-api", target_os = "linux", not(miri)))]

use core::mem::offset_of;
use py_arena::c_api::{PyArena_Runtime, SIGNATURES, Signature};
use std::path::{Path, PathBuf};
use std::process::Command;

const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");

/// The declarations of the header, each on one line: `int f(T *a, int b)`.
fn declared() -> Vec<String> {
    let header = std::fs::read_to_string(Path::new(PACKAGE).join("include/py_arena.h")).unwrap();
    let mut code = String::new();
    for part in header.split("*/") {
        code.push_str(part.split("/*").next().unwrap());
    }
    let code: String = code
        .lines()
        .filter(|l| !l.starts_with('#') && !l.contains("extern \"C\""))
        .collect::<Vec<_>>()
        .join(" ");
    let is_function = |s: &&str| s.ends_with(')') && !s.contains("typedef") && !s.contains("(*");
    code.split([';', '}', '{'])
        .map(str::trim)
        .filter(is_function)
        .map(|s| s.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

/// A Rust type as C spells it, with the blank that goes before a name.
fn in_c(ty: &str) -> String {
    let ty = &ty.replace("* ", "*");
    if let Some(to) = ty.strip_prefix("*mut ") {
        return format!("{} *", in_c(to).trim_end());
    }
    if let Some(to) = ty.strip_prefix("*const ") {
        return format!("const {} *", in_c(to).trim_end());
    }
    match ty.as_str() {
        "" | "c_void" => "void ".to_owned(),
        "c_int" => "int ".to_owned(),
        "usize" => "size_t ".to_owned(),
        _ => format!("{ty} "),
    }
}

fn prototype(&(name, args, ret): &Signature) -> String {
    let args: Vec<String> = args
        .iter()
        .map(|(arg, ty)| format!("{}{arg}", in_c(ty)))
        .collect();
    let args = match args.is_empty() {
        true => "void".to_owned(),
        false => args.join(", "),
    };
    format!("{}{name}({args})", in_c(ret))
}

#[test]
fn the_header_declares_the_rust_functions_and_no_others() {
    let mut exported: Vec<String> = SIGNATURES.iter().map(prototype).collect();
    let mut declared = declared();
    exported.sort();
    declared.sort();
    assert_eq!(declared, exported);
    assert_eq!(exported.len(), 5);
}

/// Compiles a C program of this package against the library that cargo has built from the example
/// `c_arena`; `None` without a C compiler.
fn compiled(program: &str) -> Option<PathBuf> {
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    if Command::new(&compiler).arg("--version").output().is_err() {
        eprintln!("skipped: no C compiler ({compiler:?}; set CC)");
        return None;
    }
    let test = std::env::current_exe().unwrap();
    let library = test.ancestors().nth(2).unwrap();
    let library = library.join("examples/libc_arena.a");
    assert!(
        library.exists(),
        "{} is not there: cargo builds it with all tests of the package, or by `cargo build \
         --examples --features c-api`",
        library.display()
    );
    let out =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("arena-{}", program.replace('/', "-")));
    let done = Command::new(&compiler)
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-g", "-I"])
        .arg(Path::new(PACKAGE).join("include"))
        .arg(Path::new(PACKAGE).join(program))
        .arg(library)
        .args(["-lpthread", "-ldl", "-lm", "-o"])
        .arg(&out)
        .status()
        .unwrap();
    assert!(done.success(), "{program} does not compile: {done}");
    Some(out)
}

/// What it says; it must end well.
fn said(program: &Path, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap();
    let (status, err) = (output.status, String::from_utf8_lossy(&output.stderr));
    assert!(
        status.success(),
        "{} {args:?}: {status}\n{err}",
        program.display()
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_c_program_calls_every_symbol() {
    let Some(program) = compiled("tests/c_api/program.c") else {
        return;
    };
    assert_eq!(said(&program, &["layout"]), layout());
    said(&program, &[]);
    let text = std::fs::read_to_string(Path::new(PACKAGE).join("tests/c_api/program.c")).unwrap();
    for (name, ..) in SIGNATURES {
        assert!(
            text.contains(&format!("{name}(")),
            "the program never calls {name}"
        );
    }
}

/// What the program must print: the layouts of this side.
fn layout() -> String {
    let mut lines = String::new();
    macro_rules! print {
        ($($field:ident),+) => {
            $(lines += &format!("{} {}\n", stringify!($field), offset_of!(PyArena_Runtime, $field));)+
        };
    }
    print!(size, malloc, free, decref, no_memory);
    lines + &format!("PyArena_Runtime {}\n", size_of::<PyArena_Runtime>())
}

#[test]
fn the_example_gives_everything_back() {
    if let Some(program) = compiled("examples/c_arena/main.c") {
        // Its nodes hold pointers.
        let blocks = if size_of::<usize>() == 8 { 3 } else { 2 };
        let tree = format!("500 leaves, 500 names, {blocks} blocks");
        assert_eq!(
            said(&program, &[]),
            format!("{tree}\n0 bytes held, 0 names\n")
        );
    }
}
