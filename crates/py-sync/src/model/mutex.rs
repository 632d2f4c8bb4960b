//! Models of [`Mutex`] on the static lot, by each of the clocks.
//!
//! With [`NeverFair`] no waiter wakes by itself: only the designated waker sees to it that the others
//! are woken. With the other clocks a waiter's fair time comes at once, and how late it acts is the scheduler's choice.

use super::{Guarded, check};
use crate::deadline::{AlwaysFair, Clock, Deadline, FairFromSecondLook, NeverFair, Skewed};
use crate::flags::{LockFlags, LockStatus};
use crate::mutex::Mutex;
use core::time::Duration;
use loom::sync::Arc;
use loom::thread;

type Shared = (Mutex, Guarded);

/// Locks, counts, unlocks, `rounds` times; says how often it got the lock.
fn work(shared: &Shared, clock: &impl Clock, timeout: Option<Duration>, rounds: usize) -> usize {
    (0..rounds)
        .filter(|_| {
            let status = shared
                .0
                .lock_with(clock, Deadline::after(timeout), LockFlags::NONE);
            if status == LockStatus::Acquired {
                shared.1.increment();
                assert!(shared.0.unlock_with(clock));
            }
            status == LockStatus::Acquired
        })
        .count()
}

/// One thread per entry of `timeouts`, the first of them the model's own.
fn contend<C>(name: &str, clock: fn() -> C, timeouts: &'static [Option<Duration>], rounds: usize)
where
    C: Clock + Clone + Send + Sync + 'static,
{
    check(name, move || {
        let clock = clock();
        let shared = Arc::new((Mutex::new(), Guarded::new()));
        let others: Vec<_> = timeouts[1..]
            .iter()
            .map(|&timeout| {
                let (shared, clock) = (Arc::clone(&shared), clock.clone());
                thread::spawn(move || work(&shared, &clock, timeout, rounds))
            })
            .collect();
        let mut acquired = work(&shared, &clock, timeouts[0], rounds);
        for other in others {
            acquired += other.join().unwrap();
        }
        let byte = shared.0.byte();
        assert_eq!(byte, 0, "nobody is there");
        let status = shared.0.lock_with(&clock, Deadline::Never, LockFlags::NONE);
        assert_eq!(status, LockStatus::Acquired);
        assert_eq!(shared.1.get(), acquired);
        assert!(shared.0.unlock_with(&clock));
        assert_eq!(
            shared.0.byte(),
            0,
            "an unlock that finds nobody leaves nothing"
        );
        let untimed = timeouts.iter().filter(|timeout| timeout.is_none()).count();
        assert!(acquired >= untimed * rounds);
    });
}

const FOR_EVER: Option<Duration> = None;
const BRIEFLY: Option<Duration> = Some(Duration::from_millis(1));

macro_rules! models {
    ($($name:ident: $clock:expr, $timeouts:expr, $rounds:literal;)*) => {
        $(
            #[test]
            fn $name() {
                contend(concat!("mutex::", stringify!($name)), $clock, &$timeouts, $rounds);
            }
        )*
    };
}

models! {
    two_never_fair: || NeverFair, [FOR_EVER; 2], 1;
    two_always_fair: || AlwaysFair, [FOR_EVER; 2], 1;
    two_twice_never_fair: || NeverFair, [FOR_EVER; 2], 2;
    two_twice_always_fair: || AlwaysFair, [FOR_EVER; 2], 2;
    two_twice_later_fair: FairFromSecondLook::default, [FOR_EVER; 2], 2;
    two_one_timed_never_fair: || NeverFair, [FOR_EVER, BRIEFLY], 1;
    two_one_timed_always_fair: || AlwaysFair, [FOR_EVER, BRIEFLY], 1;
    two_timed_later_fair: FairFromSecondLook::default, [BRIEFLY; 2], 2;
    three_never_fair: || NeverFair, [FOR_EVER; 3], 1;
    two_skewed: || Skewed, [FOR_EVER; 2], 2;
    three_skewed: || Skewed, [FOR_EVER; 3], 1;
    three_one_timed_skewed: || Skewed, [FOR_EVER, FOR_EVER, BRIEFLY], 1;
    three_always_fair: || AlwaysFair, [FOR_EVER; 3], 1;
    three_later_fair: FairFromSecondLook::default, [FOR_EVER; 3], 1;
    three_one_timed_never_fair: || NeverFair, [FOR_EVER, FOR_EVER, BRIEFLY], 1;
    three_one_timed_always_fair: || AlwaysFair, [FOR_EVER, FOR_EVER, BRIEFLY], 1;
    three_timed_later_fair: FairFromSecondLook::default, [BRIEFLY; 3], 1;
}

/// A free lock is never refused, however the parked bit flips.
#[test]
fn try_lock_gets_a_free_lock() {
    check("mutex::try_lock_gets_a_free_lock", || {
        let shared = Arc::new((Mutex::new(), Guarded::new()));
        assert!(shared.0.try_lock());
        let waiter = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || work(&shared, &NeverFair, BRIEFLY, 1))
        };
        shared.1.increment();
        assert!(shared.0.unlock_with(&NeverFair));
        let got = waiter.join().unwrap();
        assert!(shared.0.try_lock(), "free, whatever the parked bit says");
        assert_eq!(shared.1.get(), 1 + got);
    });
}
