//! The bound of a file's depth: never below the truth.

use frontend::nesting::Nesting;
use proptest::prelude::*;
use rstest::rstest;
use ruff_python_ast::visitor::source_order::{SourceOrderVisitor, TraversalSignal};
use ruff_python_ast::{AnyNodeRef, PythonVersion};
use ruff_python_parser::{Mode, ParseOptions, parse};

/// The parser's nodes on the way from the module to the deepest.
fn depth(source: &str) -> (u32, u32) {
    #[derive(Default)]
    struct Depth {
        now: u32,
        deepest: u32,
    }
    impl<'a> SourceOrderVisitor<'a> for Depth {
        fn enter_node(&mut self, _: AnyNodeRef<'a>) -> TraversalSignal {
            self.now += 1;
            self.deepest = self.deepest.max(self.now);
            TraversalSignal::Traverse
        }
        fn leave_node(&mut self, _: AnyNodeRef<'a>) {
            self.now -= 1;
        }
    }
    let options = ParseOptions::from(Mode::Module).with_target_version(PythonVersion::PY314);
    let parsed = parse(source, options).unwrap_or_else(|e| panic!("{e}: {source}"));
    let module = parsed.try_into_module().expect("a module was asked for");
    let mut visitor = Depth::default();
    visitor.visit_body(&module.syntax().body);
    let mut nesting = Nesting::default();
    module.tokens().iter().for_each(|t| nesting.see(t.kind()));
    (visitor.deepest, nesting.deepest())
}

/// One level of each may be several nodes: an argument, its list, its keyword.
const NODES: u32 = 4;
/// Those of a plain statement.
const PLAIN: u32 = 6;

/// Expressions that hold an expression, and may stand in one.
fn wrap(inner: &str, kind: u8) -> String {
    match kind {
        0 => format!("({inner})"),
        1 => format!("[1, {inner}, 2]"),
        2 => format!("f(x, {inner}, k={inner})"),
        3 => format!("{{'a': 1, 'b': ({inner}), **c}}"),
        4 => format!("(-{inner})"),
        5 => format!("(a, lambda x, y=1: {inner})"),
        6 => format!("(a if {inner} else b)"),
        7 => format!("[y for x, y in z if {inner}]"),
        8 => format!("({inner}).attribute[1, 2:3](4)"),
        9 => format!("(x + {inner} * 2, 3)"),
        10 => format!("(yield {inner})"),
        11 => format!("f'''a{{({inner})!r:>{{w}}}}b'''"),
        12 => format!("(not {inner} and b, c)"),
        _ => format!("(n := {inner})"),
    }
}

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        cases: 200,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_bound_is_above_the_depth(
        kinds in prop::collection::vec(0_u8..14, 1..12),
        blocks in 0_usize..9,
    ) {
        // `f` and `lambda` twice each make some of these grow as 2^n.
        let mut expression = "x".to_owned();
        for kind in kinds {
            if expression.len() < 20_000 {
                expression = wrap(&expression, kind);
            }
        }
        let mut source = String::new();
        for block in 0..blocks {
            source += &format!("{}def f{block}(a, b=1):\n", " ".repeat(block));
        }
        source += &format!("{}x = {expression}\n", " ".repeat(blocks));
        let (depth, bound) = depth(&source);
        prop_assert!(depth <= bound * NODES + PLAIN, "{} > {} in {}", depth, bound, source);
    }
}

#[rstest]
#[case::brackets("(", "1", ")")]
#[case::lists("[", "", "]")]
#[case::calls("f(", "", ")")]
#[case::keywords("f(a, k=", "1", ")")]
#[case::minus("-", "1", "")]
#[case::not("not ", "1", "")]
#[case::attributes("", "a", ".b")]
#[case::items("", "a", "[1, 2]")]
#[case::calls_of_calls("", "f", "(1, 2)")]
#[case::sums("", "1", " + 1")]
#[case::powers("1 ** ", "1", "")]
#[case::conditions("a if b else ", "c", "")]
#[case::lambdas("lambda a, b: ", "1", "")]
#[case::dicts("{1: 2, 3: ", "4", "}")]
fn every_way_to_nest_is_counted(#[case] open: &str, #[case] inner: &str, #[case] close: &str) {
    let levels = 150;
    let source = format!(
        "x = {}{inner}{}\n",
        open.repeat(levels),
        close.repeat(levels)
    );
    let (depth, bound) = depth(&source);
    assert!(bound >= 150, "{bound}");
    assert!(depth <= bound * NODES + PLAIN, "{depth} > {bound}");
}

#[test]
fn wide_is_not_deep() {
    let row = "    (-1, 'two', f(3, x.y), [4], {5: 6}, lambda a: -a),\n";
    let source = format!("table = [\n{}]\n", row.repeat(20_000));
    let (_, bound) = depth(&source);
    // Lambdas are counted to the end of their bracket; here that is their row.
    assert!(bound < 20, "{bound}");
}
