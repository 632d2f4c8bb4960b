#![doc = include_str!("../README.md")]

mod ident;

pub use ident::{Ident, LogicalThread};
