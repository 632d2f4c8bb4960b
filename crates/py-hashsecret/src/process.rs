//! The secret of the process, which is made once from `PYTHONHASHSEED`. This is the only file that
//! reads the environment.
//!
//! The secret is in one [`SecretCell`]. Readers take no lock. The lock `INIT` lets one caller at a
//! time store a secret (I1 of the cell), so that concurrent first calls agree.

use crate::cell::SecretCell;
use crate::entropy::EntropyError;
use crate::secret::HashSecret;
use crate::seed::{HashSeed, ParseHashSeedError, UnsignedLong};
use core::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

static SECRET: SecretCell = SecretCell::new();
static INIT: Mutex<()> = Mutex::new(());

/// Takes the lock and ignores poison: it guards no data, so a panic of a holder has broken nothing.
fn lock() -> MutexGuard<'static, ()> {
    INIT.lock().unwrap_or_else(PoisonError::into_inner)
}

impl HashSeed {
    /// Reads `PYTHONHASHSEED` from the environment of this process. Unset or empty is
    /// [`Random`](HashSeed::Random).
    ///
    /// The rules are those of this machine's C library ([`parse_with`](Self::parse_with) with
    /// [`UnsignedLong::NATIVE`]). So a CPython on the same machine reads the same seed.
    ///
    /// CPython: `Python/initconfig.c`, `config_init_hash_seed`.
    ///
    /// # Errors
    /// [`ParseHashSeedError`] for a value that stops CPython's start.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashSeed;
    ///
    /// match HashSeed::from_env() {
    ///     Ok(seed) => println!("sys.flags.hash_randomization = {}", seed.is_randomized()),
    ///     Err(error) => eprintln!("Fatal Python error: config_init_hash_seed: {error}"),
    /// }
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "std")))]
    #[doc(alias = "config_init_hash_seed")]
    pub fn from_env() -> Result<HashSeed, ParseHashSeedError> {
        match std::env::var_os("PYTHONHASHSEED") {
            None => Ok(HashSeed::Random),
            Some(value) => HashSeed::parse_with(value.as_encoded_bytes(), UnsignedLong::NATIVE),
        }
    }
}

/// Makes the secret of this process from its environment. Only the first call makes one, and later
/// calls return it.
///
/// After an error nothing is stored, and the next call tries again. Threads that call at the same
/// time get the same secret. Once there is a secret, a call is a few loads.
///
/// CPython: `Python/bootstrap_hash.c`, `_Py_HashRandomization_Init`.
///
/// # Blocking
/// As `HashSecret::random`. Also for a few stores, while another thread stores its secret.
///
/// # Errors
/// [`InitError`] if `PYTHONHASHSEED` is invalid, or if the system gives no random bytes.
///
/// # Examples
/// ```
/// # if !cfg!(feature = "getrandom") { return; }
/// use py_hashsecret::{init, secret};
///
/// match init() {
///     Ok(made) => assert_eq!(secret(), made),
///     Err(error) => {
///         eprintln!("{}", error.fatal_error());
///         std::process::exit(1);
///     }
/// }
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "std")))]
#[doc(alias = "_Py_HashRandomization_Init")]
pub fn init() -> Result<HashSecret, InitError> {
    init_by(|| HashSeed::from_env().map_err(InitError::Seed))
}

/// Makes the secret of this process from this seed. Only the first call makes one; later calls
/// return it, and ignore their seed.
///
/// It is for a runtime with options of its own. CPython's `-R`, `-E` and `-I` are
/// [`HashSeed::Random`], and ignore the variable even if it is invalid.
///
/// CPython: `Python/bootstrap_hash.c`, `_Py_HashRandomization_Init`, with `use_hash_seed` and
/// `hash_seed` of `PyConfig`.
///
/// # Blocking
/// As [`init`].
///
/// # Errors
/// [`InitError::Entropy`], for [`HashSeed::Random`] alone.
///
/// # Examples
/// ```
/// use py_hashsecret::{HashSecret, HashSeed, init_with};
///
/// assert_eq!(init_with(HashSeed::Fixed(1))?, HashSecret::from_seed(1));
/// assert_eq!(init_with(HashSeed::Fixed(2))?, HashSecret::from_seed(1));
/// # Ok::<(), py_hashsecret::InitError>(())
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "std")))]
pub fn init_with(seed: HashSeed) -> Result<HashSecret, InitError> {
    init_by(|| Ok(seed))
}

