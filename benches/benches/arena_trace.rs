//! What does CPython's own use of its arena cost? Replays every fifth of the modules of the
//! standard library as CPython 3.13 compiled them: `data/arena-trace.zlib` holds each request of
//! its arena (255: a new arena; 0: add_object; 254: a size as u32 LE; else the size is 8 times the
//! byte), 1.7 million allocations of 35.8 bytes on average. A turn is a replay of all of it.

use benches::paired::{Options, Table};
use benches::pyarena::{PyArena, keep, keep_heap_new, keep_heap_warm};
use bump_scope::traits::BumpAllocatorTyped;
use mimalloc::MiMalloc;
use py_arena::{Arena, BlockPolicy};
use std::alloc::{GlobalAlloc, Layout, System};

/// The sizes that each arena was asked for, objects left out.
fn load() -> Vec<Vec<u32>> {
    let packed = include_bytes!("../data/arena-trace.zlib");
    let bytes = miniz_oxide::inflate::decompress_to_vec_zlib(packed).expect("the data is whole");
    let mut arenas: Vec<Vec<u32>> = Vec::new();
    let mut rest = bytes.as_slice();
    while let Some((&code, after)) = rest.split_first() {
        rest = after;
        let size = match code {
            255 => {
                arenas.push(Vec::new());
                continue;
            }
            0 => continue,
            254 => {
                let (size, after) = rest.split_first_chunk().expect("the data is whole");
                rest = after;
                u32::from_le_bytes(*size)
            }
            eighths => u32::from(eighths) * 8,
        };
        arenas.last_mut().expect("an arena comes first").push(size);
    }
    arenas
}

/// Writes the first word, or all of it.
#[inline(always)]
fn touch<const ALL: bool>(at: *mut u8, size: u32) {
    // SAFETY: each peer hands out at least `size` bytes, 8 or more in this trace.
    unsafe {
        if ALL {
            at.write_bytes(0x5A, size as usize);
        } else {
            at.cast::<u32>().write(size);
        }
    }
    keep(at);
}

/// Replays all arenas, in order, so many times.
#[inline(always)]
fn replay(arenas: &[Vec<u32>], times: u64, mut arena: impl FnMut(&[u32])) {
    for _ in 0..times {
        for sizes in arenas {
            arena(sizes);
        }
    }
}

fn layout(size: u32) -> Layout {
    Layout::from_size_align(size as usize, 8).expect("a size of the trace")
}

fn ours<const ALL: bool>(policy: BlockPolicy, sizes: &[u32]) {
    let arena = Arena::with_policy(policy);
    for &size in sizes {
        let at = arena.malloc(size as usize).expect("memory");
        touch::<ALL>(at.as_ptr(), size);
    }
}

fn claimed<const ALL: bool>(sizes: &[u32]) {
    let arena = Arena::with_policy(BlockPolicy::GROWING);
    let claim = arena.claim();
    for &size in sizes {
        let at = claim.malloc(size as usize).expect("memory");
        touch::<ALL>(at.as_ptr(), size);
    }
}

fn bumped<const ALL: bool>(sizes: &[u32]) {
    let arena = bumpalo::Bump::new();
    for &size in sizes {
        touch::<ALL>(arena.alloc_layout(layout(size)).as_ptr(), size);
    }
}

fn cpythons<const ALL: bool>(c: &PyArena, sizes: &[u32]) {
    c.with(|arena| {
        for &size in sizes {
            touch::<ALL>(arena.malloc(size as usize), size);
        }
    });
}

fn boxed<const ALL: bool>(allocator: &impl GlobalAlloc, kept: &mut Vec<*mut u8>, sizes: &[u32]) {
    for &size in sizes {
        // SAFETY: no size of the trace is 0; freed once below with the same layout.
        let at = unsafe { allocator.alloc(layout(size)) };
        touch::<ALL>(at, size);
        kept.push(at);
    }
    for (at, &size) in kept.drain(..).zip(sizes) {
        // SAFETY: as above.
        unsafe { allocator.dealloc(at, layout(size)) };
    }
}

