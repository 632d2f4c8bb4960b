//! A small crate with each kind of violation planted in turn: each is found, and the clean one passes.

use crate::check::{check, suggest};
use crate::list::{self, List};
use crate::tree::Files;
use rstest::rstest;

/// Three levels: `low` and `base`, then `mid`, then `high` and `side`.
const LIST: &str = r#"
    [clean]
    root = "src/lib.rs"
    levels = [["base", "low"], ["mid"], ["high", "side"]]
"#;

fn lists() -> List {
    list::parse(LIST).expect("a list").remove(0)
}

fn clean() -> Files {
    let files = [
        (
            "src/lib.rs",
            "mod base; mod high; mod low; mod mid; mod side; pub use high::High;",
        ),
        (
            "src/base.rs",
            "pub(crate) fn base() -> usize { size_of::<Option<u8>>() }",
        ),
        (
            "src/low.rs",
            "pub(crate) struct Low; pub(crate) fn low() {}",
        ),
        // A folder: its face exports what its files define, and they use what the face defines.
        (
            "src/mid/mod.rs",
            "mod inner; mod wait; #[cfg(test)] mod tests;
             pub(crate) use inner::Inner;
             pub(crate) struct Mid(crate::low::Low);",
        ),
        (
            "src/mid/inner.rs",
            "use super::Mid; pub(crate) struct Inner(Mid);",
        ),
        (
            "src/mid/wait.rs",
            "//! See [`crate::high::High`].
             /// As [`High`](crate::high::High).
             pub(in crate::mid) fn wait(i: super::Inner) { crate::base::base(); }",
        ),
        ("src/mid/tests.rs", "use crate::high::High; use super::*;"),
        (
            "src/high.rs",
            "use crate::mid::{self, Inner as Name};
             pub struct High(Name, mid::Mid);
             #[cfg(test)]
             mod tests { use crate::side::Side; #[test] fn f() { crate::side::side(); } }
             #[cfg(all(test, loom))]
             fn modelled() { crate::side::side() }",
        ),
        (
            "src/side.rs",
            "#[macro_export] macro_rules! exported { () => { $crate::side!() } }
             pub(crate) struct Side; pub(crate) fn side() {}",
        ),
    ];
    files
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .into()
}

/// The clean crate with code added at the end of one file.
fn planted(file: &str, code: &str) -> Vec<String> {
    let mut files = clean();
    let text = files.entry(file.to_owned()).or_default();
    text.push('\n');
    text.push_str(code);
    check(&files, &lists())
}

#[test]
fn a_clean_crate_passes() {
    assert_eq!(check(&clean(), &lists()), [""; 0]);
}

const SAME: &str = "on the same level";
const UP: &str = "on a higher level";
const ROOT: &str = "the top level";

#[rstest]
#[case::import("src/high.rs", "use crate::side::Side;", SAME)]
#[case::import_up("src/mid/mod.rs", "use crate::high::High;", UP)]
#[case::renamed("src/mid/mod.rs", "use crate::high as name;", UP)]
#[case::renamed_item("src/high.rs", "use crate::side::side as name;", SAME)]
#[case::nested_group("src/mid/mod.rs", "use crate::{low::{Low}, high::{self, High}};", UP)]
#[case::glob("src/high.rs", "use crate::side::*;", SAME)]
#[case::by_super("src/high.rs", "use super::side::Side;", SAME)]
#[case::by_two_supers("src/mid/inner.rs", "use super::super::high::High;", UP)]
#[case::by_self("src/mid/inner.rs", "use self::super::super::high::High;", UP)]
#[case::in_an_inline_module(
    "src/mid/inner.rs",
    "mod m { use super::super::super::high::High; }",
    UP
)]
#[case::in_a_function("src/high.rs", "fn f() { use crate::side::side; side() }", SAME)]
#[case::expression("src/high.rs", "fn f() { if 1 > 0 { crate::side::side() } }", SAME)]
#[case::a_type("src/high.rs", "fn f(_: &[Option<super::side::Side>]) {}", SAME)]
#[case::a_bound("src/low.rs", "fn f<T: crate::mid::Trait>() {}", UP)]
#[case::an_impl("src/low.rs", "impl crate::mid::Mid { fn f() {} }", UP)]
#[case::a_qualified_path("src/low.rs", "fn f() { <u8 as crate::mid::Trait>::f() }", UP)]
#[case::a_turbofish("src/low.rs", "fn f() { size_of::<crate::mid::Mid>(); }", UP)]
#[case::a_pattern(
    "src/low.rs",
    "fn f(x: u8) { match x { crate::mid::X => {} _ => {} } }",
    UP
)]
#[case::a_macro_call("src/high.rs", "fn f() { assert!(crate::side::side() == ()); }", SAME)]
#[case::a_macro_of_items("src/high.rs", "any! { use crate::{side::Side}; }", SAME)]
#[case::a_range_in_a_macro("src/high.rs", "fn f() { println!(0..crate::side::N) }", SAME)]
#[case::a_macro_definition("src/low.rs", "macro_rules! m { () => { $crate::high::High } }", UP)]
#[case::a_macro_of_the_root("src/high.rs", "fn f() { crate::exported!() }", SAME)]
#[case::what_a_macro_names("src/low.rs", "macro_rules! m { () => { $crate::High } }", UP)]
#[case::an_export("src/mid/mod.rs", "pub(crate) use crate::high::High;", UP)]
#[case::anothers_export("src/low.rs", "use crate::High;", ROOT)]
#[case::the_root("src/low.rs", "use crate as root;", ROOT)]
#[case::a_name_of_an_export("src/low.rs", "use crate::mid::Inner;", UP)]
#[case::a_variant_of_a_target("src/low.rs", "#[cfg(unix)] use crate::mid::Mid;", UP)]
#[case::code_that_no_test_sees("src/low.rs", "#[cfg(not(test))] use crate::mid::Mid;", UP)]
#[case::a_statement("src/low.rs", "fn f() { #[cfg(unix)] { crate::mid::wait() } }", UP)]
fn a_path_that_does_not_lead_down_is_found(
    #[case] file: &str,
    #[case] code: &str,
    #[case] why: &str,
) {
    let broken = planted(file, code);
    let wanted = |line: &&String| line.starts_with(&format!("{file}:")) && line.contains(why);
    assert_eq!(broken.iter().filter(wanted).count(), 1, "{broken:#?}");
}

