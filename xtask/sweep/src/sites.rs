//! Finds the places of a source file that can be changed, and how.
//!
//! | rule | change |
//! |---|---|
//! | `ordering` | one step weaker |
//! | `condition` | always true, always false; an operand of `&&` or `\|\|` is dropped |
//! | `negate` | a comparison or a question that is no condition by itself, the other way round |
//! | `bound` | `<` and `<=`, `>` and `>=` exchanged |
//! | `number` | one more, one less |
//! | `constant` | its lowest bit the other way round |
//! | `bits` | one operand of `\|` or `&` alone, `!` left out |
//! | `arithmetic` | `+` and `-`, `min` and `max` exchanged |
//! | `literal` | `true` and `false` exchanged |
//! | `skip` | a statement is left out |
//! | `arm` | an arm of a match is never taken |
//! | `result` | a function returns at once: true, false, `None` |
//! | `exchange` | two neighbouring statements in the other order |
//!
//! Left out are the bodies of macros, constants, const functions, what only tests compile, and `Debug`.

use crate::collect::Walk;
use crate::spans::{between, range, text};
use std::ops::Range;
use syn::visit::Visit;

/// How the code of a site is made to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// Statements in a row, some of them exchanged.
    Exchange,
    /// A statement, or the unit value at the end of a block, which is left out.
    Skip,
    /// Inserted where the range begins (and ends): a `return` at a function's begin.
    Return,
    /// Inserted: a guard behind an arm's pattern.
    Arm,
    /// Inserted: an operand before a `let`.
    Let,
    /// A boolean expression; the changes are `true`, `false` and `!`.
    Condition,
    /// An expression; the changes are other expressions.
    Value,
}

/// One change at a site.
#[derive(Clone, Debug)]
pub struct Change {
    pub rule: &'static str,
    /// What is put in its place, or for a condition `true`, `false` or `!`.
    pub to: String,
    /// For people, if `to` is not.
    pub told: String,
}

/// A place in a file, and the changes that can be made there.
#[derive(Clone, Debug)]
pub struct Site {
    pub range: Range<usize>,
    pub form: Form,
    pub function: String,
    pub changes: Vec<Change>,
    /// Of an exchange: the declarations of the names that the statements bind.
    pub declared: String,
    /// Of an exchange: its statements.
    pub parts: Vec<Part>,
}

/// A statement that can be exchanged, without its semicolon.
#[derive(Clone, Debug)]
pub struct Part {
    /// `name = `, or nothing.
    pub assigns: String,
    pub range: Range<usize>,
}

/// All sites of a file: of one that can be parsed.
pub fn find(source: &str) -> syn::Result<Vec<Site>> {
    let file = syn::parse_file(source)?;
    let mut walk = Walk::new(source);
    walk.visit_file(&file);
    let mut sites = walk.sites;
    sites.sort_by(|a, b| {
        let key = |s: &Site| (s.range.start, std::cmp::Reverse(s.range.end), s.form);
        key(a).cmp(&key(b))
    });
    Ok(sites)
}

/// One step weaker, by what the ordering is given to.
pub fn weaker(order: &str, of: &str) -> &'static [&'static str] {
    match (order, of) {
        ("SeqCst", "load") => &["Acquire"],
        ("SeqCst", "store") => &["Release"],
        ("SeqCst", _) => &["AcqRel"],
        ("AcqRel", _) => &["Acquire", "Release"],
        // A relaxed fence is refused at run time; leaving the fence out is the same.
        ("Acquire" | "Release", "fence" | "compiler_fence") => &[],
        ("Acquire" | "Release", _) => &["Relaxed"],
        _ => &[],
    }
}

