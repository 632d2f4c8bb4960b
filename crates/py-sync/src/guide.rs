//! Pages of documentation, without code.

#[doc = include_str!("../docs/coming-from-parking-lot.md")]
pub mod coming_from_parking_lot {}

#[doc = include_str!("../docs/forks-and-signals.md")]
pub mod forks_and_signals {}

#[doc = include_str!("../docs/cpython.md")]
pub mod cpython {}

#[doc = include_str!("../DESIGN.md")]
pub mod design {}
