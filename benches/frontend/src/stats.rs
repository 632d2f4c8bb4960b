//! What is counted: files and what they hold, and how often locks were taken.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// Figures of one file, or of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub files: u64,
    pub bytes: u64,
    pub lines: u64,
    /// Comments and line ends among them.
    pub tokens: u64,
    pub nodes: u64,
    /// NAME tokens that are no keywords.
    pub names: u64,
    /// String literals and literal parts of f-strings.
    pub literals: u64,
    /// Bytes that the arenas handed out.
    pub arena_bytes: u64,
    /// Bytes in their blocks.
    pub arena_block_bytes: u64,
    pub arena_blocks: u64,
    /// Objects that they owned.
    pub arena_objects: u64,
    /// The digest of the tree's shape.
    pub digest: u64,
}

impl Figures {
    pub fn add(&mut self, other: &Figures) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.lines += other.lines;
        self.tokens += other.tokens;
        self.nodes += other.nodes;
        self.names += other.names;
        self.literals += other.literals;
        self.arena_bytes += other.arena_bytes;
        self.arena_block_bytes += other.arena_block_bytes;
        self.arena_blocks += other.arena_blocks;
        self.arena_objects += other.arena_objects;
        self.digest = self.digest.wrapping_add(other.digest);
    }
}

/// A waiter of this age is handed the lock by the thread that releases it.
pub const HANDED_OVER_AFTER: Duration = Duration::from_millis(1);

/// How often one thread took one kind of lock.
#[derive(Clone, Debug, Default)]
pub struct LockStats(Cell<[u64; 3]>);

impl LockStats {
    /// Takes a lock and counts it: `free` is what trying gave, `wait` waits for it.
    pub fn take<G>(&self, free: Option<G>, wait: impl FnOnce() -> G) -> G {
        self.count(free.is_none());
        free.unwrap_or_else(|| {
            let start = Instant::now();
            let guard = wait();
            let late = start.elapsed() >= HANDED_OVER_AFTER;
            self.add([0, 0, late.into()]);
            guard
        })
    }

    /// Counts a lock whose waits are not timed.
    pub fn count(&self, waited: bool) {
        self.add([1, waited.into(), 0]);
    }

    /// How often it was taken; how often with a wait; and how many waits lasted
    /// [`HANDED_OVER_AFTER`] or longer. No lock tells how it was acquired, so the last goes by the
    /// rule: such a waiter is handed the lock, unless it was woken earlier and only got a processor
    /// later.
    pub fn figures(&self) -> [u64; 3] {
        self.0.get()
    }

    fn add(&self, more: [u64; 3]) {
        let [taken, waited, handed_over] = self.0.get();
        self.0
            .set([taken + more[0], waited + more[1], handed_over + more[2]]);
    }
}

/// One thread's use of each kind of lock.
#[derive(Clone, Debug, Default)]
pub struct Locks {
    /// The next file.
    pub queue: LockStats,
    /// Look-ups in a shard of the table.
    pub shard_reads: LockStats,
    /// Insertions into a shard.
    pub shard_writes: LockStats,
    /// Counts in an entry.
    pub entries: LockStats,
    /// Additions to a file's account.
    pub accounts: LockStats,
    /// Moves of a text from one file's account to another's.
    pub moves: LockStats,
}

impl Locks {
    /// Each kind of lock with its name.
    pub fn named(&self) -> [(&'static str, &LockStats); 6] {
        [
            ("queue", &self.queue),
            ("shard_reads", &self.shard_reads),
            ("shard_writes", &self.shard_writes),
            ("entries", &self.entries),
            ("accounts", &self.accounts),
            ("moves", &self.moves),
        ]
    }

    /// Adds another thread's figures.
    pub fn add(&self, other: &Locks) {
        for ((_, sum), (_, one)) in self.named().into_iter().zip(other.named()) {
            sum.add(one.figures());
        }
    }
}
