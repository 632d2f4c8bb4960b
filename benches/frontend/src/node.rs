//! The compact tree that a file is lowered to: nodes of 40 bytes, all in the file's arena.

use ruff_python_ast::NodeKind;

/// What a node holds beside its children.
#[derive(Clone, Copy, Debug)]
pub enum Payload<'a> {
    None,
    /// The number of a name or a string literal among the file's symbols.
    Symbol(u32),
    /// An integer that fits; how many parameters there are of each sort.
    Int(u64),
    /// A float, or the imaginary part of a complex number.
    Float(f64),
    /// In the arena: a bytes literal, a big integer's digits, several operators, `x=` of `f"{x=}"`.
    Bytes(&'a &'a [u8]),
}

#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    /// Where it begins in the decoded source.
    pub start: u32,
    /// What it is; `None` for the statements of a block.
    pub kind: Option<NodeKind>,
    /// Its operator, context or flags; 0 if its kind has none.
    pub op: u8,
    pub payload: Payload<'a>,
    /// In source order.
    pub children: &'a [&'a Node<'a>],
}

/// The shape of a tree as bytes, in pre-order; gives the number of nodes. Two trees of the same
/// shape give the same bytes, wherever they are in memory.
///
/// It walks with a stack of its own, so that no depth can overflow the thread's.
pub fn shape(root: &Node<'_>, out: &mut Vec<[u8; 4]>) -> u64 {
    let mut nodes = 0;
    let mut left = vec![root];
    while let Some(node) = left.pop() {
        nodes += 1;
        let payload = match node.payload {
            Payload::None => 0,
            Payload::Symbol(number) => number as u8,
            Payload::Int(n) => (n % 251) as u8,
            Payload::Float(x) => x.to_bits().rotate_left(8) as u8,
            Payload::Bytes(bytes) => bytes.iter().fold(0, |sum: u8, b| sum.rotate_left(1) ^ b),
        };
        let kind = node.kind.map_or(u8::MAX, |kind| kind as u8);
        out.push([kind, node.op, payload, node.children.len() as u8]);
        left.extend(node.children.iter().rev());
    }
    nodes
}
