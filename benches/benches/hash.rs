//! What does a hash cost, by length and by kind of text? What does a secret cost?
//!
//! Lengths are chained: where a message begins depends on the hash before it, as in a lookup that
//! waits for its hash. `free` lengths and `hash_many` are not.

use benches::cpython;
use benches::paired::{Options, Table};
use py_hashsecret::{HashSecret, SipHasher13, SipHasher24, lcg_urandom};
use std::collections::hash_map::DefaultHasher;
use std::ffi::c_void;
use std::hash::Hasher;
use std::hint::black_box;

/// `_Py_HashBytes` of 3.13, `Py_HashBuffer` of 3.14.
type HashBuffer = unsafe extern "C" fn(*const c_void, isize) -> isize;

fn hash_buffer() -> Option<(&'static str, HashBuffer)> {
    ["Py_HashBuffer", "_Py_HashBytes"]
        .into_iter()
        .find_map(|name| {
            // SAFETY: both have this signature.
            let function = unsafe { cpython::symbol::<HashBuffer>(name) };
            function.map(|f| (name, f))
        })
}

/// CPython's hash of a message, under its own secret: zero, since it is not initialised.
fn cpython_hash(function: HashBuffer, data: &[u8]) -> isize {
    // SAFETY: the pointer and the length are of one slice; the function only reads it.
    unsafe { function(data.as_ptr().cast(), data.len() as isize) }
}

/// Hashes `len` bytes `n` times, each time from where the hash before says: always the beginning,
/// but the processor cannot know.
fn chained(data: &[u8], len: usize, n: u64, hash: impl Fn(&[u8]) -> u64) {
    let mask = black_box(0);
    let mut last = 0;
    for _ in 0..n {
        let start = last as usize & mask;
        last = hash(&data[start..start + len]);
    }
    black_box(last);
}

/// The same for a message that is looked up: there is one, but the processor cannot know.
fn chained_items<T: Copy>(item: T, n: u64, hash: impl Fn(T) -> u64) {
    let (items, mask) = (black_box([item; 2]), black_box(0));
    let mut last = 0;
    for _ in 0..n {
        last = hash(items[last as usize & mask & 1]);
    }
    black_box(last);
}

/// Hashes the first `len` bytes `n` times, one hash not waiting for the other.
fn free(data: &[u8], len: usize, n: u64, hash: impl Fn(&[u8]) -> u64) {
    for _ in 0..n {
        black_box(hash(black_box(&data[..len])));
    }
}

fn by_length(options: &Options) {
    let data: Vec<u8> = (0..2000).map(|i| (i * 7 + 3) as u8).collect();
    let zero = HashSecret::ZERO;
    // The keys are not known at compile time.
    let secret = black_box(HashSecret::ZERO);
    let (k0, k1) = secret.siphash_keys();
    for len in [1, 2, 3, 4, 5, 7, 8, 12, 16, 32, 64, 255, 1000] {
        if let Some((_, function)) = hash_buffer() {
            assert_eq!(
                cpython_hash(function, &data[..len]),
                zero.hash_bytes(&data[..len])
            );
        }
        for (style, is_chained) in [("", true), (", free", false)] {
            let mut table = Table::new(format!("hash of {len} bytes{style}"), "hash");
            macro_rules! peer {
                ($name:expr, $hash:expr) => {{
                    let data = &data[..];
                    let hash = $hash;
                    table.peer($name, move |n| match is_chained {
                        true => chained(data, len, n, &hash),
                        false => free(data, len, n, &hash),
                    });
                }};
            }
            peer!("py-hashsecret", |m: &[u8]| secret.hash_bytes(m) as u64);
            peer!("siphasher SipHasher13", |m: &[u8]| {
                siphasher::sip::SipHasher13::new_with_keys(k0, k1).hash(m)
            });
            peer!("std DefaultHasher", |m: &[u8]| {
                let mut hasher = DefaultHasher::new();
                hasher.write(m);
                hasher.finish()
            });
            if let Some((name, function)) = hash_buffer() {
                peer!(
                    format!("CPython {name}"),
                    move |m: &[u8]| cpython_hash(function, m) as u64
                );
            }
            peer!("py-hashsecret, streaming", |m: &[u8]| {
                let mut hasher = SipHasher13::new(&secret);
                hasher.write(m);
                hasher.finish()
            });
            table.run(options);
        }
    }
}

