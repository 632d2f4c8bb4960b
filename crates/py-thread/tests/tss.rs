//! Keys: `_testcapi.test_pythread_tss_key_state`, and what C leaves undefined.

use py_thread::Tss;
use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

fn value(n: usize) -> *mut c_void {
    ptr::without_provenance_mut(n)
}

#[test]
fn a_key_has_the_states_of_cpython_s_test() {
    let key = Tss::new();
    assert!(!key.is_created());
    key.create().unwrap();
    assert!(key.is_created());
    key.create().unwrap();
    assert!(key.is_created(), "again: nothing happens");
    key.set(value(3)).unwrap();
    assert_eq!(key.get(), value(3));
    assert!(key.is_created());
    // SAFETY: only this thread knows the key.
    unsafe { key.delete() };
    assert!(!key.is_created());
    // SAFETY: only this thread knows the key.
    unsafe { key.delete() };
    key.create().unwrap();
    assert!(key.get().is_null(), "a new key has no values");
}

#[test]
fn creating_again_keeps_the_value() {
    let key = Tss::new();
    key.create().unwrap();
    key.set(value(9)).unwrap();
    key.create().unwrap();
    assert_eq!(key.get(), value(9));
}

#[test]
fn each_thread_has_its_own_value() {
    static KEY: Tss = Tss::new();
    KEY.create().unwrap();
    KEY.set(value(1)).unwrap();
    let threads: Vec<_> = (2..6)
        .map(|n| {
            std::thread::spawn(move || {
                assert!(KEY.get().is_null());
                KEY.set(value(n)).unwrap();
                std::thread::yield_now();
                assert_eq!(KEY.get(), value(n));
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(KEY.get(), value(1));
}

#[test]
fn what_c_leaves_undefined_is_an_error() {
    let key = Tss::new();
    assert!(key.get().is_null());
    let error = key.set(value(1)).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
}

#[test]
fn racing_creators_make_one_key() {
    for _ in 0..if cfg!(miri) { 2 } else { 50 } {
        let key = Arc::new(Tss::new());
        let barrier = Arc::new(std::sync::Barrier::new(3));
        let threads: Vec<_> = (1..=3)
            .map(|n| {
                let (key, barrier) = (Arc::clone(&key), Arc::clone(&barrier));
                std::thread::spawn(move || {
                    barrier.wait();
                    key.create().unwrap();
                    key.set(value(n)).unwrap();
                    barrier.wait();
                    assert_eq!(key.get(), value(n));
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
    }
}
