//! Values that nest: made from bytes, hashed by us and by the model, and written down for the live python.

use super::model;
use arbitrary::Arbitrary;
use py_hashsecret::{Bytes, FrozenSet, HashSecret, PyHash, Tuple};
use std::fmt::Write as _;

/// Not of length one, since CPython shares those objects, and they know their hash under another secret.
#[derive(Arbitrary, Clone, Debug, PartialEq)]
pub(super) struct Text(Vec<char>);

impl Text {
    fn get(&self) -> String {
        let twice = if self.0.len() == 1 { 2 } else { 1 };
        self.0.repeat(twice).into_iter().collect()
    }
}

#[derive(Arbitrary, Clone, Debug, PartialEq)]
pub(super) struct Octets(Vec<u8>);

impl Octets {
    fn get(&self) -> Vec<u8> {
        let twice = if self.0.len() == 1 { 2 } else { 1 };
        self.0.repeat(twice)
    }
}

/// What a set may have as a member: of these, equal means the same.
#[derive(Arbitrary, Clone, Debug, PartialEq)]
pub(super) enum Member {
    Int(i64),
    Text(Text),
    Octets(Octets),
    Both(i64, Text),
}

#[derive(Arbitrary, Clone, Debug, PartialEq)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(Text),
    Octets(Octets),
    Tuple(Vec<Value>),
    Set(Vec<Member>),
}

impl Member {
    fn value(&self) -> Value {
        match self {
            Member::Int(n) => Value::Int((*n).into()),
            Member::Text(text) => Value::Text(text.clone()),
            Member::Octets(octets) => Value::Octets(octets.clone()),
            Member::Both(n, text) => {
                Value::Tuple(vec![Value::Int((*n).into()), Value::Text(text.clone())])
            }
        }
    }
}

fn distinct(members: &[Member]) -> Vec<Value> {
    let mut all = Vec::new();
    for member in members.iter().map(Member::value) {
        if !all.contains(&member) {
            all.push(member);
        }
    }
    all
}

/// One that is not a number is hashed by its address.
fn hashable(x: f64) -> f64 {
    if x.is_nan() { 0.5 } else { x }
}

impl PyHash for Value {
    fn py_hash(&self, secret: &HashSecret) -> isize {
        match self {
            Value::None => secret.hash_value(&None::<u8>),
            Value::Bool(b) => secret.hash_value(b),
            Value::Int(n) => secret.hash_value(n),
            Value::Float(x) => secret.hash_value(&hashable(*x)),
            Value::Text(text) => secret.hash_value(&text.get()),
            Value::Octets(octets) => secret.hash_value(&Bytes(&octets.get())),
            Value::Tuple(items) => secret.hash_value(&Tuple(items)),
            Value::Set(members) => secret.hash_value(&FrozenSet(&distinct(members))),
        }
    }
}

impl Value {
    /// Whether the live python can be asked. It makes its sets under its own secret, so that what is in
    /// them must have the same hash under any.
    pub(super) fn can_be_asked(&self) -> bool {
        match self {
            Value::Tuple(items) => items.iter().all(Value::can_be_asked),
            Value::Set(members) => members.iter().all(|m| matches!(m, Member::Int(_))),
            _ => true,
        }
    }

    /// By the model.
    pub(super) fn modelled(&self, secret: &HashSecret) -> i64 {
        let all = |values: &[Value]| {
            values
                .iter()
                .map(|v| v.modelled(secret))
                .collect::<Vec<_>>()
        };
        match self {
            Value::None => 0xFCA8_6420,
            Value::Bool(b) => i64::from(*b),
            Value::Int(n) => {
                let size = n.unsigned_abs();
                model::int(*n < 0, &[size as u64, (size >> 64) as u64])
            }
            Value::Float(x) => model::float(hashable(*x)),
            Value::Text(text) => {
                let text: Vec<u32> = text.get().chars().map(u32::from).collect();
                model::text(secret, &text)
            }
            Value::Octets(octets) => model::bytes(secret, &octets.get()),
            Value::Tuple(items) => model::tuple(&all(items)),
            Value::Set(members) => model::frozen_set(&all(&distinct(members))),
        }
    }

    /// As the live python reads it: JSON, with `{"b": hex}` for bytes and `{"f": [..]}` for a set.
    pub(super) fn write(&self, out: &mut String) {
        let list = |out: &mut String, values: &[Value]| {
            out.push('[');
            for (i, value) in values.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                value.write(out);
            }
            out.push(']');
        };
        match self {
            Value::None => out.push_str("null"),
            Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
            Value::Int(n) => write!(out, "{n}").expect("a string takes it"),
            Value::Float(x) => match hashable(*x) {
                x if x.is_infinite() => {
                    out.push_str(if x > 0.0 { "Infinity" } else { "-Infinity" })
                }
                // With a point or an exponent, so that it is no int.
                x => write!(out, "{x:e}").expect("a string takes it"),
            },
            Value::Text(text) => {
                out.push('"');
                for unit in text.get().encode_utf16() {
                    write!(out, "\\u{unit:04x}").expect("a string takes it");
                }
                out.push('"');
            }
            Value::Octets(octets) => {
                write!(out, "{{\"b\":\"{}\"}}", crate::python::hex(&octets.get()))
                    .expect("a string takes it");
            }
            Value::Tuple(items) => list(out, items),
            Value::Set(members) => {
                out.push_str("{\"f\":");
                list(out, &distinct(members));
                out.push('}');
            }
        }
    }
}
