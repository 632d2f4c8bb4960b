//! Do the headline operations stay as fast as they were? One figure each, by criterion, which keeps
//! the last run and says what has changed since (`--save-baseline` and critcmp compare commits).
//! How we stand beside CPython and the other crates is what the other benches ask, in paired rounds.

use criterion::{Criterion, criterion_group, criterion_main};
use py_arena::Arena;
use py_hashsecret::HashSecret;
use py_sync::{Mutex, with_critical_section};
use py_thread::Ident;
use std::hint::black_box;

fn arena(c: &mut Criterion) {
    c.bench_function("arena: new, ten values of 48 bytes, free", |b| {
        b.iter(|| {
            let arena = Arena::new();
            for n in 0..10 {
                black_box(arena.alloc([n; 6]));
            }
        });
    });
}

fn hash(c: &mut Criterion) {
    let secret = HashSecret::from_seed(42);
    let name = "an_identifier";
    c.bench_function("hash: an identifier of 13 letters", |b| {
        b.iter(|| secret.hash_str(black_box(name)));
    });
    c.bench_function("hash: a secret from its seed", |b| {
        b.iter(|| HashSecret::from_seed(black_box(42)));
    });
}

fn sync(c: &mut Criterion) {
    let mutex = Mutex::new();
    c.bench_function("sync: a mutex, free", |b| {
        b.iter(|| {
            black_box(&mutex).lock();
            black_box(&mutex).unlock();
        });
    });
    c.bench_function("sync: a critical section, free", |b| {
        b.iter(|| with_critical_section(black_box(&mutex), |_| ()));
    });
}

fn thread(c: &mut Criterion) {
    c.bench_function("thread: the current ident", |b| b.iter(Ident::current));
    c.bench_function("thread: start and join", |b| {
        b.iter(|| py_thread::start(|| ()).expect("a thread starts").join());
    });
}

criterion_group!(headlines, arena, hash, sync, thread);
criterion_main!(headlines);
