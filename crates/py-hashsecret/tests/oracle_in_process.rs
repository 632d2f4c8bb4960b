//! CPython's own hash functions beside ours in one process: a million calls are cheap.
//!
//! `PYTHON_ORACLE_LIB` is the path of a libpython; without it every test says that it is skipped.
//! `PYTHON_ORACLE_OPS` is the number of calls per function, 1e5 if it is not set.
#![cfg(all(unix, not(loom), not(miri), target_pointer_width = "64"))]

mod common;

use common::Rng;
use libloading::Library;
use py_hashsecret::{HashSecret, SECRET_SIZE, hash_f64, hash_pointer};
use std::ffi::{c_double, c_void};
use std::sync::OnceLock;

type Bytes = unsafe extern "C" fn(*const c_void, isize) -> isize;

fn library() -> Option<&'static Library> {
    static LIBRARY: OnceLock<Option<Library>> = OnceLock::new();
    let open = || {
        let Some(path) = std::env::var_os("PYTHON_ORACLE_LIB") else {
            println!("skipped: PYTHON_ORACLE_LIB is not set");
            return None;
        };
        // SAFETY: libpython's initialisers only set up its static data.
        Some(unsafe { Library::new(path) }.expect("PYTHON_ORACLE_LIB names a libpython"))
    };
    LIBRARY.get_or_init(open).as_ref()
}

fn calls() -> usize {
    let set = std::env::var("PYTHON_ORACLE_OPS").ok();
    set.map_or(100_000, |n| {
        n.parse().expect("PYTHON_ORACLE_OPS is a number")
    })
}

/// The function or variable of this name, if the library has it.
///
/// # Safety
///
/// `T` is its type.
unsafe fn symbol<T: Copy>(library: &'static Library, name: &str) -> Option<T> {
    // SAFETY: the caller promised the symbol's type.
    unsafe { library.get::<T>(name.as_bytes()) }
        .ok()
        .map(|s| *s)
}

/// Sets the secret by which the library hashes.
fn set_secret(library: &'static Library, secret: &HashSecret) {
    // SAFETY: `Include/internal/pycore_pyhash.h`: a union of 24 bytes, all of them data.
    let place: *mut [u8; SECRET_SIZE] =
        unsafe { symbol(library, "_Py_HashSecret") }.expect("libpython has a secret");
    // SAFETY: one test of this process writes it, before that test hashes; no interpreter runs.
    unsafe { place.write(*secret.as_bytes()) };
}

#[test]
fn bytes_of_any_length_and_place_under_any_secret_hash_alike() {
    let Some(library) = library() else { return };
    // SAFETY: `Include/internal/pycore_pyhash.h` of 3.13 and before, `Include/cpython/pyhash.h`
    // from 3.14 on.
    let hash = unsafe { symbol::<Bytes>(library, "Py_HashBuffer") }
        // SAFETY: the older name has the same type.
        .or_else(|| unsafe { symbol::<Bytes>(library, "_Py_HashBytes") })
        .expect("libpython hashes bytes");
    let mut rng = Rng(14);
    let pool = rng.bytes(4096);
    let mut secret = HashSecret::ZERO;
    for call in 0..calls() {
        if call % 16 == 0 {
            secret = HashSecret::from_bytes(rng.bytes(SECRET_SIZE).try_into().unwrap());
            set_secret(library, &secret);
        }
        let longest = if rng.below(64) == 0 { 2000 } else { 40 };
        let (start, len) = (rng.below(2000) as usize, rng.below(longest) as usize);
        let bytes = &pool[start..start + len];
        // SAFETY: the bytes are readable, and that many.
        let theirs = unsafe { hash(bytes.as_ptr().cast(), len as isize) };
        assert_eq!(secret.hash_bytes(bytes), theirs, "{secret:?} {bytes:x?}");
    }
    println!("{} hashes of bytes alike", calls());
}

#[test]
fn finite_and_infinite_floats_hash_alike() {
    let Some(library) = library() else { return };
    // SAFETY: `Include/internal/pycore_pyhash.h`; the object is looked at for a nan only.
    let hash: unsafe extern "C" fn(*mut c_void, c_double) -> isize =
        unsafe { symbol(library, "_Py_HashDouble") }.expect("libpython hashes floats");
    let mut rng = Rng(15);
    let special = [0.0, -0.0, 1.0, -1.0, f64::INFINITY, f64::NEG_INFINITY];
    let extreme = [f64::MAX, f64::MIN_POSITIVE, f64::EPSILON, 5e-324];
    let random = (0..calls()).map(|i| match i % 3 {
        0 => f64::from_bits(rng.next()),
        1 => rng.next() as i64 as f64,
        _ => (rng.next() as i32) as f64 / f64::from(1_u32 << rng.below(31)),
    });
    let mut asked = 0;
    for x in special.into_iter().chain(extreme).chain(random) {
        if x.is_nan() {
            continue;
        }
        // SAFETY: not a nan.
        let theirs = unsafe { hash(std::ptr::null_mut(), x) };
        assert_eq!(hash_f64(x, 0), theirs, "{x:e}");
        asked += 1;
    }
    println!("{asked} hashes of floats alike");
}

#[test]
fn addresses_hash_alike() {
    let Some(library) = library() else { return };
    // SAFETY: `Include/cpython/pyhash.h`, and `Include/pyhash.h` before; nothing is read there.
    let hash: unsafe extern "C" fn(*const c_void) -> isize =
        unsafe { symbol(library, "Py_HashPointer") }.expect("libpython hashes addresses");
    let mut rng = Rng(16);
    let edges = [0, 1, 15, 16, usize::MAX, usize::MAX << 4, 1 << 63];
    let random = (0..calls()).map(|_| rng.next() as usize >> rng.below(64));
    for address in edges.into_iter().chain(random.collect::<Vec<_>>()) {
        // SAFETY: an address is all it takes.
        let theirs = unsafe { hash(std::ptr::without_provenance(address)) };
        assert_eq!(hash_pointer(address), theirs, "{address:#x}");
    }
    println!("{} hashes of addresses alike", calls());
}
