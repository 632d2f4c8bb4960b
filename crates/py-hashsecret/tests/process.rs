//! The secret of the process: once, shared, never half made.
#![cfg(all(not(loom), feature = "std"))]

use py_hashsecret::{HashSecret, HashSeed, init_with, reset, secret};
use std::sync::{Barrier, Mutex, MutexGuard, PoisonError};

/// The secret is one for the process, so these tests take turns.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    reset();
    turn
}

#[test]
fn the_first_seed_wins() {
    let _turn = alone();
    assert_eq!(init_with(HashSeed::Fixed(1)), Ok(HashSecret::from_seed(1)));
    assert_eq!(init_with(HashSeed::Fixed(2)), Ok(HashSecret::from_seed(1)));
    assert_eq!(secret(), HashSecret::from_seed(1));
}

#[test]
fn seed_0_is_a_zero_secret_and_stays() {
    let _turn = alone();
    assert_eq!(init_with(HashSeed::Fixed(0)), Ok(HashSecret::ZERO));
    assert_eq!(init_with(HashSeed::Fixed(7)), Ok(HashSecret::ZERO));
    assert_eq!(secret(), HashSecret::ZERO);
}

#[test]
fn reset_lets_the_next_seed_in() {
    let _turn = alone();
    for seed in [1, 2, 0, 3] {
        assert_eq!(
            init_with(HashSeed::Fixed(seed)),
            Ok(HashSecret::from_seed(seed))
        );
        reset();
        reset();
    }
}

#[test]
fn threads_that_initialise_at_once_agree() {
    let _turn = alone();
    let rounds = if cfg!(miri) { 3 } else { 200 };
    for _ in 0..rounds {
        reset();
        let start = Barrier::new(8);
        let begin = |seed| {
            start.wait();
            init_with(HashSeed::Fixed(seed)).unwrap()
        };
        let secrets: Vec<HashSecret> = std::thread::scope(|scope| {
            let begin = &begin;
            let threads: Vec<_> = (1..=8)
                .map(|seed| scope.spawn(move || begin(seed)))
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(secrets.iter().all(|s| *s == secrets[0]));
        assert_eq!(secret(), secrets[0]);
        assert_ne!(secrets[0], HashSecret::ZERO);
    }
}

/// Readers beside resets see one whole secret or the other.
#[test]
fn a_reader_beside_resets_never_sees_a_mixture() {
    let _turn = alone();
    let whole = [1, 2].map(HashSecret::from_seed);
    let rounds = if cfg!(miri) { 20 } else { 20_000 };
    std::thread::scope(|scope| {
        let reader = || {
            for _ in 0..rounds {
                // Whoever comes first after a reset decides.
                let found = init_with(HashSeed::Fixed(1)).unwrap();
                assert!(whole.contains(&found));
            }
        };
        let readers: Vec<_> = (0..3).map(|_| scope.spawn(reader)).collect();
        while readers.iter().any(|reader| !reader.is_finished()) {
            reset();
            init_with(HashSeed::Fixed(2)).unwrap();
        }
    });
}
