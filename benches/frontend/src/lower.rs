//! From Ruff's tree to a compact one. Ruff's nodes are boxes all over the heap; ours are 40 bytes
//! each, all in the file's arena, and a name or string literal in them is the number of a symbol.
//!
//! The kinds are Ruff's, and the children are those that Ruff's own visitor meets, in source order.
//! What differs:
//!
//! * The statements of a block are one node, without a kind of Ruff's.
//! * The first identifier of a node is its payload; further ones are children. Likewise `import a.b`
//!   has the payload `a` and the child `b`.
//! * A node that says no more than its children is left out, and they are its parent's: arguments, a
//!   list of type parameters, an expression statement, a string literal of one part, a parameter
//!   without a default.
//! * Where two programs could give the same children, `op` or the payload tells them apart.

use crate::backend::{Backend, FileArena};
use crate::node::{Node, Payload};
use crate::symbols::{Arena, Symbols};
use crate::text::{Text, surrogatepass, surrogates};
use ruff_python_ast::token::{Token, TokenKind};
use ruff_python_ast::visitor::source_order::{SourceOrderVisitor, TraversalSignal};
use ruff_python_ast::visitor::source_order::{
    walk_body, walk_expr, walk_f_string, walk_node, walk_t_string,
};
use ruff_python_ast::{
    AnyNodeRef, AnyStringFlags, Expr, ExprDict, FString, Identifier, ModModule, NodeKind, Number,
    Parameters, Singleton, Stmt, TString,
};
use ruff_text_size::{Ranged, TextRange, TextSize};
use std::mem::replace;
use unicode_normalization::UnicodeNormalization;

/// What came of a file.
pub struct Lowered<'a, B: Backend> {
    pub root: &'a Node<'a>,
    pub nodes: u64,
    /// Not yet in the shared counts.
    pub symbols: Symbols<'a, B>,
}

/// Lowers one parsed file.
pub fn lower<'a, B: Backend>(
    arena: &'a Arena<B>,
    mut symbols: Symbols<'a, B>,
    source: &str,
    tokens: &[Token],
    module: &ModModule,
) -> Lowered<'a, B> {
    let names = names(&mut symbols, source, tokens);
    let mut lower = Lower {
        arena,
        symbols,
        source,
        names: &names,
        open: Vec::new(),
        raw: false,
        made: Vec::new(),
        nodes: 0,
    };
    walk_node(&mut lower, AnyNodeRef::from(module));
    Lowered {
        root: lower.made.pop().expect("the module was visited"),
        nodes: lower.nodes,
        symbols: lower.symbols,
    }
}

/// Where each NAME token begins, and its symbol. Soft keywords are names, as `tokenize` has them.
fn names<B: Backend>(
    symbols: &mut Symbols<'_, B>,
    source: &str,
    tokens: &[Token],
) -> Vec<(TextSize, u32)> {
    use TokenKind::{Case, Lazy, Match, Name, Type};
    let mut names = Vec::with_capacity(tokens.len() / 2);
    let mut normal = String::new();
    for token in tokens {
        if matches!(token.kind(), Name | Case | Lazy | Match | Type) {
            let mut text = &source[token.range()];
            if !text.is_ascii() {
                normal.clear();
                normal.extend(text.nfkc());
                text = &normal;
            }
            names.push((token.start(), symbols.name(text)));
        }
    }
    names
}

/// A node whose children are being made.
struct Open {
    /// Its first child in `made`.
    first: usize,
    /// Its first identifier.
    name: Option<u32>,
}

struct Lower<'a, 's, B: Backend> {
    arena: &'a Arena<B>,
    symbols: Symbols<'a, B>,
    source: &'s str,
    /// The NAME tokens that are still to come.
    names: &'s [(TextSize, u32)],
    open: Vec<Open>,
    /// Whether the f-string or t-string around is raw.
    raw: bool,
    made: Vec<&'a Node<'a>>,
    nodes: u64,
}

