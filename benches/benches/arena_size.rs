//! What does one allocation cost, by size, and what does a claim save? Arenas of 10 000 values on a
//! warm heap, made and freed; each value is written whole.
//!
//! `arena_size count PEER WORDS N` runs one peer alone N times, for callgrind.

use benches::paired::{Options, Table};
use benches::pyarena::{PyArena, keep, keep_heap_warm};
use mimalloc::MiMalloc;
use py_arena::{Arena, BlockPolicy};
use std::alloc::{GlobalAlloc, Layout, System};

/// Values per arena.
const BATCH: u64 = 10_000;

/// Calls `f` with the length of each batch of `n`.
#[inline(always)]
fn batches(n: u64, mut f: impl FnMut(u64)) {
    let mut left = n;
    while left > 0 {
        f(left.min(BATCH));
        left -= left.min(BATCH);
    }
}

#[inline(never)]
fn fixed<const W: usize>(n: u64) {
    batches(n, |k| {
        let arena = Arena::new();
        for i in 0..k {
            keep(arena.alloc([i; W]));
        }
    });
}

#[inline(never)]
fn growing<const W: usize>(n: u64) {
    batches(n, |k| {
        let arena = Arena::with_policy(BlockPolicy::GROWING);
        for i in 0..k {
            keep(arena.alloc([i; W]));
        }
    });
}

#[inline(never)]
fn claim<const W: usize>(n: u64) {
    batches(n, |k| {
        let arena = Arena::with_policy(BlockPolicy::GROWING);
        let claim = arena.claim();
        for i in 0..k {
            keep(claim.alloc([i; W]));
        }
    });
}

#[inline(never)]
fn claim_of_eight<const W: usize>(n: u64) {
    batches(n, |k| {
        let arena = Arena::with_policy(BlockPolicy::GROWING);
        for eight in 0..k / 8 {
            let claim = arena.claim();
            for i in 0..8 {
                keep(claim.alloc([eight + i; W]));
            }
        }
    });
}

#[inline(never)]
fn bumpalo<const W: usize>(n: u64) {
    batches(n, |k| {
        let arena = bumpalo::Bump::new();
        for i in 0..k {
            keep(arena.alloc([i; W]));
        }
    });
}

#[inline(never)]
fn bump_scope<const W: usize>(n: u64) {
    batches(n, |k| {
        let arena: bump_scope::Bump = bump_scope::Bump::new();
        for i in 0..k {
            keep(arena.alloc([i; W]).into_mut());
        }
    });
}

#[inline(never)]
fn stumpalo<const W: usize>(n: u64) {
    batches(n, |k| {
        let arena = stumpalo::Arena::new();
        for i in 0..k {
            keep(arena.alloc([i; W]));
        }
    });
}

#[inline(never)]
fn typed<const W: usize>(n: u64) {
    batches(n, |k| {
        let arena = typed_arena::Arena::new();
        for i in 0..k {
            keep(arena.alloc([i; W]));
        }
    });
}

/// What a `Vec` of boxes costs: each value allocated, then each freed.
#[inline(never)]
fn boxes<const W: usize>(allocator: &impl GlobalAlloc, kept: &mut Vec<*mut u8>, n: u64) {
    let layout = Layout::new::<[u64; W]>();
    batches(n, |k| {
        for i in 0..k {
            // SAFETY: the layout is not empty; the memory is written within, and freed once below.
            unsafe {
                let at = allocator.alloc(layout);
                at.cast::<[u64; W]>().write([i; W]);
                keep(at);
                kept.push(at);
            }
        }
        for at in kept.drain(..) {
            // SAFETY: as above.
            unsafe { allocator.dealloc(at, layout) };
        }
    });
}

#[inline(never)]
fn cpython<const W: usize>(c: PyArena, n: u64) {
    batches(n, |k| {
        c.with(|arena| {
            for i in 0..k {
                keep(arena.alloc([i; W]));
            }
        });
    });
}

fn question<const W: usize>(options: &Options) {
    let bytes = W * 8;
    let mut kept = [Vec::new(), Vec::new()];
    let [glibc, mi] = &mut kept;
    let mut table = Table::new(format!("alloc {bytes} B, warm"), "value");
    table.peer("py-arena growing", growing::<W>);
    table.peer("py-arena (8 KiB blocks)", fixed::<W>);
    table.peer("py-arena claim", claim::<W>);
    table.peer("py-arena claim, renewed after 8", claim_of_eight::<W>);
    table.peer("bumpalo", bumpalo::<W>);
    table.peer("bump-scope", bump_scope::<W>);
    table.peer("stumpalo", stumpalo::<W>);
    table.peer("typed-arena", typed::<W>);
    table.peer("Box, glibc", |n| boxes::<W>(&System, glibc, n));
    table.peer("Box, mimalloc", |n| boxes::<W>(&MiMalloc, mi, n));
    if let Some(c) = PyArena::get() {
        table.peer("CPython _PyArena_Malloc", move |n| cpython::<W>(c, n));
    }
    table.run(options);

    let mut table = Table::new(format!("claim {bytes} B, warm"), "value");
    table.peer("py-arena claim", claim::<W>);
    table.peer("bumpalo", bumpalo::<W>);
    table.peer("bump-scope", bump_scope::<W>);
    table.peer("stumpalo", stumpalo::<W>);
    table.run(options);
}

/// One peer alone, for callgrind: instructions per turn are the difference of two such runs.
fn count(peer: &str, words: &str, n: u64) {
    macro_rules! peers {
        ($($words:literal)+) => {
            match (peer, words) {
                $(("growing", stringify!($words)) => growing::<$words>(n),
                ("fixed", stringify!($words)) => fixed::<$words>(n),
                ("claim", stringify!($words)) => claim::<$words>(n),
                ("bumpalo", stringify!($words)) => bumpalo::<$words>(n),
                ("bump-scope", stringify!($words)) => bump_scope::<$words>(n),
                ("stumpalo", stringify!($words)) => stumpalo::<$words>(n),
                ("typed-arena", stringify!($words)) => typed::<$words>(n),
                ("cpython", stringify!($words)) => {
                    cpython::<$words>(PyArena::get().expect("PYTHON_ORACLE_LIB"), n);
                })+
                _ => panic!("no such peer: {peer} {words}"),
            }
        };
    }
    peers!(1 3 8 32);
}

fn main() {
    keep_heap_warm();
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|a| a == "count") {
        return count(
            &args[at + 1],
            &args[at + 2],
            args[at + 3].parse().expect("N"),
        );
    }
    let options = Options::from_args();
    question::<1>(&options);
    question::<2>(&options);
    question::<3>(&options);
    question::<6>(&options);
    question::<8>(&options);
    question::<32>(&options);
}
