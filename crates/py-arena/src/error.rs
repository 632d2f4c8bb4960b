//! The one error of the crate.

use core::fmt;

/// The memory for a request could not be had.
///
/// The allocator refused, the arena's limit would be passed, or the size cannot be represented
/// once it is rounded up. Whichever it was, the arena is as it was before the request.
///
/// # Examples
/// ```
/// let arena = py_arena::Arena::new();
/// let error = arena.malloc(usize::MAX).unwrap_err();
/// assert_eq!(error.to_string(), "the arena could not get the memory");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AllocError;

impl fmt::Display for AllocError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the arena could not get the memory")
    }
}

impl core::error::Error for AllocError {}

/// What the infallible forms do when their `try_` twin fails: panic, so that an embedder who set a
/// limit can catch it.
#[cold]
#[inline(never)]
#[track_caller]
pub(crate) fn out_of_memory() -> ! {
    panic!("out of memory: {AllocError}");
}