impl<'a, B: Backend> Lower<'a, '_, B> {
    /// Begins a node.
    fn begin(&mut self) {
        let (first, name) = (self.made.len(), None);
        self.open.push(Open { first, name });
    }

    /// Makes the node that was begun last.
    fn end(&mut self, kind: Option<NodeKind>, at: TextSize, op: u8, payload: Payload<'a>) {
        let open = self.open.pop().expect("each node was begun");
        let children: &'a [_] = match &self.made[open.first..] {
            [] => &[],
            children => self.arena.place_slice(children),
        };
        self.made.truncate(open.first);
        let payload = open.name.map_or(payload, Payload::Symbol);
        self.make(kind, at, op, payload, children);
    }

    /// Makes a node without children.
    fn leaf(&mut self, node: AnyNodeRef<'_>) {
        let payload = self.payload(node);
        self.make(Some(node.kind()), node.start(), op(node), payload, &[]);
    }

    #[inline]
    fn make(
        &mut self,
        kind: Option<NodeKind>,
        at: TextSize,
        op: u8,
        payload: Payload<'a>,
        children: &'a [&'a Node<'a>],
    ) {
        self.nodes += 1;
        self.made.push(self.arena.place(Node {
            start: at.to_u32(),
            kind,
            op,
            payload,
            children,
        }));
    }

    /// The next NAME token in this range. The visitor goes in source order, and so do the tokens.
    fn next_name(&mut self, at: TextRange) -> Option<(TextSize, u32)> {
        // Soft keywords that are keywords here.
        let skipped = self.names.iter().take_while(|name| name.0 < at.start());
        self.names = &self.names[skipped.count()..];
        let name = self.names.first().filter(|name| name.0 < at.end())?;
        self.names = &self.names[1..];
        Some(*name)
    }

    fn text(&mut self, at: TextRange, value: &str, raw: bool, f_string: bool) -> Payload<'a> {
        Payload::Symbol(match surrogates(&self.source[at], value, raw, f_string) {
            None => self.symbols.literal(Text::Utf8(value)),
            Some(points) => self.symbols.literal(Text::Surrogates {
                points: &points,
                bytes: &surrogatepass(&points),
            }),
        })
    }

    fn bytes(&self, bytes: &[u8]) -> Payload<'a> {
        Payload::Bytes(self.arena.place(self.arena.place_slice(bytes)))
    }

    fn number(&self, number: &Number) -> Payload<'a> {
        match number {
            Number::Int(int) => match int.as_u64() {
                Some(small) => Payload::Int(small),
                None => self.bytes(int.to_string().as_bytes()),
            },
            Number::Float(x) => Payload::Float(*x),
            Number::Complex { imag, .. } => Payload::Float(*imag),
        }
    }

    /// Of an item `**mapping` there is no key among the children: says which items have one.
    fn dict(&self, dict: &ExprDict) -> Payload<'a> {
        if dict.items.iter().all(|item| item.key.is_some()) {
            return Payload::None;
        }
        let keys: Vec<u8> = dict.items.iter().map(|i| i.key.is_some().into()).collect();
        self.bytes(&keys)
    }

    #[inline(always)]
    fn payload(&mut self, node: AnyNodeRef<'_>) -> Payload<'a> {
        match node {
            AnyNodeRef::StringLiteral(e) => {
                let raw = AnyStringFlags::from(e.flags).is_raw_string();
                self.text(e.content_range(), &e.value, raw, false)
            }
            AnyNodeRef::InterpolatedStringLiteralElement(e) => {
                self.text(e.range, &e.value, self.raw, true)
            }
            AnyNodeRef::InterpolatedElement(e) => match &e.debug_text {
                Some(text) => self.bytes(text.as_str().as_bytes()),
                None => Payload::None,
            },
            AnyNodeRef::BytesLiteral(e) => self.bytes(&e.value),
            AnyNodeRef::ExprNumberLiteral(e) => self.number(&e.value),
            AnyNodeRef::ExprDict(e) => self.dict(e),
            AnyNodeRef::ExprCompare(e) if e.ops.len() > 1 => {
                let ops: Vec<u8> = e.ops.iter().map(|op| *op as u8).collect();
                self.bytes(&ops)
            }
            AnyNodeRef::Parameters(p) => Payload::Int(sorts(p)),
            _ => Payload::None,
        }
    }
}

/// How many parameters there are of each sort.
fn sorts(p: &Parameters) -> u64 {
    let counts = [p.posonlyargs.len(), p.args.len(), p.kwonlyargs.len()];
    let counts = counts.into_iter().fold(0, |sum, n| sum << 16 | n as u64);
    counts << 2 | u64::from(p.vararg.is_some()) << 1 | u64::from(p.kwarg.is_some())
}

