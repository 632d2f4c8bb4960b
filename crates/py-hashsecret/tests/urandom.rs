//! Random bytes of any length, and a secret that does not wait.

#![cfg(all(feature = "urandom", unix, not(miri)))]

use py_hashsecret::{HashSecret, Wait, urandom};
use rstest::rstest;

#[rstest]
fn bytes_of_any_length_are_random(
    #[values(1, 24, 255, 256, 257, 100_000)] length: usize,
    #[values(Wait::UntilReady, Wait::No)] wait: Wait,
) {
    let mut bytes = vec![0; length];
    urandom(&mut bytes, wait).unwrap();
    let zeros = bytes.iter().filter(|&&byte| byte == 0).count();
    // One in 256 is zero: twice as many in 100,000, or nine in a few, come up less than once in 2^60.
    assert!(zeros <= length / 128 + 8, "{zeros} zeros in {length} bytes");
}

#[test]
fn nothing_is_asked_for_no_bytes() {
    urandom(&mut [], Wait::UntilReady).unwrap();
}

#[test]
fn early_secrets_differ() {
    let secrets: Vec<_> = (0..50)
        .map(|_| HashSecret::random_early().unwrap())
        .collect();
    for (i, secret) in secrets.iter().enumerate() {
        assert!(!secrets[..i].contains(secret));
    }
}
