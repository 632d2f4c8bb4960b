//! Copies into fresh memory. The code is tuned for slices as short as the names in source code.

use crate::bump::Reserve;
use crate::error::AllocError;
use core::ptr::{self, NonNull};
use core::slice;

/// Copies a slice to memory reserved for it.
#[inline]
pub(crate) fn slice_of<'a, T: Copy>(
    mut place: impl Reserve,
    from: &[T],
) -> Result<&'a mut [T], AllocError> {
    let size = size_of_val(from);
    let to = if size == 0 {
        NonNull::dangling()
    } else {
        let to = place.reserve_bytes(size, align_of::<T>())?;
        // SAFETY: the reserved memory is as long as the slice, fresh, and apart from it.
        unsafe { copy(from.as_ptr().cast(), to.as_ptr(), size) };
        to.cast()
    };
    // SAFETY: the memory was just filled, it is aligned, and it is handed out once (I2). The caller
    // bounds `'a` by the arena's borrow. A slice of size 0 needs no memory.
    Ok(unsafe { slice::from_raw_parts_mut(to.as_ptr(), from.len()) })
}

/// Copies a string to memory reserved for it.
#[inline]
pub(crate) fn str_of<'a>(place: impl Reserve, from: &str) -> Result<&'a mut str, AllocError> {
    let bytes = slice_of(place, from.as_bytes())?;
    // SAFETY: the bytes are a copy of valid UTF-8.
    Ok(unsafe { core::str::from_utf8_unchecked_mut(bytes) })
}

/// Copies `len` bytes, 1 or more. Up to 32 bytes are two moves that overlap, without a call or a
/// loop.
///
/// # Safety
/// `from` is readable and `to` writable for `len` bytes, and they do not overlap.
#[inline(always)]
unsafe fn copy(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: in each case both halves lie within `len` bytes: `half <= len <= 2 * half`. The
    // copies are untyped, so padding and pointers in the source keep what they are.
    unsafe {
        match len {
            8..=16 => halves::<8>(from, to, len),
            4..=7 => halves::<4>(from, to, len),
            2..=3 => halves::<2>(from, to, len),
            1 => ptr::copy_nonoverlapping(from, to, 1),
            17..=32 => halves::<16>(from, to, len),
            _ => ptr::copy_nonoverlapping(from, to, len),
        }
    }
}

/// # Safety
/// `from` is readable and `to` writable for `len` bytes, they do not overlap, and `N <= len`.
#[inline(always)]
unsafe fn halves<const N: usize>(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: the caller promised `len` bytes on both sides and `N <= len`, so both moves are
    // inside.
    unsafe {
        ptr::copy_nonoverlapping(from, to, N);
        ptr::copy_nonoverlapping(from.add(len - N), to.add(len - N), N);
    }
}
