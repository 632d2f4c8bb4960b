//! `&Arena` and `&Claim` as allocator-api2 `Allocator`s: the only file that names that crate.
//!
//! # Examples
//! ```
//! use allocator_api2::vec::Vec;
//!
//! let arena = py_arena::Arena::new();
//! let mut squares = Vec::new_in(&arena);
//! squares.extend((0..100).map(|n| n * n));
//! assert_eq!(squares[99], 9801);
//! ```

use crate::alloc::memory_of;
use crate::arena::Arena;
use crate::bump::{Bump, Reserve, Resize};
use crate::claim::Claim;
use allocator_api2::alloc::{AllocError, Allocator};
use core::alloc::Layout;
use core::ptr::{self, NonNull};

/// The methods, for an arena or for a claim.
macro_rules! methods {
    (|$self:ident| $place:expr) => {
        #[inline]
        fn allocate(&$self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
            let memory = memory_of($place, layout).map_err(|_| AllocError)?;
            Ok(NonNull::slice_from_raw_parts(memory, layout.size()))
        }

        #[inline]
        unsafe fn deallocate(&$self, memory: NonNull<u8>, layout: Layout) {
            forget($place, memory, layout.size());
        }

        #[inline]
        unsafe fn grow(
            &$self,
            memory: NonNull<u8>,
            old: Layout,
            new: Layout,
        ) -> Result<NonNull<[u8]>, AllocError> {
            // SAFETY: the caller promised that `memory` is a block of the old layout.
            unsafe { resize($place, memory, old, new) }
        }

        #[inline]
        unsafe fn grow_zeroed(
            &$self,
            memory: NonNull<u8>,
            old: Layout,
            new: Layout,
        ) -> Result<NonNull<[u8]>, AllocError> {
            // SAFETY: the caller promised that `memory` is a block of the old layout, and the tail
            // lies within the grown block.
            unsafe {
                let grown = resize($place, memory, old, new)?;
                let tail = grown.cast::<u8>().add(old.size());
                tail.write_bytes(0, new.size() - old.size());
                Ok(grown)
            }
        }

        #[inline]
        unsafe fn shrink(
            &$self,
            memory: NonNull<u8>,
            old: Layout,
            new: Layout,
        ) -> Result<NonNull<[u8]>, AllocError> {
            // SAFETY: the caller promised that `memory` is a block of the old layout.
            unsafe { resize($place, memory, old, new) }
        }
    };
}

/// Collections may live in an arena: hashbrown's maps, allocator-api2's `Vec` and `Box`.
///
/// The last allocation grows and shrinks in place, and its memory is taken back when it is freed.
/// The memory of other allocations stays until the arena is reset or ends.
///
/// # Examples
/// ```
/// let arena = py_arena::Arena::new();
/// let mut names = hashbrown::HashMap::with_hasher_in(foldless::State, &arena);
/// names.insert("spam", 1);
/// assert_eq!(names["spam"], 1);
/// # mod foldless {
/// #     pub type State = std::hash::BuildHasherDefault<std::hash::DefaultHasher>;
/// #     #[allow(non_upper_case_globals)]
/// #     pub const State: State = State::new();
/// # }
/// ```
// SAFETY: a block lives as long as the arena is borrowed, and the allocator is itself such a
// borrow. Its copies are copies of the same reference, so they name the same arena.
unsafe impl<O> Allocator for &Arena<O> {
    methods!(|self| bump_of(self));
}

fn bump_of<O>(arena: &Arena<O>) -> &Bump {
    &arena.bump
}

/// Collections may live in a claim, beside the values that it hands out.
///
/// The claim's last allocation grows and shrinks in place, and its memory is taken back, as in an
/// arena. While a collection borrows the claim, the claim's cursor is in memory, not in a register.
///
/// # Examples
/// ```
/// use allocator_api2::vec::Vec;
///
/// let arena = py_arena::Arena::new();
/// let claim = arena.claim();
/// let mut stack = Vec::new_in(&claim);
/// stack.push(claim.alloc(1));
/// stack.push(claim.alloc(2));
/// let last: &mut i32 = stack.pop().unwrap();
/// drop(stack);
/// drop(claim);
/// assert_eq!(*last, 2); // lives as long as the arena
/// ```
// SAFETY: a block lives as long as the arena is borrowed. That borrow outlives the claim, and so
// the allocator, which borrows the claim. Its copies are copies of the same reference.
unsafe impl Allocator for &Claim<'_> {
    methods!(|self| *self);
}

/// Takes a block back if it is the last one, and otherwise does nothing. The counters still count
/// it, because it was served.
#[inline]
fn forget(place: &impl Resize, memory: NonNull<u8>, size: usize) {
    if size != 0 && place.resize_last(memory, size, 0).is_some() {
        place.add_slack(size.wrapping_neg());
    }
}

/// Grows or shrinks a block, in place or elsewhere.
///
/// # Safety
/// `memory` is a block of this place with the layout `old`.
unsafe fn resize<'p, P: Resize>(
    place: &'p P,
    memory: NonNull<u8>,
    old: Layout,
    new: Layout,
) -> Result<NonNull<[u8]>, AllocError>
where
    &'p P: Reserve,
{
    // The old address may be aligned for the new layout by chance, and that is enough.
    let aligned = memory.addr().get() & (new.align() - 1) == 0;
    let sized = old.size() != 0 && new.size() != 0;
    if aligned && sized {
        if let Some(memory) = place.resize_last(memory, old.size(), new.size()) {
            return Ok(NonNull::slice_from_raw_parts(memory, new.size()));
        }
        if new.size() <= old.size() {
            place.add_slack(old.size() - new.size());
            return Ok(NonNull::slice_from_raw_parts(memory, new.size()));
        }
    }
    let moved = memory_of(place, new).map_err(|_| AllocError)?;
    let both = old.size().min(new.size());
    // SAFETY: the caller promised that the old block has `old.size()` bytes. The fresh one has
    // `new.size()` bytes, and the two do not overlap (I2).
    unsafe { ptr::copy_nonoverlapping(memory.as_ptr(), moved.as_ptr(), both) };
    if old.size() != 0 {
        place.undo(memory, old.size());
    }
    Ok(NonNull::slice_from_raw_parts(moved, new.size()))
}
