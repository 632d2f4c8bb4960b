//! Where a piece of syntax lies in its file.

use std::ops::Range;
use syn::spanned::Spanned;

/// Its bytes in the file.
pub fn range(node: &impl Spanned) -> Range<usize> {
    node.span().byte_range()
}

/// From where one begins to where the other ends.
pub fn between(first: Range<usize>, last: Range<usize>) -> Range<usize> {
    first.start..last.end
}

/// Its text in the file.
pub fn text<'a>(source: &'a str, node: &impl Spanned) -> &'a str {
    &source[range(node)]
}