#[rstest]
#[case::another_crates("src/low.rs", "use ::mid::Mid; use std::side; use mid::Mid;")]
#[case::a_doc("src/low.rs", "/// [`m`](crate::mid::Mid)\nfn f() {}")]
#[case::a_doc_in_a_macro(
    "src/low.rs",
    "any! { /// crate::mid::Mid\n #[doc = crate::mid] fn f() {} }"
)]
#[case::a_comment("src/low.rs", "// crate::mid::Mid")]
#[case::a_text("src/low.rs", "const T: &str = \"crate::mid::Mid\";")]
#[case::a_visibility("src/mid/inner.rs", "pub(in crate::mid) fn f() {}")]
#[case::a_visibility_in_a_macro(
    "src/mid/inner.rs",
    "any! { pub(crate) fn f(self) {} pub(super) fn g() {} }"
)]
#[case::a_given_name(
    "src/low.rs",
    "macro_rules! m { ($mid:ident) => { $mid::Mid; $crate::$mid!() } }"
)]
#[case::a_test("src/low.rs", "#[test] fn f() { crate::mid::mid() }")]
#[case::a_statement_of_a_test("src/low.rs", "fn f() { #[cfg(test)] crate::mid::count(); }")]
#[case::a_field_of_a_test("src/low.rs", "struct S { #[cfg(test)] f: crate::mid::Mid }")]
#[case::a_local_of_a_modules_name("src/low.rs", "fn f(mid: u8) -> u8 { mid }")]
#[case::a_field("src/low.rs", "fn f(x: X) { any!(x.mid) }")]
fn what_names_no_module_is_not_found(#[case] file: &str, #[case] code: &str) {
    assert_eq!(planted(file, code), [""; 0]);
}

#[test]
fn a_cycle_of_two_files_is_told_as_a_chain() {
    let broken = planted("src/mid/mod.rs", "fn f(_: Inner) {}");
    let wanted = "a cycle: src/mid/inner.rs:1 -> src/mid/mod.rs:4 -> src/mid/inner.rs";
    assert_eq!(broken, [wanted]);
}

#[test]
fn a_cycle_of_three_files_is_told_as_a_chain() {
    let broken = planted("src/mid/mod.rs", "fn f() { wait::wait() }");
    let wanted = "a cycle: src/mid/inner.rs:1 -> src/mid/mod.rs:4 -> src/mid/wait.rs:3 -> \
                  src/mid/inner.rs";
    assert_eq!(broken, [wanted]);
}

#[test]
fn a_cycle_of_modules_is_both_against_the_levels_and_a_cycle() {
    let broken = planted("src/low.rs", "use crate::mid::Mid;");
    let wanted = [
        "src/low.rs:2: `low` names `mid`, on a higher level: crate::mid::Mid",
        "a cycle: src/low.rs:2 -> src/mid/mod.rs:3 -> src/low.rs",
    ];
    assert_eq!(broken, wanted);
}

