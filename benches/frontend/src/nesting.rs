//! How deep a file may nest. The parser grows its stack as it needs; the drop of its tree and our
//! own visit of it do not. So deeper files are refused, as CPython refuses them.
//!
//! The depth is not measured but bounded from the tokens. No tree is deeper than the operators,
//! keywords and brackets between it and the beginning of its statement, without those that a comma
//! or a closing bracket has finished. Only long chains of one operator are less deep than the bound.

use crate::problem::DEEPEST;
use ruff_python_ast::token::{Token, TokenKind};

/// Stack for [`DEEPEST`] levels of our visit and of the parser's drop, with room to spare in a build
/// without optimisation. Only what is used is ever touched.
pub const STACK: usize = 64 << 20;
/// A file up to this size cannot make the parser's own stack large, so it is parsed first and
/// judged then; a larger one is lexed once more, before.
pub const PARSED_FIRST: usize = 256 << 10;

/// Levels since the innermost open bracket.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    /// These end with the next comma.
    operators: u32,
    /// These do not: in `lambda a, b: lambda c, d: ...` the commas finish nothing.
    lambdas: u32,
}

impl Level {
    fn depth(self) -> u32 {
        self.operators + self.lambdas
    }
}

/// A bound of the tree's depth, from its tokens in order.
#[derive(Debug, Default)]
pub struct Nesting {
    indents: u32,
    /// For each open bracket, what stood before it.
    open: Vec<Level>,
    current: Level,
    /// The levels of all that is open.
    outside: u32,
    deepest: u32,
}

impl Nesting {
    /// The bound of these tokens. Where no statement is long enough to be too deep, which is nearly
    /// always, a coarser bound that is found faster.
    pub fn of(tokens: &[Token]) -> Nesting {
        let (mut indents, mut statement, mut coarse) = (0_u32, 0, 0);
        for token in tokens {
            statement += 1;
            match token.kind() {
                TokenKind::Newline => statement = 0,
                TokenKind::Indent => indents += 1,
                TokenKind::Dedent => indents = indents.saturating_sub(1),
                _ => {}
            }
            coarse = coarse.max(statement + indents);
        }
        let mut nesting = Nesting::default();
        if coarse > DEEPEST {
            tokens.iter().for_each(|t| nesting.see(t.kind()));
        } else {
            nesting.deepest = coarse;
        }
        nesting
    }

    pub fn deepest(&self) -> u32 {
        self.deepest
    }

    pub fn is_allowed(&self) -> bool {
        self.deepest <= DEEPEST
    }

    pub fn see(&mut self, kind: TokenKind) {
        use TokenKind as T;
        match kind {
            T::Name | T::Int | T::Float | T::Complex | T::String | T::Comment => return,
            T::NonLogicalNewline | T::FStringMiddle | T::TStringMiddle => return,
            T::Indent => self.indents += 1,
            T::Dedent => self.indents = self.indents.saturating_sub(1),
            T::Comma => self.current.operators = 0,
            T::Newline | T::Semi => {
                self.open.clear();
                self.outside = 0;
                self.current = Level::default();
            }
            T::Lpar | T::Lsqb | T::Lbrace | T::FStringStart | T::TStringStart => {
                self.open.push(self.current);
                self.outside += self.current.depth() + 1;
                self.current = Level::default();
            }
            T::Rpar | T::Rsqb | T::Rbrace | T::FStringEnd | T::TStringEnd => {
                self.current = self.open.pop().unwrap_or_default();
                self.outside = self.outside.saturating_sub(self.current.depth() + 1);
                // `f()()()` nests to the left; `f"{a}{b}{c}"` does not.
                let chain = matches!(kind, T::Rpar | T::Rsqb);
                self.current.operators += u32::from(chain);
            }
            T::Lambda => self.current.lambdas += 1,
            _ => self.current.operators += 1,
        }
        let depth = self.indents + self.outside + self.current.depth();
        self.deepest = self.deepest.max(depth);
    }
}
