//! What a macro call holds, or a macro's definition: words that need not be Rust. Those that look like
//! a path, a call of a macro or an import are taken for one.

use proc_macro2::{Delimiter, Spacing, Span, TokenStream, TokenTree};
use syn::ItemUse;

/// What was found among the words.
pub enum Part {
    Path(Vec<String>, Span),
    /// `name!`
    Call(String, Span),
    Import(ItemUse),
}

/// All of them, those of the groups included.
pub fn parts(tokens: TokenStream) -> Vec<Part> {
    let mut found = Vec::new();
    scan(tokens, &mut found);
    found
}

fn scan(tokens: TokenStream, found: &mut Vec<Part>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at = match token {
            TokenTree::Group(group) => {
                scan(group.stream(), found);
                at + 1
            }
            TokenTree::Ident(word) if word == "use" => match import(&tokens, at) {
                Some((item, next)) => {
                    found.push(Part::Import(item));
                    next
                }
                None => at + 1,
            },
            // `pub(crate)` and its like.
            TokenTree::Ident(word) if word == "pub" => at + 1 + parenthesized(&tokens[at + 1..]),
            TokenTree::Ident(_) => path(&tokens, at, found),
            // An attribute or a doc comment.
            TokenTree::Punct(mark) if mark.as_char() == '#' => {
                at + 1 + attribute(&tokens[at + 1..])
            }
            _ => at + 1,
        };
    }
}

/// `use ..;`, and where it ends.
fn import(tokens: &[TokenTree], at: usize) -> Option<(ItemUse, usize)> {
    let length = tokens[at..].iter().position(|t| is_punct(t, ';'))? + 1;
    let words = tokens[at..at + length].iter();
    // `$crate` is `crate`.
    let words = words.filter(|t| !is_punct(t, '$')).cloned().collect();
    Some((syn::parse2(words).ok()?, at + length))
}

/// The path that begins at `at`; gives where it ends.
fn path(tokens: &[TokenTree], at: usize, found: &mut Vec<Part>) -> usize {
    let mut segments = Vec::new();
    let mut next = at;
    while let Some(TokenTree::Ident(word)) = tokens.get(next) {
        segments.push(word.to_string());
        next += 1;
        if !is_colons(tokens, next) || !matches!(tokens.get(next + 2), Some(TokenTree::Ident(_))) {
            break;
        }
        next += 2;
    }
    let before = |n: usize| at.checked_sub(n).map(|i| &tokens[i]);
    let after = |mark: char| before(1).is_some_and(|t| is_punct(t, mark));
    // A field, the rest of `<T>::name`, another crate's `::name`, what the macro was given as `$name`.
    let range = after('.') && before(2).is_some_and(|t| is_punct(t, '.'));
    // From another crate `$crate` reaches what the root exports, and nothing else.
    if after('$') && segments[0] == "crate" {
        segments[0] = "$crate".to_owned();
    }
    let member = after('.') && !range || at >= 2 && is_colons(tokens, at - 2);
    // `$crate::$name` says no more than `self`.
    let keyword = ["crate", "$crate", "self", "super"].contains(&segments[0].as_str());
    let given = after('$') && segments[0] != "$crate" || keyword && segments.len() == 1;
    if member || given {
        return next;
    }
    let span = tokens[at].span();
    let called = tokens.get(next).is_some_and(|t| is_punct(t, '!'))
        && !tokens.get(next + 1).is_some_and(|t| is_punct(t, '='));
    found.push(match segments.len() {
        1 if called => Part::Call(segments.remove(0), span),
        _ => Part::Path(segments, span),
    });
    next
}

fn is_punct(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(p) if p.as_char() == mark)
}

fn is_colons(tokens: &[TokenTree], at: usize) -> bool {
    matches!(
        (tokens.get(at), tokens.get(at + 1)),
        (Some(TokenTree::Punct(a)), Some(TokenTree::Punct(b)))
            if a.as_char() == ':' && a.spacing() == Spacing::Joint && b.as_char() == ':'
    )
}

fn parenthesized(tokens: &[TokenTree]) -> usize {
    match tokens.first() {
        Some(TokenTree::Group(g)) if g.delimiter() == Delimiter::Parenthesis => 1,
        _ => 0,
    }
}

/// How many words an attribute has after its `#`.
fn attribute(tokens: &[TokenTree]) -> usize {
    let inner = usize::from(tokens.first().is_some_and(|t| is_punct(t, '!')));
    let bracketed = matches!(
        tokens.get(inner),
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket
    );
    if bracketed { inner + 1 } else { 0 }
}
