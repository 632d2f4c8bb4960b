//! The slow paths of begin and end: a lock is taken, a section is suspended, or the nesting is deep. And
//! what detach and attach do to a stack.

use super::entry::{Entry, Kind, Place, Slot};
use super::locks::{lock_both, unlock_both};
use super::stack::Stack;
use crate::hooks;
use crate::mutex::Mutex;

impl Stack {
    #[cold]
    #[inline(never)]
    pub(super) fn begin_slow(&self, m: &Mutex, kind: Kind) -> Place {
        self.assert_not_pinned();
        if let Some(place) = self.reentered(m) {
            return place;
        }
        let entry = Entry::one(m, kind);
        if !kind.locks() {
            return self.push(entry);
        }
        if !m.try_lock() {
            // The world is stopped: go without the lock.
            if goes_without(kind, None) {
                return Place::STOPPED;
            }
            // Pushed before it is locked (I3).
            let place = self.push(entry.unfilled());
            self.suspend_if_holding(&[m]);
            m.lock_in_object();
            self.fill(place, entry);
            return place;
        }
        self.push(entry)
    }

    /// Begins a section of a pair that is one mutex. Rare, so it is not inlined.
    #[inline(never)]
    pub(super) fn begin_of_pair(&self, m: &Mutex, kind: Kind) -> Place {
        self.begin(m, kind)
    }

    #[cold]
    #[inline(never)]
    pub(super) fn begin2_slow(
        &self,
        first: &Mutex,
        second: &Mutex,
        kind: Kind,
        has_first: bool,
    ) -> Place {
        self.assert_not_pinned();
        if let Some(place) = self.reentered2(first, second) {
            return place;
        }
        let entry = Entry::two(first, second, kind);
        if !kind.locks() {
            return self.push(entry);
        }
        let has_first = has_first || first.try_lock();
        if has_first && second.try_lock() {
            return self.push(entry);
        }
        if goes_without(kind, has_first.then_some(first)) {
            return Place::STOPPED;
        }
        // Pushed before it is locked (I3).
        let place = self.push(entry.unfilled());
        self.suspend_if_holding(&[first, second]);
        lock_both(Some(first), has_first, Some(second));
        self.fill(place, entry);
        place
    }

    /// Records the locks of the section at `place`, which are held now: the section is active.
    fn fill(&self, place: Place, entry: Entry) {
        let index = place.index();
        let tag = self.entry(index).tag;
        self.set_entry(index, Entry { tag, ..entry });
        self.suspended.set(self.suspended.get().min(index));
        self.refresh();
    }

    /// Suspends the thread's sections if one of them holds a wanted mutex: the thread would wait for
    /// itself.
    fn suspend_if_holding(&self, wanted: &[&Mutex]) {
        let in_the_way = |slot: &Slot| slot.tag.get().locks() && wanted.iter().any(|m| slot.has(m));
        let own = |i| self.with_slot(i, in_the_way);
        if (self.suspended.get()..self.len.get()).any(own) {
            self.suspend_all();
        }
    }

    /// Ends the section at `place`, and before it the sections that were begun inside it and leaked.
    #[cold]
    #[inline(never)]
    pub(super) fn end_slow(&self, place: Place) {
        if place.is_skipped() {
            return;
        }
        assert!(
            place.index() < self.len.get(),
            "ending a critical section that is not open"
        );
        let mut attached = false;
        while self.len.get() > place.index() {
            let (entry, active) = self.pop();
            attached = active && !entry.tag.detached();
            if active {
                unlock(entry);
            }
        }
        // Not if it was begun or ended while the stack was suspended: then the code that suspended the
        // stack also resumes it.
        if attached {
            self.resume();
        }
    }

    /// Releases the locks of all active sections. Returns how many sections are open, or 0 if none was
    /// active.
    ///
    /// CPython: `Python/critical_section.c`, `_PyCriticalSection_SuspendAll`.
    pub(super) fn suspend_all(&self) -> u32 {
        let (len, suspended) = (self.len.get(), self.suspended.get());
        if suspended == len || self.pins.get() > 0 {
            return 0;
        }
        self.suspended.set(len);
        self.refresh();
        for index in (suspended..len).rev() {
            unlock(self.entry(index));
        }
        len
    }

    /// Takes the locks of the innermost section again, if it is suspended. False if it still is, because
    /// the world is stopped and a stopped thread has them.
    ///
    /// CPython: `Python/critical_section.c`, `_PyCriticalSection_Resume`.
    pub(super) fn resume(&self) -> bool {
        let len = self.len.get();
        if self.suspended.get() < len || len == 0 {
            return true;
        }
        let index = len - 1;
        let entry = self.entry(index);
        // Null while it is being locked: a sleep in here finds nothing to release (I4).
        self.set_entry(index, entry.unfilled());
        let locked = !entry.tag.locks() || lock_again(entry);
        self.set_entry(index, entry);
        if locked {
            self.suspended.set(index);
        }
        self.refresh();
        locked
    }

    /// Releases all locks and forgets all sections.
    pub(super) fn abandon(&self) {
        self.suspend_all();
        while self.len.get() > 0 {
            self.pop();
        }
    }

    fn assert_not_pinned(&self) {
        assert!(
            self.pins.get() == 0,
            "a critical section was begun while a cell's data is borrowed"
        );
    }
}

/// True if the world is stopped, so that a section that would have to wait goes without its locks. It
/// then unlocks `has`, the one that it has got.
fn goes_without(kind: Kind, has: Option<&Mutex>) -> bool {
    if !hooks::world_stopped() {
        return false;
    }
    if let Some(m) = has {
        m.unlock();
    }
    assert!(
        kind != Kind::Data,
        "the data's lock is held by a thread that is stopped"
    );
    true
}

/// Unlocks what an active entry records.
#[inline]
pub(super) fn unlock(entry: Entry) {
    if entry.tag.locks() {
        // SAFETY: the pointers are null or to mutexes that are alive until the section has ended (I6).
        let (first, second) = unsafe { (entry.first.as_ref(), entry.second.as_ref()) };
        unlock_both(first, second);
    }
}

/// Locks the mutexes that a suspended entry records. False, and none locked, if they are not free and the
/// world is stopped.
fn lock_again(entry: Entry) -> bool {
    // SAFETY: the pointers are null or to mutexes that are alive until the section has ended (I6).
    let (first, second) = unsafe { (entry.first.as_ref(), entry.second.as_ref()) };
    let free = first.is_none_or(Mutex::try_lock);
    if free && second.is_none_or(Mutex::try_lock) {
        return true;
    }
    if hooks::world_stopped() {
        if let (true, Some(first)) = (free, first) {
            first.unlock();
        }
        return false;
    }
    lock_both(first, free, second);
    true
}
