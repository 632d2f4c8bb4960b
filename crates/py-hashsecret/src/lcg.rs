//! The generator that expands a seed: `lcg_urandom` of `Python/bootstrap_hash.c`.

const MULTIPLIER: u32 = 214_013;
const INCREMENT: u32 = 2_531_011;

/// Fills `out` with the bytes that CPython derives from `seed`.
///
/// For each byte the state becomes `state * 214013 + 2531011` modulo 2^32, and the byte is bits 16
/// to 23 of the state. Bits above 23 of the seed never affect those bits, so there are 2^24
/// different streams.
///
/// The generator also runs for seed 0. CPython does not use it for that seed: there the secret is
/// all zeros, and so is [`HashSecret::from_seed(0)`](crate::HashSecret::from_seed).
///
/// CPython: `Python/bootstrap_hash.c`, `lcg_urandom`.
///
/// # Examples
/// ```
/// use py_hashsecret::lcg_urandom;
///
/// const BYTES: [u8; 4] = {
///     let mut out = [0; 4];
///     lcg_urandom(1, &mut out);
///     out
/// };
/// assert_eq!(BYTES, [0x29, 0x23, 0xbe, 0x84]);
/// ```
// A plain loop. For a known length LLVM makes independent multiplications of it, and tables that
// jump ahead were slower (benches/hash.rs, "secret from seed").
pub const fn lcg_urandom(seed: u32, out: &mut [u8]) {
    let mut state = seed;
    let mut i = 0;
    while i < out.len() {
        state = state.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT);
        out[i] = (state >> 16) as u8;
        i += 1;
    }
}
