//! [`py_sync::RwMutex`], by the traits of the typed lock over it, which have all that it can: upgrades
//! and downgrades too.

use crate::record::{Recorder, assert_found, assert_linearizable};
use crate::search::Spec;
use py_sync::typed::RawRwLock;
use py_sync::typed::lock_api::{
    RawRwLock as _, RawRwLockDowngrade as _, RawRwLockTimed as _, RawRwLockUpgrade as _,
    RawRwLockUpgradeDowngrade as _, RawRwLockUpgradeTimed as _,
};
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Held {
    /// Beside the upgradable one.
    readers: u32,
    upgradable: bool,
    writer: bool,
    /// Calls that have come and may wait, whoever has the lock. As in CPython, a reader does not pass those
    /// that wait: not even while the lock is free and one of them is on its way.
    coming: u32,
}

const FREE: Held = Held {
    readers: 0,
    upgradable: false,
    writer: false,
    coming: 0,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Read,
    TryRead(bool),
    TimedRead(bool),
    ReadUnlock,
    /// A call that may wait begins: its first part.
    Comes,
    Write,
    TryWrite(bool),
    TimedWrite(bool),
    WriteUnlock,
    Upgradable,
    TryUpgradable(bool),
    UpgradableUnlock,
    Upgrade,
    TryUpgrade(bool),
    TimedUpgrade(bool),
    Downgrade,
    DowngradeUpgradable,
    DowngradeToUpgradable,
}

impl Spec for Held {
    type Op = Op;

    fn step(&self, _: usize, op: Op) -> Option<Held> {
        use Op::*;
        let Held {
            readers,
            upgradable,
            writer,
            coming,
        } = *self;
        let held = readers > 0 || upgradable || writer;
        let state = |readers, upgradable, writer| Held {
            readers,
            upgradable,
            writer,
            coming,
        };
        let came = Held {
            coming: coming.saturating_sub(1),
            ..*self
        };
        let (may, after) = match op {
            Comes => (
                true,
                Held {
                    coming: coming + 1,
                    ..*self
                },
            ),
            Read | TimedRead(true) => (
                !writer,
                Held {
                    readers: readers + 1,
                    ..came
                },
            ),
            Write | TimedWrite(true) => (
                !held,
                Held {
                    writer: true,
                    ..came
                },
            ),
            Upgradable => (
                !writer && !upgradable,
                Held {
                    upgradable: true,
                    ..came
                },
            ),
            TimedRead(false) => (held || came.coming > 0, came),
            TimedWrite(false) => (held, came),
            TryRead(true) => (!writer, state(readers + 1, upgradable, false)),
            TryWrite(true) => (!held, state(0, false, true)),
            TryUpgradable(true) => (!writer && !upgradable, state(readers, true, false)),
            TryRead(false) | TryUpgradable(false) => (held || coming > 0, self.clone()),
            TryWrite(false) => (held, self.clone()),
            ReadUnlock => (
                readers > 0,
                state(readers.saturating_sub(1), upgradable, writer),
            ),
            WriteUnlock => (writer, state(0, false, false)),
            UpgradableUnlock => (upgradable, state(readers, false, writer)),
            Upgrade | TryUpgrade(true) | TimedUpgrade(true) => {
                (upgradable && readers == 0, state(0, false, true))
            }
            TryUpgrade(false) | TimedUpgrade(false) => (upgradable && readers > 0, self.clone()),
            Downgrade => (writer, state(1, false, false)),
            DowngradeUpgradable => (upgradable, state(readers + 1, false, false)),
            DowngradeToUpgradable => (writer, state(0, true, false)),
        };
        may.then_some(after)
    }
}

trait Subject: Sync {
    fn lock(&self) -> &RawRwLock;

    /// As lock_api's `try_upgrade`.
    fn try_upgrade(&self) -> bool {
        // SAFETY: called by the upgradable reader.
        unsafe { self.lock().try_upgrade() }
    }
}

struct Real(RawRwLock);

impl Subject for Real {
    fn lock(&self) -> &RawRwLock {
        &self.0
    }
}

/// Lets a writer in between before it becomes one.
struct LeavesBeforeItUpgrades(RawRwLock);

impl Subject for LeavesBeforeItUpgrades {
    fn lock(&self) -> &RawRwLock {
        &self.0
    }

    fn try_upgrade(&self) -> bool {
        // SAFETY: called by the upgradable reader, which then reads, and stops.
        unsafe {
            self.0.unlock_upgradable();
            self.0.lock_exclusive();
            self.0.downgrade_to_upgradable();
        }
        false
    }
}

