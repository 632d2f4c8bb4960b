//! Expressions, calls and parameters.

use super::Lower;
use crate::node::{Field, Kind, Payload};
use crate::parts::Parts;
use ruff_python_ast::{
    Arguments, Comprehension, DictItem, Expr, ExprCompare, Keyword, Number, Parameter,
    ParameterWithDefault, Parameters, TypeParam, TypeParams,
};
use ruff_text_size::{Ranged, TextRange};

impl<'a, P: Parts> Lower<'a, '_, P> {
    pub(super) fn exprs(&mut self, at: TextRange, exprs: &[Expr]) -> Field<'a, P> {
        self.list(at, exprs, Self::expr)
    }

    pub(super) fn optional(&mut self, expr: Option<&Expr>) -> Field<'a, P> {
        expr.and_then(|expr| self.expr(expr))
    }

    pub(super) fn expr(&mut self, expr: &Expr) -> Field<'a, P> {
        let at = expr.range();
        match expr {
            Expr::Name(e) => {
                let symbol = Payload::Symbol(self.symbol_at(at.start()));
                Some(self.make(Kind::Name, at, e.ctx as u8, symbol, &[]))
            }
            Expr::Attribute(e) => {
                let value = self.expr(&e.value);
                self.named(Kind::Attribute, &e.attr, e.ctx as u8, &[value])
            }
            Expr::Call(e) => {
                let func = self.expr(&e.func);
                let (args, keywords) = self.arguments(&e.arguments);
                self.plain(Kind::Call, at, &[func, args, keywords])
            }
            Expr::Subscript(e) => {
                let value = self.expr(&e.value);
                let slice = self.expr(&e.slice);
                self.with_op(Kind::Subscript, at, e.ctx as u8, &[value, slice])
            }
            Expr::BinOp(e) => {
                let left = self.expr(&e.left);
                let right = self.expr(&e.right);
                self.with_op(Kind::BinOp, at, e.op as u8, &[left, right])
            }
            Expr::StringLiteral(e) => self.string(at, e.value.as_slice()),
            Expr::BytesLiteral(e) => self.bytes_literal(at, e.value.as_slice()),
            Expr::FString(e) => self.f_string(at, e.value.as_slice()),
            Expr::TString(e) => self.t_string(at, e.value.as_slice()),
            Expr::NumberLiteral(e) => self.number(at, &e.value),
            Expr::BooleanLiteral(e) => self.with_op(Kind::Bool, at, e.value.into(), &[]),
            Expr::NoneLiteral(_) => self.plain(Kind::NoneValue, at, &[]),
            Expr::EllipsisLiteral(_) => self.plain(Kind::Ellipsis, at, &[]),
            Expr::ListComp(_)
            | Expr::SetComp(_)
            | Expr::DictComp(_)
            | Expr::Generator(_)
            | Expr::Dict(_)
            | Expr::Set(_)
            | Expr::List(_)
            | Expr::Tuple(_) => self.display(expr),
            _ => self.operation(expr),
        }
    }

    fn operation(&mut self, expr: &Expr) -> Field<'a, P> {
        let at = expr.range();
        match expr {
            Expr::BoolOp(e) => {
                let values = self.exprs(at, &e.values);
                self.with_op(Kind::BoolOp, at, e.op as u8, &[values])
            }
            Expr::Named(e) => {
                let target = self.expr(&e.target);
                let value = self.expr(&e.value);
                self.plain(Kind::NamedExpr, at, &[target, value])
            }
            Expr::UnaryOp(e) => {
                let operand = self.expr(&e.operand);
                self.with_op(Kind::UnaryOp, at, e.op as u8, &[operand])
            }
            Expr::Lambda(e) => {
                let parameters = e.parameters.as_deref();
                let parameters = parameters.and_then(|p| self.parameters(p));
                let body = self.expr(&e.body);
                self.plain(Kind::Lambda, at, &[parameters, body])
            }
            Expr::If(e) => {
                let body = self.expr(&e.body);
                let test = self.expr(&e.test);
                let orelse = self.expr(&e.orelse);
                self.plain(Kind::IfExp, at, &[test, body, orelse])
            }
            Expr::Await(e) => {
                let value = self.expr(&e.value);
                self.plain(Kind::Await, at, &[value])
            }
            Expr::Yield(e) => {
                let value = self.optional(e.value.as_deref());
                self.plain(Kind::Yield, at, &[value])
            }
            Expr::YieldFrom(e) => {
                let value = self.expr(&e.value);
                self.plain(Kind::YieldFrom, at, &[value])
            }
            Expr::Compare(e) => self.compare(e),
            Expr::Starred(e) => {
                let value = self.expr(&e.value);
                self.with_op(Kind::Starred, at, e.ctx as u8, &[value])
            }
            Expr::Slice(e) => {
                let lower = self.optional(e.lower.as_deref());
                let upper = self.optional(e.upper.as_deref());
                let step = self.optional(e.step.as_deref());
                self.plain(Kind::Slice, at, &[lower, upper, step])
            }
            _ => unreachable!("IPython's commands parse in its own mode only"),
        }
    }

    fn display(&mut self, expr: &Expr) -> Field<'a, P> {
        let at = expr.range();
        match expr {
            Expr::List(e) => {
                let elts = self.exprs(at, &e.elts);
                self.with_op(Kind::ListExpr, at, e.ctx as u8, &[elts])
            }
            Expr::Tuple(e) => {
                let elts = self.exprs(at, &e.elts);
                self.with_op(Kind::Tuple, at, e.ctx as u8, &[elts])
            }
            Expr::Set(e) => {
                let elts = self.exprs(at, &e.elts);
                self.plain(Kind::Set, at, &[elts])
            }
            Expr::Dict(e) => {
                let items = self.list(at, &e.items, Self::dict_item);
                self.plain(Kind::Dict, at, &[items])
            }
            Expr::ListComp(e) => self.comprehension(Kind::ListComp, at, &e.elt, &e.generators),
            Expr::SetComp(e) => self.comprehension(Kind::SetComp, at, &e.elt, &e.generators),
            Expr::Generator(e) => self.comprehension(Kind::GeneratorExp, at, &e.elt, &e.generators),
            Expr::DictComp(e) => {
                let key = self.optional(e.key.as_deref());
                let value = self.expr(&e.value);
                let generators = self.list(at, &e.generators, Self::generator);
                self.plain(Kind::DictComp, at, &[key, value, generators])
            }
            _ => unreachable!("the caller sends these eight kinds"),
        }
    }

    fn dict_item(&mut self, item: &DictItem) -> Field<'a, P> {
        let key = self.optional(item.key.as_ref());
        let value = self.expr(&item.value);
        self.plain(Kind::DictItem, item.range(), &[key, value])
    }

    fn comprehension(
        &mut self,
        kind: Kind,
        at: TextRange,
        elt: &Expr,
        generators: &[Comprehension],
    ) -> Field<'a, P> {
        let elt = self.expr(elt);
        let generators = self.list(at, generators, Self::generator);
        self.plain(kind, at, &[elt, generators])
    }

    fn generator(&mut self, g: &Comprehension) -> Field<'a, P> {
        let target = self.expr(&g.target);
        let iter = self.expr(&g.iter);
        let ifs = self.exprs(g.range, &g.ifs);
        let fields = [target, iter, ifs];
        self.with_op(Kind::Comprehension, g.range, g.is_async.into(), &fields)
    }

    fn compare(&mut self, e: &ExprCompare) -> Field<'a, P> {
        let left = self.expr(&e.left);
        let ops: Vec<u8> = e.ops.iter().map(|op| *op as u8).collect();
        let comparators = self.exprs(e.range, &e.comparators);
        match *ops {
            // Nearly all have one operator.
            [op] => self.with_op(Kind::Compare, e.range, op, &[left, comparators]),
            _ => {
                let ops = self.bytes(&ops);
                let fields = [left, comparators];
                Some(self.make(Kind::Compare, e.range, u8::MAX, ops, &fields))
            }
        }
    }

    fn number(&mut self, at: TextRange, number: &Number) -> Field<'a, P> {
        let (kind, payload) = match number {
            Number::Int(int) => match int.as_u64() {
                Some(small) => (Kind::Int, Payload::Int(small)),
                None => (Kind::BigInt, self.bytes(int.to_string().as_bytes())),
            },
            Number::Float(x) => (Kind::Float, Payload::Float(*x)),
            Number::Complex { imag, .. } => (Kind::Complex, Payload::Float(*imag)),
        };
        Some(self.make(kind, at, 0, payload, &[]))
    }

    /// Positional arguments and keywords.
    pub(super) fn arguments(&mut self, a: &Arguments) -> (Field<'a, P>, Field<'a, P>) {
        let args = self.exprs(a.range, &a.args);
        let keywords = self.list(a.range, &a.keywords, Self::keyword);
        (args, keywords)
    }

    fn keyword(&mut self, keyword: &Keyword) -> Field<'a, P> {
        let value = self.expr(&keyword.value);
        match &keyword.arg {
            Some(name) => self.named(Kind::Keyword, name, 0, &[value]),
            // `**mapping` has no name.
            None => self.plain(Kind::Keyword, keyword.range, &[value]),
        }
    }

    pub(super) fn parameters(&mut self, p: &Parameters) -> Field<'a, P> {
        if p.is_empty() {
            return None;
        }
        let posonly = self.list(p.range, &p.posonlyargs, Self::parameter_with_default);
        let args = self.list(p.range, &p.args, Self::parameter_with_default);
        let vararg = p.vararg.as_deref().and_then(|p| self.parameter(p, None));
        let kwonly = self.list(p.range, &p.kwonlyargs, Self::parameter_with_default);
        let kwarg = p.kwarg.as_deref().and_then(|p| self.parameter(p, None));
        let fields = [posonly, args, vararg, kwonly, kwarg];
        self.plain(Kind::Parameters, p.range, &fields)
    }

    fn parameter_with_default(&mut self, p: &ParameterWithDefault) -> Field<'a, P> {
        self.parameter(&p.parameter, p.default.as_deref())
    }

    fn parameter(&mut self, p: &Parameter, default: Option<&Expr>) -> Field<'a, P> {
        let annotation = self.optional(p.annotation.as_deref());
        let default = self.optional(default);
        self.named(Kind::Parameter, &p.name, 0, &[annotation, default])
    }

    pub(super) fn type_params(&mut self, params: Option<&TypeParams>) -> Field<'a, P> {
        let params = params?;
        self.list(params.range, &params.type_params, |this, p| match p {
            TypeParam::TypeVar(p) => {
                let bound = this.optional(p.bound.as_deref());
                let default = this.optional(p.default.as_deref());
                this.named(Kind::TypeVar, &p.name, 0, &[bound, default])
            }
            TypeParam::TypeVarTuple(p) => {
                let default = this.optional(p.default.as_deref());
                this.named(Kind::TypeVarTuple, &p.name, 0, &[default])
            }
            TypeParam::ParamSpec(p) => {
                let default = this.optional(p.default.as_deref());
                this.named(Kind::ParamSpec, &p.name, 0, &[default])
            }
        })
    }
}
