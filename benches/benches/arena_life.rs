//! What does an arena's life cost, what its strings, what the objects that it owns?

use benches::paired::{Options, Table};
use benches::pyarena::{PyArena, keep, keep_heap_warm};
use py_arena::{Arena, BlockPolicy, Owned};
use std::rc::Rc;

const NODE: usize = 6;

/// Calls `f` until `n` are done, at most `batch` at a time.
fn batches(n: u64, batch: u64, mut f: impl FnMut(u64)) {
    let mut left = n;
    while left > 0 {
        f(left.min(batch));
        left -= left.min(batch);
    }
}

fn life(values: u64, options: &Options) {
    let mut table = Table::new(format!("new + {values} x 48 B + free"), "arena");
    table.peer("py-arena growing", |n| {
        for _ in 0..n {
            let arena = Arena::with_policy(BlockPolicy::GROWING);
            for i in 0..values {
                keep(arena.alloc([i; NODE]));
            }
        }
    });
    table.peer("py-arena (8 KiB blocks)", |n| {
        for _ in 0..n {
            let arena = Arena::new();
            for i in 0..values {
                keep(arena.alloc([i; NODE]));
            }
        }
    });
    let mut arena = Arena::with_policy(BlockPolicy::GROWING);
    table.peer("py-arena growing, reset", move |n| {
        for _ in 0..n {
            for i in 0..values {
                keep(arena.alloc([i; NODE]));
            }
            arena.reset();
        }
    });
    table.peer("bumpalo", |n| {
        for _ in 0..n {
            let arena = bumpalo::Bump::new();
            for i in 0..values {
                keep(arena.alloc([i; NODE]));
            }
        }
    });
    table.peer("bump-scope", |n| {
        for _ in 0..n {
            let arena: bump_scope::Bump = bump_scope::Bump::new();
            for i in 0..values {
                keep(arena.alloc([i; NODE]).into_mut());
            }
        }
    });
    table.peer("stumpalo", |n| {
        for _ in 0..n {
            let arena = stumpalo::Arena::new();
            for i in 0..values {
                keep(arena.alloc([i; NODE]));
            }
        }
    });
    if let Some(c) = PyArena::get() {
        table.peer("CPython", move |n| {
            for _ in 0..n {
                c.with(|arena| {
                    for i in 0..values {
                        keep(arena.alloc([i; NODE]));
                    }
                });
            }
        });
    }
    table.run(options);
}

/// Names with the lengths that identifiers of the standard library have: 5.3 bytes on average, 86 %
/// up to 8, 98.6 % up to 16.
fn names() -> Vec<String> {
    let lengths = [
        4, 1, 5, 3, 8, 4, 6, 2, 4, 12, 7, 3, 4, 5, 9, 1, 4, 6, 3, 11, 4, 4, 8, 5, 2, 17,
    ];
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as usize
    };
    (0..10_000)
        .map(|_| {
            let length = lengths[next() % lengths.len()];
            (0..length)
                .map(|_| char::from(b'a' + (next() % 26) as u8))
                .collect()
        })
        .collect()
}

/// What is done with a batch of names.
type Batch = Box<dyn FnMut(&[String])>;

fn strings(options: &Options) {
    let names = names();
    let names = &names;
    let each = |n: u64, mut f: Batch| {
        batches(n, names.len() as u64, |k| f(&names[..k as usize]));
    };
    let mut table = Table::new("alloc_str of identifiers", "string");
    table.peer("py-arena growing", move |n| {
        each(
            n,
            Box::new(|names: &[String]| {
                let arena = Arena::with_policy(BlockPolicy::GROWING);
                for name in names {
                    keep(arena.alloc_str(name));
                }
            }),
        );
    });
    table.peer("py-arena claim", move |n| {
        each(
            n,
            Box::new(|names: &[String]| {
                let arena = Arena::with_policy(BlockPolicy::GROWING);
                let claim = arena.claim();
                for name in names {
                    keep(claim.alloc_str(name));
                }
            }),
        );
    });
    table.peer("bumpalo", move |n| {
        each(
            n,
            Box::new(|names: &[String]| {
                let arena = bumpalo::Bump::new();
                for name in names {
                    keep(arena.alloc_str(name));
                }
            }),
        );
    });
    table.peer("bump-scope", move |n| {
        each(
            n,
            Box::new(|names: &[String]| {
                let arena: bump_scope::Bump = bump_scope::Bump::new();
                for name in names {
                    keep(arena.alloc_str(name).into_mut());
                }
            }),
        );
    });
    table.peer("stumpalo", move |n| {
        each(
            n,
            Box::new(|names: &[String]| {
                let arena = stumpalo::Arena::new();
                for name in names {
                    keep(arena.alloc_str(name));
                }
            }),
        );
    });
    if let Some(c) = PyArena::get() {
        table.peer("CPython + memcpy", move |n| {
            each(
                n,
                Box::new(move |names: &[String]| {
                    c.with(|arena| {
                        for name in names {
                            let at = arena.malloc(name.len());
                            // SAFETY: the arena handed out that many bytes.
                            unsafe { at.copy_from_nonoverlapping(name.as_ptr(), name.len()) };
                            keep(at);
                        }
                    });
                }),
            );
        });
    }
    table.run(options);
}

