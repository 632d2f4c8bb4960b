//! Locks that one thread has at a time.

use super::{LONG, MS, Made, Others, beside, contend, each_cell};
use py_sync::{LockFlags, LockStatus, Mutex, RawMutex, RecursiveMutex, RwMutex};
use rstest::rstest;

pub(super) trait Lock: Sync {
    fn lock(&self);
    fn try_lock(&self) -> bool;
    /// For a millisecond.
    fn lock_soon(&self) -> bool;
    fn unlock(&self);
    /// As the child's only thread.
    fn reinit(&self);
    /// Whether its holder may lock it again.
    fn is_recursive(&self) -> bool {
        false
    }
    /// Whether one with waiters is of use in a child before `reinit`.
    fn keeps_no_waiters(&self) -> bool {
        true
    }
}

macro_rules! lock {
    ($ty:ty, $lock:ident, $try_lock:ident, $timed:ident, $unlock:ident) => {
        fn lock(&self) {
            self.$lock();
        }
        fn try_lock(&self) -> bool {
            self.$try_lock()
        }
        fn lock_soon(&self) -> bool {
            self.$timed(Some(MS), LockFlags::NONE) == LockStatus::Acquired
        }
        fn unlock(&self) {
            self.$unlock();
        }
        fn reinit(&self) {
            // SAFETY: the child's only thread, and it guards nothing.
            unsafe { self.at_fork_reinit() };
        }
    };
}

impl Lock for Mutex {
    lock!(Mutex, lock, try_lock, lock_timed, unlock);
}

impl Lock for RwMutex {
    lock!(
        RwMutex,
        write_lock,
        try_write_lock,
        write_lock_timed,
        write_unlock
    );
}

impl Lock for RecursiveMutex {
    lock!(RecursiveMutex, lock, try_lock, lock_timed, unlock);

    fn is_recursive(&self) -> bool {
        true
    }
}

impl Lock for RawMutex {
    fn lock(&self) {
        self.lock();
    }
    fn try_lock(&self) -> bool {
        self.try_lock()
    }
    fn lock_soon(&self) -> bool {
        self.try_lock()
    }
    fn unlock(&self) {
        self.unlock();
    }
    fn reinit(&self) {
        // SAFETY: the child's only thread, and it guards nothing.
        unsafe { self.at_fork_reinit() };
    }
    fn keeps_no_waiters(&self) -> bool {
        false
    }
}

/// Where the lock stands at the fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Free,
    Mine,
    MineWaitedFor,
    AnothersAndFree,
    Anothers,
    AnothersWaitedFor,
}

pub(super) const ALL: [At; 6] = [
    At::Free,
    At::Mine,
    At::MineWaitedFor,
    At::AnothersAndFree,
    At::Anothers,
    At::AnothersWaitedFor,
];

/// What it is in the child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    Free,
    Mine,
    Theirs,
}

pub(super) struct Held<L: Lock + 'static> {
    lock: &'static L,
    others: Others,
    /// In the parent.
    mine: bool,
    is: Is,
}

impl<L: Lock> Held<L> {
    pub(super) fn boxed(lock: L, at: At) -> Box<dyn Made> {
        let lock: &'static L = Box::leak(Box::new(lock));
        let mut others = Others::default();
        let mut mine = false;
        match at {
            At::Free => {}
            At::AnothersAndFree => {
                let pass = || {
                    lock.lock();
                    lock.unlock();
                };
                beside(&[&pass], || ());
            }
            At::Mine | At::MineWaitedFor => {
                lock.lock();
                mine = true;
            }
            At::Anothers | At::AnothersWaitedFor => {
                others.hold(|| lock.lock(), || lock.unlock());
            }
        }
        if matches!(at, At::MineWaitedFor | At::AnothersWaitedFor) {
            for _ in 0..2 {
                others.wait(|| {
                    lock.lock();
                    lock.unlock();
                });
            }
        }
        let is = match at {
            At::Free | At::AnothersAndFree => Is::Free,
            At::MineWaitedFor if !lock.keeps_no_waiters() => Is::Theirs,
            At::Mine | At::MineWaitedFor => Is::Mine,
            At::Anothers | At::AnothersWaitedFor => Is::Theirs,
        };
        Box::new(Held {
            lock,
            others,
            mine,
            is,
        })
    }

    fn look(&self, got: bool) {
        let mine_again = self.is == Is::Mine && self.lock.is_recursive();
        assert_eq!(got, self.is == Is::Free || mine_again, "{:?}", self.is);
        if got {
            self.lock.unlock();
        }
    }

    /// Threads of the child contend for it: those of one that is mine get it when I give it back.
    fn share(&mut self) {
        if self.is == Is::Theirs {
            self.reinit();
        }
        let lock = self.lock;
        let mine = std::mem::replace(&mut self.is, Is::Free) == Is::Mine;
        contend(&|| lock.lock(), &|| lock.unlock(), || {
            if mine {
                std::thread::sleep(MS);
                lock.unlock();
            }
        });
    }

    fn reinit(&mut self) {
        self.lock.reinit();
        self.is = Is::Free;
    }
}

impl<L: Lock> Made for Held<L> {
    fn ways(&self) -> usize {
        6
    }

    fn perform(&mut self, n: usize) {
        match n {
            0 => self.look(self.lock.try_lock()),
            1 => self.look(self.lock.lock_soon()),
            2 => self.share(),
            3 if self.is == Is::Mine => {
                self.lock.unlock();
                self.is = Is::Free;
            }
            4 if self.is == Is::Free => {
                self.lock.lock();
                self.is = Is::Mine;
            }
            5 => self.reinit(),
            // Not for this state.
            _ => {}
        }
    }

    fn end(self: Box<Self>) {
        if self.mine {
            self.lock.unlock();
        }
        self.others.end();
        self.lock.lock();
        self.lock.unlock();
    }
}

#[rstest]
fn each_cell_of_the_locks(
    #[values(
        At::Free,
        At::Mine,
        At::MineWaitedFor,
        At::AnothersAndFree,
        At::Anothers,
        At::AnothersWaitedFor
    )]
    at: At,
) {
    each_cell(Held::boxed(Mutex::new(), at));
    each_cell(Held::boxed(RwMutex::new(), at));
    each_cell(Held::boxed(RecursiveMutex::new(), at));
    each_cell(Held::boxed(RawMutex::new(), at));
}

/// A nested recursive mutex keeps its levels.
#[test]
fn a_recursive_mutex_keeps_its_levels() {
    let lock = RecursiveMutex::new();
    lock.lock();
    lock.lock();
    super::forked(|| {
        assert_eq!(lock.level(), 1);
        lock.unlock();
        beside(&[&|| assert!(!lock.try_lock())], || ());
        lock.unlock();
        let long = || {
            let status = lock.lock_timed(Some(LONG), LockFlags::NONE);
            assert_eq!(status, LockStatus::Acquired);
            lock.unlock();
        };
        beside(&[&long], || ());
    });
}
