//! A fork while another thread holds a bucket of the lot: in the child the bucket is free.
#![cfg(all(unix, not(miri)))]

mod support;

use py_sync::{LockFlags, ParkStatus, park, unpark_all};
use std::sync::mpsc::channel;
use std::time::Duration;

#[test]
fn a_bucket_that_another_thread_held_is_free_in_the_child() {
    static KEY: u8 = 0;
    let key = (&raw const KEY).addr();
    // SAFETY: the key is this test's own, and no closure calls into the lot.
    let no_time = || unsafe { park(key, || true, 0, Some(Duration::ZERO), LockFlags::NONE) };
    let (inside, is_inside) = channel();
    let (leave, may_leave) = channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let validate = || {
                inside.send(()).unwrap();
                may_leave.recv().unwrap()
            };
            // SAFETY: as above.
            let status = unsafe { park(key, validate, 0, None, LockFlags::NONE) };
            assert_eq!(status, ParkStatus::Again);
        });
        is_inside.recv().unwrap();
        support::in_forked_child(|| {
            // SAFETY: as above.
            no_time() == ParkStatus::Timeout && unsafe { unpark_all(key) } == 0
        });
        leave.send(false).unwrap();
    });
    assert_eq!(no_time(), ParkStatus::Timeout);
}