fn init_by(seed: impl FnOnce() -> Result<HashSeed, InitError>) -> Result<HashSecret, InitError> {
    if let Some(secret) = SECRET.get() {
        return Ok(secret);
    }
    // The secret is made before the lock is taken. So the lock is held for a few stores only: a
    // fork seldom finds it held, and no thread waits for another's random bytes.
    let secret = HashSecret::from_hash_seed(seed()?).map_err(InitError::Entropy)?;
    let _one_at_a_time = lock();
    if let Some(first) = SECRET.get() {
        return Ok(first);
    }
    SECRET.set(&secret);
    Ok(secret)
}

/// The secret of this process. The first use makes it, as [`init`] does.
///
/// # Blocking
/// On first use, as [`init`].
///
/// # Panics
/// On first use, with the text of CPython's fatal error, if `PYTHONHASHSEED` is invalid or the
/// system gives no random bytes. A program that must not panic calls [`init`] first.
///
/// # Examples
/// ```
/// # py_hashsecret::init_with(py_hashsecret::HashSeed::Fixed(1)).unwrap();
/// use py_hashsecret::secret;
///
/// assert_eq!(secret().hash_str("spam"), secret().hash_bytes(b"spam"));
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "std")))]
#[doc(alias = "_Py_HashSecret")]
#[inline]
#[must_use]
pub fn secret() -> HashSecret {
    match SECRET.get() {
        Some(secret) => secret,
        None => first_secret(),
    }
}

#[cold]
fn first_secret() -> HashSecret {
    match init() {
        Ok(secret) => secret,
        Err(error) => panic!("{}", error.fatal_error()),
    }
}

/// Removes the secret of this process, for tests. The next [`init`] makes a new one.
///
/// Old hashes do not change, so a table that stores some no longer finds its keys.
///
/// # Examples
/// ```
/// use py_hashsecret::{HashSecret, HashSeed, init_with, reset};
///
/// init_with(HashSeed::Fixed(1))?;
/// reset();
/// assert_eq!(init_with(HashSeed::Fixed(2))?, HashSecret::from_seed(2));
/// # Ok::<(), py_hashsecret::InitError>(())
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "std")))]
pub fn reset() {
    let _one_at_a_time = lock();
    SECRET.clear();
}

/// Why the process has no secret. Its text is CPython's.
///
/// # Examples
/// ```
/// use py_hashsecret::{HashSeed, InitError};
///
/// let error = InitError::Seed(HashSeed::parse(b"abc").unwrap_err());
/// assert_eq!(
///     error.to_string(),
///     r#"PYTHONHASHSEED must be "random" or an integer in range [0; 4294967295]"#,
/// );
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "std")))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InitError {
    /// `PYTHONHASHSEED` is invalid.
    Seed(ParseHashSeedError),
    /// The system gave no random bytes.
    Entropy(EntropyError),
}

impl InitError {
    /// The line that CPython prints before it ends: `Fatal Python error: `, the C function that
    /// failed, and the message. CPython's exit status is 1 then.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::{HashSeed, InitError};
    ///
    /// let error = InitError::Seed(HashSeed::parse(b"-1").unwrap_err());
    /// assert_eq!(
    ///     error.fatal_error().to_string(),
    ///     "Fatal Python error: config_init_hash_seed: \
    ///      PYTHONHASHSEED must be \"random\" or an integer in range [0; 4294967295]",
    /// );
    /// ```
    #[must_use]
    pub fn fatal_error(&self) -> impl fmt::Display + use<> {
        FatalError(*self)
    }
}

struct FatalError(InitError);

impl fmt::Display for FatalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let function = match self.0 {
            InitError::Seed(_) => "config_init_hash_seed",
            InitError::Entropy(_) => "_Py_HashRandomization_Init",
        };
        write!(f, "Fatal Python error: {function}: {}", self.0)
    }
}

impl fmt::Display for InitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InitError::Seed(error) => error.fmt(f),
            InitError::Entropy(error) => error.fmt(f),
        }
    }
}

// No `source`, because the text is already that of the inner error.
impl core::error::Error for InitError {}
