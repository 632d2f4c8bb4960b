//! [`Pod`]: which types a [`SeqCell`](crate::SeqCell) can hold.

/// Plain data: every byte is initialised, every mixture of bytes is a value, and none is part of a
/// pointer. Integers can carry it from thread to thread.
///
/// Given for integers, floats, `()`, and arrays of all these.
///
/// For a struct of your own, implement it under these conditions: it is `repr(C)` or
/// `repr(transparent)`, all fields are `Pod`, and their sizes add up to its own. An assertion of the
/// last is a line:
///
/// ```
/// use py_sync::{Pod, SeqCell};
///
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// #[repr(C)]
/// struct Progress {
///     files: u64,
///     names: u32,
///     errors: u32,
/// }
/// const _: () = assert!(size_of::<Progress>() == 8 + 4 + 4);
/// // SAFETY: repr(C), of integers, and without padding, as the line above checks.
/// unsafe impl Pod for Progress {}
///
/// let live = SeqCell::new(Progress { files: 0, names: 0, errors: 0 });
/// live.update(|p| Progress { files: p.files + 1, ..p });
/// assert_eq!(live.read().files, 1);
/// ```
///
/// # Safety
///
/// * Every byte of every value is initialised: there is no padding, and no `MaybeUninit`.
/// * Every pattern of bytes is a value, so `bool`, `char` and enums are not `Pod`: the counter of a
///   [`SeqLock`](crate::SeqLock) wraps, and a reader that misses a write for that reason must still hold a
///   value.
/// * No byte is part of a pointer or a reference: an integer carries no pointer's provenance.
#[diagnostic::on_unimplemented(
    message = "`{Self}` may have padding bytes, invalid values or pointers",
    note = "see `py_sync::Pod` for how to implement it for a `repr(C)` struct"
)]
pub unsafe trait Pod: Copy {}

macro_rules! pod {
    ($($type:ty)*) => {
        $(
            // SAFETY: all bytes of the type are initialised, every pattern of them is a value, and none
            // is part of a pointer.
            unsafe impl Pod for $type {}
        )*
    };
}

pod!(() u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64);

// SAFETY: an array has no bytes but those of its elements.
unsafe impl<T: Pod, const N: usize> Pod for [T; N] {}
