//! [`Stack`]: the open sections of one thread, and the fast paths of begin and end.
//!
//! Safe code throughout: entries are copied in and out of cells, and no reference into the array
//! is kept, so that it may grow at any time.

use crate::mutex::Mutex;
use core::cell::Cell;
use core::fmt;
use core::mem::ManuallyDrop;
use core::ptr;

/// Sections that need no heap. A deeper nesting spills into a `Vec`, which goes when the nesting
/// is this shallow again.
pub(super) const INLINE: usize = if cfg!(any(miri, all(test, loom))) {
    3
} else {
    15
};

/// Whose section it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A bare mutex: locks in a build with `gil-disabled` only.
    Plain,
    /// It guards data of ours: always locks.
    Data,
}

impl Kind {
    pub(super) const fn locks(self) -> bool {
        matches!(self, Kind::Data) || cfg!(feature = "gil-disabled")
    }
}

/// One open section. Its mutexes are null while they are being locked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) first: *const Mutex,
    /// Null in a section of one mutex.
    pub(super) second: *const Mutex,
    /// Names a section of the begin/end form, which can be ended too late; 0 for a closure's.
    pub(super) serial: u32,
    pub(super) locks: bool,
    /// Begun on top of a suspended section, while the thread was detached: its end resumes none.
    pub(super) detached: bool,
}

impl Entry {
    pub(super) const NONE: Entry = Entry {
        first: ptr::null(),
        second: ptr::null(),
        serial: 0,
        locks: false,
        detached: false,
    };

    #[inline]
    pub(super) fn one(m: &Mutex, kind: Kind) -> Entry {
        Entry {
            first: m,
            locks: kind.locks(),
            ..Entry::NONE
        }
    }

    #[inline]
    pub(super) fn two(first: &Mutex, second: &Mutex, kind: Kind) -> Entry {
        Entry {
            second,
            ..Entry::one(first, kind)
        }
    }

    /// The same section while its mutexes are being locked.
    pub(super) fn unfilled(self) -> Entry {
        Entry {
            first: ptr::null(),
            second: ptr::null(),
            ..self
        }
    }

    #[inline]
    pub(super) fn has(&self, m: &Mutex) -> bool {
        ptr::eq(self.first, m) || ptr::eq(self.second, m)
    }

    #[inline]
    fn is_pair(&self, first: &Mutex, second: &Mutex) -> bool {
        ptr::eq(self.first, first) && ptr::eq(self.second, second)
    }

    /// Whether a section of this kind needs no more than this one has.
    #[inline]
    fn suffices(&self, kind: Kind) -> bool {
        self.locks || !kind.locks()
    }
}

/// Where a begun section is: at an index of its own, inside the one that already held its
/// mutexes, or nowhere, since the world was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u32);

impl Place {
    const SKIPPED: u32 = 1 << 31;
    /// Not all ones: one more must not be an index.
    pub(super) const STOPPED: Place = Place(u32::MAX - 1);

    #[inline]
    fn inside(index: u32) -> Place {
        Place(index | Place::SKIPPED)
    }

    /// The entry that holds the mutexes.
    #[inline]
    pub(super) fn index(self) -> u32 {
        self.0 & !Place::SKIPPED
    }

    /// Whether nothing was pushed.
    #[inline]
    pub(super) fn is_skipped(self) -> bool {
        self.0 & Place::SKIPPED != 0
    }
}

/// The open sections of one thread, innermost last.
pub(super) struct Stack {
    /// I1: `suspended <= len`.
    pub(super) len: Cell<u32>,
    /// Below this depth a begin may take the fast path: 0 while pinned or while the top is
    /// suspended, else [`INLINE`].
    limit: Cell<u32>,
    /// So many of the outermost sections hold nothing (I2).
    pub(super) suspended: Cell<u32>,
    /// So many borrows of a cell's data forbid to suspend.
    pub(super) pins: Cell<u32>,
    serial: Cell<u32>,
    /// Slot 0 is never used, so that the top of an empty stack can be looked at.
    inline: [Cell<Entry>; INLINE + 1],
    /// Empty unless `len > INLINE`. A thread-local that needs no drop can be used in the
    /// destructors of others.
    spill: ManuallyDrop<Cell<Vec<Entry>>>,
}

