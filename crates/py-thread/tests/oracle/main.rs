#![cfg(all(unix, not(miri)))]
//! The real CPython beside us in one process: the same answers for the same calls, at random.
//! `PYTHON_ORACLE_LIB` names its library, `PYTHON_ORACLE` its executable.

mod c;
mod words;

use c::{Object, Python};
use py_thread::{OsIdent, Seconds, TIMEOUT_MAX, Timeout, Tss, native_id};
use std::ffi::c_void;
use std::ptr;

/// Numbers without a pattern, the same in every run: xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// A double: any bits, or one near a border.
    fn double(&mut self) -> f64 {
        let sign = if self.below(4) == 0 { -1.0 } else { 1.0 };
        let unit = self.below(1 << 53) as f64 / (1u64 << 53) as f64;
        sign * match self.below(6) {
            0 => return f64::from_bits(self.next()),
            1 => unit * 1e-8,
            2 => unit * 10.0,
            3 => unit * 2e10,
            4 => 9_223_372_036.0 + unit * 2.0,
            _ => self.below(1000) as f64 / 1000.0,
        }
    }

    fn int(&mut self) -> i64 {
        match self.below(4) {
            0 => i64::from_ne_bytes(self.next().to_ne_bytes()),
            1 => self.below(20) as i64 - 10,
            2 => 9_223_372_036 + self.below(4) as i64 - 2,
            _ => -9_223_372_036 + self.below(4) as i64 - 2,
        }
    }
}

const ROUNDS: usize = 200_000;

/// All of it in one test: an interpreter belongs to the thread that made it.
#[test]
fn the_library_gives_the_same_answers() {
    let Some(python) = Python::load() else {
        return;
    };
    timeouts_are_parsed_alike(&python);
    stack_sizes_are_taken_alike(&python);
    keys_behave_alike(&python);
    info_and_numbers_are_the_same(&python);
}

/// What 3.13 says otherwise, as 3.14 says it.
fn in_words_of_314(message: &str) -> String {
    message
        .replace(
            "out of range for platform time_t",
            "out of range for C PyTime_t",
        )
        .replace(
            "too large to convert to C PyTime_t",
            "out of range for C PyTime_t",
        )
}

fn timeouts_are_parsed_alike(python: &Python) {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for round in 0..ROUNDS {
        let blocking = random.below(16) != 0;
        let (object, seconds) = match random.below(8) {
            0 => (Object::none(python), None),
            1 => (
                Object::big_int(python, round % 2 == 0),
                Some(Seconds::BigInt),
            ),
            2 | 3 => {
                let n = random.int();
                (Object::int(python, n), Some(Seconds::Int(n)))
            }
            _ => {
                let x = random.double();
                (Object::float(python, x), Some(Seconds::Float(x)))
            }
        };
        let theirs = python.parse_timeout(&object, blocking);
        let ours = Timeout::parse(seconds, blocking);
        let ours = ours
            .map(Timeout::as_nanos)
            .map_err(|e| (e.is_overflow(), e.to_string()));
        let theirs = theirs.map_err(|(overflow, words)| (overflow, in_words_of_314(&words)));
        assert_eq!(ours, theirs, "{seconds:?}, blocking: {blocking}");
    }
    assert_eq!(TIMEOUT_MAX, python.timeout_max());
}

fn stack_sizes_are_taken_alike(python: &Python) {
    let mut random = Random(42);
    let near = [
        0,
        1,
        16384,
        32767,
        32768,
        32769,
        40000,
        1 << 28,
        1 << (usize::BITS - 24),
        1 << (usize::BITS - 2),
    ];
    let near = near.into_iter().chain([usize::MAX >> 1, usize::MAX]);
    let any = (0..2000).map(|_| {
        let shift = random.below(63);
        (random.next() >> shift) as usize
    });
    for bytes in near.chain(any) {
        let theirs = python.set_stack_size(bytes);
        let ours = py_thread::set_stack_size(bytes);
        assert_eq!(ours.is_ok(), theirs == 0, "{bytes}: {theirs}");
        assert_eq!(py_thread::stack_size(), python.stack_size(), "{bytes}");
    }
    py_thread::set_stack_size(0).unwrap();
    python.set_stack_size(0);
}

fn keys_behave_alike(python: &Python) {
    let mut random = Random(7);
    let ours: [Tss; 4] = std::array::from_fn(|_| Tss::new());
    let mut theirs = [c::TssKey::default(); 4];
    for _ in 0..ROUNDS {
        let n = usize::try_from(random.below(4)).unwrap();
        let (ours, theirs) = (&ours[n], &mut theirs[n]);
        let value: *mut c_void = ptr::without_provenance_mut(random.below(1 << 40) as usize);
        // Without a key C's get and set are undefined; ours are null and an error.
        let created = python.tss_is_created(theirs);
        match random.below(8) {
            0 => assert_eq!(ours.create().is_ok(), python.tss_create(theirs)),
            1 => {
                // SAFETY: this thread alone uses the keys.
                unsafe { ours.delete() };
                python.tss_delete(theirs);
            }
            2..5 if created => {
                assert_eq!(ours.set(value).is_ok(), python.tss_set(theirs, value));
            }
            _ if created => assert_eq!(ours.get(), python.tss_get(theirs)),
            _ => assert!(ours.get().is_null() && ours.set(value).is_err()),
        }
        assert_eq!(ours.is_created(), python.tss_is_created(theirs));
    }
    for key in &mut theirs {
        python.tss_delete(key);
    }
}

fn info_and_numbers_are_the_same(python: &Python) {
    let info = py_thread::info();
    let ours = [
        Some(info.name.to_owned()),
        info.lock.map(str::to_owned),
        info.version,
    ];
    assert_eq!(ours, python.thread_info());
    assert_eq!(OsIdent::current().get(), python.thread_ident());
    assert_eq!(native_id(), python.native_id());
    let there = std::thread::scope(|s| {
        let ids = || (OsIdent::current().get(), python.thread_ident(), native_id());
        s.spawn(move || (ids(), python.native_id())).join().unwrap()
    });
    assert_eq!(there.0.0, there.0.1);
    assert_eq!(there.0.2, there.1);
}
