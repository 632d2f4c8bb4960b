//! [design]: crate::design
#![cfg_attr(all(feature = "std", feature = "getrandom"), doc = include_str!("../README.md"))]
#![cfg_attr(
    not(all(feature = "std", feature = "getrandom")),
    doc = "CPython's hash secret and hashes. The front page is README.md."
)]
#![cfg_attr(not(any(feature = "std", test)), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(feature = "urandom"), forbid(unsafe_code))]
#![deny(unsafe_code)]

mod algorithm;
mod any_sink;
#[cfg(all(feature = "c-api", unix))]
#[cfg_attr(docsrs, doc(cfg(feature = "c-api")))]
pub mod c_api;
#[cfg(feature = "std")]
mod cell;
mod collections;
mod config;
mod entropy;
mod hasher;
mod kind;
mod lcg;
mod legacy;
mod many;
#[cfg(all(test, loom, feature = "std"))]
mod model;
mod number;
mod number_error;
mod number_native;
mod number_syntax;
mod number_text;
#[cfg(all(feature = "std", not(all(test, loom))))]
mod process;
mod residue;
mod secret;
mod seed;
mod sink;
mod sip;
#[cfg(feature = "std")]
mod sync;
#[cfg(all(feature = "urandom", unix))]
mod sys;
mod text;
mod unicode;
#[cfg(all(feature = "urandom", unix))]
mod urandom;
mod utf8;
mod value;
mod width;

#[cfg(any(doc, doctest))]
#[doc = include_str!("../DESIGN.md")]
pub mod design {}

pub use algorithm::{ByteOrder, HashAlgorithm, HashInfo};
pub use collections::{
    Date, Time, hash_frozenset, hash_none, hash_range, hash_timedelta, hash_uuid,
};
pub use config::HashConfig;
pub use entropy::EntropyError;
pub use hasher::{SipHasher, SipHasher13, SipHasher24};
pub use lcg::lcg_urandom;
pub use number_error::{MAX_STR_DIGITS, NumberTextError, NumberTextErrorKind};
pub use number_native::{
    hash_complex, hash_decimal, hash_decimal_text, hash_digits, hash_f64, hash_fraction,
    hash_fraction_text, hash_i64, hash_i128, hash_int_text, hash_int_text_with_limit, hash_limbs,
    hash_pointer, hash_tuple, hash_u64, hash_u128,
};
#[cfg(all(feature = "std", not(all(test, loom))))]
pub use process::{InitError, init, init_with, reset, secret};
pub use secret::{HashSecret, SECRET_SIZE};
pub use seed::{HashSeed, ParseHashSeedError, ParseHashSeedErrorKind, UnsignedLong};
pub use sip::keyed_hash;
pub use text::Wtf8Error;
#[cfg(all(feature = "urandom", unix))]
pub use urandom::{Wait, urandom};
pub use value::{Bytes, FrozenSet, Known, PyHash, Tuple};
pub use width::HashWidth;

/// The algorithm of [`HashSecret::hash_bytes`] as CPython names it: `sys.hash_info.algorithm`.
///
/// # Examples
/// ```
/// assert_eq!(py_hashsecret::ALGORITHM, "siphash13");
/// ```
pub const ALGORITHM: &str = "siphash13";
