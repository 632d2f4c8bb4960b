//! [bumpalo]: crate::coming_from_bumpalo
//! [design]: crate::design
#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc as alloc_crate;
#[cfg(feature = "std")]
extern crate std;

mod alloc;
#[cfg(feature = "allocator-api2")]
mod allocator;
mod arena;
mod block;
mod boxed;
mod bump;
#[cfg(feature = "c-api")]
#[cfg_attr(docsrs, doc(cfg(feature = "c-api")))]
pub mod c_api;
pub mod cache;
mod claim;
#[cfg(doctest)]
mod compile_fail;
mod copy;
mod error;
mod fill;
mod heap;
mod objects;
mod owned;
mod policy;
mod raw_vec;
mod refill;
mod returned;
mod scope;
mod segment;
mod slices;
mod stats;
mod string;
mod used;
mod vec;

#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/coming-from-bumpalo.md")]
pub mod coming_from_bumpalo {}

#[cfg(any(doc, doctest))]
#[doc = include_str!("../DESIGN.md")]
pub mod design {}

pub use arena::{Arena, NoObjects};
pub use block::ALIGNMENT;
pub use boxed::ArenaBox;
pub use claim::Claim;
pub use error::AllocError;
pub use fill::AllocOrInitError;
pub use objects::Iter;
pub use owned::Owned;
pub use policy::{BlockPolicy, DEFAULT_BLOCK_SIZE};
pub use stats::Stats;
pub use string::ArenaString;
pub use used::UsedBlocks;
pub use vec::ArenaVec;
