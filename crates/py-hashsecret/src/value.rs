//! [`PyHash`]: `hash()` of a value by its type. A nested tuple is one call.

use crate::collections::{Date, Time, hash_frozenset, hash_none};
use crate::number_native::{hash_f64, hash_i64, hash_i128, hash_tuple, hash_u64, hash_u128};
use crate::secret::HashSecret;

/// A value with a hash in Python. Implement it for your own keys.
///
/// | Rust | Python |
/// |---|---|
/// | `bool`, `i8` to `i128`, `u8` to `u128`, `isize`, `usize` | `bool`, `int` |
/// | `f32`, `f64` | `float`; not-a-numbers hash to 0, as before 3.10 (since then by identity) |
/// | `str`, `char`, `String` (feature `std`) | `str` |
/// | [`Bytes`] | `bytes` |
/// | `()`, `(A,)` to 12 of them, [`Tuple`] | `tuple` |
/// | [`FrozenSet`] | `frozenset` |
/// | `Option` | `None`, or the value |
/// | [`Date`], [`Time`] (without an offset) | `datetime.date`, `datetime.time` |
/// | [`Known`] | anything else whose hash you know |
///
/// A slice has no impl, because it could mean `bytes` or a `tuple`. Use [`Bytes`] or [`Tuple`].
///
/// # Examples
/// A nested tuple:
/// ```
/// use py_hashsecret::{HashSecret, hash_i64, hash_tuple};
///
/// let secret = HashSecret::from_seed(42);
/// // hash(("spam", 7, (None, 2.5)))
/// let hash = secret.hash_value(&("spam", 7, (None::<u8>, 2.5)));
/// let inner = secret.hash_value(&(None::<u8>, 2.5));
/// assert_eq!(hash, hash_tuple([secret.hash_str("spam"), hash_i64(7), inner]));
/// ```
/// Values that are only known when the program runs:
/// ```
/// use py_hashsecret::{HashSecret, PyHash, Tuple};
///
/// enum Json {
///     Null,
///     Number(f64),
///     Text(String),
///     List(Vec<Json>),
/// }
///
/// impl PyHash for Json {
///     fn py_hash(&self, secret: &HashSecret) -> isize {
///         match self {
///             Json::Null => None::<u8>.py_hash(secret),
///             Json::Number(number) => number.py_hash(secret),
///             Json::Text(text) => text.as_str().py_hash(secret),
///             Json::List(items) => Tuple(items).py_hash(secret),
///         }
///     }
/// }
///
/// let secret = HashSecret::from_seed(42);
/// let list = Json::List(vec![Json::Text("a".into()), Json::Number(1.0), Json::Null]);
/// assert_eq!(secret.hash_value(&list), secret.hash_value(&("a", 1, None::<u8>)));
/// ```
pub trait PyHash {
    /// `hash()` of this value under this secret.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::{HashSecret, PyHash};
    ///
    /// assert_eq!((-1).py_hash(&HashSecret::ZERO), -2);
    /// ```
    fn py_hash(&self, secret: &HashSecret) -> isize;
}

impl HashSecret {
    /// `hash()` of any value that has one: see [`PyHash`].
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashSecret;
    ///
    /// let secret = HashSecret::from_seed(42);
    /// assert_eq!(secret.hash_value("abc"), secret.hash_str("abc"));
    /// // PYTHONHASHSEED=42 python3 -c 'print(hash(("abc", (1, 2))))'
    /// # #[cfg(target_pointer_width = "64")]
    /// assert_eq!(secret.hash_value(&("abc", (1, 2))), 4462246439541255014);
    /// ```
    #[doc(alias = "PyObject_Hash")]
    #[inline]
    #[must_use]
    pub fn hash_value<T: PyHash + ?Sized>(&self, value: &T) -> isize {
        value.py_hash(self)
    }
}

/// These bytes as Python's `bytes`.
///
/// # Examples
/// ```
/// use py_hashsecret::{Bytes, HashSecret};
///
/// let secret = HashSecret::from_seed(42);
/// assert_eq!(secret.hash_value(&Bytes(b"abc")), secret.hash_bytes(b"abc"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bytes<'a>(pub &'a [u8]);

/// These values as one `tuple`.
///
/// # Examples
/// ```
/// use py_hashsecret::{HashSecret, Tuple};
///
/// let secret = HashSecret::from_seed(42);
/// assert_eq!(secret.hash_value(&Tuple(&["a", "b"])), secret.hash_value(&("a", "b")));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tuple<'a, T>(pub &'a [T]);

