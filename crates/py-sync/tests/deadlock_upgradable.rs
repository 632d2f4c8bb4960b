//! A thread that waits to be the upgradable reader waits for the one that is.
#![cfg(all(feature = "deadlock", feature = "typed"))]

use py_sync::deadlock::check_deadlock;
use py_sync::diagnostics::Kind;
use py_sync::typed::RawRwLock;
use py_sync::typed::lock_api::{RawRwLock as _, RawRwLockUpgrade as _};
use std::time::Duration;

#[test]
fn who_is_upgradable_and_wants_to_be_it_again_waits_for_itself() {
    static LOCK: RawRwLock = RawRwLock::INIT;
    let address = (&raw const LOCK).addr();
    let thread = std::thread::spawn(|| {
        LOCK.lock_upgradable();
        LOCK.lock_upgradable();
        // SAFETY: held.
        unsafe { LOCK.unlock_upgradable() };
    });
    let find = || {
        std::thread::sleep(Duration::from_millis(2));
        check_deadlock().into_iter().flatten().next()
    };
    let found = (0..10_000).find_map(|_| find()).expect("it is found");
    assert_eq!(found.waiting().kind, Kind::RwMutex);
    assert_eq!(found.waiting().address, address);
    // SAFETY: held, by the thread's first call. Any thread may unlock it.
    unsafe { LOCK.unlock_upgradable() };
    thread.join().unwrap();
}