/// The operator, context or flags.
fn op(node: AnyNodeRef<'_>) -> u8 {
    let flags = |flags: &[bool]| flags.iter().fold(0, |sum, f| sum << 1 | u8::from(*f));
    match node {
        AnyNodeRef::ExprAttribute(e) => e.ctx as u8,
        AnyNodeRef::ExprSubscript(e) => e.ctx as u8,
        AnyNodeRef::ExprStarred(e) => e.ctx as u8,
        AnyNodeRef::ExprList(e) => e.ctx as u8,
        AnyNodeRef::ExprTuple(e) => e.ctx as u8,
        AnyNodeRef::ExprBoolOp(e) => e.op as u8,
        AnyNodeRef::ExprBinOp(e) => e.op as u8,
        AnyNodeRef::ExprUnaryOp(e) => e.op as u8,
        AnyNodeRef::StmtAugAssign(s) => s.op as u8,
        AnyNodeRef::ExprCompare(e) => e.ops[0] as u8,
        AnyNodeRef::ExprBooleanLiteral(e) => e.value.into(),
        AnyNodeRef::ExprDictComp(e) => e.key.is_none().into(),
        AnyNodeRef::ExprSlice(e) => {
            flags(&[e.lower.is_some(), e.upper.is_some(), e.step.is_some()])
        }
        AnyNodeRef::ExprNumberLiteral(e) => match e.value {
            Number::Int(_) => 0,
            Number::Float(_) => 1,
            Number::Complex { .. } => 2,
        },
        // An ASCII letter or 0, and whether a format follows.
        AnyNodeRef::InterpolatedElement(e) => {
            e.conversion.to_byte().unwrap_or(0) << 1 | u8::from(e.format_spec.is_some())
        }
        AnyNodeRef::StmtFunctionDef(s) => s.is_async.into(),
        AnyNodeRef::StmtFor(s) => s.is_async.into(),
        AnyNodeRef::StmtWith(s) => s.is_async.into(),
        AnyNodeRef::Comprehension(c) => c.is_async.into(),
        AnyNodeRef::StmtTry(s) => s.is_star.into(),
        AnyNodeRef::StmtAnnAssign(s) => s.simple.into(),
        AnyNodeRef::StmtImport(s) => s.is_lazy.into(),
        AnyNodeRef::Alias(a) => a.asname.is_some().into(),
        // The dots of a relative import, of which nobody writes 127.
        AnyNodeRef::StmtImportFrom(s) => (s.level.min(127) as u8) << 1 | u8::from(s.is_lazy),
        AnyNodeRef::TypeParamTypeVar(p) => flags(&[p.bound.is_some(), p.default.is_some()]),
        AnyNodeRef::PatternMatchSingleton(p) => match p.value {
            Singleton::None => 0,
            Singleton::True => 1,
            Singleton::False => 2,
        },
        _ => 0,
    }
}

/// Whether this node says no more than its children do: they are its parent's then.
fn is_left_out(node: AnyNodeRef<'_>) -> bool {
    match node {
        AnyNodeRef::Arguments(_) | AnyNodeRef::PatternArguments(_) => true,
        AnyNodeRef::StmtExpr(_) | AnyNodeRef::TypeParams(_) => true,
        AnyNodeRef::ExprStringLiteral(e) => e.value.as_slice().len() == 1,
        AnyNodeRef::ExprBytesLiteral(e) => e.value.as_slice().len() == 1,
        AnyNodeRef::ParameterWithDefault(p) => p.default.is_none(),
        _ => false,
    }
}

impl<'s, B: Backend> SourceOrderVisitor<'s> for Lower<'_, 's, B> {
    fn enter_node(&mut self, node: AnyNodeRef<'s>) -> TraversalSignal {
        if !is_left_out(node) {
            self.begin();
        }
        TraversalSignal::Traverse
    }

    fn leave_node(&mut self, node: AnyNodeRef<'s>) {
        if !is_left_out(node) {
            let payload = self.payload(node);
            self.end(Some(node.kind()), node.start(), op(node), payload);
        }
    }

    fn visit_expr(&mut self, expr: &'s Expr) {
        // Half of all nodes have no children: those do not go by way of `enter_node`.
        match expr {
            Expr::Name(e) => {
                let (at, name) = self.next_name(e.range).expect("a name is a NAME token");
                let (kind, op) = (Some(NodeKind::ExprName), e.ctx as u8);
                self.make(kind, at, op, Payload::Symbol(name), &[]);
            }
            Expr::StringLiteral(e) if e.value.as_slice().len() == 1 => {
                self.leaf(AnyNodeRef::from(&e.value.as_slice()[0]));
            }
            Expr::NumberLiteral(_) | Expr::BooleanLiteral(_) | Expr::NoneLiteral(_) => {
                self.leaf(AnyNodeRef::from(expr));
            }
            _ => walk_expr(self, expr),
        }
    }

    fn visit_f_string(&mut self, string: &'s FString) {
        let raw = AnyStringFlags::from(string.flags).is_raw_string();
        let around = replace(&mut self.raw, raw);
        walk_f_string(self, string);
        self.raw = around;
    }

    fn visit_t_string(&mut self, string: &'s TString) {
        let raw = AnyStringFlags::from(string.flags).is_raw_string();
        let around = replace(&mut self.raw, raw);
        walk_t_string(self, string);
        self.raw = around;
    }

    fn visit_body(&mut self, body: &'s [Stmt]) {
        self.begin();
        walk_body(self, body);
        let start = body.first().map_or_else(TextSize::default, Ranged::start);
        self.end(None, start, 0, Payload::None);
    }

    fn visit_identifier(&mut self, identifier: &'s Identifier) {
        let mut first = true;
        while let Some((start, name)) = self.next_name(identifier.range) {
            let open = self.open.last_mut().expect("an identifier is in a node");
            if first && open.name.is_none() {
                open.name = Some(name);
            } else {
                let kind = Some(NodeKind::Identifier);
                self.make(kind, start, 0, Payload::Symbol(name), &[]);
            }
            first = false;
        }
        // `from m import *` has no name.
        assert!(
            !first || identifier.as_str() == "*",
            "every name is a NAME token"
        );
    }
}
