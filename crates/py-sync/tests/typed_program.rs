//! Random programs of calls that do not wait, by one thread, against an obvious model of the lock.
#![cfg(feature = "typed")]

use proptest::prelude::*;
use proptest::test_runner::Config;
use py_sync::typed::RawRwLock;
use py_sync::typed::lock_api::{
    RawRwLock as _, RawRwLockDowngrade as _, RawRwLockFair as _, RawRwLockRecursive as _,
    RawRwLockTimed as _, RawRwLockUpgrade as _, RawRwLockUpgradeDowngrade as _,
    RawRwLockUpgradeFair as _, RawRwLockUpgradeTimed as _,
};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

/// What a thread may do next; what the model forbids is left out.
#[derive(Clone, Copy, Debug)]
enum Call {
    Read { how: u8 },
    EndRead { fair: bool },
    Write { timed: bool },
    EndWrite { how: u8 },
    Upgradable { timed: bool },
    EndUpgradable { how: u8 },
    Upgrade { timed: bool },
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let call = prop_oneof![
        (0..3_u8).prop_map(|how| Call::Read { how }),
        any::<bool>().prop_map(|fair| Call::EndRead { fair }),
        any::<bool>().prop_map(|timed| Call::Write { timed }),
        (0..5_u8).prop_map(|how| Call::EndWrite { how }),
        any::<bool>().prop_map(|timed| Call::Upgradable { timed }),
        (0..4_u8).prop_map(|how| Call::EndUpgradable { how }),
        any::<bool>().prop_map(|timed| Call::Upgrade { timed }),
    ];
    prop::collection::vec(call, 0..60)
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Model {
    readers: usize,
    upgradable: bool,
    writer: bool,
}

impl Model {
    fn word(self) -> usize {
        let top = usize::from(self.upgradable) << (usize::BITS - 1);
        top + 4 * self.readers + usize::from(self.writer)
    }

    fn is_free(self) -> bool {
        self == Model::default()
    }

    /// Makes the call on both; each must say the same.
    fn step(&mut self, raw: &RawRwLock, call: Call) {
        let zero = Duration::ZERO;
        match call {
            Call::Read { how } => {
                let got = match how {
                    0 => raw.try_lock_shared(),
                    1 => raw.try_lock_shared_recursive(),
                    _ => raw.try_lock_shared_for(zero),
                };
                assert_eq!(got, !self.writer);
                self.readers += usize::from(got);
            }
            Call::Write { timed } => {
                let got = match timed {
                    true => raw.try_lock_exclusive_for(zero),
                    false => raw.try_lock_exclusive(),
                };
                assert_eq!(got, self.is_free());
                self.writer |= got;
            }
            Call::Upgradable { timed } => {
                let got = match timed {
                    true => raw.try_lock_upgradable_for(zero),
                    false => raw.try_lock_upgradable(),
                };
                assert_eq!(got, !self.writer && !self.upgradable);
                self.upgradable |= got;
            }
            // SAFETY, for all that follow: the model has what is given up or turned into another.
            Call::EndRead { fair } if self.readers > 0 => {
                match fair {
                    // SAFETY: as above.
                    true => unsafe { raw.unlock_shared_fair() },
                    // SAFETY: as above.
                    false => unsafe { raw.unlock_shared() },
                }
                self.readers -= 1;
            }
            Call::EndWrite { how } if self.writer => {
                match how {
                    // SAFETY: as above.
                    0 => unsafe { raw.unlock_exclusive() },
                    // SAFETY: as above.
                    1 => unsafe { raw.unlock_exclusive_fair() },
                    // SAFETY: as above.
                    2 => unsafe { raw.downgrade() },
                    // SAFETY: as above.
                    3 => unsafe { raw.downgrade_to_upgradable() },
                    // SAFETY: as above.
                    _ => unsafe { raw.bump_exclusive() },
                }
                self.writer = how == 4;
                self.readers += usize::from(how == 2);
                self.upgradable |= how == 3;
            }
            Call::EndUpgradable { how } if self.upgradable => {
                match how {
                    // SAFETY: as above.
                    0 => unsafe { raw.unlock_upgradable() },
                    // SAFETY: as above.
                    1 => unsafe { raw.unlock_upgradable_fair() },
                    // SAFETY: as above.
                    2 => unsafe { raw.downgrade_upgradable() },
                    // SAFETY: as above.
                    _ => unsafe { raw.bump_upgradable() },
                }
                self.upgradable = how == 3;
                self.readers += usize::from(how == 2);
            }
            Call::Upgrade { timed } if self.upgradable => {
                let got = match timed {
                    // SAFETY: as above.
                    true => unsafe { raw.try_upgrade_for(Duration::from_nanos(1)) },
                    // SAFETY: as above.
                    false => unsafe { raw.try_upgrade() },
                };
                assert_eq!(got, self.readers == 0);
                (self.writer, self.upgradable) = (got, !got);
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(Config {
        cases: if cfg!(miri) { 8 } else { 512 },
        failure_persistence: None,
        ..Config::default()
    })]

    #[test]
    fn one_threads_calls_leave_the_words_of_the_model(calls in calls()) {
        let (raw, mut model) = (RawRwLock::INIT, Model::default());
        for call in calls {
            model.step(&raw, call);
            // SAFETY: `RawRwLock` is `repr(transparent)` over one atomic word.
            let word = unsafe { &*std::ptr::from_ref(&raw).cast::<AtomicUsize>() }.load(SeqCst);
            prop_assert_eq!(word, model.word(), "after {:?}", call);
            prop_assert_eq!(raw.is_locked(), !model.is_free());
            prop_assert_eq!(raw.is_locked_exclusive(), model.writer);
        }
    }
}
