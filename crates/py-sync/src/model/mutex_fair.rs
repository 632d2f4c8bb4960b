//! Models of [`Mutex`]'s fair unlock, and of the hand-off to who is due: no wake-up is lost, and a waiter
//! that was queued has had its turn.

use super::{Guarded, check, together};
use crate::deadline::{Clock, Deadline, NeverFair};
use crate::flags::{LockFlags, LockStatus};
use crate::mutex::Mutex;
use crate::parking_lot::{Kind, Waiters, lot};
use core::time::Duration;

type Shared = (Mutex, Guarded);
type Role = fn(&Shared) -> usize;

fn shared() -> Shared {
    (Mutex::new(), Guarded::new())
}

fn work(shared: &Shared, timed: bool, unlock: impl Fn(&Mutex) -> bool) -> usize {
    let (m, guarded) = shared;
    let deadline = Deadline::after(timed.then_some(Duration::from_millis(1)));
    let status = m.lock_with(&NeverFair, deadline, LockFlags::NONE);
    assert!(timed || status == LockStatus::Acquired);
    if status != LockStatus::Acquired {
        return 0;
    }
    guarded.increment();
    assert!(unlock(m));
    1
}

const FAIR: Role = |shared| work(shared, false, Mutex::unlock_fair);
const FAIR_TIMED: Role = |shared| work(shared, true, Mutex::unlock_fair);
const PLAIN: Role = |shared| work(shared, false, |m| m.unlock_with(&NeverFair));

/// Two turns, between which another thread may have one.
const BUMP: Role = |shared| {
    let (m, guarded) = shared;
    let status = m.lock_with(&NeverFair, Deadline::Never, LockFlags::NONE);
    assert_eq!(status, LockStatus::Acquired);
    guarded.increment();
    m.bump(&NeverFair, LockFlags::NONE);
    guarded.increment();
    assert!(m.unlock_fair());
    2
};

fn contend(name: &str, roles: &'static [Role]) {
    check(name, || {
        let (shared, worked) = together(shared(), roles);
        assert_eq!(shared.1.get(), worked.into_iter().sum::<usize>());
        assert!(shared.0.try_lock());
    });
}

#[test]
fn two_fair_threads() {
    contend("mutex_fair::two_fair_threads", &[FAIR, FAIR]);
}

#[test]
fn three_fair_threads() {
    contend("mutex_fair::three_fair_threads", &[FAIR, FAIR, FAIR]);
}

#[test]
fn a_fair_and_a_plain_thread() {
    contend("mutex_fair::a_fair_and_a_plain_thread", &[FAIR, PLAIN]);
}

#[test]
fn a_fair_thread_and_one_in_a_hurry() {
    contend(
        "mutex_fair::a_fair_thread_and_one_in_a_hurry",
        &[FAIR, FAIR_TIMED],
    );
}

#[test]
fn one_bumps() {
    contend("mutex_fair::one_bumps", &[BUMP, FAIR]);
}

/// The model's own thread has the lock, beside a thread that has one turn. `act` gets whether that is
/// parked by now, and a question: whether it has had its turn. It ends without the lock, and returns how
/// many turns it had.
fn beside_one(name: &str, act: fn(&Shared, bool, &dyn Fn() -> bool) -> usize) {
    check(name, move || {
        use core::sync::atomic::{AtomicBool, Ordering::SeqCst};
        // Not loom's: it is not part of the model.
        let had_its_turn = std::sync::Arc::new(AtomicBool::new(false));
        let shared = loom::sync::Arc::new(shared());
        assert!(shared.0.try_lock());
        let other = {
            let (shared, had_its_turn) = (shared.clone(), had_its_turn.clone());
            loom::thread::spawn(move || {
                work(&shared, false, |m| {
                    had_its_turn.store(true, SeqCst);
                    m.unlock_fair()
                })
            })
        };
        let is_parked = shared.0.byte() == 3;
        let turns = act(&shared, is_parked, &|| had_its_turn.load(SeqCst));
        assert_eq!(other.join().unwrap(), 1);
        assert_eq!(shared.1.get(), turns + 1);
    });
}

/// Everybody unlocks fairly, so a thread that is parked has the lock next: it is never free in between.
#[test]
fn who_is_parked_is_next() {
    let name = "mutex_fair::who_is_parked_is_next";
    beside_one(name, |(m, guarded), is_parked, had_its_turn| {
        guarded.increment();
        assert!(m.unlock_fair());
        if is_parked && !m.is_locked() {
            assert!(
                had_its_turn(),
                "the lock was free while somebody was parked"
            );
        }
        1
    });
}

/// Who bumps while a thread is parked has the lock again only after that thread's turn.
#[test]
fn who_bumps_comes_after_who_is_parked() {
    let name = "mutex_fair::who_bumps_comes_after_who_is_parked";
    beside_one(name, |(m, guarded), is_parked, had_its_turn| {
        guarded.increment();
        m.bump(&NeverFair, LockFlags::NONE);
        assert!(had_its_turn() || !is_parked, "the bump was for nobody");
        guarded.increment();
        assert!(m.unlock_fair());
        2
    });
}

/// A clock of unlocks by which the fair time of every waiter has come, and no other.
struct Late;

impl Clock for Late {
    fn now(&self) -> u64 {
        u64::MAX
    }
}

/// Once the fair times of all have come, the lock goes from hand to hand: it is free again only after
/// all that were parked have had it.
#[test]
fn who_is_due_is_handed_the_lock() {
    check("mutex_fair::who_is_due_is_handed_the_lock", || {
        use core::sync::atomic::{AtomicUsize, Ordering::SeqCst};
        // Not loom's: it is not part of the model.
        let turns = std::sync::Arc::new(AtomicUsize::new(0));
        let shared = loom::sync::Arc::new(shared());
        let m = &shared.0;
        assert!(m.try_lock());
        let waiters = [(); 2].map(|()| {
            let (shared, turns) = (shared.clone(), turns.clone());
            loom::thread::spawn(move || {
                let (m, guarded) = &*shared;
                let status = m.lock_with(&NeverFair, Deadline::Never, LockFlags::NONE);
                assert_eq!(status, LockStatus::Acquired);
                guarded.increment();
                turns.fetch_add(1, SeqCst);
                assert!(m.unlock_with(&Late));
            })
        });
        let count = |waiters: &mut Waiters<'_>| waiters.iter().count();
        // SAFETY: the lock is this test's own; the closure does not call into the lot.
        let parked = unsafe { lot().with_waiters(Kind::Mutex, m.as_ptr().addr(), count) };
        assert!(m.unlock_with(&Late));
        if !m.is_locked() {
            assert!(
                turns.load(SeqCst) >= parked,
                "the lock was free before they had it"
            );
        }
        for waiter in waiters {
            waiter.join().unwrap();
        }
    });
}
