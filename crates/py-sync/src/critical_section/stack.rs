//! [`Stack`]: the open sections of one thread, and the fast paths of begin and end.
//!
//! There is no unsafe code here: entries are copied in and out of cells, and no reference into the array
//! is kept, so the array may grow at any time.

use super::entry::{Entry, Kind, Place, Slot, Tag};
use crate::mutex::Mutex;
use crate::sync::{MIRI, MODEL};
use core::cell::Cell;
use core::fmt;
use core::mem::ManuallyDrop;

/// How many sections need no heap. A deeper nesting spills into a `Vec`, which is freed when the nesting
/// is this shallow again.
pub(super) const INLINE: usize = if MIRI || MODEL { 3 } else { 15 };

/// The open sections of one thread, innermost last.
pub(super) struct Stack {
    /// I1: `suspended <= len`.
    pub(super) len: Cell<u32>,
    /// Below this depth a begin may take the fast path: 0 while pinned or while the top is
    /// suspended, else [`INLINE`].
    limit: Cell<u32>,
    /// How many of the outermost sections are suspended and hold nothing (I2).
    pub(super) suspended: Cell<u32>,
    /// How many borrows of cells' data there are: while there is one, nothing is suspended (I7).
    pub(super) pins: Cell<u32>,
    serial: Cell<u32>,
    /// Slot 0 is never filled, so that an empty stack has a top to look at.
    inline: [Slot; INLINE + 1],
    /// Empty unless `len > INLINE`. Never dropped: a thread-local that needs no drop can still be used in
    /// the destructors of others.
    spill: ManuallyDrop<Cell<Vec<Slot>>>,
}

impl Stack {
    pub(super) const fn new() -> Stack {
        Stack {
            len: Cell::new(0),
            limit: Cell::new(INLINE as u32),
            suspended: Cell::new(0),
            pins: Cell::new(0),
            serial: Cell::new(0),
            inline: [const { Slot::new(Entry::NONE) }; INLINE + 1],
            spill: ManuallyDrop::new(Cell::new(Vec::new())),
        }
    }

    /// Begins a section of one mutex.
    #[inline]
    pub(super) fn begin(&self, m: &Mutex, kind: Kind) -> Place {
        let len = self.len.get();
        if len < self.limit.get() {
            let top = &self.inline[len as usize];
            if top.has(m) {
                return Place::inside(len - 1);
            }
            if !kind.locks() || m.try_lock() {
                self.inline[len as usize + 1].set(Entry::one(m, kind));
                self.len.set(len + 1);
                return Place(len);
            }
        }
        self.begin_slow(m, kind)
    }

    /// Begins a section of two mutexes: `first` has the lower address.
    #[inline(always)]
    pub(super) fn begin2(&self, first: &Mutex, second: &Mutex, kind: Kind) -> Place {
        let len = self.len.get();
        let mut has_first = false;
        if len < self.limit.get() {
            let top = &self.inline[len as usize];
            if top.is_pair(first, second) {
                return Place::inside(len - 1);
            }
            has_first = kind.locks() && first.try_lock();
            if !kind.locks() || (has_first && second.try_lock()) {
                self.inline[len as usize + 1].set(Entry::two(first, second, kind));
                self.len.set(len + 1);
                return Place(len);
            }
        }
        self.begin2_slow(first, second, kind, has_first)
    }

    /// Ends the innermost section, which has this one mutex.
    #[inline]
    pub(super) fn end(&self, place: Place, m: &Mutex, kind: Kind) {
        if place.is_skipped() {
            return;
        }
        if self.pop_fast(place) {
            if kind.locks() {
                m.unlock();
            }
        } else {
            self.end_slow(place);
        }
    }

    /// Ends the innermost section, which has these two mutexes.
    #[inline]
    pub(super) fn end2(&self, place: Place, first: &Mutex, second: &Mutex, kind: Kind) {
        if place.is_skipped() {
            return;
        }
        if self.pop_fast(place) {
            if kind.locks() {
                second.unlock();
                first.unlock();
            }
        } else {
            self.end_slow(place);
        }
    }

    /// Pops the top if it is this section, no section is suspended, and nothing has spilled.
    #[inline]
    pub(super) fn pop_fast(&self, place: Place) -> bool {
        let plain =
            self.len.get() == place.0 + 1 && self.suspended.get() == 0 && place.0 < INLINE as u32;
        if plain {
            self.len.set(place.0);
        }
        plain
    }

