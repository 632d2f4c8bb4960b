//! The sweep on code of its own: what it finds there, what it makes of it, and what it says.

use crate::areas::{self, Mutation, Source};
use crate::results::{Found, Outcome, Results, code};
use crate::verdicts::{self, Verdicts};
use crate::{schema, sites};
use rstest::rstest;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::PathBuf;

mod whole;

fn source(text: &str) -> Source {
    let sites = sites::find(text).expect("it parses");
    Source {
        area: 0,
        path: "crates/tiny/src/a.rs".to_owned(),
        text: text.to_owned(),
        sites,
    }
}

/// The changes of a text: their names without the file and the line they are in.
fn changes(text: &str) -> Vec<String> {
    let all = areas::mutations(&[source(text)]);
    let short = |m: Mutation| {
        let name = m
            .name
            .strip_prefix("tiny/a.rs ")
            .expect("its file")
            .to_owned();
        name.split(" in `").next().expect("a part").to_owned()
    };
    all.into_iter().map(short).collect()
}

#[rstest]
#[case::load("a.load(SeqCst);", &["f: skip: left out", "f: ordering: `SeqCst` -> `Acquire`"])]
#[case::exchange("a.swap(b, AcqRel);", &[
    "f: skip: left out", "f: ordering: `AcqRel` -> `Acquire`", "f: ordering: `AcqRel` -> `Release`"])]
#[case::store("a.store(b, Ordering::Release);", &[
    "f: skip: left out", "f: ordering: `Ordering::Release` -> `Relaxed`"])]
#[case::fence("fence(Acquire);", &["f: skip: left out"])]
#[case::relaxed("let a = b.load(Relaxed);", &[])]
#[case::condition("if a < b { c() }", &[
    "f: condition: `a < b` is true", "f: condition: `a < b` is false",
    "f: bound: `a < b` -> `a <= b`", "f: skip: left out"])]
#[case::operands("let a = b && c;", &["f: condition: `b` is true", "f: condition: `c` is true"])]
#[case::either("let a = b || c;", &["f: condition: `b` is false", "f: condition: `c` is false"])]
#[case::loops("while a.is_empty() { b(); }", &[
    "f: condition: not `a.is_empty()`", "f: condition: `a.is_empty()` is false", "f: skip: left out"])]
#[case::binding("if let Some(a) = b { c(a) }", &["f: condition: never matches", "f: skip: left out"])]
#[case::counter("a = b + 1;", &[
    "f: skip: left out", "f: arithmetic: `b + 1` -> `b - 1`",
    "f: number: `1` -> `2`", "f: number: `1` -> `0`"])]
#[case::mask("let a = b & !CC;", &[
    "f: bits: `b & !CC` -> `b`", "f: bits: `b & !CC` -> `!CC`", "f: bits: `!CC` -> `CC`",
    "f: constant: `CC` -> `CC ^ 1`"])]
#[case::arms("match a { 1 => b(), _ if c => d(), _ => {} }", &[
    "f: arm: never taken", "f: skip: left out", "f: condition: `c` is true",
    "f: condition: `c` is false", "f: skip: left out"])]
#[case::no_arm("match a { Some(b) => c, None => d };", &[])]
#[case::order("a(); let b = c();", &[
    "f: exchange: `let b = c();` before `a();`", "f: skip: left out"])]
#[case::not_of_tests("#[cfg(test)] mod tests { fn g() { a(); } }", &[])]
#[case::not_constant("const A: u8 = 1 + 2; let b = [0u8; 4];", &["f: number: `0u8` -> `1u8`"])]
fn a_statement_has_its_changes(#[case] statement: &str, #[case] expected: &[&str]) {
    assert_eq!(changes(&format!("fn f() {{ {statement} }}")), expected);
}

#[test]
fn a_function_is_named_with_its_type_and_may_return_at_once() {
    let told = changes("impl<T> A<T> { fn f(&self) -> bool { self.g() } }");
    assert_eq!(
        told,
        [
            "A::f: result: returns true at once",
            "A::f: result: returns false at once"
        ]
    );
}

#[test]
fn two_equal_changes_of_a_function_have_two_names() {
    let all = areas::mutations(&[source("fn f() {\n    a();\n    a();\n}\n")]);
    assert_eq!(all.len(), 2);
    assert_eq!(all[1].name, format!("{} (2)", all[0].name));
}

#[test]
fn a_schema_without_its_choices_is_the_file() {
    let text = "/// ├ ö\nfn f() -> bool { if a < 1 && b { c(); } g(A | B, Release) }\n";
    let source = source(text);
    let numbers = |site: &sites::Site| vec![0; site.changes.len()];
    let none: Vec<_> = source.sites.iter().map(|s| (s, numbers(s))).collect();
    assert_eq!(schema::write(text, &none).text, text);
}

