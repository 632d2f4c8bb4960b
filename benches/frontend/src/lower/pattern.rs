//! Patterns of `match`.

use super::Lower;
use crate::node::{Field, Kind};
use crate::parts::Parts;
use ruff_python_ast::{Pattern, Singleton};
use ruff_text_size::{Ranged, TextRange};

impl<'a, P: Parts> Lower<'a, '_, P> {
    fn patterns(&mut self, at: TextRange, patterns: &[Pattern]) -> Field<'a, P> {
        self.list(at, patterns, Self::pattern)
    }

    pub(super) fn pattern(&mut self, pattern: &Pattern) -> Field<'a, P> {
        let at = pattern.range();
        match pattern {
            Pattern::MatchValue(p) => {
                let value = self.expr(&p.value);
                self.plain(Kind::MatchValue, at, &[value])
            }
            Pattern::MatchSingleton(p) => {
                let which = match p.value {
                    Singleton::None => 0,
                    Singleton::True => 1,
                    Singleton::False => 2,
                };
                self.with_op(Kind::MatchSingleton, at, which, &[])
            }
            Pattern::MatchSequence(p) => {
                let patterns = self.patterns(at, &p.patterns);
                self.plain(Kind::MatchSequence, at, &[patterns])
            }
            Pattern::MatchMapping(p) => {
                let keys = self.exprs(at, &p.keys);
                let patterns = self.patterns(at, &p.patterns);
                let rest = p.rest.as_ref().and_then(|name| self.identifier(name));
                self.plain(Kind::MatchMapping, at, &[keys, patterns, rest])
            }
            Pattern::MatchClass(p) => {
                let cls = self.expr(&p.cls);
                let patterns = self.patterns(at, &p.arguments.patterns);
                let keywords = self.list(at, &p.arguments.keywords, |this, keyword| {
                    let value = this.pattern(&keyword.pattern);
                    this.named(Kind::Keyword, &keyword.attr, 0, &[value])
                });
                self.plain(Kind::MatchClass, at, &[cls, patterns, keywords])
            }
            Pattern::MatchStar(p) => {
                let name = p.name.as_ref().and_then(|name| self.identifier(name));
                self.plain(Kind::MatchStar, at, &[name])
            }
            Pattern::MatchAs(p) => {
                let inner = p.pattern.as_deref().and_then(|p| self.pattern(p));
                let name = p.name.as_ref().and_then(|name| self.identifier(name));
                self.plain(Kind::MatchAs, at, &[inner, name])
            }
            Pattern::MatchOr(p) => {
                let patterns = self.patterns(at, &p.patterns);
                self.plain(Kind::MatchOr, at, &[patterns])
            }
        }
    }
}