/// These values, of which no two are equal, as one `frozenset`.
///
/// # Examples
/// ```
/// use py_hashsecret::{FrozenSet, HashSecret};
///
/// let secret = HashSecret::from_seed(42);
/// let hash = secret.hash_value(&FrozenSet(&["a", "b"]));
/// assert_eq!(hash, secret.hash_value(&FrozenSet(&["b", "a"])));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FrozenSet<'a, T>(pub &'a [T]);

/// A value whose hash is already known: for example an object's, a number's from its text, or a
/// datetime's with an offset.
///
/// # Examples
/// ```
/// use py_hashsecret::{HashSecret, Known, hash_decimal_text};
///
/// let price = Known(hash_decimal_text("19.99", 0)?);
/// let hash = HashSecret::from_seed(42).hash_value(&("spam", price));
/// # let _ = hash;
/// # Ok::<(), py_hashsecret::NumberTextError<'_>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Known(pub isize);

macro_rules! impl_py_hash {
    ($($type:ty: |$value:ident, $secret:ident| $hash:expr;)*) => {$(
        impl PyHash for $type {
            #[inline]
            fn py_hash(&self, $secret: &HashSecret) -> isize {
                let $value = self;
                $hash
            }
        }
    )*};
}

impl_py_hash! {
    bool: |value, _secret| isize::from(*value);
    i8: |value, _secret| hash_i64((*value).into());
    i16: |value, _secret| hash_i64((*value).into());
    i32: |value, _secret| hash_i64((*value).into());
    i64: |value, _secret| hash_i64(*value);
    i128: |value, _secret| hash_i128(*value);
    isize: |value, _secret| hash_i64(*value as i64);
    u8: |value, _secret| hash_u64((*value).into());
    u16: |value, _secret| hash_u64((*value).into());
    u32: |value, _secret| hash_u64((*value).into());
    u64: |value, _secret| hash_u64(*value);
    u128: |value, _secret| hash_u128(*value);
    usize: |value, _secret| hash_u64(*value as u64);
    f32: |value, _secret| hash_f64((*value).into(), 0);
    f64: |value, _secret| hash_f64(*value, 0);
    str: |value, secret| secret.hash_str(value);
    char: |value, secret| secret.hash_str(value.encode_utf8(&mut [0; 4]));
    Bytes<'_>: |value, secret| secret.hash_bytes(value.0);
    Date: |value, secret| secret.hash_date(*value);
    Time: |value, secret| secret.hash_time(*value, None);
    Known: |value, _secret| value.0;
}

#[cfg(feature = "std")]
impl_py_hash! {
    std::string::String: |value, secret| secret.hash_str(value);
}

impl<T: PyHash + ?Sized> PyHash for &T {
    #[inline]
    fn py_hash(&self, secret: &HashSecret) -> isize {
        (**self).py_hash(secret)
    }
}

impl<T: PyHash> PyHash for Option<T> {
    #[inline]
    fn py_hash(&self, secret: &HashSecret) -> isize {
        self.as_ref()
            .map_or(hash_none(), |value| value.py_hash(secret))
    }
}

impl<T: PyHash> PyHash for Tuple<'_, T> {
    fn py_hash(&self, secret: &HashSecret) -> isize {
        hash_tuple(self.0.iter().map(|item| item.py_hash(secret)))
    }
}

impl<T: PyHash> PyHash for FrozenSet<'_, T> {
    fn py_hash(&self, secret: &HashSecret) -> isize {
        hash_frozenset(self.0.iter().map(|member| member.py_hash(secret)))
    }
}

macro_rules! impl_tuple {
    ($($item:ident)*) => {
        impl<$($item: PyHash),*> PyHash for ($($item,)*) {
            #[inline]
            #[allow(non_snake_case, unused_variables, reason = "as many variables as types")]
            fn py_hash(&self, secret: &HashSecret) -> isize {
                let ($($item,)*) = self;
                hash_tuple([$($item.py_hash(secret)),*])
            }
        }
    };
}

impl_tuple!();
impl_tuple!(A);
impl_tuple!(A B);
impl_tuple!(A B C);
impl_tuple!(A B C D);
impl_tuple!(A B C D E);
impl_tuple!(A B C D E F);
impl_tuple!(A B C D E F G);
impl_tuple!(A B C D E F G H);
impl_tuple!(A B C D E F G H I);
impl_tuple!(A B C D E F G H I J);
impl_tuple!(A B C D E F G H I J K);
impl_tuple!(A B C D E F G H I J K L);