fn siphash_2_4(options: &Options) {
    let data: Vec<u8> = (0..2000).map(|i| (i * 7 + 3) as u8).collect();
    let secret = black_box(HashSecret::from_seed(42));
    let (k0, k1) = secret.siphash_keys();
    for len in [8, 64, 1000] {
        let mut table = Table::new(format!("SipHash-2-4 of {len} bytes"), "hash");
        table.peer("py-hashsecret, streaming", |n| {
            chained(&data, len, n, |m| {
                let mut hasher = SipHasher24::new(&secret);
                hasher.write(m);
                hasher.finish()
            });
        });
        table.peer("siphasher SipHasher24", |n| {
            chained(&data, len, n, |m| {
                siphasher::sip::SipHasher24::new_with_keys(k0, k1).hash(m)
            });
        });
        table.run(options);
    }
}

/// Text in UTF-8, and the bytes that CPython stores for it.
fn texts() -> Vec<(&'static str, String, Vec<u8>)> {
    let repeat = |pattern: &str, chars: usize| pattern.chars().cycle().take(chars).collect();
    let texts: [(&str, String); 11] = [
        ("ASCII, 5 characters", repeat("spam_", 5)),
        ("ASCII, 16 characters", repeat("identifier_name_", 16)),
        ("ASCII, 64 characters", repeat("the quick brown fox ", 64)),
        (
            "ASCII, 1000 characters",
            repeat("the quick brown fox ", 1000),
        ),
        (
            "Latin-1 (French), 64 characters",
            repeat("déjà vu à l'été, bien sûr; ", 64),
        ),
        (
            "Latin-1, all above ASCII, 64 characters",
            repeat("éàüöñ", 64),
        ),
        (
            "two bytes (Cyrillic), 64 characters",
            repeat("сложность", 64),
        ),
        (
            "two bytes, with blanks, 64 characters",
            repeat("простое лучше сложного ", 64),
        ),
        (
            "three bytes (BMP), 64 characters",
            repeat("日本語文字列", 64),
        ),
        (
            "three bytes, with ASCII, 64 characters",
            repeat("日本語 abc 文字列, ", 64),
        ),
        (
            "four bytes (emoji in ASCII), 64 characters",
            repeat("party 🎉🎊 time! ", 64),
        ),
    ];
    let with_bytes = |(name, text): (&'static str, String)| {
        let widest = text.chars().max().unwrap() as u32;
        let unit = |c: char| match widest {
            0..=0xff => vec![c as u8],
            0x100..=0xffff => (c as u16).to_ne_bytes().to_vec(),
            _ => (c as u32).to_ne_bytes().to_vec(),
        };
        let bytes = text.chars().flat_map(unit).collect();
        (name, text, bytes)
    };
    texts.into_iter().map(with_bytes).collect()
}

fn by_kind(options: &Options) {
    let secret = black_box(HashSecret::ZERO);
    for (name, text, bytes) in texts() {
        assert_eq!(secret.hash_str(&text), secret.hash_bytes(&bytes));
        let mut table = Table::new(format!("hash_str of {name}"), "hash");
        let (text, bytes) = (&text[..], &bytes[..]);
        table.peer("hash_str", move |n| {
            chained_items(text, n, |m| secret.hash_str(m) as u64)
        });
        table.peer("hash_bytes of the stored bytes", move |n| {
            chained_items(bytes, n, |m| secret.hash_bytes(m) as u64);
        });
        if let Some((symbol, function)) = hash_buffer() {
            table.peer(format!("CPython {symbol} of them"), move |n| {
                chained_items(bytes, n, |m| cpython_hash(function, m) as u64);
            });
        }
        table.peer("collected into a Vec, then hashed", move |n| {
            chained_items(text, n, |m| {
                let units: Vec<u32> = m.chars().map(u32::from).collect();
                secret.hash_ucs4(&units) as u64
            });
        });
        table.run(options);
    }
}

#[inline(never)]
fn from_seed(seed: u32) -> HashSecret {
    HashSecret::from_seed(seed)
}

