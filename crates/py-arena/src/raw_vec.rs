//! Growable memory, shared by `ArenaVec`, `ArenaString` and the slices that are collected.

use crate::bump::{Bump, Reserve, Resize};
use crate::error::AllocError;
use core::alloc::Layout;
use core::ptr::{self, NonNull};
use core::slice;

/// Growable memory for values, as a value that is copied: only the last copy may be used. It grows
/// in place while it is the last allocation of its source (an arena or a claim). It moves if
/// something else was allocated since.
pub(crate) struct RawVec<'a, T, P = Bump> {
    pub(crate) place: &'a P,
    /// Reserved for `room` values, of which the first `len` are initialised. Dangling if the memory
    /// has size 0.
    pub(crate) start: NonNull<T>,
    pub(crate) room: usize,
    pub(crate) len: usize,
}

impl<T, P> Clone for RawVec<'_, T, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, P> Copy for RawVec<'_, T, P> {}

impl<'a, T, P: Resize> RawVec<'a, T, P>
where
    &'a P: Reserve,
{
    pub(crate) fn with_room(place: &'a P, expected: usize) -> Result<Self, AllocError> {
        let mut raw = RawVec {
            place,
            start: NonNull::dangling(),
            room: 0,
            len: 0,
        };
        if size_of::<T>() == 0 {
            raw.room = usize::MAX;
        } else if expected > 0 {
            raw.grow(expected)?;
        }
        Ok(raw)
    }

    pub(crate) fn bytes(&self) -> usize {
        // No overflow: memory of that size was reserved, or `T` has no size.
        size_of::<T>() * if size_of::<T>() == 0 { 0 } else { self.room }
    }

    #[inline]
    pub(crate) fn push(&mut self, value: T) -> Result<(), AllocError> {
        if self.len == self.room {
            let room = self.room.checked_mul(2).ok_or(AllocError)?;
            self.grow(room.max(4))?;
        }
        // SAFETY: `len < room`, and the memory belongs to this slice alone (I2).
        unsafe { self.start.add(self.len).write(value) };
        self.len += 1;
        Ok(())
    }

    #[cold]
    pub(crate) fn grow(&mut self, room: usize) -> Result<(), AllocError> {
        let layout = Layout::array::<T>(room).map_err(|_| AllocError)?;
        let old = self.bytes();
        if old > 0 {
            if let Some(start) = self
                .place
                .resize_last(self.start.cast(), old, layout.size())
            {
                (self.start, self.room) = (start.cast(), room);
                return Ok(());
            }
        }
        let mut place = self.place;
        let start = place.reserve_bytes(layout.size(), layout.align())?.cast();
        // SAFETY: `len` values are initialised, the new memory is longer, and it does not overlap
        // the old one (I2).
        unsafe { ptr::copy_nonoverlapping(self.start.as_ptr(), start.as_ptr(), self.len) };
        if old > 0 {
            self.abandon(old);
        }
        (self.start, self.room) = (start, room);
        Ok(())
    }

    /// Takes memory that was outgrown off the counters: the growing slice is one request.
    fn abandon(&self, bytes: usize) {
        self.place.add_slack(bytes);
        self.place.count(usize::MAX);
    }

    /// The values. The room beyond them is given back. The caller bounds `'b` by the arena's
    /// borrow.
    pub(crate) fn finish<'b>(self) -> &'b mut [T] {
        let (old, len) = (self.bytes(), self.len);
        let used = len * size_of::<T>();
        if old != used
            && self
                .place
                .resize_last(self.start.cast(), old, used)
                .is_none()
        {
            self.place.add_slack(old - used);
        }
        if used == 0 && old > 0 {
            self.place.count(usize::MAX);
        }
        let start = self.start;
        // SAFETY: `len` values were written, and the memory is handed out here for the first time.
        unsafe { slice::from_raw_parts_mut(start.as_ptr(), len) }
    }
}
