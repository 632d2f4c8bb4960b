//! String, bytes, f-string and t-string literals.
//!
//! A literal is what one token says: of `"a" "b"` both are interned, under a `Str` node each. So is
//! every literal part of an f-string or t-string: the text between two replacement fields.

use super::Lower;
use crate::literal;
use crate::node::{Field, Kind, Payload};
use crate::parts::Parts;
use crate::text::Text;
use ruff_python_ast::{
    AnyStringFlags, BytesLiteral, FStringPart, InterpolatedElement, InterpolatedStringElement,
    InterpolatedStringElements, StringLiteral, TString,
};
use ruff_text_size::{Ranged, TextRange};

impl<'a, P: Parts> Lower<'a, '_, P> {
    /// One literal, or a list of adjacent ones.
    pub(super) fn string(&mut self, at: TextRange, parts: &[StringLiteral]) -> Field<'a, P> {
        match parts {
            [one] => self.string_part(one),
            parts => self.list(at, parts, Self::string_part),
        }
    }

    fn string_part(&mut self, part: &StringLiteral) -> Field<'a, P> {
        let raw = AnyStringFlags::from(part.flags).is_raw_string();
        self.text(part.content_range(), &part.value, raw, false)
    }

    fn text(&mut self, at: TextRange, value: &str, raw: bool, f_string: bool) -> Field<'a, P> {
        let symbol = match literal::surrogates(&self.source[at], value, raw, f_string) {
            None => self.symbols.literal(Text::Utf8(value)),
            Some(points) => {
                let bytes = literal::surrogatepass(&points);
                self.symbols.literal(Text::Surrogates {
                    points: &points,
                    bytes: &bytes,
                })
            }
        };
        Some(self.make(Kind::Str, at, 0, Payload::Symbol(symbol), &[]))
    }

    pub(super) fn bytes_literal(&mut self, at: TextRange, parts: &[BytesLiteral]) -> Field<'a, P> {
        let payload = match parts {
            [one] => self.bytes(&one.value),
            parts => {
                let whole: Vec<u8> = parts.iter().flat_map(|p| p.value.iter().copied()).collect();
                self.bytes(&whole)
            }
        };
        Some(self.make(Kind::Bytes, at, 0, payload, &[]))
    }

    pub(super) fn f_string(&mut self, at: TextRange, parts: &[FStringPart]) -> Field<'a, P> {
        let parts = self.list(at, parts, |this, part| match part {
            FStringPart::Literal(part) => this.string_part(part),
            FStringPart::FString(f) => {
                let raw = AnyStringFlags::from(f.flags).is_raw_string();
                this.elements(f.range, &f.elements, raw)
            }
        });
        self.plain(Kind::JoinedStr, at, &[parts])
    }

    pub(super) fn t_string(&mut self, at: TextRange, parts: &[TString]) -> Field<'a, P> {
        let parts = self.list(at, parts, |this, t| {
            let raw = AnyStringFlags::from(t.flags).is_raw_string();
            this.elements(t.range, &t.elements, raw)
        });
        self.plain(Kind::TemplateStr, at, &[parts])
    }

    fn elements(
        &mut self,
        at: TextRange,
        elements: &InterpolatedStringElements,
        raw: bool,
    ) -> Field<'a, P> {
        self.list(at, elements, |this, element| match element {
            InterpolatedStringElement::Literal(l) => this.text(l.range, &l.value, raw, true),
            InterpolatedStringElement::Interpolation(i) => this.interpolation(i, raw),
        })
    }

    fn interpolation(&mut self, i: &InterpolatedElement, raw: bool) -> Field<'a, P> {
        let value = self.expr(&i.expression);
        let spec = i.format_spec.as_deref();
        let spec = spec.and_then(|spec| self.elements(spec.range, &spec.elements, raw));
        let text = match &i.debug_text {
            Some(text) => self.bytes(text.as_str().as_bytes()),
            None => Payload::None,
        };
        let conversion = i.conversion.to_byte().unwrap_or(0);
        let fields = [value, spec];
        Some(self.make(Kind::Interpolation, i.range(), conversion, text, &fields))
    }
}
