//! Programs that differ have trees that differ; and the same program has the same tree.

use crate::support::{Folder, run};
use rstest::rstest;
use serde_json::Value;

fn digests(programs: [&str; 2]) -> [Value; 2] {
    let folder = Folder::new();
    programs.map(|program| {
        let file = folder.write("one.py", program);
        let ran = run([file.as_os_str(), "--json".as_ref()]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        ran.json()["totals"]["tree_digest"].clone()
    })
}

#[rstest]
#[case::slice("a[b:]", "a[:b]")]
#[case::else_of_a_loop("for a in b:\n c\n d", "for a in b:\n c\nelse:\n d")]
#[case::mapping("{a: b, **c, d: e}", "{**a, b: c, d: e}")]
#[case::positional_only("def f(a, /, b): a", "def f(a, b, /): a")]
#[case::keyword_only("lambda a, *, b: a", "lambda *, a, b: a")]
#[case::rest("def f(*a): a", "def f(**a): a")]
#[case::default("def f(a, b=c): a", "def f(a=c, *, b): a")]
#[case::call("f(a)(b)", "f(a, b)")]
#[case::base("class A(b): c", "@b\nclass A: c")]
#[case::operator("a + b", "a - b")]
#[case::operators("a < b < c", "a < b > c")]
#[case::context("(a, b)", "(a, b) = c")]
#[case::number("1", "1.0")]
#[case::big_number("1000000000000000000000", "100000000000000000000000")]
#[case::conversion("f'{a!r}'", "f'{a!s}'")]
#[case::format("f'{a}'", "f'{a:}'")]
#[case::debug("f'{a=}'", "f'{a}'")]
#[case::parts("'a' 'b'", "'ab'")]
#[case::import("import a.b", "import a as b")]
#[case::level("from . import a", "from .. import a")]
#[case::star("from a import *", "from a import b")]
#[case::bound("def f[T: a](): b", "def f[T = a](): b")]
#[case::finally("try: a\nfinally: b", "try: a\nexcept: b")]
#[case::handler("try: a\nexcept b: c", "try: a\nexcept* b: c")]
#[case::guard("match a:\n case b if c: d", "match a:\n case b: c; d")]
#[case::asynchronous("async def f(): a", "def f(): a")]
fn what_differs_has_another_tree(#[case] one: &str, #[case] other: &str) {
    let [one, other] = digests([one, other]);
    assert_ne!(one, other);
}

#[test]
fn what_does_not_matter_has_the_same_tree() {
    let program = "def f(a, *, b=1):\n  return {'k': a[1:]}\n";
    let other = "# Comments.\ndef f(a,*,b = 1):\n    return ({ 'k' :(a)[ 1 : ] })";
    let [one, other] = digests([program, other]);
    assert_eq!(one, other);
}
