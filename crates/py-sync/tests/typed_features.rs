//! The features that pass lock_api's own on: serde, owning_ref; and the recursive read-write lock.
#![cfg(feature = "typed")]

use py_sync::typed::{
    MappedRecursiveRwLockReadGuard, RecursiveRwLock, RecursiveRwLockReadGuard,
    RecursiveRwLockUpgradableReadGuard, RecursiveRwLockWriteGuard, RwLock,
};
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

/// Waits until a writer is parked: then, and only then, a plain read is refused.
fn until_a_writer_waits<T: Sync>(lock: &RwLock<T>) {
    while lock.try_read().is_some() {
        std::thread::yield_now();
    }
}

#[test]
fn a_recursive_lock_is_read_again_while_a_writer_waits() {
    // The plain lock of the same word shows that the writer of this test waits as it should.
    let plain = RwLock::new(1);
    std::thread::scope(|s| {
        let reading = plain.read();
        s.spawn(|| *plain.write() += 1);
        until_a_writer_waits(&plain);
        assert_eq!(*plain.read_recursive(), 1);
        drop(reading);
    });
    let lock = RecursiveRwLock::new(1);
    std::thread::scope(|s| {
        let outer: RecursiveRwLockReadGuard<'_, i32> = lock.read();
        let writer = s.spawn(|| *lock.write() += 1);
        // Long enough for the writer to wait, also as one that is overdue; later changes nothing.
        std::thread::sleep(MS * 20);
        assert!(!writer.is_finished());
        assert_eq!(*lock.read(), 1);
        assert_eq!(*lock.try_read().unwrap(), 1);
        assert_eq!(*lock.try_read_for(MS).unwrap(), 1);
        let mapped: MappedRecursiveRwLockReadGuard<'_, i32> =
            RecursiveRwLockReadGuard::map(lock.read_recursive(), |n| n);
        assert_eq!(*mapped, 1);
        drop((mapped, outer));
        writer.join().unwrap();
    });
    let upgradable: RecursiveRwLockUpgradableReadGuard<'_, i32> = lock.upgradable_read();
    let beside = lock.read();
    assert!(lock.try_upgradable_read().is_none() && *beside == 2);
    drop(beside);
    let mut write: RecursiveRwLockWriteGuard<'_, i32> =
        RecursiveRwLockUpgradableReadGuard::upgrade(upgradable);
    *write += 1;
    assert!(lock.try_read().is_none() && lock.try_read_for(MS).is_none());
    drop(write);
    assert_eq!(lock.into_inner(), 3);
}

#[cfg(feature = "serde")]
#[test]
fn locks_are_written_and_read_as_their_values() {
    use py_sync::typed::{FairMutex, Mutex, ReentrantMutex};
    let locks = (Mutex::new(1), FairMutex::new(2), ReentrantMutex::new(3));
    let rw = (RwLock::new("spam"), RecursiveRwLock::new("eggs"));
    let text = serde_json::to_string(&(&locks, &rw)).unwrap();
    assert_eq!(text, r#"[[1,2,3],["spam","eggs"]]"#);
    type Locks = (Mutex<i32>, FairMutex<i32>, ReentrantMutex<i32>);
    type Shared = (RwLock<String>, RecursiveRwLock<String>);
    let (locks, rw): (Locks, Shared) = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (*locks.0.lock(), *locks.1.lock(), *locks.2.lock()),
        (1, 2, 3)
    );
    assert_eq!(
        (rw.0.into_inner(), rw.1.into_inner()),
        ("spam".into(), "eggs".into())
    );
    assert!(serde_json::from_str::<Mutex<i32>>("\"spam\"").is_err());
}

#[cfg(feature = "owning_ref")]
#[test]
fn guards_have_a_stable_address() {
    use owning_ref::{OwningRef, StableAddress};
    use py_sync::typed::{Mutex, MutexGuard};
    fn is_stable<T: StableAddress>(guard: T) -> T {
        guard
    }
    let m = Mutex::new((1, "spam"));
    let name: OwningRef<MutexGuard<'_, (i32, &str)>, str> =
        OwningRef::new(is_stable(m.lock())).map(|pair| pair.1);
    assert_eq!(&*name, "spam");
    assert!(m.is_locked());
    drop(name);
    let lock = RwLock::new(1);
    assert_eq!(*is_stable(lock.read()), 1);
    assert_eq!(*is_stable(lock.write()), 1);
    assert!(!m.is_locked() && !lock.is_locked());
}