#[test]
fn a_place_in_a_schema_holds_its_change() {
    let text = "/// ├ ö\nfn f() { g(Release) }\n";
    let source = source(text);
    let site = source
        .sites
        .iter()
        .find(|s| s.form == sites::Form::Value)
        .expect("an ordering");
    let written = schema::write(text, &[(site, vec![7])]);
    let place = written
        .places
        .iter()
        .min_by_key(|p| p.range.len())
        .expect("a place");
    assert_eq!(place.changes, [7]);
    assert_eq!(
        &written.text[place.range.clone()],
        "core::sync::atomic::Ordering::Relaxed"
    );
    syn::parse_file(&written.text).expect("it parses");
}

#[test]
fn comments_and_layout_are_no_code() {
    assert_eq!(
        code("// a\nfn f() {\n    g();\n}\n"),
        code("fn f() { g(); }")
    );
    assert_ne!(code("fn f() { g(); }"), code("fn f() { h(); }"));
}

/// An empty folder of this test.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("sweep-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

#[test]
fn a_result_is_kept_and_a_line_that_was_cut_off_is_not() {
    let folder = folder("results");
    let path = folder.join("results.tsv");
    let put = |results: &mut Results, key: &str| {
        let outcome = Outcome::Caught {
            test: "t".to_owned(),
            how: "deadlock".to_owned(),
        };
        results
            .put(
                key,
                Found {
                    outcome,
                    tests: "hash".to_owned(),
                },
                "name",
            )
            .expect("written");
    };
    put(&mut Results::open(&path).expect("opened"), "one");
    let whole = fs::read_to_string(&path).expect("read");
    fs::write(&path, format!("{whole}two\tcaught\thash")).expect("written");
    put(&mut Results::open(&path).expect("opened"), "three");
    let results = Results::open(&path).expect("opened");
    let caught = |key| {
        matches!(
            &results.get(key).expect(key).outcome,
            Outcome::Caught { .. }
        )
    };
    assert!(caught("one") && caught("three"));
    assert!(results.get("two").is_none());
    fs::remove_dir_all(folder).expect("removed");
}

fn verdicts(kind: &str, site: &str) -> Verdicts {
    let test = if kind == "test" { "test = \"t\"" } else { "" };
    let text = format!("[[verdict]]\nsites = [{site:?}]\nkind = {kind:?}\nwhy = \"so\"\n{test}\n");
    verdicts::read(&text).expect("a verdict")
}

fn judged(kind: &str, site: &str, outcome: &str) -> Vec<String> {
    let outcome = match outcome {
        "caught" => Outcome::Caught {
            test: "t".to_owned(),
            how: String::new(),
        },
        "survived" => Outcome::Survived,
        "undecided" => Outcome::Undecided,
        _ => Outcome::Refused,
    };
    let found = HashMap::from([("tiny/a.rs f: skip".to_owned(), outcome)]);
    verdicts::check(&verdicts(kind, site), &HashSet::new(), &found)
}

#[rstest]
#[case("equivalent", "survived")]
#[case("equivalent", "undecided")]
#[case("test", "caught")]
fn a_survivor_with_its_verdict_is_in_order(#[case] kind: &str, #[case] outcome: &str) {
    assert!(judged(kind, "tiny/a.rs f: skip", outcome).is_empty());
}

#[rstest]
#[case::wrong("equivalent", "caught", "a verdict on what t catches: ")]
#[case::stale("open", "caught", "a verdict on what t catches: ")]
#[case::not_caught("test", "survived", "survives, and t should catch it: ")]
#[case::refused("equivalent", "refused", "a verdict on what does not compile: ")]
fn a_verdict_that_does_not_hold_is_told(
    #[case] kind: &str,
    #[case] outcome: &str,
    #[case] told: &str,
) {
    let site = "tiny/a.rs f: skip";
    assert_eq!(judged(kind, site, outcome), [format!("{told}{site}")]);
}

#[test]
fn an_open_verdict_is_told_with_its_reason() {
    let told = judged("open", "tiny/a.rs f: skip", "survived");
    assert_eq!(told, ["open: tiny/a.rs f: skip (so)"]);
}

#[test]
fn a_verdict_on_a_site_that_is_gone_is_refused_and_leaves_the_survivor_without_one() {
    let told = judged("equivalent", "tiny/a.rs g: skip", "survived");
    assert_eq!(
        told,
        [
            "a verdict on what is not there: tiny/a.rs g: skip",
            "survives without a verdict: tiny/a.rs f: skip"
        ]
    );
}

#[rstest]
#[case::no_reason("kind = \"equivalent\"\nsites = [\"a\"]")]
#[case::no_site("kind = \"open\"\nwhy = \"so\"")]
#[case::no_test("kind = \"test\"\nsites = [\"a\"]")]
#[case::no_kind("kind = \"fine\"\nsites = [\"a\"]")]
#[case::twice("kind = \"open\"\nsites = [\"a\", \"a\"]")]
fn a_verdict_without_its_parts_is_refused(#[case] text: &str) {
    assert!(verdicts::read(&format!("[[verdict]]\n{text}\n")).is_err());
}