fn question<const ALL: bool>(arenas: &[Vec<u32>], what: &str, options: &Options) {
    let fixed = BlockPolicy::default();
    let (mut glibc, mut mi) = (Vec::new(), Vec::new());
    let mut table = Table::new(format!("trace, {what}"), "replay");
    table.peer("py-arena growing", move |n| {
        replay(arenas, n, |sizes| ours::<ALL>(BlockPolicy::GROWING, sizes));
    });
    table.peer("py-arena (8 KiB blocks)", move |n| {
        replay(arenas, n, |sizes| ours::<ALL>(fixed, sizes))
    });
    table.peer("py-arena claim", move |n| replay(arenas, n, claimed::<ALL>));
    table.peer("bumpalo", move |n| replay(arenas, n, bumped::<ALL>));
    table.peer("bump-scope", move |n| {
        replay(arenas, n, |sizes| {
            let arena: bump_scope::Bump = bump_scope::Bump::new();
            for &size in sizes {
                touch::<ALL>(arena.allocate_layout(layout(size)).as_ptr(), size);
            }
        });
    });
    table.peer("stumpalo", move |n| {
        replay(arenas, n, |sizes| {
            let arena = stumpalo::Arena::new();
            for &size in sizes {
                touch::<ALL>(arena.alloc_layout(layout(size)).as_ptr(), size);
            }
        });
    });
    if let Some(c) = PyArena::get() {
        table.peer("CPython _PyArena_Malloc", move |n| {
            replay(arenas, n, |sizes| cpythons::<ALL>(&c, sizes));
        });
    }
    table.run(options);

    // In a group of its own: a replay with boxes leaves cold caches to the next row.
    let mut table = Table::new(format!("boxes on the trace, {what}"), "replay");
    table.peer("py-arena growing", move |n| {
        replay(arenas, n, |sizes| ours::<ALL>(BlockPolicy::GROWING, sizes));
    });
    table.peer("Box, glibc", move |n| {
        replay(arenas, n, |sizes| boxed::<ALL>(&System, &mut glibc, sizes));
    });
    table.peer("Box, mimalloc", move |n| {
        replay(arenas, n, |sizes| boxed::<ALL>(&MiMalloc, &mut mi, sizes));
    });
    table.run(options);

    let mut table = Table::new(format!("trace of 8 KiB blocks, {what}"), "replay");
    table.peer("py-arena (8 KiB blocks)", move |n| {
        replay(arenas, n, |sizes| ours::<ALL>(fixed, sizes))
    });
    table.peer("bumpalo", move |n| replay(arenas, n, bumped::<ALL>));
    if let Some(c) = PyArena::get() {
        table.peer("CPython _PyArena_Malloc", move |n| {
            replay(arenas, n, |sizes| cpythons::<ALL>(&c, sizes));
        });
    }
    table.run(options);
}

/// Modules of every size, few enough that a replay ends before a busy machine takes the processor.
fn eleven(arenas: &[Vec<u32>]) -> Vec<Vec<u32>> {
    let mut by_size: Vec<&Vec<u32>> = arenas.iter().collect();
    by_size.sort_by_key(|sizes| sizes.len());
    let step = by_size.len() / 11;
    by_size
        .into_iter()
        .skip(step / 2)
        .step_by(step)
        .take(11)
        .cloned()
        .collect()
}

/// `arena_trace count PEER` replays the trace once, for callgrind.
fn count(peer: &str, arenas: &[Vec<u32>]) {
    replay(arenas, 1, |sizes| match peer {
        "growing" => ours::<false>(BlockPolicy::GROWING, sizes),
        "fixed" => ours::<false>(BlockPolicy::default(), sizes),
        "claim" => claimed::<false>(sizes),
        "bumpalo" => {
            let arena = bumpalo::Bump::new();
            for &size in sizes {
                touch::<false>(arena.alloc_layout(layout(size)).as_ptr(), size);
            }
        }
        _ => panic!("no such peer: {peer}"),
    });
}

fn main() {
    let arenas = load();
    let few = eleven(&arenas);
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|a| a == "count") {
        return count(&args[at + 1], &arenas);
    }
    let options = Options::from_args();
    let questions = |heap: &str| {
        for (arenas, which) in [(&few, "11 modules"), (&arenas, "all")] {
            let allocations: usize = arenas.iter().map(Vec::len).sum();
            let head = format!("{which}, {allocations} allocations, {heap} heap");
            question::<false>(arenas, &format!("{head}, one word written"), &options);
            question::<true>(arenas, &format!("{head}, all written"), &options);
        }
    };
    // The heap of a process that has freed nothing large yet; then one that keeps its memory.
    keep_heap_new();
    questions("new");
    keep_heap_warm();
    questions("warm");
}
