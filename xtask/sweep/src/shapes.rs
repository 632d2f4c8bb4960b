//! Questions about the shape of a piece of syntax.

use crate::sites::name;
use syn::{Expr, Stmt};

/// A chain of conditions, one of which matches a pattern.
pub fn has_let(e: &Expr) -> bool {
    match e {
        Expr::Let(_) => true,
        Expr::Binary(e) => has_let(&e.left) || has_let(&e.right),
        _ => false,
    }
}

/// Statements that stand in a row and leave it at the end.
pub fn movable(statement: &Stmt) -> bool {
    match statement {
        Stmt::Local(local) => {
            let Some(init) = &local.init else {
                return false;
            };
            let lent = matches!(&*init.expr, Expr::Reference(_) | Expr::Closure(_));
            name(&local.pat).is_some() && init.diverge.is_none() && !lent && local.attrs.is_empty()
        }
        Stmt::Expr(e, Some(_)) => {
            matches!(
                e,
                Expr::Call(_) | Expr::MethodCall(_) | Expr::Assign(_) | Expr::Binary(_)
            )
        }
        _ => false,
    }
}

/// `_`, or a new name: not `None`, nor a constant.
pub fn catches_all(pat: &syn::Pat) -> bool {
    match pat {
        syn::Pat::Wild(_) => true,
        syn::Pat::Ident(p) => {
            let lower = p.ident.to_string().chars().all(|c| !c.is_uppercase());
            lower && p.subpat.is_none()
        }
        _ => false,
    }
}

/// Marked as what only tests or models compile.
pub fn only_for_tests(attrs: &[syn::Attribute]) -> bool {
    attrs.iter().any(|a| {
        a.path().is_ident("test")
            || a.path().is_ident("cfg")
                && a.meta.require_list().is_ok_and(|l| {
                    let words = l.tokens.to_string();
                    words == "test"
                        || words.starts_with("all (test")
                        || words.starts_with("all(test")
                })
    })
}
