//! Statements.

use super::Lower;
use crate::node::{Field, Kind};
use crate::parts::Parts;
use ruff_python_ast::{
    Alias, Decorator, ElifElseClause, ExceptHandler, MatchCase, Stmt, StmtClassDef,
    StmtFunctionDef, StmtTry, WithItem,
};
use ruff_text_size::{Ranged, TextRange};

impl<'a, P: Parts> Lower<'a, '_, P> {
    pub(super) fn stmts(&mut self, stmts: &[Stmt], at: TextRange) -> Field<'a, P> {
        self.list(at, stmts, Self::stmt)
    }

    fn stmt(&mut self, stmt: &Stmt) -> Field<'a, P> {
        let at = stmt.range();
        match stmt {
            Stmt::FunctionDef(s) => self.function(s),
            Stmt::ClassDef(s) => self.class(s),
            Stmt::If(_) | Stmt::For(_) | Stmt::While(_) | Stmt::With(_) | Stmt::Match(_) => {
                self.compound(stmt)
            }
            Stmt::Try(s) => self.try_stmt(s),
            Stmt::Import(_) | Stmt::ImportFrom(_) | Stmt::Global(_) | Stmt::Nonlocal(_) => {
                self.binding(stmt)
            }
            Stmt::Return(s) => {
                let value = self.optional(s.value.as_deref());
                self.plain(Kind::Return, at, &[value])
            }
            Stmt::Delete(s) => {
                let targets = self.exprs(at, &s.targets);
                self.plain(Kind::Delete, at, &[targets])
            }
            Stmt::TypeAlias(s) => {
                let name = self.expr(&s.name);
                let params = self.type_params(s.type_params.as_deref());
                let value = self.expr(&s.value);
                self.plain(Kind::TypeAlias, at, &[name, params, value])
            }
            Stmt::Assign(s) => {
                let targets = self.exprs(at, &s.targets);
                let value = self.expr(&s.value);
                self.plain(Kind::Assign, at, &[targets, value])
            }
            Stmt::AugAssign(s) => {
                let target = self.expr(&s.target);
                let value = self.expr(&s.value);
                self.with_op(Kind::AugAssign, at, s.op as u8, &[target, value])
            }
            Stmt::AnnAssign(s) => {
                let target = self.expr(&s.target);
                let annotation = self.expr(&s.annotation);
                let value = self.optional(s.value.as_deref());
                let fields = [target, annotation, value];
                self.with_op(Kind::AnnAssign, at, s.simple.into(), &fields)
            }
            Stmt::Raise(s) => {
                let exc = self.optional(s.exc.as_deref());
                let cause = self.optional(s.cause.as_deref());
                self.plain(Kind::Raise, at, &[exc, cause])
            }
            Stmt::Assert(s) => {
                let test = self.expr(&s.test);
                let msg = self.optional(s.msg.as_deref());
                self.plain(Kind::Assert, at, &[test, msg])
            }
            Stmt::Expr(s) => {
                let value = self.expr(&s.value);
                self.plain(Kind::ExprStmt, at, &[value])
            }
            Stmt::Pass(_) => self.plain(Kind::Pass, at, &[]),
            Stmt::Break(_) => self.plain(Kind::Break, at, &[]),
            Stmt::Continue(_) => self.plain(Kind::Continue, at, &[]),
            Stmt::IpyEscapeCommand(_) => unreachable!("only IPython's own mode parses these"),
        }
    }

    fn function(&mut self, s: &StmtFunctionDef) -> Field<'a, P> {
        let decorators = self.decorators(s.range, &s.decorator_list);
        let params = self.type_params(s.type_params.as_deref());
        let args = self.parameters(&s.parameters);
        let returns = self.optional(s.returns.as_deref());
        let body = self.stmts(&s.body, s.range);
        let fields = [params, args, body, decorators, returns];
        self.named(Kind::FunctionDef, &s.name, s.is_async.into(), &fields)
    }

    fn class(&mut self, s: &StmtClassDef) -> Field<'a, P> {
        let decorators = self.decorators(s.range, &s.decorator_list);
        let params = self.type_params(s.type_params.as_deref());
        let (bases, keywords) = match &s.arguments {
            Some(arguments) => self.arguments(arguments),
            None => (None, None),
        };
        let body = self.stmts(&s.body, s.range);
        let fields = [params, bases, keywords, body, decorators];
        self.named(Kind::ClassDef, &s.name, 0, &fields)
    }

    fn decorators(&mut self, at: TextRange, decorators: &[Decorator]) -> Field<'a, P> {
        self.list(at, decorators, |this, d| this.expr(&d.expression))
    }

    fn compound(&mut self, stmt: &Stmt) -> Field<'a, P> {
        let at = stmt.range();
        match stmt {
            Stmt::If(s) => {
                let test = self.expr(&s.test);
                let body = self.stmts(&s.body, at);
                let clauses = self.list(at, &s.elif_else_clauses, Self::clause);
                self.plain(Kind::If, at, &[test, body, clauses])
            }
            Stmt::For(s) => {
                let target = self.expr(&s.target);
                let iter = self.expr(&s.iter);
                let body = self.stmts(&s.body, at);
                let orelse = self.stmts(&s.orelse, at);
                let fields = [target, iter, body, orelse];
                self.with_op(Kind::For, at, s.is_async.into(), &fields)
            }
            Stmt::While(s) => {
                let test = self.expr(&s.test);
                let body = self.stmts(&s.body, at);
                let orelse = self.stmts(&s.orelse, at);
                self.plain(Kind::While, at, &[test, body, orelse])
            }
            Stmt::With(s) => {
                let items = self.list(at, &s.items, Self::with_item);
                let body = self.stmts(&s.body, at);
                self.with_op(Kind::With, at, s.is_async.into(), &[items, body])
            }
            Stmt::Match(s) => {
                let subject = self.expr(&s.subject);
                let cases = self.list(at, &s.cases, Self::match_case);
                self.plain(Kind::Match, at, &[subject, cases])
            }
            _ => unreachable!("the caller sends these five kinds"),
        }
    }

    fn clause(&mut self, clause: &ElifElseClause) -> Field<'a, P> {
        let test = self.optional(clause.test.as_ref());
        let body = self.stmts(&clause.body, clause.range);
        self.plain(Kind::Clause, clause.range, &[test, body])
    }

    fn with_item(&mut self, item: &WithItem) -> Field<'a, P> {
        let context = self.expr(&item.context_expr);
        let vars = self.optional(item.optional_vars.as_deref());
        self.plain(Kind::WithItem, item.range, &[context, vars])
    }

    fn match_case(&mut self, case: &MatchCase) -> Field<'a, P> {
        let pattern = self.pattern(&case.pattern);
        let guard = self.optional(case.guard.as_deref());
        let body = self.stmts(&case.body, case.range);
        self.plain(Kind::MatchCase, case.range, &[pattern, guard, body])
    }

    fn try_stmt(&mut self, s: &StmtTry) -> Field<'a, P> {
        let body = self.stmts(&s.body, s.range);
        let handlers = self.list(s.range, &s.handlers, Self::handler);
        let orelse = self.stmts(&s.orelse, s.range);
        let finalbody = self.stmts(&s.finalbody, s.range);
        let fields = [body, handlers, orelse, finalbody];
        self.with_op(Kind::Try, s.range, s.is_star.into(), &fields)
    }

    fn handler(&mut self, handler: &ExceptHandler) -> Field<'a, P> {
        let ExceptHandler::ExceptHandler(h) = handler;
        let type_ = self.optional(h.type_.as_deref());
        let name = h.name.as_ref().and_then(|name| self.identifier(name));
        let body = self.stmts(&h.body, h.range);
        self.plain(Kind::ExceptHandler, h.range, &[type_, name, body])
    }

    fn binding(&mut self, stmt: &Stmt) -> Field<'a, P> {
        let at = stmt.range();
        match stmt {
            Stmt::Import(s) => {
                let names = self.list(at, &s.names, Self::alias);
                self.with_op(Kind::Import, at, s.is_lazy.into(), &[names])
            }
            Stmt::ImportFrom(s) => {
                let module = s.module.as_ref().and_then(|name| self.dotted(name));
                let names = self.list(at, &s.names, Self::alias);
                // The dots of a relative import; more than 254 tell no more than 254.
                let level = s.level.min(254) as u8;
                self.with_op(Kind::ImportFrom, at, level, &[module, names])
            }
            Stmt::Global(s) => {
                let names = self.identifiers(at, &s.names);
                self.plain(Kind::Global, at, &[names])
            }
            Stmt::Nonlocal(s) => {
                let names = self.identifiers(at, &s.names);
                self.plain(Kind::Nonlocal, at, &[names])
            }
            _ => unreachable!("the caller sends these four kinds"),
        }
    }

    fn alias(&mut self, alias: &Alias) -> Field<'a, P> {
        // `from m import *` has no name.
        let star = alias.name.as_str() == "*";
        let name = if star { None } else { self.dotted(&alias.name) };
        let asname = alias.asname.as_ref().and_then(|name| self.identifier(name));
        self.with_op(Kind::Alias, alias.range, star.into(), &[name, asname])
    }
}
