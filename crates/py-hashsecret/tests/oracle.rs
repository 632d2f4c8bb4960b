//! Hashes of text, bytes and numbers: each question goes to a real python and to us.
//!
//! `PYTHON_ORACLE` names it; `ORACLE_FULL=1` asks 100,000 questions of each sort that matters.
#![cfg(all(not(loom), not(miri), target_pointer_width = "64"))]

mod common;
#[path = "common/oracle.rs"]
mod oracle;

use common::Rng;
use oracle::{ask, compare, count, hex, python};
use py_hashsecret::{
    HashConfig, HashSecret, hash_complex, hash_decimal, hash_f64, hash_fraction, hash_limbs,
    hash_pointer, hash_tuple, keyed_hash,
};

/// A seed of every size, or any secret at all.
fn secret(rng: &mut Rng) -> HashSecret {
    match rng.below(4) {
        0 => HashSecret::from_bytes(rng.bytes(24).try_into().unwrap()),
        1 => HashSecret::from_seed(rng.below(1024) as u32),
        _ => HashSecret::from_seed(rng.next() as u32),
    }
}

/// Text of one kind, or a mixture; mostly short, some long.
fn text(rng: &mut Rng) -> Vec<u32> {
    let classes = [
        (0, 0x80),
        (0x80, 0x80),
        (0x100, 0x700),
        (0x800, 0xf800),
        (0x1_0000, 0x10_0000),
    ];
    let widest = rng.below(5);
    let mixed = rng.below(2) == 0;
    let len = if rng.below(16) == 0 {
        rng.below(300)
    } else {
        rng.below(24)
    };
    let character = |rng: &mut Rng| {
        let class = if mixed { rng.below(widest + 1) } else { widest };
        let (first, count) = classes[class as usize];
        first + rng.below(count) as u32
    };
    (0..len).map(|_| character(rng)).collect()
}

#[test]
fn hashes_of_random_text_under_random_secrets_are_cpythons() {
    let mut rng = Rng(2026);
    let cases = (0..count(4_000, 100_000)).map(|_| (secret(&mut rng), text(&mut rng)));
    compare(
        cases,
        |(secret, text)| {
            let units: Vec<u8> = text.iter().flat_map(|c| c.to_be_bytes()).collect();
            format!("str {} {}", hex(secret.as_bytes()), hex(&units))
        },
        |(secret, text)| {
            let wtf8 = common::wtf8(text);
            let hash = secret.hash_wtf8(&wtf8).unwrap();
            assert_eq!(secret.hash_ucs4(text), hash);
            if let Ok(text) = std::str::from_utf8(&wtf8) {
                assert_eq!(secret.hash_str(text), hash);
            }
            hash.to_string()
        },
    );
}

#[test]
fn hashes_of_random_bytes_under_random_secrets_are_cpythons() {
    let mut rng = Rng(2027);
    let mut case = || {
        let len = if rng.below(16) == 0 {
            rng.below(700)
        } else {
            rng.below(40)
        };
        (secret(&mut rng), rng.bytes(len as usize))
    };
    compare(
        (0..count(4_000, 100_000)).map(|_| case()),
        |(secret, data)| format!("bytes {} {}", hex(secret.as_bytes()), hex(data)),
        |(secret, data)| secret.hash_bytes(data).to_string(),
    );
}

#[test]
fn keyed_hashes_are_those_of_imp_source_hash() {
    let mut rng = Rng(2028);
    let mut case = || {
        let key = rng.next() as i64 >> rng.below(64);
        let len = rng.below(100) as usize;
        (key, rng.bytes(len))
    };
    compare(
        (0..count(1_000, 20_000)).map(|_| case()),
        |(key, data)| format!("source {key} {}", hex(data)),
        |(key, data)| keyed_hash(*key as u64, data).to_string(),
    );
}

/// A sign and a magnitude of up to `limbs` limbs, zero and powers of two among them.
fn integer(rng: &mut Rng, limbs: u64) -> (bool, Vec<u64>) {
    let count = rng.below(limbs) + 1;
    let shape = rng.below(4);
    let limb = |rng: &mut Rng| match shape {
        0 => rng.next(),
        1 => rng.below(3),
        2 => u64::MAX - rng.below(2),
        _ => 1 << rng.below(64),
    };
    (rng.below(2) == 0, (0..count).map(|_| limb(rng)).collect())
}

fn literal((negative, limbs): &(bool, Vec<u64>)) -> String {
    let digits: String = limbs
        .iter()
        .rev()
        .map(|limb| format!("{limb:016x}"))
        .collect();
    format!("{}{digits}", if *negative { "-" } else { "" })
}