impl Stack {
    pub(super) const fn new() -> Stack {
        Stack {
            len: Cell::new(0),
            limit: Cell::new(INLINE as u32),
            suspended: Cell::new(0),
            pins: Cell::new(0),
            serial: Cell::new(0),
            inline: [const { Cell::new(Entry::NONE) }; INLINE + 1],
            spill: ManuallyDrop::new(Cell::new(Vec::new())),
        }
    }

    /// Begins a section of one mutex.
    #[inline]
    pub(super) fn begin(&self, m: &Mutex, kind: Kind) -> Place {
        let len = self.len.get();
        if len < self.limit.get() {
            let top = &self.inline[len as usize];
            if top.get().has(m) && top.get().suffices(kind) {
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
    #[inline]
    pub(super) fn begin2(&self, first: &Mutex, second: &Mutex, kind: Kind) -> Place {
        let len = self.len.get();
        let mut has_first = false;
        if len < self.limit.get() {
            let top = &self.inline[len as usize];
            if top.get().is_pair(first, second) && top.get().suffices(kind) {
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

    /// Pops the top if it is this section and nothing is out of the ordinary.
    #[inline]
    fn pop_fast(&self, place: Place) -> bool {
        let plain =
            self.len.get() == place.0 + 1 && self.suspended.get() == 0 && place.0 < INLINE as u32;
        if plain {
            self.len.set(place.0);
        }
        plain
    }

    /// The innermost section, if it is active and spares a section of this one mutex.
    pub(super) fn reentered(&self, m: &Mutex, kind: Kind) -> Option<Place> {
        let top = self.active_top()?;
        let skip = top.has(m) && top.suffices(kind);
        skip.then(|| Place::inside(self.len.get() - 1))
    }

    /// The innermost section, if it is active and spares a section of this pair.
    pub(super) fn reentered2(&self, first: &Mutex, second: &Mutex, kind: Kind) -> Option<Place> {
        let top = self.active_top()?;
        let skip = top.is_pair(first, second) && top.suffices(kind);
        skip.then(|| Place::inside(self.len.get() - 1))
    }

    pub(super) fn top(&self) -> Option<Entry> {
        let len = self.len.get();
        (len > 0).then(|| self.entry(len - 1))
    }

    pub(super) fn active_top(&self) -> Option<Entry> {
        self.top().filter(|_| self.suspended.get() < self.len.get())
    }

    /// Whether the section at `place` holds `m` at this moment.
    pub(super) fn holds(&self, place: Place, m: &Mutex) -> bool {
        let index = place.index();
        (self.suspended.get()..self.len.get()).contains(&index) && self.entry(index).has(m)
    }

    pub(super) fn entry(&self, index: u32) -> Entry {
        match self.inline.get(index as usize + 1) {
            Some(slot) => slot.get(),
            None => {
                let spill = self.spill.take();
                let entry = spill[index as usize - INLINE];
                self.spill.set(spill);
                entry
            }
        }
    }

    pub(super) fn set_entry(&self, index: u32, entry: Entry) {
        match self.inline.get(index as usize + 1) {
            Some(slot) => slot.set(entry),
            None => {
                let mut spill = self.spill.take();
                spill[index as usize - INLINE] = entry;
                self.spill.set(spill);
            }
        }
    }

    /// Pushes an active section.
    pub(super) fn push(&self, entry: Entry) -> Place {
        let index = self.len.get();
        let entry = Entry {
            detached: index > 0 && self.suspended.get() == index,
            ..entry
        };
        match self.inline.get(index as usize + 1) {
            Some(slot) => slot.set(entry),
            None => {
                let mut spill = self.spill.take();
                spill.push(entry);
                self.spill.set(spill);
            }
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

    /// Sets `limit` from the rest.
    pub(super) fn refresh(&self) {
        let len = self.len.get();
        let top_suspended = len > 0 && self.suspended.get() == len;
        let slow = top_suspended || self.pins.get() > 0;
        self.limit.set(if slow { 0 } else { INLINE as u32 });
    }

    /// A name for a section of the begin/end form.
    pub(super) fn next_serial(&self) -> u32 {
        let serial = self.serial.get().wrapping_add(1).max(1);
        self.serial.set(serial);
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
