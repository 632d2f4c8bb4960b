//! A handle that goes through C as one word: nothing is lost, and nothing is freed twice.

use py_thread::{Handle, JoinError, State, start};
use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

/// As C would move it: a plain word, to any thread.
struct Word(NonNull<c_void>);

// SAFETY: the word is the pointer of a handle, and a handle is Send.
unsafe impl Send for Word {}
// SAFETY: the word is the pointer of a handle, and a handle is Sync.
unsafe impl Sync for Word {}

#[test]
fn the_same_thread_comes_back() {
    let handle = start(|| ()).unwrap();
    let ident = handle.ident();
    let raw = handle.into_raw();
    // SAFETY: from `into_raw`, used once.
    let handle = unsafe { Handle::from_raw(raw) };
    assert_eq!(handle.ident(), ident);
    assert!(handle.join().unwrap().is_returned());
}

#[test]
fn a_borrowed_word_joins_and_stays_its_owners() {
    let (tx, rx) = channel::<()>();
    let raw = Word(
        start(move || {
            let _ = rx.recv();
        })
        .unwrap()
        .into_raw(),
    );
    std::thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                let raw = &raw;
                // SAFETY: the owner takes it back after the scope.
                let handle = unsafe { Handle::borrow_raw(raw.0) };
                let soon = Some(Duration::from_millis(1));
                assert!(handle.join_timeout(soon).unwrap().is_none());
            });
        }
    });
    drop(tx);
    // SAFETY: taken back below, after this use.
    assert!(unsafe { Handle::borrow_raw(raw.0) }.join().is_ok());
    // SAFETY: from `into_raw`, used once.
    let handle = unsafe { Handle::from_raw(raw.0) };
    assert_eq!(handle.state(), State::Done);
}

#[test]
fn a_word_may_be_freed_by_another_thread_before_the_end() {
    let kept = Arc::new(());
    let (tx, rx) = channel::<()>();
    let inside = Arc::clone(&kept);
    let handle = start(move || {
        let _ = rx.recv();
        drop(inside);
    })
    .unwrap();
    let watcher = handle.clone();
    let raw = Word(handle.into_raw());
    // SAFETY: from `into_raw`, used once.
    std::thread::spawn(move || drop(unsafe { Handle::from_raw({ raw }.0) }))
        .join()
        .unwrap();
    drop(tx);
    assert!(watcher.join().unwrap().is_returned());
    assert_eq!(Arc::strong_count(&kept), 1);
}

#[test]
fn the_outcome_of_a_panic_goes_through_the_word() {
    let raw = start(|| panic!("lost?")).unwrap().into_raw();
    // SAFETY: from `into_raw`, used once.
    let outcome = unsafe { Handle::from_raw(raw) }.join().unwrap();
    assert_eq!(outcome.panic().unwrap().message(), "lost?");
}

#[test]
fn a_thread_cannot_join_itself_through_a_word() {
    let handle = start(|| {
        let raw = Handle::current().unwrap().into_raw();
        // SAFETY: taken back below, after this use.
        let joined = unsafe { Handle::borrow_raw(raw) }.join();
        // SAFETY: from `into_raw`, used once.
        drop(unsafe { Handle::from_raw(raw) });
        assert!(matches!(joined, Err(JoinError::CurrentThread)));
    })
    .unwrap();
    assert!(handle.join().unwrap().is_returned());
}
