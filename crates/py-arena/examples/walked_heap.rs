//! A heap like that of starlark-rust: values of any type behind a header of one word, allocated in
//! order, walked block by block, and dropped if they need it. The trait holds the nine operations
//! that starlark's heap needs from an arena.
//!
//! Run: `cargo run --release -p py-arena --example walked_heap`

use py_arena::{Arena, BlockPolicy, UsedBlocks};
use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

/// The direction in which addresses grow within a block.
#[derive(Debug, PartialEq)]
enum Direction {
    Up,
}

/// The operations that the heap needs from its arena.
trait HeapArena: Default + Send {
    const DIRECTION: Direction;
    type BlocksReversed<'a>: Iterator<Item = NonNull<[u8]>>
    where
        Self: 'a;

    /// Bytes in blocks, used or not, without the arena's own overhead.
    fn allocated_bytes(&self) -> usize;
    /// Bytes that can be handed out without another block.
    fn remaining_capacity(&self) -> usize;
    /// The arena's own overhead in bytes.
    fn allocation_overhead(&self) -> usize;
    /// Memory of this many bytes, a multiple of 8.
    fn alloc(&self, bytes: usize) -> NonNull<u8>;
    /// The used part of each block, newest first.
    fn blocks_reversed(&self) -> Self::BlocksReversed<'_>;
    /// Nothing more will be allocated.
    fn finish(&mut self);
}

struct Blocks(Arena);

impl Default for Blocks {
    fn default() -> Blocks {
        Blocks(Arena::with_policy(BlockPolicy::IN_ORDER))
    }
}

impl HeapArena for Blocks {
    const DIRECTION: Direction = Direction::Up;
    type BlocksReversed<'a> = UsedBlocks<'a>;

    fn allocated_bytes(&self) -> usize {
        self.0.block_bytes()
    }

    fn remaining_capacity(&self) -> usize {
        self.0.remaining_capacity()
    }

    fn allocation_overhead(&self) -> usize {
        self.0.allocated_bytes() - self.0.block_bytes()
    }

    fn alloc(&self, bytes: usize) -> NonNull<u8> {
        match self.0.malloc(bytes) {
            Ok(memory) => memory,
            Err(error) => panic!("{error}"),
        }
    }

    fn blocks_reversed(&self) -> UsedBlocks<'_> {
        self.0.used_blocks()
    }

    fn finish(&mut self) {
        self.0.shrink_to_fit();
    }
}

/// What is known of a value's type.
struct Kind {
    name: &'static str,
    /// Bytes of header and value, a multiple of 8.
    bytes: usize,
    /// # Safety
    /// The pointer is that of a live value of this kind, which is not used again.
    drop: Option<unsafe fn(NonNull<u8>)>,
}

/// The header: the kind, and the mark.
#[repr(C)]
struct Header {
    kind: &'static Kind,
    mark: Cell<bool>,
}

#[repr(C)]
struct Entry<T> {
    header: Header,
    value: T,
}

/// A type that the heap takes: aligned to a word at most.
trait Value: Sized + Send + 'static {
    const NAME: &'static str;
    const KIND: &'static Kind = &Kind {
        name: Self::NAME,
        bytes: {
            assert!(align_of::<Entry<Self>>() <= py_arena::ALIGNMENT);
            size_of::<Entry<Self>>().next_multiple_of(py_arena::ALIGNMENT)
        },
        drop: if std::mem::needs_drop::<Self>() {
            Some(|entry| {
                // SAFETY: the caller promised a live entry of this kind.
                unsafe {
                    std::ptr::drop_in_place(&raw mut (*entry.cast::<Entry<Self>>().as_ptr()).value)
                }
            })
        } else {
            None
        },
    };
}

impl Value for i64 {
    const NAME: &'static str = "int";
}

impl Value for String {
    const NAME: &'static str = "text";
}

impl Value for [i64; 3] {
    const NAME: &'static str = "triple";
}

/// The heap. Only entries lie in its arena.
#[derive(Default)]
struct Heap<A: HeapArena>(A);

impl<A: HeapArena> Heap<A> {
    fn add<T: Value>(&self, value: T) -> &Entry<T> {
        let slot = self.0.alloc(T::KIND.bytes).cast::<MaybeUninit<Entry<T>>>();
        let header = Header {
            kind: T::KIND,
            mark: Cell::new(false),
        };
        // SAFETY: fresh memory, large enough and aligned to a word; it stays while the heap is
        // borrowed.
        unsafe { (*slot.as_ptr()).write(Entry { header, value }) }
    }

    /// Calls `f` with the address of each entry: from the newest block to the oldest, within a
    /// block from the oldest entry to the newest.
    fn walk(&self, mut f: impl FnMut(NonNull<Header>)) {
        for used in self.0.blocks_reversed() {
            let mut at: NonNull<u8> = used.cast();
            let mut left = used.len();
            while left > 0 {
                let header = at.cast::<Header>();
                // SAFETY: only entries lie in the arena, one behind the other from the start of
                // each block; the header of each says where it ends.
                let bytes = unsafe { (*header.as_ptr()).kind.bytes };
                f(header);
                // SAFETY: the entry has this many bytes, so the result is in the used part or its
                // end.
                at = unsafe { at.add(bytes) };
                left -= bytes;
            }
        }
    }

    /// Drops what needs it, and counts by kind.
    fn mark_and_drop(mut self) -> (usize, usize) {
        self.0.finish();
        let (mut marked, mut dropped) = (0, 0);
        self.walk(|entry| {
            // SAFETY: the entry is live. The heap is consumed here, so nothing borrows from it.
            let (kind, mark) = unsafe { ((*entry.as_ptr()).kind, &(*entry.as_ptr()).mark) };
            marked += usize::from(!mark.replace(true));
            if let Some(drop) = kind.drop {
                // SAFETY: a live entry of that kind, walked once, and the heap ends here.
                unsafe { drop(entry.cast()) };
                dropped += 1;
            }
        });
        (marked, dropped)
    }
}

fn main() {
    let count = if cfg!(miri) { 3_000 } else { 1_000_000 };
    let heap = Heap::<Blocks>::default();
    assert_eq!(Blocks::DIRECTION, Direction::Up);
    let mut texts = 0;
    for n in 0..count {
        match n % 3 {
            0 => assert_eq!(heap.add(n).value, n),
            1 => assert_eq!(heap.add([n; 3]).value[2], n),
            _ => {
                assert_eq!(heap.add(n.to_string()).header.kind.name, "text");
                texts += 1;
            }
        }
    }
    let arena = &heap.0;
    println!(
        "{count} values in {} bytes, {} of them free, and {} beside",
        arena.allocated_bytes(),
        arena.remaining_capacity(),
        arena.allocation_overhead()
    );
    let (marked, dropped) = heap.mark_and_drop();
    println!("{marked} were walked and {dropped} dropped");
    assert_eq!((marked as i64, dropped), (count, texts));
}
