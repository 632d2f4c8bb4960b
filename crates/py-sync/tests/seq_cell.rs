//! A [`SeqCell`] whose value takes longer to copy than its writer's turns are apart.

use py_sync::SeqCell;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// A copy that began before the reader looked at the counter would show parts of two values.
#[test]
fn a_try_that_succeeds_has_one_value() {
    let rounds = if cfg!(miri) { 20 } else { 20_000 };
    let (cell, done) = (SeqCell::new([0u64; 128]), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 1..=rounds {
                cell.write([n; 128]);
            }
            done.store(true, SeqCst);
        });
        let mut last = 0;
        while !done.load(SeqCst) {
            if let Some(seen) = cell.try_read() {
                assert_eq!(seen, [seen[0]; 128]);
                assert!(seen[0] >= last, "no older value than the last");
                last = seen[0];
            }
        }
    });
    assert_eq!(cell.try_read(), Some([rounds; 128]));
}