#[test]
fn hashes_of_integers_are_cpythons() {
    let mut rng = Rng(2029);
    compare(
        (0..count(2_000, 100_000)).map(|_| integer(&mut rng, 6)),
        |n| format!("int {}", literal(n)),
        |(negative, limbs)| hash_limbs(*negative, limbs).to_string(),
    );
}

/// The bits of a finite float or an infinity: random, small, whole, or near a power of two.
fn float(rng: &mut Rng) -> f64 {
    let x = match rng.below(4) {
        0 => f64::from_bits(rng.next()),
        1 => rng.next() as i64 as f64,
        2 => (rng.below(2000) as f64 - 1000.0) / 8.0,
        _ => 2_f64.powi(rng.below(2098) as i32 - 1074),
    };
    if x.is_nan() { f64::INFINITY } else { x }
}

#[test]
fn hashes_of_floats_are_cpythons() {
    let mut rng = Rng(2030);
    compare(
        (0..count(2_000, 100_000)).map(|_| float(&mut rng)),
        |x| format!("float {:016x}", x.to_bits()),
        |x| hash_f64(*x, 0).to_string(),
    );
}

#[test]
fn hashes_of_complex_numbers_are_cpythons() {
    let mut rng = Rng(2031);
    compare(
        (0..count(2_000, 50_000)).map(|_| (float(&mut rng), float(&mut rng))),
        |(re, im)| format!("complex {:016x} {:016x}", re.to_bits(), im.to_bits()),
        |(re, im)| hash_complex(*re, *im, 0).to_string(),
    );
}

#[test]
fn hashes_of_fractions_are_cpythons() {
    let mut rng = Rng(2032);
    // Denominators of which the modulus is a factor too; in lowest terms by a prime above.
    let mut case = || {
        let numerator = rng.next() | 1;
        let denominator = match rng.below(3) {
            0 => 1 << rng.below(64),
            1 => (1 << 61) - 1,
            _ => rng.next() | 1,
        };
        let (mut a, mut b) = (numerator, denominator);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        (rng.below(2) == 0, numerator / a, denominator / a)
    };
    compare(
        (0..count(1_000, 20_000)).map(|_| case()),
        |(negative, n, d)| format!("fraction {}{n:x} {d:x}", if *negative { "-" } else { "" }),
        |(negative, n, d)| hash_fraction(*negative, &[*n], &[*d]).to_string(),
    );
}

#[test]
fn hashes_of_decimals_are_cpythons() {
    let mut rng = Rng(2033);
    let mut case = || {
        let exponent = rng.below(2000) as i64 - 1000;
        (integer(&mut rng, 2), exponent)
    };
    compare(
        (0..count(1_000, 20_000)).map(|_| case()),
        |((negative, limbs), exponent)| {
            let magnitude = literal(&(false, limbs.clone()));
            format!("decimal {} {magnitude} {exponent}", u8::from(*negative))
        },
        |((negative, limbs), exponent)| hash_decimal(*negative, limbs, *exponent).to_string(),
    );
}

#[test]
fn hashes_of_tuples_are_cpythons() {
    let mut rng = Rng(2034);
    let mut case = || {
        let len = rng.below(12);
        (0..len)
            .map(|_| rng.next() as i64 >> rng.below(64))
            .collect()
    };
    compare(
        (0..count(1_000, 20_000)).map(|_| case()),
        |items: &Vec<i64>| {
            let items: Vec<String> = items.iter().map(i64::to_string).collect();
            format!("tuple {}", items.join(" "))
        },
        |items| hash_tuple(items.iter().copied().map(py_hashsecret::hash_i64)).to_string(),
    );
}

#[test]
fn objects_hash_by_their_address_as_in_cpython() {
    let Some(python) = python() else { return };
    for answer in ask(python, "identity\n".repeat(100)) {
        let (id, hash) = answer.split_once(' ').unwrap();
        assert_eq!(hash_pointer(id.parse().unwrap()).to_string(), hash);
    }
}

#[test]
fn hash_info_is_cpythons() {
    let Some(python) = python() else { return };
    let info = HashConfig::CPYTHON.info();
    let ours = format!(
        "{} {} {} {} {} {} {} {} {}",
        info.width,
        info.modulus,
        info.inf,
        info.nan,
        info.imag,
        info.algorithm,
        info.hash_bits,
        info.seed_bits,
        info.cutoff
    );
    assert_eq!(ask(python, "info\n".into()), [ours]);
}
