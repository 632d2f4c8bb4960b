//! A [`RawMutex`] of which `held` is told nothing: that of a bucket, which is locked for a moment, and
//! under which nobody waits; and C's, whose inlined functions tell nothing either.

use super::RawMutex;

impl RawMutex {
    #[inline]
    pub(crate) fn lock_unrecorded(&self) {
        if !self.lock_free() {
            self.lock_contended::<false>();
        }
    }

    /// Locks, and unlocks when dropped.
    #[inline]
    pub(crate) fn unrecorded_guard(&self) -> UnrecordedGuard<'_> {
        self.lock_unrecorded();
        UnrecordedGuard(self)
    }

    pub(crate) fn key(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }
}

#[must_use = "the mutex is unlocked at once if the guard is dropped"]
pub(crate) struct UnrecordedGuard<'a>(&'a RawMutex);

impl Drop for UnrecordedGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        let unlocked = self.0.unlock_unrecorded();
        assert!(unlocked, "unlocking mutex that is not locked");
    }
}
