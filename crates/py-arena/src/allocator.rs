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

/// The methods, by the place where the memory is.
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
            // SAFETY: the caller's promise: `memory` is a block of the old layout.
            unsafe { resize($place, memory, old, new) }
        }

        #[inline]
        unsafe fn grow_zeroed(
            &$self,
            memory: NonNull<u8>,
            old: Layout,
            new: Layout,
        ) -> Result<NonNull<[u8]>, AllocError> {
            // SAFETY: the caller's promise, and the tail lies within the grown block.
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
            // SAFETY: the caller's promise: `memory` is a block of the old layout.
            unsafe { resize($place, memory, old, new) }
        }
    };
}

/// Collections may live in an arena: hashbrown's maps, allocator-api2's `Vec` and `Box`.
///
/// The last allocation grows and shrinks where it lies and its memory is taken back; that of
/// others stays until the arena is reset or ends.
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
// SAFETY: a block lives while the arena is borrowed, which the allocator, a shared reference, does
// itself; the copies of it are copies of that reference and name the same arena.
unsafe impl<O> Allocator for &Arena<O> {
    methods!(|self| bump_of(self));
}

fn bump_of<O>(arena: &Arena<O>) -> &Bump {
    &arena.bump
}

/// Collections may live in what a claim has, beside the values that it hands out.
///
/// The claim's last allocation grows and shrinks where it lies and its memory is taken back, as in
/// an arena. What borrows the claim keeps its cursor in memory, as an arena's is; values are served
/// meanwhile as before.
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
// SAFETY: a block lives while the arena is borrowed, which outlives the claim and so the allocator,
// a shared reference to it; the copies of it are copies of that reference and name the same claim.
unsafe impl Allocator for &Claim<'_> {
    methods!(|self| *self);
}

/// Takes back a block whose use is over, if it is the last one; of any other, nothing. The counters
/// keep it: it was served.
#[inline]
fn forget(place: &impl Resize, memory: NonNull<u8>, size: usize) {
    if size != 0 && place.resize_last(memory, size, 0).is_some() {
        place.add_slack(size.wrapping_neg());
    }
}

/// Grows or shrinks a block, where it lies or elsewhere.
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
    // A pointer that happens to be aligned for a stricter layout will do.
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
    // SAFETY: the old block has `old.size()` bytes by the caller's promise, the fresh one
    // `new.size()`, and they are apart (I2).
    unsafe { ptr::copy_nonoverlapping(memory.as_ptr(), moved.as_ptr(), both) };
    if old.size() != 0 {
        place.undo(memory, old.size());
    }
    Ok(NonNull::slice_from_raw_parts(moved, new.size()))
}
