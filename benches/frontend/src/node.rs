//! The compact syntax tree that a file is lowered into: one node type, 40 bytes, all of it in the
//! file's arena.
//!
//! The kinds and the order of a node's fields are those of Python's own `Python.asdl`, with these
//! differences: a list of nodes is a node of kind [`Kind::List`], an absent or empty field is
//! `None`, `elif` branches stand in one list of clauses, and `async` is a flag in `op`.

use crate::parts::Parts;
use crate::table::Entry;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    // One field of several nodes; a name on its own.
    List,
    Identifier,
    // Module
    Module,
    // Statements
    FunctionDef,
    ClassDef,
    Return,
    Delete,
    TypeAlias,
    Assign,
    AugAssign,
    AnnAssign,
    For,
    While,
    If,
    Clause,
    With,
    WithItem,
    Match,
    MatchCase,
    Raise,
    Try,
    ExceptHandler,
    Assert,
    Import,
    ImportFrom,
    Alias,
    Global,
    Nonlocal,
    ExprStmt,
    Pass,
    Break,
    Continue,
    // Expressions
    BoolOp,
    NamedExpr,
    BinOp,
    UnaryOp,
    Lambda,
    IfExp,
    Dict,
    DictItem,
    Set,
    ListComp,
    SetComp,
    DictComp,
    GeneratorExp,
    Comprehension,
    Await,
    Yield,
    YieldFrom,
    Compare,
    Call,
    Keyword,
    JoinedStr,
    TemplateStr,
    Interpolation,
    Str,
    Bytes,
    Int,
    BigInt,
    Float,
    Complex,
    Bool,
    NoneValue,
    Ellipsis,
    Attribute,
    Subscript,
    Starred,
    Name,
    ListExpr,
    Tuple,
    Slice,
    Parameters,
    Parameter,
    // Patterns
    MatchValue,
    MatchSingleton,
    MatchSequence,
    MatchMapping,
    MatchClass,
    MatchStar,
    MatchAs,
    MatchOr,
    // Type parameters
    TypeVar,
    TypeVarTuple,
    ParamSpec,
}

/// What a node holds beside its fields.
pub enum Payload<'a, P: Parts> {
    /// Nothing.
    None,
    /// A name or a string literal, in the shared table.
    Symbol(&'a Entry<P>),
    /// An integer that fits.
    Int(u64),
    /// A float, or the imaginary part of a complex number.
    Float(f64),
    /// Bytes in the arena: a bytes literal, a big integer's digits, the text of `f"{x=}"`.
    Bytes(&'a &'a [u8]),
}

// Not derived: a derive would ask for `P: Copy` in places that have no use for it.
impl<P: Parts> Clone for Payload<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<P: Parts> Copy for Payload<'_, P> {}

/// A field of a node.
pub type Field<'a, P> = Option<&'a Node<'a, P>>;

/// A node of the tree.
pub struct Node<'a, P: Parts> {
    /// Where it begins in the decoded source.
    pub start: u32,
    /// What it is.
    pub kind: Kind,
    /// Its operator, context or flags; 0 if its kind has none.
    pub op: u8,
    /// What it holds beside its fields.
    pub payload: Payload<'a, P>,
    /// Its fields, in the order of `Python.asdl`.
    pub fields: &'a [Field<'a, P>],
}

impl<P: Parts> Clone for Node<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<P: Parts> Copy for Node<'_, P> {}

/// The shape of a tree as bytes, in pre-order: for each node its kind, its operator and the number
/// of its fields. Two trees of the same shape give the same bytes, wherever they lie in memory.
/// Walks with a stack of its own, so that no depth can overflow the thread's.
pub fn shape<P: Parts>(root: &Node<'_, P>, out: &mut Vec<u8>) -> u64 {
    let mut nodes = 0;
    let mut left = vec![root];
    while let Some(node) = left.pop() {
        nodes += 1;
        let symbol = match node.payload {
            Payload::Symbol(entry) => entry.text().len() as u8,
            Payload::Int(n) => n as u8,
            Payload::Float(x) => x.to_bits().rotate_left(8) as u8,
            Payload::Bytes(bytes) => bytes.len() as u8,
            Payload::None => 0,
        };
        out.extend_from_slice(&[node.kind as u8, node.op, symbol, node.fields.len() as u8]);
        left.extend(node.fields.iter().rev().flatten());
    }
    nodes
}
