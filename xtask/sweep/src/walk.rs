//! The walk over a file's syntax that collects its sites.

use crate::sites::{Change, Form, Site, name, of_binary, of_number, of_run, weaker};
use crate::spans::{range, text};
use std::collections::HashSet;
use std::ops::Range;
use syn::visit::{self, Visit};
use syn::{Expr, Stmt};

pub struct Walk<'a> {
    source: &'a str,
    pub sites: Vec<Site>,
    /// The type of the `impl` that the walk is in.
    owner: String,
    function: Vec<String>,
    /// The called function or method that an argument is of.
    callee: String,
    /// Conditions, which have all their changes already.
    conditions: HashSet<(usize, usize)>,
    /// Operands of `|` and `&`, which are dropped instead.
    operands: HashSet<(usize, usize)>,
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

    fn add(&mut self, range: Range<usize>, form: Form, changes: Vec<Change>) {
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
    fn condition(&mut self, e: &Expr, to: &[&str]) {
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
        if is_chain(e) {
            return;
        }
        let rule = if to == ["!"] { "negate" } else { "condition" };
        let changes = to.iter().map(|&to| Change::shown(rule, to)).collect();
        self.add(at, Form::Condition, changes);
    }

    fn never_matches(&mut self, e: &Expr, to: &[&str]) {
        if to.contains(&"false") {
            let at = range(e).start;
            let change = Change::shown("condition", "false");
            self.add(at..at, Form::Let, vec![change]);
        }
    }

    /// A statement, or an end of a block that has no value, which can be left out.
    fn skip(&mut self, e: &Expr, at: Range<usize>) {
        let left_out = matches!(
            e,
            Expr::Call(_) | Expr::MethodCall(_) | Expr::Assign(_) | Expr::Binary(_)
        );
        if left_out {
            self.add(at, Form::Skip, vec![Change::shown("skip", "")]);
        }
    }

    /// The end of a block without a value. A loop's body and an `if` without `else` are met elsewhere.
    fn unit(&mut self, e: &Expr) {
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

    fn unit_block(&mut self, block: &syn::Block) {
        if let Some(Stmt::Expr(e, None)) = block.stmts.last() {
            self.unit(e);
        }
    }

    fn body(&mut self, sig: &syn::Signature, block: &syn::Block) {
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

    fn runs(&mut self, block: &syn::Block) {
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

    fn called(&mut self, name: String, arguments: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.callee, name);
        arguments(self);
        self.callee = outer;
    }
}

/// `a && b` and `a || b`: their operands are sites of their own.
fn is_chain(e: &Expr) -> bool {
    let Expr::Binary(e) = e else { return false };
    // A chain that holds a `let` cannot be the operand of a function.
    matches!(e.op, syn::BinOp::And(_)) && (has_let(&e.left) || has_let(&e.right))
}

fn has_let(e: &Expr) -> bool {
    match e {
        Expr::Let(_) => true,
        Expr::Binary(e) => has_let(&e.left) || has_let(&e.right),
        _ => false,
    }
}

/// Statements that stand in a row and leave it at the end.
fn movable(statement: &Stmt) -> bool {
    match statement {
        Stmt::Local(local) => {
            let Some(init) = &local.init else { return false };
            let lent = matches!(&*init.expr, Expr::Reference(_) | Expr::Closure(_));
            name(&local.pat).is_some() && init.diverge.is_none() && !lent && local.attrs.is_empty()
        }
        Stmt::Expr(e, Some(_)) => {
            matches!(e, Expr::Call(_) | Expr::MethodCall(_) | Expr::Assign(_) | Expr::Binary(_))
        }
        _ => false,
    }
}

fn only_for_tests(attrs: &[syn::Attribute]) -> bool {
    let is = |a: &syn::Attribute, word| a.path().is_ident(word);
    attrs.iter().any(|a| {
        is(a, "test")
            || is(a, "cfg")
                && a.meta.require_list().is_ok_and(|l| {
                    let words = l.tokens.to_string();
                    words == "test" || words.starts_with("all (test") || words.starts_with("all(test")
                })
    })
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_item_mod(&mut self, m: &'ast syn::ItemMod) {
        if !only_for_tests(&m.attrs) {
            visit::visit_item_mod(self, m);
        }
    }

    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_type(&mut self, _: &'ast syn::Type) {}
    fn visit_pat(&mut self, _: &'ast syn::Pat) {}
    fn visit_generic_argument(&mut self, _: &'ast syn::GenericArgument) {}
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_item_impl(&mut self, i: &'ast syn::ItemImpl) {
        let of = i.trait_.as_ref().and_then(|(_, path, _)| path.segments.last());
        let told = of.is_some_and(|s| s.ident == "Debug" || s.ident == "Display");
        if only_for_tests(&i.attrs) || told {
            return;
        }
        let name = text(self.source, &i.self_ty);
        let name = name.split('<').next().unwrap_or(name);
        let name = of.map_or_else(|| name.to_owned(), |t| format!("{name} as {}", t.ident));
        let outer = std::mem::replace(&mut self.owner, name);
        for item in &i.items {
            match item {
                syn::ImplItem::Fn(f) if !only_for_tests(&f.attrs) => self.body(&f.sig, &f.block),
                _ => {}
            }
        }
        self.owner = outer;
    }

    fn visit_item_fn(&mut self, f: &'ast syn::ItemFn) {
        if !only_for_tests(&f.attrs) {
            self.body(&f.sig, &f.block);
        }
    }

    fn visit_trait_item_fn(&mut self, f: &'ast syn::TraitItemFn) {
        if let Some(block) = &f.default {
            self.body(&f.sig, block);
        }
    }

    fn visit_block(&mut self, block: &'ast syn::Block) {
        self.runs(block);
        if let Some((_, others)) = block.stmts.split_last() {
            for statement in others {
                if let Stmt::Expr(e, None) = statement {
                    self.unit(e);
                }
            }
        }
        visit::visit_block(self, block);
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        match statement {
            Stmt::Expr(e @ (Expr::Unsafe(_) | Expr::Block(_)), Some(_)) => self.unit(e),
            Stmt::Expr(e, Some(_)) => self.skip(e, range(statement)),
            Stmt::Local(local) => {
                let unnamed = matches!(&local.pat, syn::Pat::Wild(_));
                if let (true, Some(init)) = (unnamed, &local.init) {
                    self.skip(&init.expr, range(statement));
                }
            }
            _ => {}
        }
        visit::visit_stmt(self, statement);
    }

    fn visit_expr_if(&mut self, e: &'ast syn::ExprIf) {
        self.condition(&e.cond, &["true", "false"]);
        if e.else_branch.is_none() {
            self.unit_block(&e.then_branch);
        }
        visit::visit_expr_if(self, e);
    }

    fn visit_expr_while(&mut self, e: &'ast syn::ExprWhile) {
        self.condition(&e.cond, &["!", "false"]);
        self.unit_block(&e.body);
        visit::visit_expr_while(self, e);
    }

    fn visit_expr_loop(&mut self, e: &'ast syn::ExprLoop) {
        self.unit_block(&e.body);
        visit::visit_expr_loop(self, e);
    }

    fn visit_expr_for_loop(&mut self, e: &'ast syn::ExprForLoop) {
        self.unit_block(&e.body);
        visit::visit_expr_for_loop(self, e);
    }

    fn visit_expr_match(&mut self, e: &'ast syn::ExprMatch) {
        let truths = ["true", "false"];
        if !e.arms.is_empty() && e.arms.iter().all(|a| truths.contains(&text(self.source, &a.pat))) {
            self.condition(&e.expr, &truths);
        }
        let catches = |a: &syn::Arm| {
            a.guard.is_none() && matches!(&a.pat, syn::Pat::Wild(_) | syn::Pat::Ident(_))
        };
        let last = e.arms.iter().rposition(catches).unwrap_or(0);
        for arm in &e.arms[..last] {
            match &arm.guard {
                Some((_, guard)) => self.condition(guard, &truths),
                None => {
                    let at = range(&arm.pat).end;
                    self.add(at..at, Form::Arm, vec![Change::shown("arm", "")]);
                }
            }
        }
        for (_, guard) in e.arms[last..].iter().filter_map(|a| a.guard.as_ref()) {
            self.condition(guard, &truths);
        }
        visit::visit_expr_match(self, e);
    }

    fn visit_expr_binary(&mut self, e: &'ast syn::ExprBinary) {
        let at = range(e);
        let known = self.conditions.contains(&(at.start, at.end));
        match e.op {
            syn::BinOp::And(_) | syn::BinOp::Or(_) => {
                let without = if matches!(e.op, syn::BinOp::And(_)) { "true" } else { "false" };
                for operand in [&e.left, &e.right] {
                    let same = matches!(&**operand, Expr::Binary(o) if std::mem::discriminant(&o.op) == std::mem::discriminant(&e.op));
                    if !same {
                        self.condition(operand, &[without]);
                    }
                }
            }
            syn::BinOp::Eq(_) | syn::BinOp::Ne(_) if !known => {
                let change = Change::shown("negate", "!");
                self.add(at.clone(), Form::Condition, vec![change]);
            }
            syn::BinOp::BitAnd(_) | syn::BinOp::BitOr(_) => {
                let both = [range(&e.left), range(&e.right)];
                self.operands.extend(both.map(|r| (r.start, r.end)));
            }
            _ => {}
        }
        self.add(at, Form::Value, of_binary(self.source, e));
        visit::visit_expr_binary(self, e);
    }

    fn visit_expr_unary(&mut self, e: &'ast syn::ExprUnary) {
        let at = range(e);
        if matches!(e.op, syn::UnOp::Not(_)) && !self.conditions.contains(&(at.start, at.end)) {
            let change = Change::shown("bits", text(self.source, &e.expr));
            self.add(at, Form::Value, vec![change]);
        }
        visit::visit_expr_unary(self, e);
    }

    fn visit_expr_lit(&mut self, e: &'ast syn::ExprLit) {
        let changes = match &e.lit {
            syn::Lit::Int(n) => of_number(n),
            syn::Lit::Bool(b) => vec![Change::shown("literal", (!b.value).to_string())],
            _ => Vec::new(),
        };
        self.add(range(e), Form::Value, changes);
    }

    fn visit_expr_path(&mut self, e: &'ast syn::ExprPath) {
        let name = e.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
        let path = text(self.source, e);
        let head = path.strip_suffix(&name).unwrap_or_default();
        let steps = weaker(&name, &self.callee);
        let mut changes: Vec<_> = steps
            .iter()
            .map(|to| {
                // The weaker one may not be imported.
                let full = format!("core::sync::atomic::Ordering::{to}");
                Change { rule: "ordering", to: full, told: (*to).to_owned() }
            })
            .collect();
        let constant = name.len() > 1
            && name.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit());
        let at = range(e);
        if constant && head.is_empty() && !self.operands.contains(&(at.start, at.end)) {
            changes.push(Change::shown("constant", format!("{name} ^ 1")));
        }
        self.add(at, Form::Value, changes);
    }

    fn visit_expr_repeat(&mut self, e: &'ast syn::ExprRepeat) {
        // The length is constant.
        self.visit_expr(&e.expr);
    }

    fn visit_expr_method_call(&mut self, e: &'ast syn::ExprMethodCall) {
        let (at, name) = (range(e), e.method.to_string());
        let asks = name.starts_with("is_") || name.starts_with("has_");
        if asks && !self.conditions.contains(&(at.start, at.end)) {
            self.add(at.clone(), Form::Condition, vec![Change::shown("negate", "!")]);
        }
        let other = match name.as_str() {
            "min" => "max",
            "max" => "min",
            _ => "",
        };
        if !other.is_empty() {
            let method = range(&e.method);
            let (before, after) = (&self.source[at.start..method.start], &self.source[method.end..at.end]);
            let to = format!("{before}{other}{after}");
            self.add(at, Form::Value, vec![Change::shown("arithmetic", to)]);
        }
        self.visit_expr(&e.receiver);
        self.called(name, |walk| e.args.iter().for_each(|a| walk.visit_expr(a)));
    }

    fn visit_expr_call(&mut self, e: &'ast syn::ExprCall) {
        let name = match &*e.func {
            Expr::Path(p) => p.path.segments.last().map(|s| s.ident.to_string()),
            other => {
                self.visit_expr(other);
                None
            }
        };
        let name = name.unwrap_or_default();
        self.called(name, |walk| e.args.iter().for_each(|a| walk.visit_expr(a)));
    }
}
