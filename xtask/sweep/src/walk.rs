//! The walk over a file's syntax that collects its sites.

use crate::collect::Walk;
use crate::shapes::{catches_all, only_for_tests};
use crate::sites::{Change, Form, of_binary, of_number, weaker};
use crate::spans::{range, text};
use syn::visit::{self, Visit};
use syn::{Expr, Stmt};

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
        let of = i
            .trait_
            .as_ref()
            .and_then(|(_, path, _)| path.segments.last());
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
        if !e.arms.is_empty()
            && e.arms
                .iter()
                .all(|a| truths.contains(&text(self.source, &a.pat)))
        {
            self.condition(&e.expr, &truths);
        }
        let catches = |a: &syn::Arm| a.guard.is_none() && catches_all(&a.pat);
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
                let without = if matches!(e.op, syn::BinOp::And(_)) {
                    "true"
                } else {
                    "false"
                };
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
        let name = e
            .path
            .segments
            .last()
            .map(|s| s.ident.to_string())
            .unwrap_or_default();
        let path = text(self.source, e);
        let head = path.strip_suffix(&name).unwrap_or_default();
        let steps = weaker(&name, &self.callee);
        let mut changes: Vec<_> = steps
            .iter()
            .map(|to| {
                // The weaker one may not be imported.
                let full = format!("core::sync::atomic::Ordering::{to}");
                Change {
                    rule: "ordering",
                    to: full,
                    told: (*to).to_owned(),
                }
            })
            .collect();
        let constant = name.len() > 1
            && name
                .chars()
                .all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit());
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
            self.add(
                at.clone(),
                Form::Condition,
                vec![Change::shown("negate", "!")],
            );
        }
        let other = match name.as_str() {
            "min" => "max",
            "max" => "min",
            _ => "",
        };
        if !other.is_empty() {
            let method = range(&e.method);
            let (before, after) = (
                &self.source[at.start..method.start],
                &self.source[method.end..at.end],
            );
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
