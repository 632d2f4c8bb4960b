//! `&Arena` as an allocator-api2 `Allocator`: the only file that names that crate.
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
use allocator_api2::alloc::{AllocError, Allocator};
use core::alloc::Layout;
use core::ptr::{self, NonNull};

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
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let memory = memory_of(&self.bump, layout).map_err(|_| AllocError)?;
        Ok(NonNull::slice_from_raw_parts(memory, layout.size()))
    }

    #[inline]
    unsafe fn deallocate(&self, memory: NonNull<u8>, layout: Layout) {
        if layout.size() != 0 {
            self.bump.forget_last(memory, layout.size());
        }
    }

    #[inline]
    unsafe fn grow(
        &self,
        memory: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise: `memory` is a block of the old layout.
        unsafe { self.resize(memory, old, new) }
    }

    #[inline]
    unsafe fn grow_zeroed(
        &self,
        memory: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise, and the tail lies within the grown block.
        unsafe {
            let grown = self.resize(memory, old, new)?;
            let tail = grown.cast::<u8>().add(old.size());
            tail.write_bytes(0, new.size() - old.size());
            Ok(grown)
        }
    }

    #[inline]
    unsafe fn shrink(
        &self,
        memory: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise: `memory` is a block of the old layout.
        unsafe { self.resize(memory, old, new) }
    }
}

impl<O> Arena<O> {
    /// Grows or shrinks a block, where it lies or elsewhere.
    ///
    /// # Safety
    /// `memory` is a block of this arena with the layout `old`.
    unsafe fn resize(
        &self,
        memory: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // A pointer that happens to be aligned for a stricter layout will do.
        let aligned = memory.addr().get() & (new.align() - 1) == 0;
        let sized = old.size() != 0 && new.size() != 0;
        let shrinks = new.size() <= old.size();
        if aligned && sized {
            let last = self.bump.resize_last(memory, old.size(), new.size());
            if last.is_none() && shrinks {
                self.bump.add_slack(old.size() - new.size());
                return Ok(NonNull::slice_from_raw_parts(memory, new.size()));
            }
            if let Some(memory) = last {
                return Ok(NonNull::slice_from_raw_parts(memory, new.size()));
            }
        }
        let moved = memory_of(&self.bump, new).map_err(|_| AllocError)?;
        let both = old.size().min(new.size());
        // SAFETY: the old block has `old.size()` bytes by the caller's promise, the fresh one
        // `new.size()`, and they are apart (I2).
        unsafe { ptr::copy_nonoverlapping(memory.as_ptr(), moved.as_ptr(), both) };
        if old.size() != 0 {
            self.bump.undo(memory, old.size());
        }
        Ok(NonNull::slice_from_raw_parts(moved, new.size()))
    }
}