fn objects(options: &Options) {
    const BATCH: u64 = 10_000;
    let shared = Rc::new(1_u64);
    let shared = &shared;
    let mut table = Table::new("add_object + release of a handle", "object");
    table.peer("py-arena Arena<Rc>", move |n| {
        batches(n, BATCH, |k| {
            let arena = Arena::with_objects();
            for _ in 0..k {
                keep(arena.add_object(Rc::clone(shared)));
            }
        });
    });
    table.peer("typed-arena Rc", move |n| {
        batches(n, BATCH, |k| {
            let arena = typed_arena::Arena::new();
            for _ in 0..k {
                keep(arena.alloc(Rc::clone(shared)));
            }
        });
    });
    table.peer("Vec<Rc>", move |n| {
        batches(n, BATCH, |k| {
            let mut objects = Vec::new();
            for _ in 0..k {
                objects.push(Rc::clone(shared));
                keep(&raw const objects[objects.len() - 1]);
            }
        });
    });
    if let Some(c) = PyArena::get() {
        table.peer("CPython _PyArena_AddPyObject", move |n| {
            batches(n, BATCH, |k| {
                c.with(|arena| {
                    for _ in 0..k {
                        arena.add_object();
                    }
                });
            });
        });
    }
    table.run(options);

    /// A value with a destructor that does next to nothing.
    #[allow(dead_code, reason = "its size is what counts")]
    struct Value(u64, u64, u64);
    impl Drop for Value {
        fn drop(&mut self) {
            keep(self);
        }
    }
    let mut table = Table::new("a 24 B value with a destructor", "value");
    table.peer("py-arena Arena<Owned>", |n| {
        batches(n, BATCH, |k| {
            let arena: Arena<Owned> = Arena::with_objects_and_policy(BlockPolicy::GROWING);
            for i in 0..k {
                keep(arena.alloc_object(Value(i, i, i)));
            }
        });
    });
    table.peer("py-arena Arena<Value>", |n| {
        batches(n, BATCH, |k| {
            let arena = Arena::with_objects();
            for i in 0..k {
                keep(arena.add_object(Value(i, i, i)));
            }
        });
    });
    table.peer("typed-arena", |n| {
        batches(n, BATCH, |k| {
            let arena = typed_arena::Arena::new();
            for i in 0..k {
                keep(arena.alloc(Value(i, i, i)));
            }
        });
    });
    table.peer("bump-scope, Vec of BumpBox", |n| {
        batches(n, BATCH, |k| {
            let arena: bump_scope::Bump = bump_scope::Bump::new();
            let mut boxes = Vec::new();
            for i in 0..k {
                let value = arena.alloc(Value(i, i, i));
                keep(&raw const *value);
                boxes.push(value);
            }
        });
    });
    table.peer("Vec<Box>", |n| {
        batches(n, BATCH, |k| {
            let mut boxes = Vec::new();
            for i in 0..k {
                let value = Box::new(Value(i, i, i));
                keep(&raw const *value);
                boxes.push(value);
            }
        });
    });
    table.run(options);
}

fn main() {
    keep_heap_warm();
    let options = Options::from_args();
    for values in [0, 1, 10, 100, 1000] {
        life(values, &options);
    }
    strings(&options);
    objects(&options);
}
