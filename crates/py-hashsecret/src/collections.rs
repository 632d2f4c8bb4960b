//! Hashes of `None`, frozensets, ranges, UUIDs, and the types of Python's datetime module. On a
//! 64-bit machine they are those of a 64-bit CPython.

use crate::number_native::{hash_i64, hash_tuple, hash_u128};
use crate::secret::{HashSecret, SECRET_SIZE};

/// `hash(None)` since CPython 3.12.
///
/// CPython: Objects/object.c, `none_hash`.
///
/// # Examples
/// ```
/// # #[cfg(target_pointer_width = "64")]
/// assert_eq!(py_hashsecret::hash_none(), 0xFCA86420);
/// ```
#[doc(alias = "none_hash")]
#[must_use]
pub const fn hash_none() -> isize {
    0xFCA8_6420_u32 as isize
}

/// `hash()` of a frozenset, from the hashes of its members in any order.
///
/// CPython: Objects/setobject.c, `frozenset_hash`.
///
/// # Examples
/// ```
/// use py_hashsecret::{hash_frozenset, hash_i64};
///
/// let one_two = hash_frozenset([hash_i64(1), hash_i64(2)]);
/// assert_eq!(one_two, hash_frozenset([hash_i64(2), hash_i64(1)]));
/// ```
#[doc(alias = "frozenset_hash")]
#[must_use]
pub fn hash_frozenset(hashes: impl IntoIterator<Item = isize>) -> isize {
    let mut hash = 0_usize;
    let mut len = 0_usize;
    for member in hashes {
        let member = member as usize;
        hash ^= ((member ^ 89_869_747) ^ (member << 16)).wrapping_mul(3_644_798_167_u32 as usize);
        len = len.wrapping_add(1);
    }
    hash ^= len.wrapping_add(1).wrapping_mul(1_927_868_237);
    hash ^= (hash >> 11) ^ (hash >> 25);
    hash = hash.wrapping_mul(69_069).wrapping_add(907_133_923);
    if hash == usize::MAX {
        return 590_923_713;
    }
    hash as isize
}

/// `hash()` of a range, from its length and the hashes of its start and step.
///
/// CPython: Objects/rangeobject.c, `range_hash`.
///
/// # Examples
/// ```
/// use py_hashsecret::{hash_i64, hash_range};
///
/// // range(0) == range(5, 5): all empty ranges are equal.
/// assert_eq!(hash_range(0, 0, 1), hash_range(0, hash_i64(5), 1));
/// ```
#[doc(alias = "range_hash")]
#[must_use]
pub fn hash_range(len: u64, start: isize, step: isize) -> isize {
    let none = hash_none();
    let start = if len > 0 { start } else { none };
    let step = if len > 1 { step } else { none };
    hash_tuple([crate::number_native::hash_u64(len), start, step])
}

/// `hash()` of a `uuid.UUID`, from its 128 bits.
///
/// # Examples
/// ```
/// let uuid = 0x12345678_1234_5678_1234_567812345678_u128;
/// assert_eq!(py_hashsecret::hash_uuid(uuid), py_hashsecret::hash_u128(uuid));
/// ```
#[must_use]
pub const fn hash_uuid(bits: u128) -> isize {
    hash_u128(bits)
}

/// Microseconds in a day.
const DAY: i128 = 86_400_000_000;

/// `hash()` of a `datetime.timedelta` of this many microseconds.
///
/// CPython: Modules/_datetimemodule.c, `delta_hash`.
///
/// # Examples
/// ```
/// use py_hashsecret::{hash_i64, hash_timedelta, hash_tuple};
///
/// // timedelta(microseconds=-1) is -1 day, 86399 seconds and 999999 microseconds.
/// let parts = [-1, 86_399, 999_999].map(hash_i64);
/// assert_eq!(hash_timedelta(-1), hash_tuple(parts));
/// ```
#[doc(alias = "delta_hash")]
#[must_use]
pub fn hash_timedelta(microseconds: i128) -> isize {
    let (days, rest) = (microseconds.div_euclid(DAY), microseconds.rem_euclid(DAY));
    let parts = [days, rest / 1_000_000, rest % 1_000_000];
    hash_tuple(parts.map(|part| hash_i64(part as i64)))
}

/// A date, as `datetime.date` has it: year 1 to 9999, month 1 to 12, day 1 to 31.
///
/// # Examples
/// ```
/// let leap = py_hashsecret::Date { year: 2024, month: 2, day: 29 };
/// assert_eq!(leap.month, 2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the type says what they are")]
pub struct Date {
    pub year: u16,
    pub month: u8,
    pub day: u8,
}

/// A time of day, as `datetime.time` has it. `fold` does not affect the hash.
///
/// # Examples
/// ```
/// let noon = py_hashsecret::Time { hour: 12, minute: 0, second: 0, microsecond: 0 };
/// assert_eq!(noon.hour, 12);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the type says what they are")]
pub struct Time {
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
    pub microsecond: u32,
}

