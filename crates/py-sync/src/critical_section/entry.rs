//! [`Entry`]: one open section, and the [`Slot`] it lies in.
//!
//! | tag | meaning |
//! |---|---|
//! | bit 0 | its mutexes are locked while it is active |
//! | bit 1 | begun on top of a suspended section, while the thread was detached: its end resumes none |
//! | from bit 2 | the serial number of a section of the begin/end form, by which a late end is found; else 0 |

use crate::mutex::Mutex;
use crate::sync::GIL_DISABLED;
use core::cell::Cell;
use core::ptr;

/// What a section guards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A bare mutex: locks in a build with `gil-disabled` only.
    Plain,
    /// It guards data of ours: always locks.
    Data,
}

impl Kind {
    pub(super) const fn locks(self) -> bool {
        matches!(self, Kind::Data) || GIL_DISABLED
    }
}

/// What an [`Entry`] is, besides its mutexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag(u32);

impl Tag {
    const LOCKS: u32 = 1;
    const DETACHED: u32 = 2;
    const SERIAL_SHIFT: u32 = 2;

    #[inline]
    pub(super) fn locks(self) -> bool {
        self.0 & Tag::LOCKS != 0
    }

    pub(super) fn detached(self) -> bool {
        self.0 & Tag::DETACHED != 0
    }

    #[inline]
    pub(super) fn serial(self) -> u32 {
        self.0 >> Tag::SERIAL_SHIFT
    }

    pub(super) fn with_detached(self, detached: bool) -> Tag {
        Tag(self.0 & !Tag::DETACHED | if detached { Tag::DETACHED } else { 0 })
    }

    #[inline]
    pub(super) fn with_serial(self, serial: u32) -> Tag {
        let flags = self.0 & (Tag::LOCKS | Tag::DETACHED);
        Tag(flags | serial << Tag::SERIAL_SHIFT)
    }

    /// The serial after this one: 1 to 2^30 - 1.
    #[inline]
    pub(super) fn next_serial(serial: u32) -> u32 {
        ((serial + 1) & (u32::MAX >> Tag::SERIAL_SHIFT)).max(1)
    }
}

/// One open section. Its mutexes are null while they are being locked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) first: *const Mutex,
    /// Null in a section of one mutex.
    pub(super) second: *const Mutex,
    pub(super) tag: Tag,
}

impl Entry {
    pub(super) const NONE: Entry = Entry {
        first: ptr::null(),
        second: ptr::null(),
        tag: Tag(0),
    };

    #[inline]
    pub(super) fn one(m: &Mutex, kind: Kind) -> Entry {
        let tag = if kind.locks() { Tag::LOCKS } else { 0 };
        Entry {
            first: m,
            second: ptr::null(),
            tag: Tag(tag),
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
            tag: self.tag,
            ..Entry::NONE
        }
    }
}

/// The memory of an [`Entry`]: a cell for each field. The fast paths read single fields, which the
/// processor can forward from its pending stores. It could not forward one wide load that needs two of
/// them.
#[derive(Debug)]
pub(super) struct Slot {
    first: Cell<*const Mutex>,
    second: Cell<*const Mutex>,
    pub(super) tag: Cell<Tag>,
}

impl Slot {
    pub(super) const fn new(entry: Entry) -> Slot {
        Slot {
            first: Cell::new(entry.first),
            second: Cell::new(entry.second),
            tag: Cell::new(entry.tag),
        }
    }

    #[inline]
    pub(super) fn get(&self) -> Entry {
        Entry {
            first: self.first.get(),
            second: self.second.get(),
            tag: self.tag.get(),
        }
    }

    #[inline]
    pub(super) fn set(&self, entry: Entry) {
        self.first.set(entry.first);
        self.second.set(entry.second);
        self.tag.set(entry.tag);
    }

    #[inline]
    pub(super) fn has(&self, m: &Mutex) -> bool {
        ptr::eq(self.first.get(), m) || ptr::eq(self.second.get(), m)
    }

    #[inline]
    pub(super) fn is_pair(&self, first: &Mutex, second: &Mutex) -> bool {
        ptr::eq(self.first.get(), first) && ptr::eq(self.second.get(), second)
    }
}

/// Where a begun section is: at an index of its own, inside the section that already held its mutexes,
/// or nowhere, since the world was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(pub(super) u32);

impl Place {
    const SKIPPED: u32 = 1 << 31;
    /// Not all ones: one more must not be an index.
    pub(super) const STOPPED: Place = Place(u32::MAX - 1);

    #[inline]
    pub(super) fn inside(index: u32) -> Place {
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
