//! Idents: minted, never reused, and those of logical threads.

use py_thread::{Ident, LogicalThread, OsIdent, native_id, start};
use std::collections::HashSet;
use std::sync::mpsc::channel;

#[test]
fn an_ident_is_never_reused() {
    let rounds = if cfg!(miri) { 5 } else { 100 };
    let mut idents = HashSet::from([Ident::own()]);
    let mut os_idents = HashSet::new();
    for _ in 0..rounds {
        let (tx, rx) = channel();
        let handle = start(move || tx.send((Ident::own(), OsIdent::current())).unwrap());
        let (ident, os) = rx.recv().unwrap();
        handle.unwrap().join().unwrap();
        assert!(idents.insert(ident));
        os_idents.insert(os);
    }
    // The system's numbers do come again; this is what they are not good for.
    assert!(os_idents.len() <= rounds);
}

#[test]
fn foreign_threads_have_idents_too() {
    let here = Ident::current();
    let there = std::thread::spawn(|| (Ident::current(), Ident::own()))
        .join()
        .unwrap();
    assert_eq!(there.0, there.1);
    assert_ne!(there.0, here);
}

#[test]
fn current_is_that_of_the_logical_thread_and_own_is_not() {
    let own = Ident::own();
    let mut logical = LogicalThread::new();
    let ident = logical.ident();
    assert_eq!(
        logical.run(|| (Ident::current(), Ident::own())),
        (ident, own)
    );
    assert_eq!(Ident::current(), own);
}

#[test]
fn a_logical_thread_moves_from_thread_to_thread() {
    let mut logical = LogicalThread::default();
    let ident = logical.ident();
    for _ in 0..3 {
        let (tx, rx) = channel();
        let handle = start(move || {
            assert_eq!(logical.run(Ident::current), ident);
            assert_ne!(Ident::current(), ident);
            tx.send(logical).unwrap();
        });
        logical = rx.recv().unwrap();
        handle.unwrap().join().unwrap();
    }
    assert_eq!(logical.ident(), ident);
}

/// A thread that runs a logical one before anybody asked for its own ident.
#[test]
fn own_can_be_minted_inside_a_logical_thread() {
    let run = || {
        let mut logical = LogicalThread::new();
        let ident = logical.ident();
        let (inside, own) = logical.run(|| {
            let own = Ident::own();
            (Ident::current(), own)
        });
        assert_eq!(inside, ident);
        assert_eq!((Ident::current(), Ident::own()), (own, own));
    };
    std::thread::spawn(run).join().unwrap();
}

#[test]
fn a_panic_inside_gives_the_earlier_ident_back() {
    let before = Ident::current();
    let mut logical = LogicalThread::new();
    let run = std::panic::AssertUnwindSafe(|| logical.run(|| panic!("planned")));
    assert!(std::panic::catch_unwind(run).is_err());
    assert_eq!(Ident::current(), before);
}

#[test]
fn numbers_come_back() {
    let own = Ident::own();
    assert_eq!(Ident::from_u64(own.get()), Some(own));
    assert_eq!(own.to_string(), own.get().to_string());
    assert_eq!(format!("{own:?}"), format!("Ident({own})"));
}

#[test]
#[cfg(not(miri))]
fn native_ids_of_living_threads_differ() {
    let there = std::thread::spawn(native_id).join().unwrap();
    assert_ne!(native_id(), there);
    assert_eq!(native_id(), native_id());
}