/// The changes of an operator between two operands.
pub fn of_binary(source: &str, e: &syn::ExprBinary) -> Vec<Change> {
    use syn::BinOp::{Add, BitAnd, BitOr, Ge, Gt, Le, Lt, Sub};
    let (left, right) = (text(source, &e.left), text(source, &e.right));
    let swapped = |rule, op: &str| Change::shown(rule, format!("{left} {op} {right}"));
    match e.op {
        Lt(_) => vec![swapped("bound", "<=")],
        Le(_) => vec![swapped("bound", "<")],
        Gt(_) => vec![swapped("bound", ">=")],
        Ge(_) => vec![swapped("bound", ">")],
        Add(_) => vec![swapped("arithmetic", "-")],
        Sub(_) => vec![swapped("arithmetic", "+")],
        BitAnd(_) | BitOr(_) => {
            vec![
                Change::shown("bits", left.to_owned()),
                Change::shown("bits", right.to_owned()),
            ]
        }
        _ => Vec::new(),
    }
}

/// The neighbours of a decimal number.
pub fn of_number(n: &syn::LitInt) -> Vec<Change> {
    let (digits, suffix) = (n.base10_digits(), n.suffix());
    let plain = n.to_string().replace('_', "").starts_with(digits);
    let Some(value) = digits.parse::<u128>().ok().filter(|_| plain) else {
        return Vec::new();
    };
    let more = value.checked_add(1);
    let less = value.checked_sub(1);
    let both = [more, less].into_iter().flatten();
    both.map(|v| Change::shown("number", format!("{v}{suffix}")))
        .collect()
}

/// A run of statements that may change places: exchanges each two neighbours.
pub fn of_run(source: &str, run: &[&syn::Stmt], function: &str) -> Option<Site> {
    let parts: Vec<Part> = run.iter().map(|s| part(s)).collect();
    let texts: Vec<String> = parts
        .iter()
        .map(|p| format!(" {}{};", p.assigns, &source[p.range.clone()]))
        .collect();
    let acts = |i: usize| texts[i].contains('(');
    let mut changes = Vec::new();
    for i in 1..run.len() {
        if !acts(i - 1) || !acts(i) || texts[i - 1] == texts[i] {
            continue;
        }
        let mut order = texts.clone();
        order.swap(i - 1, i);
        let [first, second] = [i - 1, i].map(|i| short(text(source, run[i])));
        changes.push(Change {
            rule: "exchange",
            to: order.concat(),
            told: format!("`{second}` before `{first}`"),
        });
    }
    if changes.is_empty() {
        return None;
    }
    let declared = run.iter().map(|s| declaration(source, s)).collect();
    Some(Site {
        range: between(range(run[0]), range(run[run.len() - 1])),
        form: Form::Exchange,
        function: function.to_owned(),
        changes,
        declared,
        parts,
    })
}

fn part(statement: &syn::Stmt) -> Part {
    let (assigns, range) = match statement {
        syn::Stmt::Local(local) => {
            let name = name(&local.pat).unwrap_or_default();
            let init = local.init.as_ref().map(|i| range(&i.expr));
            (format!("{name} = "), init.unwrap_or_default())
        }
        syn::Stmt::Expr(e, _) => (String::new(), range(e)),
        other => (String::new(), range(other)),
    };
    Part { assigns, range }
}

/// `let name;`, for a statement that binds a name.
fn declaration(source: &str, statement: &syn::Stmt) -> String {
    match statement {
        syn::Stmt::Local(local) => format!("let {}; ", text(source, &local.pat)),
        _ => String::new(),
    }
}

/// The name that a plain pattern binds.
pub fn name(pat: &syn::Pat) -> Option<String> {
    match pat {
        syn::Pat::Ident(p) if p.by_ref.is_none() && p.subpat.is_none() => Some(p.ident.to_string()),
        syn::Pat::Type(p) => name(&p.pat),
        _ => None,
    }
}

/// On one line, with single blanks.
pub fn squeezed(code: &str) -> String {
    code.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Enough of it to be known by.
fn short(code: &str) -> String {
    let code = squeezed(code);
    match code.char_indices().nth(60) {
        Some((end, _)) => format!("{}..", &code[..end]),
        None => code,
    }
}

impl Change {
    pub fn shown(rule: &'static str, to: impl Into<String>) -> Change {
        let to = to.into();
        Change {
            rule,
            told: squeezed(&to),
            to,
        }
    }
}
