//! A read-write lock that is read at the fork, alone or beside others, with a waiting writer or not.

use super::{Made, Others, beside, contend, each_cell};
use py_sync::RwMutex;
use rstest::rstest;

/// Who reads at the fork, and whether a writer waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At {
    mine: bool,
    anothers: bool,
    writer: bool,
}

impl At {
    pub(super) fn all() -> impl Iterator<Item = At> {
        (1..4).flat_map(|readers| {
            [false, true].map(|writer| At {
                mine: readers & 1 != 0,
                anothers: readers & 2 != 0,
                writer,
            })
        })
    }
}

pub(super) struct Read {
    lock: &'static RwMutex,
    others: Others,
    at: At,
    /// In the child: the same, until things change.
    is: At,
}

const FREE: At = At {
    mine: false,
    anothers: false,
    writer: false,
};

impl Read {
    pub(super) fn boxed(at: At) -> Box<dyn Made> {
        let lock: &'static RwMutex = Box::leak(Box::new(RwMutex::new()));
        let mut others = Others::default();
        if at.mine {
            lock.read_lock();
        }
        if at.anothers {
            others.hold(|| lock.read_lock(), || lock.read_unlock());
        }
        if at.writer {
            others.wait(|| {
                lock.write_lock();
                lock.write_unlock();
            });
            // A writer that waits is one that stops new readers.
            while lock.try_read_lock() {
                lock.read_unlock();
                std::thread::yield_now();
            }
        }
        Box::new(Read {
            lock,
            others,
            at,
            is: at,
        })
    }

    fn release(&mut self) {
        if self.is.mine {
            self.lock.read_unlock();
            self.is.mine = false;
            // The last reader leaves nothing of the writer that is not there.
            self.is.writer &= self.is.anothers;
        }
    }

    fn reinit(&mut self) {
        // SAFETY: the child's only thread, and it guards nothing.
        unsafe { self.lock.at_fork_reinit() };
        self.is = FREE;
    }
}

impl Made for Read {
    fn ways(&self) -> usize {
        6
    }

    fn perform(&mut self, n: usize) {
        let lock = self.lock;
        let is_read = self.is.mine || self.is.anothers;
        match n {
            0 => {
                let got = lock.try_read_lock();
                assert_eq!(
                    got, !self.is.writer,
                    "a dead writer stops readers until it is free"
                );
                if got {
                    lock.read_unlock();
                }
            }
            1 => {
                assert!(lock.try_read_lock_recursive(), "whatever waits");
                assert!(lock.is_read_locked());
                lock.read_unlock();
            }
            2 => {
                let got = lock.try_write_lock();
                assert_eq!(got, !is_read);
                if got {
                    lock.write_unlock();
                }
            }
            3 => self.release(),
            4 => self.reinit(),
            // Writers and readers of the child's own. Those of a lock that I read get it when I end.
            _ => {
                if self.is.anothers {
                    self.reinit();
                }
                let mine = std::mem::replace(&mut self.is, FREE).mine;
                let write = || lock.write_lock();
                contend(&write, &|| lock.write_unlock(), || {
                    if mine {
                        std::thread::sleep(super::MS);
                        lock.read_unlock();
                    }
                });
                let read = || {
                    lock.read_lock();
                    lock.read_unlock();
                };
                beside(&[&read, &read], || ());
            }
        }
    }

    fn end(self: Box<Self>) {
        if self.at.mine {
            self.lock.read_unlock();
        }
        self.others.end();
        self.lock.write_lock();
    }
}

#[rstest]
fn each_cell_of_a_lock_that_is_read(
    #[values(false, true)] mine: bool,
    #[values(false, true)] anothers: bool,
    #[values(false, true)] writer: bool,
) {
    if mine || anothers {
        each_cell(Read::boxed(At {
            mine,
            anothers,
            writer,
        }));
    }
}
