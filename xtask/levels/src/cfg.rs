//! Which items the checker leaves out: those that only a test, a model or a doctest compiles.
//!
//! A condition is answered with `test` and `doctest` off and everything else (features, targets,
//! `loom`) open, so that every variant of the shipped code counts.

use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Token};

/// What a condition comes to in a build without tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Yes,
    No,
    /// It depends on the target or on a feature.
    Open,
}

/// True if one of these attributes leaves the item out of every build without tests.
pub fn test_only(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| match &attr.meta {
        Meta::List(list) if list.path.is_ident("cfg") => list
            .parse_args::<Meta>()
            .is_ok_and(|condition| answer(&condition) == Answer::No),
        Meta::Path(path) => path.is_ident("test"),
        _ => false,
    })
}

/// The files that `#[path]` attributes name, bare or in a `cfg_attr`, with the answer to its condition.
pub fn paths(attrs: &[Attribute]) -> Vec<(Answer, String)> {
    let mut found = Vec::new();
    for attr in attrs {
        match &attr.meta {
            Meta::List(list) if list.path.is_ident("cfg_attr") => {
                let parts = list
                    .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
                    .unwrap_or_default();
                let mut parts = parts.iter();
                let condition = parts.next().map_or(Answer::Open, answer);
                found.extend(parts.filter_map(path).map(|p| (condition, p)));
            }
            meta => found.extend(path(meta).map(|p| (Answer::Yes, p))),
        }
    }
    found
}

fn path(meta: &Meta) -> Option<String> {
    match meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

fn answer(condition: &Meta) -> Answer {
    let Meta::List(list) = condition else {
        let off = ["test", "doctest"]
            .iter()
            .any(|w| condition.path().is_ident(w));
        return if off { Answer::No } else { Answer::Open };
    };
    let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    let Ok(parts) = parts else {
        return Answer::Open;
    };
    let answers: Vec<Answer> = parts.iter().map(answer).collect();
    let any = |wanted| answers.contains(&wanted);
    let all = |wanted| answers.iter().all(|a| *a == wanted);
    if list.path.is_ident("all") {
        match (any(Answer::No), all(Answer::Yes)) {
            (true, _) => Answer::No,
            (_, true) => Answer::Yes,
            _ => Answer::Open,
        }
    } else if list.path.is_ident("any") {
        match (any(Answer::Yes), all(Answer::No)) {
            (true, _) => Answer::Yes,
            (_, true) => Answer::No,
            _ => Answer::Open,
        }
    } else if list.path.is_ident("not") {
        match answers.first() {
            Some(Answer::Yes) => Answer::No,
            Some(Answer::No) => Answer::Yes,
            _ => Answer::Open,
        }
    } else {
        Answer::Open
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, answer, paths, test_only};
    use rstest::rstest;
    use syn::Attribute;

    fn attrs(text: &str) -> Vec<Attribute> {
        let item = syn::parse_str::<syn::ItemMod>(&format!("{text} mod m;"));
        item.expect("attributes").attrs
    }

    #[rstest]
    #[case("test", Answer::No)]
    #[case("all(test, loom)", Answer::No)]
    #[case("not(all(test, loom))", Answer::Yes)]
    #[case("any(test, unix)", Answer::Open)]
    #[case("any(doctest, test)", Answer::No)]
    #[case("all(unix, not(test))", Answer::Open)]
    #[case("feature = \"test\"", Answer::Open)]
    fn a_condition_is_answered_without_tests(#[case] condition: &str, #[case] wanted: Answer) {
        let condition = syn::parse_str(condition).expect("a condition");
        assert_eq!(answer(&condition), wanted);
    }

    #[test]
    fn a_test_function_is_no_code() {
        assert!(test_only(&attrs("#[test]")));
        assert!(!test_only(&attrs("#[inline]")));
    }

    #[test]
    fn a_path_under_a_condition_is_told_with_its_answer() {
        let attrs = attrs(
            "#[cfg_attr(all(test, loom), path = \"a.rs\")]
             #[cfg_attr(unix, path = \"b.rs\")]
             #[path = \"c.rs\"]",
        );
        let wanted = [
            (Answer::No, "a.rs"),
            (Answer::Open, "b.rs"),
            (Answer::Yes, "c.rs"),
        ];
        assert_eq!(paths(&attrs), wanted.map(|(a, p)| (a, p.to_owned())));
    }
}
