//! Random bytes from the operating system: `pyurandom`. This is the only file that names getrandom.
//!
//! CPython asks Linux with `GRND_NONBLOCK`, and reads `/dev/urandom` while the kernel's pool is not
//! ready. So an interpreter in early boot never waits (PEP 524), and may get weak bytes. getrandom
//! waits for the pool instead: the bytes are never weak, but a process that starts early in boot
//! may wait.

use core::fmt;

/// The system gave no random bytes. Its text is CPython's.
///
/// # Examples
/// ```
/// use py_hashsecret::{EntropyError, HashSecret, HashSeed};
///
/// fn secret() -> Result<HashSecret, EntropyError> {
///     HashSecret::from_hash_seed(HashSeed::Fixed(1))
/// }
/// assert!(secret().is_ok());
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EntropyError(Cause);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    #[cfg(feature = "getrandom")]
    Source(getrandom::Error),
    #[cfg(feature = "getrandom")]
    Zeros,
    #[cfg(not(feature = "getrandom"))]
    NoSource,
}

impl EntropyError {
    /// The operating system's error code, if it gave one.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::{HashSecret, HashSeed};
    ///
    /// match HashSecret::from_hash_seed(HashSeed::Random) {
    ///     Ok(secret) => assert_ne!(secret, HashSecret::ZERO),
    ///     Err(error) => eprintln!("{error} (errno {:?})", error.raw_os_error()),
    /// }
    /// ```
    #[must_use]
    pub fn raw_os_error(&self) -> Option<i32> {
        match self.0 {
            // The code is an i32 on most systems, and wider or unsigned on a few.
            #[cfg(feature = "getrandom")]
            #[allow(clippy::useless_conversion, clippy::unnecessary_fallible_conversions)]
            Cause::Source(error) => error.raw_os_error().and_then(|code| code.try_into().ok()),
            _ => None,
        }
    }
}

impl fmt::Display for EntropyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed to get random numbers to initialize Python")
    }
}

impl fmt::Debug for EntropyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EntropyError").field(&self.0).finish()
    }
}

impl core::error::Error for EntropyError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.0 {
            #[cfg(feature = "getrandom")]
            Cause::Source(error) => Some(error),
            _ => None,
        }
    }
}

/// `N` random bytes.
#[cfg(feature = "getrandom")]
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], EntropyError> {
    checked(getrandom::fill)
}

/// Without the feature `getrandom` there is no source.
#[cfg(not(feature = "getrandom"))]
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], EntropyError> {
    Err(EntropyError(Cause::NoSource))
}

/// The bytes of `fill`, and an error if they are all zero. 24 zeros come up once in 2^192 draws, so
/// they mean a source that fills nothing. They would switch randomisation off without a warning.
#[cfg(feature = "getrandom")]
fn checked<const N: usize>(
    fill: impl FnOnce(&mut [u8]) -> Result<(), getrandom::Error>,
) -> Result<[u8; N], EntropyError> {
    let mut bytes = [0; N];
    fill(&mut bytes).map_err(|error| EntropyError(Cause::Source(error)))?;
    if bytes == [0; N] {
        return Err(EntropyError(Cause::Zeros));
    }
    Ok(bytes)
}

#[cfg(all(test, not(loom), feature = "getrandom"))]
mod tests {
    use super::*;
    use core::error::Error;

    #[test]
    fn a_source_that_fills_nothing_is_an_error() {
        let error = checked::<24>(|_| Ok(())).unwrap_err();
        assert_eq!(error, EntropyError(Cause::Zeros));
        assert!(error.source().is_none() && error.raw_os_error().is_none());
    }

    #[test]
    fn a_failing_source_is_an_error_with_cpythons_words() {
        let error = checked::<24>(|_| Err(getrandom::Error::UNSUPPORTED)).unwrap_err();
        let text = "failed to get random numbers to initialize Python";
        assert_eq!(error.to_string(), text);
        assert!(error.source().is_some());
    }

    #[test]
    fn what_the_source_gives_is_what_comes_back() {
        let bytes = checked::<3>(|out| {
            out.copy_from_slice(&[0, 7, 0]);
            Ok(())
        });
        assert_eq!(bytes, Ok([0, 7, 0]));
    }
}
