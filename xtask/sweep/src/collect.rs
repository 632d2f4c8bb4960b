//! What the walk over a file's syntax collects: the sites of conditions, statements and bodies.

use crate::shapes::{has_let, movable};
use crate::sites::{Change, Form, Site, of_run};
use crate::spans::{range, text};
use std::collections::HashSet;
use std::ops::Range;
use syn::visit::Visit;
use syn::{Expr, Stmt};

pub struct Walk<'a> {
    pub source: &'a str,
    pub sites: Vec<Site>,
    /// The type of the `impl` that the walk is in.
    pub owner: String,
    pub function: Vec<String>,
    /// The called function or method that an argument is of.
    pub callee: String,
    /// Conditions, which have all their changes already.
    pub conditions: HashSet<(usize, usize)>,
    /// Operands of `|` and `&`, which are dropped instead.
    pub operands: HashSet<(usize, usize)>,
}

impl<'a> Walk<'a> {
    pub fn new(source: &'a str) -> Walk<'a> {
        Walk {
            source,
            sites: Vec::new(),
            owner: String::new(),
            function: Vec::new(),
            callee: String::new(),
            conditions: HashSet::new(),
            operands: HashSet::new(),
        }
    }

    pub fn add(&mut self, range: Range<usize>, form: Form, changes: Vec<Change>) {
        // Code outside functions is constant.
        if changes.is_empty() || self.function.is_empty() {
            return;
        }
        let function = self.function.join("::");
        self.sites.push(Site {
            range,
            form,
            function,
            changes,
            declared: String::new(),
            parts: Vec::new(),
        });
    }

    /// Something that is true or false: a condition, or an operand of one.
    pub fn condition(&mut self, e: &Expr, to: &[&str]) {
        if let Expr::Let(_) = e {
            return self.never_matches(e, to);
        }
        if matches!(e, Expr::Lit(_)) {
            return;
        }
        let at = range(e);
        if to.len() > 1 {
            self.conditions.insert((at.start, at.end));
        }
        // Of a chain that holds a `let` only the other operands can be changed.
        if has_let(e) {
            return;
        }
        let rule = if to == ["!"] { "negate" } else { "condition" };
        let changes = to.iter().map(|&to| Change::shown(rule, to)).collect();
        self.add(at, Form::Condition, changes);
    }

    pub fn never_matches(&mut self, e: &Expr, to: &[&str]) {
        if to.contains(&"false") {
            let at = range(e).start;
            let change = Change::shown("condition", "false");
            self.add(at..at, Form::Let, vec![change]);
        }
    }

    /// A statement, or an end of a block that has no value, which can be left out.
    pub fn skip(&mut self, e: &Expr, at: Range<usize>) {
        let left_out = matches!(
            e,
            Expr::Call(_) | Expr::MethodCall(_) | Expr::Assign(_) | Expr::Binary(_)
        );
        if left_out {
            self.add(at, Form::Skip, vec![Change::shown("skip", "")]);
        }
    }

    /// The end of a block without a value. A loop's body and an `if` without `else` are met elsewhere.
    pub fn unit(&mut self, e: &Expr) {
        match e {
            Expr::If(e) => {
                if let Some((_, other)) = &e.else_branch {
                    self.unit_block(&e.then_branch);
                    self.unit(other);
                }
            }
            Expr::Match(e) => e.arms.iter().for_each(|arm| self.unit(&arm.body)),
            Expr::Unsafe(e) => self.unit_block(&e.block),
            Expr::Block(e) => self.unit_block(&e.block),
            other => self.skip(other, range(other)),
        }
    }

    pub fn unit_block(&mut self, block: &syn::Block) {
        if let Some(Stmt::Expr(e, None)) = block.stmts.last() {
            self.unit(e);
        }
    }

    pub fn body(&mut self, sig: &syn::Signature, block: &syn::Block) {
        if sig.constness.is_some() {
            return;
        }
        let owner = std::mem::take(&mut self.owner);
        self.function.push(match owner.as_str() {
            "" => sig.ident.to_string(),
            owner => format!("{owner}::{}", sig.ident),
        });
        let begin = range(&block.brace_token.span.open()).end;
        match &sig.output {
            syn::ReturnType::Default => self.unit_block(block),
            syn::ReturnType::Type(_, ty) => {
                let ty = text(self.source, ty);
                let results: &[&str] = match ty.split('<').next() {
                    Some("bool") => &["true", "false"],
                    Some("Option") => &["None"],
                    _ => &[],
                };
                let changes = results.iter().map(|&to| Change::shown("result", to));
                self.add(begin..begin, Form::Return, changes.collect());
            }
        }
        self.visit_block(block);
        self.function.pop();
        self.owner = owner;
    }

    pub fn runs(&mut self, block: &syn::Block) {
        let mut run: Vec<&Stmt> = Vec::new();
        for i in 0..=block.stmts.len() {
            let next = block.stmts.get(i).filter(|s| movable(s));
            if let Some(statement) = next {
                run.push(statement);
                continue;
            }
            if run.len() > 1 && !self.function.is_empty() {
                let function = self.function.join("::");
                self.sites.extend(of_run(self.source, &run, &function));
            }
            run.clear();
        }
    }

    pub fn called(&mut self, name: String, arguments: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.callee, name);
        arguments(self);
        self.callee = outer;
    }
}