#[test]
fn a_macro_shared_by_a_folder_counts_as_named() {
    let mut files = clean();
    let shared = "#[macro_use] mod shared; fn f() {}";
    files
        .get_mut("src/mid/mod.rs")
        .expect("a file")
        .push_str(shared);
    files.insert(
        "src/mid/shared.rs".into(),
        "macro_rules! m { () => { super::wait::f() } }".into(),
    );
    files
        .get_mut("src/mid/wait.rs")
        .expect("a file")
        .push_str("fn g() { m!() }");
    let wanted = "a cycle: src/mid/shared.rs:1 -> src/mid/wait.rs:3 -> src/mid/shared.rs";
    assert_eq!(check(&files, &lists()), [wanted]);
}

#[test]
fn a_module_without_a_level_is_an_error() {
    let mut files = clean();
    files.insert("src/new.rs".into(), String::new());
    let broken = check(&files, &lists());
    assert_eq!(broken, ["src/new.rs: no `mod` leads to it from src/lib.rs"]);
    files
        .get_mut("src/lib.rs")
        .expect("a file")
        .push_str("mod new;");
    assert_eq!(check(&files, &lists()), ["src/new.rs: `new` has no level"]);
}

#[test]
fn a_level_without_a_module_and_a_module_with_two_levels_are_errors() {
    let text = LIST.replace("\"mid\"", "\"mid\", \"low\", \"gone\"");
    let list = list::parse(&text).expect("a list").remove(0);
    let broken = check(&clean(), &list);
    let wanted = [
        "src/lib.rs: the list of levels has `low` twice",
        "src/lib.rs: the list of levels has `gone`, which is no module",
        "src/mid/mod.rs:3: `mid` names `low`, on the same level: crate::low::Low",
    ];
    assert_eq!(broken, wanted);
}

#[test]
fn a_file_of_a_folder_may_have_a_level_of_its_own() {
    let text = LIST.replace("\"low\"]", "\"low\", \"mid::inner\"]");
    let list = list::parse(&text).expect("a list").remove(0);
    let mut files = clean();
    files.insert("src/mid/inner.rs".into(), "pub(crate) struct Inner;".into());
    assert_eq!(check(&files, &list), [""; 0]);
    files.insert(
        "src/mid/inner.rs".into(),
        "pub(crate) struct Inner(super::Mid);".into(),
    );
    let wanted = "src/mid/inner.rs:1: `mid::inner` names `mid`, on a higher level: super::Mid";
    assert_eq!(check(&files, &list), [wanted]);
}

#[test]
fn every_file_of_a_conditional_path_is_read() {
    let mut files = clean();
    let code = "#[cfg_attr(unix, path = \"a.rs\")] #[cfg_attr(test, path = \"b.rs\")] mod os;
                #[cfg(windows)] #[path = \"c.rs\"] mod native; #[cfg(unix)] #[path = \"d.rs\"] mod native;";
    files
        .get_mut("src/mid/mod.rs")
        .expect("a file")
        .push_str(code);
    for name in ["a", "b", "c", "d", "os"] {
        files.insert(
            format!("src/mid/{name}.rs"),
            "use crate::high::High;".into(),
        );
    }
    let found: Vec<String> = check(&files, &lists())
        .iter()
        .map(|l| l[..l.len().min(12)].to_owned())
        .collect();
    assert_eq!(
        found[..4],
        [
            "src/mid/a.rs",
            "src/mid/c.rs",
            "src/mid/d.rs",
            "src/mid/os.r"
        ]
    );
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let broken = planted("src/low.rs", "fn 1() {}");
    assert_eq!(broken, ["src/low.rs:2: expected identifier"]);
    let broken = planted("src/low.rs", "mod gone;");
    assert_eq!(broken, ["src/low.rs:2: `mod gone;` has no file"]);
}

#[test]
fn a_list_that_is_no_list_is_an_error() {
    assert!(list::parse("[a]\nroot = 1\nlevels = []").is_err());
    assert!(list::parse("[a]\nroot = \"r\"\nlevels = [1]").is_err());
}

#[test]
fn the_suggested_list_passes() {
    let (rows, cycles) = suggest(&clean(), &List::empty("src/lib.rs"));
    assert_eq!(cycles, [""; 0]);
    assert_eq!(
        rows,
        [vec!["base", "low", "side"], vec!["mid"], vec!["high"]]
    );
}
