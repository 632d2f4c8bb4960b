#![cfg(not(miri))]
//! Keys run out, and come back. A process of its own, for it takes all keys there are.

use py_thread::Tss;
use std::ptr;

/// More keys than a system has at a time, one after another.
fn a_dropped_key_is_given_back() {
    for n in 1..5000 {
        let key = Tss::new();
        key.create().unwrap();
        assert!(key.get().is_null());
        key.set(ptr::without_provenance_mut(n)).unwrap();
    }
}

#[cfg(target_os = "linux")]
fn a_system_without_keys_is_an_error() {
    let mut keys = Vec::new();
    let (error, key) = loop {
        let key = Tss::new();
        match key.create() {
            Ok(()) => keys.push(key),
            Err(error) => break (error, key),
        }
        assert!(keys.len() < 10_000);
    };
    assert_eq!(error.raw_os_error(), Some(libc::EAGAIN));
    assert!(!key.is_created());
    keys.pop();
    key.create().unwrap();
}

#[test]
fn keys_run_out_and_come_back() {
    a_dropped_key_is_given_back();
    #[cfg(target_os = "linux")]
    a_system_without_keys_is_an_error();
    a_dropped_key_is_given_back();
}