/// The loop as the C has it: the seed 0 apart, then a byte at a time.
#[inline(never)]
fn plain_loop(seed: u32, out: &mut [u8; 24]) {
    let mut x = seed;
    if x == 0 {
        out.fill(0);
        return;
    }
    for byte in out {
        x = x.wrapping_mul(214_013).wrapping_add(2_531_011);
        *byte = (x >> 16) as u8;
    }
}

/// The same, its length unknown to the compiler: `lcg_urandom` of the C.
#[inline(never)]
fn plain_loop_of_any_length(seed: u32, out: &mut [u8]) {
    let mut x = seed;
    for byte in out {
        x = x.wrapping_mul(214_013).wrapping_add(2_531_011);
        *byte = (x >> 16) as u8;
    }
}

fn secrets(options: &Options) {
    let mut table = Table::new("secret from seed", "secret");
    table.peer("HashSecret::from_seed", |n| {
        for i in 0..n {
            black_box(&from_seed(black_box(i as u32 | 1)));
        }
    });
    table.peer("a plain loop", |n| {
        let mut out = [0; 24];
        for i in 0..n {
            plain_loop(black_box(i as u32 | 1), black_box(&mut out));
        }
    });
    table.peer("a plain loop of any length", |n| {
        let mut out = [0; 24];
        for i in 0..n {
            plain_loop_of_any_length(black_box(i as u32 | 1), black_box(&mut out));
        }
    });
    table.peer("lcg_urandom of any length", |n| {
        let mut out = [0; 24];
        for i in 0..n {
            lcg_urandom(black_box(i as u32 | 1), black_box(&mut out));
        }
    });
    table.run(options);
    let mut table = Table::new("random secret", "secret");
    table.peer("HashSecret::random", |n| {
        for _ in 0..n {
            black_box(HashSecret::random().unwrap());
        }
    });
    table.run(options);
    let cell = std::sync::OnceLock::from(HashSecret::from_seed(1));
    let mut table = Table::new("the process's secret", "call");
    py_hashsecret::init_with(py_hashsecret::HashSeed::Fixed(1)).unwrap();
    table.peer("secret()", |n| {
        for _ in 0..n {
            black_box(py_hashsecret::secret());
        }
    });
    table.peer("a OnceLock", |n| {
        for _ in 0..n {
            black_box(*black_box(&cell).get().unwrap());
        }
    });
    table.run(options);
}

/// 64 messages of one length, and of lengths as identifiers have them.
fn many(options: &Options) {
    let secret = black_box(HashSecret::from_seed(42));
    let data: Vec<u8> = (0..4000).map(|i| (i * 7 + 3) as u8).collect();
    let identifiers = [4, 3, 8, 5, 1, 6, 12, 4, 7, 2, 9, 4, 16, 5, 3, 11];
    let lengths = [5, 8, 16, 64, 256, 1000].map(|len| (format!("{len} bytes"), vec![len]));
    let mixed = (
        "the lengths of identifiers".to_owned(),
        identifiers.to_vec(),
    );
    for (name, lengths) in lengths.into_iter().chain([mixed]) {
        let messages: Vec<&[u8]> = lengths
            .iter()
            .cycle()
            .take(64)
            .enumerate()
            .map(|(i, len)| &data[i..i + len])
            .collect();
        let messages = &messages[..];
        let mut table = Table::new(format!("hash_many of {name}"), "hash");
        table.peer("hash_many", move |n| {
            let mut hashes = [0; 64];
            for _ in 0..n.div_ceil(64) {
                secret.hash_many(black_box(messages), &mut hashes);
                black_box(&hashes);
            }
        });
        table.peer("hash_bytes, one by one", move |n| {
            let mut hashes = [0; 64];
            for _ in 0..n.div_ceil(64) {
                for (hash, message) in hashes.iter_mut().zip(black_box(messages)) {
                    *hash = secret.hash_bytes(message);
                }
                black_box(&hashes);
            }
        });
        table.run(options);
    }
}

fn main() {
    let options = Options::from_args();
    by_length(&options);
    many(&options);
    siphash_2_4(&options);
    by_kind(&options);
    secrets(&options);
}
