//! The error of the crate.

use core::fmt;

/// There is no memory for a request.
///
/// There are three causes: the allocator failed, the arena's limit would be exceeded, or the
/// rounded size cannot be represented. In each case the arena is as it was before the request.
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

/// The methods without `try_` call this on an error. It panics, so that an embedder who set a limit
/// can catch it.
#[cold]
#[inline(never)]
#[track_caller]
pub(crate) fn out_of_memory() -> ! {
    panic!("out of memory: {AllocError}");
}
