//! The arena, the locks and the hash that the stage after parsing is built on. [`Ours`] takes them
//! from the four crates; the benchmark implements the trait for the crates that people use today.

use crate::stats::{Figures, LockStats};
use crate::text::Text;
use py_arena::{Arena, BlockPolicy};
use py_hashsecret::{HashSecret, keyed_hash};
use py_sync::typed::{DetachingRawMutex, RawRwLock, lock_api};
use py_sync::{CriticalCell, with_critical_section_mutex, with_critical_section_mutex2};

/// One choice of crates.
pub trait Backend: Copy + Send + Sync + 'static {
    /// Where a file's nodes are; it owns objects of type `O`.
    type Arena<O: 'static>: FileArena<O>;
    /// A mutex, without its value.
    type RawMutex: lock_api::RawMutex + Send + Sync;
    /// A readers-writer lock, without its value.
    type RawRwLock: lock_api::RawRwLock + Send + Sync;
    /// A value that threads change, one or two at a time.
    type Account<T: Copy + Send + 'static>: Account<T>;

    /// Python's `hash()` of this str.
    fn hash(&self, text: Text<'_>) -> isize;
    /// importlib's `source_hash` under key 0.
    fn digest(&self, bytes: &[u8]) -> u64;
}

/// A value behind a backend's mutex.
pub type Mutex<B, T> = lock_api::Mutex<<B as Backend>::RawMutex, T>;
/// A value behind a backend's readers-writer lock.
pub type RwLock<B, T> = lock_api::RwLock<<B as Backend>::RawRwLock, T>;

/// Where a file's nodes are.
pub trait FileArena<O> {
    /// An empty arena.
    fn new() -> Self;
    /// Moves the value in.
    fn place<T: Copy>(&self, value: T) -> &T;
    /// Copies the items in.
    fn place_slice<T: Copy>(&self, items: &[T]) -> &[T];
    /// Keeps the object until the arena is freed.
    fn own(&self, object: O) -> &O;
    /// Adds what it holds now, but for the number of objects.
    fn add_to(&self, figures: &mut Figures);
}

/// A value that threads change, one or two at a time.
pub trait Account<T: Copy>: Send + Sync {
    /// An account with this value.
    fn new(value: T) -> Self;
    /// The value.
    fn get(&self) -> T;
    /// Changes the value.
    fn update(&self, stats: &LockStats, change: impl FnOnce(T) -> T);
    /// Changes two values, which are not the same one. No thread sees one changed and the other
    /// not, and two threads that take the same two in opposite order do not deadlock.
    fn update_both(a: &Self, b: &Self, stats: &LockStats, change: impl FnOnce(T, T) -> (T, T));
}

/// The four crates.
#[derive(Clone, Copy, Debug)]
pub struct Ours {
    /// The secret of the process.
    pub secret: HashSecret,
}

impl Backend for Ours {
    type Arena<O: 'static> = Arena<O>;
    type RawMutex = DetachingRawMutex;
    type RawRwLock = RawRwLock;
    type Account<T: Copy + Send + 'static> = CriticalCell<T>;

    fn hash(&self, text: Text<'_>) -> isize {
        match text {
            Text::Utf8(text) => self.secret.hash_str(text),
            Text::Surrogates { points, .. } => self.secret.hash_ucs4(points),
        }
    }

    fn digest(&self, bytes: &[u8]) -> u64 {
        keyed_hash(0, bytes)
    }
}

impl<O> FileArena<O> for Arena<O> {
    fn new() -> Self {
        Arena::with_objects_and_policy(BlockPolicy::GROWING)
    }

    fn place<T: Copy>(&self, value: T) -> &T {
        self.alloc(value)
    }

    fn place_slice<T: Copy>(&self, items: &[T]) -> &[T] {
        self.alloc_slice_copy(items)
    }

    fn own(&self, object: O) -> &O {
        self.add_object(object)
    }

    fn add_to(&self, figures: &mut Figures) {
        let stats = self.stats();
        figures.arena_bytes += stats.total_size as u64;
        figures.arena_block_bytes += stats.total_block_size as u64;
        figures.arena_blocks += stats.total_blocks as u64;
    }
}

impl<T: Copy + Send> Account<T> for CriticalCell<T> {
    fn new(value: T) -> Self {
        CriticalCell::new(value)
    }

    fn get(&self) -> T {
        with_critical_section_mutex(self, |account| account.copied())
    }

    fn update(&self, stats: &LockStats, change: impl FnOnce(T) -> T) {
        stats.count(self.is_locked());
        with_critical_section_mutex(self, |account| account.set(change(account.copied())));
    }

    fn update_both(a: &Self, b: &Self, stats: &LockStats, change: impl FnOnce(T, T) -> (T, T)) {
        stats.count(a.is_locked() || b.is_locked());
        with_critical_section_mutex2(a, b, |a, b| {
            let b = b.expect("the accounts of two files");
            let (new_a, new_b) = change(a.copied(), b.copied());
            a.set(new_a);
            b.set(new_b);
        });
    }
}