    /// The innermost section, if it is active and holds this mutex, so that none has to be pushed.
    pub(super) fn reentered(&self, m: &Mutex) -> Option<Place> {
        self.reenter(|top| top.has(m))
    }

    /// The innermost section, if it is active and holds this pair, so that none has to be pushed.
    pub(super) fn reentered2(&self, first: &Mutex, second: &Mutex) -> Option<Place> {
        self.reenter(|top| top.is_pair(first, second))
    }

    fn reenter(&self, holds: impl FnOnce(&Slot) -> bool) -> Option<Place> {
        let top = self.len.get().checked_sub(1)?;
        let skip = self.suspended.get() <= top && self.with_slot(top, holds);
        skip.then(|| Place::inside(top))
    }

    pub(super) fn top(&self) -> Option<Entry> {
        self.len.get().checked_sub(1).map(|top| self.entry(top))
    }

    /// Whether the innermost section is active. False without one.
    pub(super) fn top_is_active(&self) -> bool {
        self.suspended.get() < self.len.get()
    }

    /// Whether the innermost section is active and has `m`.
    pub(super) fn top_has(&self, m: &Mutex) -> bool {
        self.top_is_active() && self.with_slot(self.len.get() - 1, |slot| slot.has(m))
    }

    /// Whether the section at `place` holds `m` at this moment.
    pub(super) fn holds(&self, place: Place, m: &Mutex) -> bool {
        let index = place.index();
        (self.suspended.get()..self.len.get()).contains(&index)
            && self.with_slot(index, |slot| slot.has(m))
    }

    #[inline]
    pub(super) fn entry(&self, index: u32) -> Entry {
        self.with_slot(index, Slot::get)
    }

    pub(super) fn set_entry(&self, index: u32, entry: Entry) {
        self.with_slot(index, |slot| slot.set(entry));
    }

    #[inline]
    pub(super) fn with_slot<R>(&self, index: u32, f: impl FnOnce(&Slot) -> R) -> R {
        match self.inline.get(index as usize + 1) {
            Some(slot) => f(slot),
            None => self.with_spill(|spill| f(&spill[index as usize - INLINE])),
        }
    }

    #[cold]
    #[inline(never)]
    fn with_spill<R>(&self, f: impl FnOnce(&mut Vec<Slot>) -> R) -> R {
        let mut spill = self.spill.take();
        let result = f(&mut spill);
        self.spill.set(spill);
        result
    }

    /// Pushes an active section.
    pub(super) fn push(&self, entry: Entry) -> Place {
        let index = self.len.get();
        let detached = index > 0 && self.suspended.get() == index;
        let tag = entry.tag.with_detached(detached);
        let entry = Entry { tag, ..entry };
        match self.inline.get(index as usize + 1) {
            Some(slot) => slot.set(entry),
            None => self.with_spill(|spill| spill.push(Slot::new(entry))),
        }
        self.len.set(index + 1);
        self.refresh();
        Place(index)
    }

    /// Takes the top off the array, and says whether it was active. Unlocks nothing.
    pub(super) fn pop(&self) -> (Entry, bool) {
        let index = self.len.get() - 1;
        let entry = self.entry(index);
        if index as usize >= INLINE {
            let mut spill = self.spill.take();
            spill.pop();
            if !spill.is_empty() {
                self.spill.set(spill);
            }
        }
        let active = self.suspended.get() <= index;
        self.len.set(index);
        self.suspended.set(self.suspended.get().min(index));
        self.refresh();
        (entry, active)
    }

    /// Computes `limit` from the other fields.
    pub(super) fn refresh(&self) {
        let len = self.len.get();
        let top_suspended = len > 0 && self.suspended.get() == len;
        let slow = top_suspended || self.pins.get() > 0;
        self.limit.set(if slow { 0 } else { INLINE as u32 });
    }

    /// Gives the section at `place` a serial number that no other section of this stack has.
    #[inline]
    pub(super) fn name(&self, place: Place) -> u32 {
        let serial = Tag::next_serial(self.serial.get());
        self.serial.set(serial);
        if !place.is_skipped() {
            self.with_slot(place.index(), |slot| {
                slot.tag.set(slot.tag.get().with_serial(serial));
            });
        }
        serial
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack")
            .field("len", &self.len.get())
            .field("suspended", &self.suspended.get())
            .finish_non_exhaustive()
    }
}