impl Date {
    const fn bytes(self) -> [u8; 4] {
        let [high, low] = self.year.to_be_bytes();
        [high, low, self.month, self.day]
    }

    /// `date.toordinal()`: 1 January of year 1 is 1.
    fn ordinal(self) -> i128 {
        const BEFORE: [u16; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
        let year = u32::from(self.year);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let past = year.saturating_sub(1);
        let month = usize::from(self.month.clamp(1, 12)) - 1;
        let days = past * 365 + past / 4 - past / 100 + past / 400;
        let within = u32::from(BEFORE[month]) + u32::from(leap && month > 1);
        i128::from(days + within + u32::from(self.day))
    }
}

impl Time {
    const fn bytes(self) -> [u8; 6] {
        let [_, a, b, c] = self.microsecond.to_be_bytes();
        [self.hour, self.minute, self.second, a, b, c]
    }

    fn microseconds(self) -> i128 {
        let minutes = i128::from(self.hour) * 60 + i128::from(self.minute);
        (minutes * 60 + i128::from(self.second)) * 1_000_000 + i128::from(self.microsecond)
    }
}

impl HashSecret {
    /// A secret with these SipHash keys, and zeros after them. It is for the keys of another
    /// process, or of a test vector.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashSecret;
    ///
    /// assert_eq!(HashSecret::from_keys(1, 2).siphash_keys(), (1, 2));
    /// ```
    #[must_use]
    pub const fn from_keys(k0: u64, k1: u64) -> Self {
        let (low, high) = (k0.to_le_bytes(), k1.to_le_bytes());
        let mut bytes = [0; SECRET_SIZE];
        let mut i = 0;
        while i < 8 {
            bytes[i] = low[i];
            bytes[8 + i] = high[i];
            i += 1;
        }
        HashSecret::from_bytes(bytes)
    }

    /// `hash()` of a `datetime.date`.
    ///
    /// CPython: Modules/_datetimemodule.c, `date_hash`.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::{Date, HashSecret};
    ///
    /// let date = Date { year: 2026, month: 11, day: 27 };
    /// let hash = HashSecret::from_seed(1).hash_date(date);
    /// assert_eq!(hash, HashSecret::from_seed(1).hash_bytes(&[0x07, 0xea, 11, 27]));
    /// ```
    #[doc(alias = "date_hash")]
    #[must_use]
    pub const fn hash_date(&self, date: Date) -> isize {
        self.hash_bytes(&date.bytes())
    }

    /// `hash()` of a `datetime.time`. `offset` is its `utcoffset()` in microseconds; `None` where
    /// it has no tzinfo, or one that gives none.
    ///
    /// CPython: Modules/_datetimemodule.c, `time_hash`.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::{HashSecret, Time};
    ///
    /// let secret = HashSecret::from_seed(1);
    /// let at = |hour| Time { hour, minute: 0, second: 0, microsecond: 0 };
    /// let hour = 3_600_000_000;
    /// assert_eq!(secret.hash_time(at(5), Some(2 * hour)), secret.hash_time(at(4), Some(hour)));
    /// ```
    #[doc(alias = "time_hash")]
    #[must_use]
    pub fn hash_time(&self, time: Time, offset: Option<i64>) -> isize {
        match offset {
            None => self.hash_bytes(&time.bytes()),
            Some(offset) => hash_timedelta(time.microseconds() - i128::from(offset)),
        }
    }

    /// `hash()` of a `datetime.datetime`. `offset` is its `utcoffset()` in microseconds, with
    /// `fold=0`; `None` where it has no tzinfo, or one that gives none.
    ///
    /// CPython: Modules/_datetimemodule.c, `datetime_hash`.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::{Date, HashSecret, Time};
    ///
    /// let date = Date { year: 2026, month: 11, day: 27 };
    /// let noon = Time { hour: 12, minute: 0, second: 0, microsecond: 0 };
    /// let utc = HashSecret::ZERO.hash_datetime(date, noon, Some(0));
    /// // An aware one is hashed as a time span, so no secret counts.
    /// assert_eq!(utc, HashSecret::from_seed(7).hash_datetime(date, noon, Some(0)));
    /// ```
    #[doc(alias = "datetime_hash")]
    #[must_use]
    pub fn hash_datetime(&self, date: Date, time: Time, offset: Option<i64>) -> isize {
        let Some(offset) = offset else {
            let mut bytes = [0; 10];
            bytes[..4].copy_from_slice(&date.bytes());
            bytes[4..].copy_from_slice(&time.bytes());
            return self.hash_bytes(&bytes);
        };
        let span = date.ordinal() * DAY + time.microseconds();
        hash_timedelta(span - i128::from(offset))
    }
}
