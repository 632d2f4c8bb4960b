//! From the parser's tree to ours. The parser's nodes are boxes all over the heap; ours lie in the
//! file's arena, and every name and string literal in them is an entry of the shared table.

mod expr;
mod pattern;
mod stmt;
mod strings;

use crate::node::{Field, Kind, Node, Payload};
use crate::parts::{FileArena, Parts};
use crate::symbols::Symbols;
use ruff_python_ast::token::{Token, TokenKind};
use ruff_python_ast::{Identifier, ModModule};
use ruff_text_size::{Ranged, TextRange, TextSize};
use unicode_normalization::UnicodeNormalization;

/// Lowers one file.
pub struct Lower<'a, 's, P: Parts> {
    arena: &'a P::Arena,
    symbols: Symbols<'a, P>,
    source: &'s str,
    /// Where each NAME token begins, and its symbol.
    names: Vec<(TextSize, u32)>,
    /// The name after the last one that was asked for: the tree is walked nearly in source order.
    next: usize,
    /// Fields of the lists being made; each list takes its own from the end.
    pending: Vec<Field<'a, P>>,
    nodes: u64,
}

/// What came of a file.
pub struct Lowered<'a, P: Parts> {
    /// The tree.
    pub root: &'a Node<'a, P>,
    /// Its nodes.
    pub nodes: u64,
    /// The file's symbols, not yet in the shared counts.
    pub symbols: Symbols<'a, P>,
}

/// Whether `tokenize` calls this token a NAME that is no keyword: soft keywords are names.
fn is_name(kind: TokenKind) -> bool {
    use TokenKind::{Case, Lazy, Match, Name, Type};
    matches!(kind, Name | Case | Lazy | Match | Type)
}

impl<'a, 's, P: Parts> Lower<'a, 's, P> {
    /// Takes the names from the tokens.
    pub fn new(
        arena: &'a P::Arena,
        mut symbols: Symbols<'a, P>,
        source: &'s str,
        tokens: &[Token],
    ) -> Lower<'a, 's, P> {
        let mut names = Vec::with_capacity(tokens.len() / 2);
        let mut folded = String::new();
        for token in tokens.iter().filter(|t| is_name(t.kind())) {
            let text = &source[token.range()];
            let symbol = if text.is_ascii() {
                symbols.name(text)
            } else {
                folded.clear();
                folded.extend(text.nfkc());
                symbols.name(&folded)
            };
            names.push((token.start(), symbol));
        }
        Lower {
            arena,
            symbols,
            source,
            names,
            next: 0,
            pending: Vec::new(),
            nodes: 0,
        }
    }

    /// Lowers the module.
    pub fn module(mut self, module: &ModModule) -> Lowered<'a, P> {
        let body = self.stmts(&module.body, module.range);
        let root = self.bare(Kind::Module, module.range, 0, &[body]);
        Lowered {
            root,
            nodes: self.nodes,
            symbols: self.symbols,
        }
    }

    fn make(
        &mut self,
        kind: Kind,
        at: TextRange,
        op: u8,
        payload: Payload<'a, P>,
        fields: &[Field<'a, P>],
    ) -> &'a Node<'a, P> {
        self.nodes += 1;
        let fields = match fields {
            [] => &[],
            fields => self.arena.place_slice(fields),
        };
        self.arena.place(Node {
            start: at.start().to_u32(),
            kind,
            op,
            payload,
            fields,
        })
    }

    fn bare(
        &mut self,
        kind: Kind,
        at: TextRange,
        op: u8,
        fields: &[Field<'a, P>],
    ) -> &'a Node<'a, P> {
        self.make(kind, at, op, Payload::None, fields)
    }

    fn plain(&mut self, kind: Kind, at: TextRange, fields: &[Field<'a, P>]) -> Field<'a, P> {
        Some(self.bare(kind, at, 0, fields))
    }

    fn with_op(
        &mut self,
        kind: Kind,
        at: TextRange,
        op: u8,
        fields: &[Field<'a, P>],
    ) -> Field<'a, P> {
        Some(self.bare(kind, at, op, fields))
    }

    /// A node that has a name.
    fn named(
        &mut self,
        kind: Kind,
        name: &Identifier,
        op: u8,
        fields: &[Field<'a, P>],
    ) -> Field<'a, P> {
        let symbol = Payload::Symbol(self.symbol_at(name.start()));
        Some(self.make(kind, name.range, op, symbol, fields))
    }

    /// A list of nodes; `None` if there are none.
    fn list<T>(
        &mut self,
        at: TextRange,
        items: impl IntoIterator<Item = T>,
        mut lower: impl FnMut(&mut Self, T) -> Field<'a, P>,
    ) -> Field<'a, P> {
        let first = self.pending.len();
        for item in items {
            let field = lower(self, item);
            self.pending.push(field);
        }
        if self.pending.len() == first {
            return None;
        }
        self.nodes += 1;
        let fields = self.arena.place_slice(&self.pending[first..]);
        self.pending.truncate(first);
        Some(self.arena.place(Node {
            start: at.start().to_u32(),
            kind: Kind::List,
            op: 0,
            payload: Payload::None,
            fields,
        }))
    }

    fn identifier(&mut self, name: &Identifier) -> Field<'a, P> {
        self.named(Kind::Identifier, name, 0, &[])
    }

    fn identifiers(&mut self, at: TextRange, names: &[Identifier]) -> Field<'a, P> {
        self.list(at, names, Self::identifier)
    }

    /// The name of an import: one identifier, or for `a.b.c` a list of three.
    fn dotted(&mut self, name: &Identifier) -> Field<'a, P> {
        if !name.as_str().contains('.') {
            return self.identifier(name);
        }
        let first = self.find(name.start());
        let tokens = self.names[first..].iter();
        let count = tokens.take_while(|(at, _)| *at < name.end()).count();
        self.list(name.range, first..first + count, |this, i| {
            let (at, symbol) = this.names[i];
            let symbol = Payload::Symbol(this.symbols.entry(symbol));
            let at = TextRange::empty(at);
            Some(this.make(Kind::Identifier, at, 0, symbol, &[]))
        })
    }

    fn symbol_at(&mut self, at: TextSize) -> &'a crate::table::Entry<P> {
        let i = self.find(at);
        self.next = i + 1;
        self.symbols.entry(self.names[i].1)
    }

    /// The NAME token that begins here.
    fn find(&self, at: TextSize) -> usize {
        match self.names.get(self.next) {
            Some((next, _)) if *next == at => self.next,
            _ => {
                let found = self.names.binary_search_by_key(&at, |(start, _)| *start);
                found.expect("every identifier of the tree is a NAME token")
            }
        }
    }

    fn bytes(&mut self, bytes: &[u8]) -> Payload<'a, P> {
        let bytes = self.arena.place_slice(bytes);
        Payload::Bytes(self.arena.place(bytes))
    }
}
