//! The parts that the stage after parsing is built from, so that one program runs on ours and, in
//! the benchmark, on the peers': an arena, locks, a set-up-once cell, and a hash.

use crate::table::{Entry, Introduced};
use crate::text::Text;
use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One choice of parts.
pub trait Parts: Copy + Send + Sync + 'static {
    /// What a file's nodes live in.
    type Arena: FileArena<Self>;
    /// A value that one thread at a time may touch.
    type Lock<T: Send + 'static>: Lock<T>;
    /// A value with one writer or many readers.
    type Shared<T: Send + Sync + 'static>: SharedLock<T>;
    /// A value made by whoever needs it first.
    type Once<T: Send + Sync + 'static>: Once<T>;
    /// What a file introduced.
    type Account: Account;

    /// Python's `hash()` of this str.
    fn hash(&self, text: Text<'_>) -> isize;
    /// importlib's `source_hash` under key 0.
    fn digest(&self, bytes: &[u8]) -> u64;
    /// Runs `work` on this many threads, and waits for all.
    fn on_threads(&self, threads: usize, work: &Arc<dyn Fn() + Send + Sync>);
}

/// What a file's nodes live in.
pub trait FileArena<P: Parts>: Sized {
    /// An empty arena.
    fn new() -> Self;
    /// Moves the value in.
    fn place<T: Copy>(&self, value: T) -> &T;
    /// Copies the items in.
    fn place_slice<T: Copy>(&self, items: &[T]) -> &[T];
    /// Keeps the handle until the arena is freed.
    fn own(&self, entry: Arc<Entry<P>>) -> &Entry<P>;
    /// What the arena holds now; of objects it may not know.
    fn figures(&self) -> ArenaFigures;
}

/// What an arena holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArenaFigures {
    /// Bytes handed out.
    pub bytes: u64,
    /// Bytes in its blocks.
    pub reserved: u64,
    /// Blocks.
    pub blocks: u64,
    /// Objects that it owns.
    pub objects: u64,
}

/// A value that one thread at a time may touch.
pub trait Lock<T>: Send + Sync {
    /// A free lock around the value.
    fn new(value: T) -> Self;
    /// Locks, runs, unlocks.
    fn with<R>(&self, turns: &Turns, f: impl FnOnce(&mut T) -> R) -> R;
    /// The value.
    fn into_inner(self) -> T;
}

/// What a file introduced, kept by an object that several threads change, two at a time.
pub trait Account: Send + Sync + 'static {
    /// Nothing yet.
    fn new() -> Self;
    /// Adds.
    fn add(&self, what: Introduced, turns: &Turns);
    /// Carries from one account to another: no thread sees it in both or in neither, and two
    /// threads that carry in opposite directions do not wait for each other for ever. The two are
    /// not the same.
    fn carry(from: &Self, to: &Self, what: Introduced, turns: &Turns);
    /// What it holds.
    fn value(&self) -> Introduced;
}

/// A value with one writer or many readers.
pub trait SharedLock<T>: Send + Sync {
    /// A free lock around the value.
    fn new(value: T) -> Self;
    /// Locks for reading, runs, unlocks.
    fn read<R>(&self, turns: &Turns, f: impl FnOnce(&T) -> R) -> R;
    /// Locks for writing, runs, unlocks.
    fn write<R>(&self, turns: &Turns, f: impl FnOnce(&mut T) -> R) -> R;
}

/// A value made by whoever needs it first.
pub trait Once<T>: Send + Sync {
    /// An empty cell.
    fn new() -> Self;
    /// The value; makes it if nobody has.
    fn get_or_make(&self, make: impl FnOnce() -> T) -> &T;
    /// The value, if somebody has made it.
    fn get(&self) -> Option<&T>;
}

/// From this age on a waiter is handed the lock by whoever releases it.
pub const HANDED_OVER_AFTER: Duration = Duration::from_millis(1);

/// How often a thread took one kind of lock, and how often it found it taken.
#[derive(Clone, Debug, Default)]
pub struct Turns {
    taken: Cell<u64>,
    waited: Cell<u64>,
    handed: Cell<u64>,
}

impl Turns {
    /// Counts one turn of a lock whose waits are not timed.
    pub fn count(&self, waited: bool) {
        self.taken.set(self.taken.get() + 1);
        self.waited.set(self.waited.get() + u64::from(waited));
    }

    /// Counts one turn, and takes the lock: the free one, or by `wait`.
    pub fn take<G>(&self, free: Option<G>, wait: impl FnOnce() -> G) -> G {
        self.count(free.is_none());
        free.unwrap_or_else(|| {
            let start = Instant::now();
            let guard = wait();
            let handed = start.elapsed() >= HANDED_OVER_AFTER;
            self.handed.set(self.handed.get() + u64::from(handed));
            guard
        })
    }

    /// Turns taken.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.taken.get()
    }

    /// Turns that had to wait.
    #[must_use]
    pub fn waited(&self) -> u64 {
        self.waited.get()
    }

    /// Waits of [`HANDED_OVER_AFTER`] or more. No lock of ours tells how it was had, so this counts
    /// by the rule: such a waiter is handed the lock, unless it was woken before that age and only
    /// got its processor after it.
    #[must_use]
    pub fn handed(&self) -> u64 {
        self.handed.get()
    }

    /// Adds another thread's turns.
    pub fn add(&self, other: &Turns) {
        self.taken.set(self.taken.get() + other.taken.get());
        self.waited.set(self.waited.get() + other.waited.get());
        self.handed.set(self.handed.get() + other.handed.get());
    }
}

/// A thread's turns at the locks of the stage after parsing.
#[derive(Clone, Debug, Default)]
pub struct LandTurns {
    /// Look-ups in a shard.
    pub shard_read: Turns,
    /// Insertions into a shard.
    pub shard_write: Turns,
    /// Counts in an entry.
    pub entry: Turns,
    /// Additions to a file's account.
    pub accounts: Turns,
    /// Moves of a name from one file's account to another's.
    pub moves: Turns,
}

impl LandTurns {
    /// Each kind of lock with what it is called.
    #[must_use]
    pub fn named(&self) -> [(&'static str, &Turns); 5] {
        [
            ("shard_reads", &self.shard_read),
            ("shard_writes", &self.shard_write),
            ("entries", &self.entry),
            ("accounts", &self.accounts),
            ("moves", &self.moves),
        ]
    }

    /// Adds another thread's turns.
    pub fn add(&self, other: &LandTurns) {
        for ((_, mine), (_, theirs)) in self.named().iter().zip(other.named()) {
            mine.add(theirs);
        }
    }
}
