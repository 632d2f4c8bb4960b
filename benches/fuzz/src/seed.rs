//! One value of `PYTHONHASHSEED`. The environment holds no zero byte, so the value ends at the first.

use crate::python;
use py_hashsecret::{HashSecret, HashSeed, UnsignedLong};

fn value(data: &[u8]) -> &[u8] {
    let end = data.iter().position(|b| *b == 0);
    &data[..end.unwrap_or(data.len())]
}

/// The rules of `config_init_hash_seed`, with the standard's `strtoul` in numbers that never overflow.
fn model(value: &[u8], max: u64) -> Option<HashSeed> {
    if matches!(value, b"" | b"random") {
        return Some(HashSeed::Random);
    }
    let blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r');
    let start = value.iter().position(|b| !blank(b))?;
    let (negative, digits) = match &value[start..] {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let limit = i128::from(max);
    let add = |n: i128, b: &u8| (n * 10 + i128::from(b - b'0')).min(limit + 1);
    let n = digits.iter().fold(0, add);
    if n > limit {
        return None;
    }
    let wrapped = if negative {
        (limit + 1 - n) % (limit + 1)
    } else {
        n
    };
    u32::try_from(wrapped).ok().map(HashSeed::Fixed)
}

/// What C's own `strtoul` makes of it.
#[cfg(all(unix, target_pointer_width = "64"))]
fn from_c(value: &[u8]) -> Option<HashSeed> {
    if matches!(value, b"" | b"random") {
        return Some(HashSeed::Random);
    }
    let text = std::ffi::CString::new(value).expect("no zero byte");
    let mut end = std::ptr::null_mut();
    // SAFETY: a string that ends in a zero byte, and room for the pointer to its rest.
    let n = unsafe { libc::strtoul(text.as_ptr(), &raw mut end, 10) };
    // An overflow gives ULONG_MAX, which is out of the seed's range in any case.
    // SAFETY: `end` points into the string, or at its end.
    let rest = unsafe { std::ffi::CStr::from_ptr(end) };
    let read = rest.is_empty() && end.cast_const() != text.as_ptr();
    u32::try_from(n).ok().filter(|_| read).map(HashSeed::Fixed)
}

/// The value as a 64-bit and a 32-bit machine read it, and the secret that follows from it.
pub fn run(data: &[u8]) {
    let value = value(data);
    let ours = HashSeed::parse(value);
    assert_eq!(ours.ok(), model(value, u64::MAX));
    let short = HashSeed::parse_with(value, UnsignedLong::Bits32);
    assert_eq!(short.ok(), model(value, u64::from(u32::MAX)));
    #[cfg(all(unix, target_pointer_width = "64"))]
    assert_eq!(ours.ok(), from_c(value));
    if let Ok(text) = std::str::from_utf8(value) {
        assert_eq!(text.parse::<HashSeed>(), ours);
    }
    let Ok(HashSeed::Fixed(seed)) = ours else {
        return;
    };
    let secret = HashSecret::from_seed(seed);
    let mut generated = [0; 24];
    // The generator of `lcg_urandom`, as the C code's comment has it: x *= 214013, x += 2531011.
    let mut x = seed;
    for byte in &mut generated {
        x = x.wrapping_mul(214_013).wrapping_add(2_531_011);
        *byte = (x >> 16) as u8;
    }
    if seed == 0 {
        generated = [0; 24];
    }
    assert_eq!(*secret.as_bytes(), generated);
    assert_eq!(HashSeed::Fixed(seed).is_randomized(), seed != 0);
}

/// Starts a python under this seed, which must accept or refuse it as we do, and have our secret.
pub fn starts(data: &[u8]) {
    let value = value(data);
    let Some(theirs) = python::started_with(value) else {
        return;
    };
    match (theirs, HashSeed::parse(value)) {
        (Ok(answer), Ok(HashSeed::Random)) => assert!(answer.starts_with("1 "), "{answer}"),
        (Ok(answer), Ok(seed @ HashSeed::Fixed(n))) => {
            let secret = python::hex(HashSecret::from_seed(n).as_bytes());
            let expected = format!("{} {secret}", u8::from(seed.is_randomized()));
            assert_eq!(answer, expected);
        }
        (Err(words), Err(error)) => assert!(words.contains(&error.to_string()), "{words}"),
        (theirs, ours) => panic!("{value:?}: CPython {theirs:?}, ours {ours:?}"),
    }
}