/// What a thread has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mine {
    Nothing,
    Read,
    Upgradable,
    Write,
}

fn program<L: Subject>(subject: &L, recorder: &mut Recorder<'_, Op>) {
    let mut mine = Mine::Nothing;
    for _ in 0..6 {
        mine = turn(subject, recorder, mine);
    }
    if mine != Mine::Nothing {
        end(subject.lock(), recorder, mine);
    }
}

fn turn<L: Subject>(subject: &L, recorder: &mut Recorder<'_, Op>, mine: Mine) -> Mine {
    let lock = subject.lock();
    if mine != Mine::Nothing {
        recorder.linger();
    }
    let dice = recorder.dice(4);
    let soon = Duration::from_micros(recorder.dice(60));
    match (mine, dice) {
        (Mine::Nothing, _) => begin(lock, recorder, soon),
        (Mine::Write, 0) => {
            // SAFETY: this thread writes.
            let downgrade = || unsafe { lock.downgrade() };
            recorder.record(|| done(downgrade, Op::Downgrade));
            Mine::Read
        }
        (Mine::Write, 1) => {
            // SAFETY: this thread writes.
            let downgrade = || unsafe { lock.downgrade_to_upgradable() };
            recorder.record(|| done(downgrade, Op::DowngradeToUpgradable));
            Mine::Upgradable
        }
        (Mine::Upgradable, 0) => {
            // SAFETY: this thread is the upgradable reader.
            let downgrade = || unsafe { lock.downgrade_upgradable() };
            recorder.record(|| done(downgrade, Op::DowngradeUpgradable));
            Mine::Read
        }
        (Mine::Upgradable, dice @ 1..=3) => {
            let op = recorder.record(|| match dice {
                1 => Op::TryUpgrade(subject.try_upgrade()),
                // SAFETY: this thread is the upgradable reader.
                2 => Op::TimedUpgrade(unsafe { lock.try_upgrade_for(soon) }),
                // SAFETY: this thread is the upgradable reader.
                _ => done(|| unsafe { lock.upgrade() }, Op::Upgrade),
            });
            match op {
                Op::TryUpgrade(false) | Op::TimedUpgrade(false) => Mine::Upgradable,
                _ => Mine::Write,
            }
        }
        _ => end(lock, recorder, mine),
    }
}

/// Does it, and says what was done.
fn done(f: impl FnOnce(), op: Op) -> Op {
    f();
    op
}

fn begin(lock: &RawRwLock, recorder: &mut Recorder<'_, Op>, soon: Duration) -> Mine {
    let op = match recorder.dice(8) {
        1 => recorder.record(|| Op::TryRead(lock.try_lock_shared())),
        4 => recorder.record(|| Op::TryWrite(lock.try_lock_exclusive())),
        7 => recorder.record(|| Op::TryUpgradable(lock.try_lock_upgradable())),
        waits => recorder.record_in_two(|| {
            let op = match waits {
                0 => done(|| lock.lock_shared(), Op::Read),
                2 => Op::TimedRead(lock.try_lock_shared_for(soon)),
                3 => done(|| lock.lock_exclusive(), Op::Write),
                5 => Op::TimedWrite(lock.try_lock_exclusive_for(soon)),
                _ => done(|| lock.lock_upgradable(), Op::Upgradable),
            };
            [Op::Comes, op]
        }),
    };
    match op {
        Op::Read | Op::TryRead(true) | Op::TimedRead(true) => Mine::Read,
        Op::Write | Op::TryWrite(true) | Op::TimedWrite(true) => Mine::Write,
        Op::Upgradable | Op::TryUpgradable(true) => Mine::Upgradable,
        _ => Mine::Nothing,
    }
}

fn end(lock: &RawRwLock, recorder: &mut Recorder<'_, Op>, mine: Mine) -> Mine {
    recorder.record(|| match mine {
        // SAFETY: this thread reads.
        Mine::Read => done(|| unsafe { lock.unlock_shared() }, Op::ReadUnlock),
        // SAFETY: this thread writes.
        Mine::Write => done(|| unsafe { lock.unlock_exclusive() }, Op::WriteUnlock),
        // SAFETY: this thread is the upgradable reader.
        _ => done(|| unsafe { lock.unlock_upgradable() }, Op::UpgradableUnlock),
    });
    Mine::Nothing
}

#[test]
fn a_read_write_lock_is_linearizable() {
    assert_linearizable(&FREE, || Real(RawRwLock::INIT), program);
}

#[test]
fn an_upgrade_that_lets_go_is_found() {
    let make = || LeavesBeforeItUpgrades(RawRwLock::INIT);
    assert_found(&FREE, make, program);
}
