//! The table that all threads intern into: every identifier and string literal once, found by
//! Python's own hash of it.
//!
//! | what | guarded by |
//! |---|---|
//! | the slots of a shard | its readers-writer lock |
//! | the tally of an entry | the entry's own lock, one byte as in a Python object's header |
//! | what a file introduced | the account's critical section; a move takes the two of both files |
//!
//! A text is *introduced* by the first file, in the order of paths, that has it. Threads meet the
//! files in any order. When an earlier file turns up, the text moves to its account. At the end
//! every account holds what one thread would have found.
//!
//! Order of locks: shard, or entry and then accounts. Nothing is locked while a shard is.

use crate::backend::{Account, Backend, Mutex, RwLock};
use crate::probe::Probe;
use crate::stats::Locks;
use crate::text::{Stored, Text, Times};
use std::sync::Arc;

/// Shards; a power of two, well above the number of threads, so that two seldom meet in one.
const SHARDS: usize = 64;

/// One text of the table.
pub struct Entry<B: Backend> {
    hash: isize,
    text: Stored,
    surrogates: bool,
    tally: Mutex<B, Tally>,
}

/// Where and how often a text was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub times: Times,
    /// In how many files.
    pub files: u32,
    /// The first of those files.
    introduced_by: Option<u32>,
}

impl<B: Backend> Entry<B> {
    fn new(hash: isize, text: Text<'_>) -> Entry<B> {
        Entry {
            hash,
            text: Stored::new(text.bytes()),
            surrogates: matches!(text, Text::Surrogates { .. }),
            tally: Mutex::<B, _>::new(Tally::default()),
        }
    }

    /// Python's `hash()` of it.
    pub fn hash(&self) -> isize {
        self.hash
    }

    /// Its bytes: UTF-8, with lone surrogates as `surrogatepass` writes them.
    pub fn text(&self) -> &[u8] {
        self.text.bytes()
    }

    /// Whether it has a lone surrogate.
    pub fn has_surrogates(&self) -> bool {
        self.surrogates
    }
}

/// What one file brought in that no earlier file has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Introduced {
    pub texts: u64,
    pub bytes: u64,
}

type Slots<B> = Probe<Arc<Entry<B>>>;

/// The shared table.
pub struct Table<B: Backend> {
    backend: B,
    shards: Box<[RwLock<B, Slots<B>>]>,
    accounts: Box<[B::Account<Introduced>]>,
}

impl<B: Backend> Table<B> {
    /// An empty table for this many files.
    pub fn new(backend: B, files: usize) -> Table<B> {
        let shard = |_| RwLock::<B, _>::new(Slots::with_room(0));
        let account = |_| Account::new(Introduced::default());
        Table {
            backend,
            shards: (0..SHARDS).map(shard).collect(),
            accounts: (0..files).map(account).collect(),
        }
    }

    /// What it is built on.
    pub fn backend(&self) -> &B {
        &self.backend
    }

    /// The one entry of this text. `hash` is [`Backend::hash`] of it.
    pub fn intern(&self, hash: isize, text: Text<'_>, locks: &Locks) -> Arc<Entry<B>> {
        // The top bits choose the shard, the bottom bits the slot.
        let shard = hash as u64 >> (64 - SHARDS.trailing_zeros());
        let shard = &self.shards[shard as usize];
        let is = |entry: &Arc<Entry<B>>| entry.text() == text.bytes();
        let known = {
            let slots = locks.shard_reads.take(shard.try_read(), || shard.read());
            slots.find(hash, is).cloned()
        };
        known.unwrap_or_else(|| {
            let fresh = Arc::new(Entry::new(hash, text));
            let mut slots = locks.shard_writes.take(shard.try_write(), || shard.write());
            // Another thread may have inserted it meanwhile.
            if let Some(entry) = slots.find(hash, is) {
                return Arc::clone(entry);
            }
            slots.insert(hash, Arc::clone(&fresh));
            fresh
        })
    }

    /// Adds how often a file has this entry, and makes the file its introducer if no earlier file
    /// has it.
    pub fn tally(&self, entry: &Entry<B>, file: u32, times: Times, locks: &Locks) {
        let lock = &entry.tally;
        let mut tally = locks.entries.take(lock.try_lock(), || lock.lock());
        tally.times.names += times.names;
        tally.times.literals += times.literals;
        tally.files += 1;
        let before = tally.introduced_by;
        if before.is_none_or(|before| file < before) {
            tally.introduced_by = Some(file);
            // The entry stays locked: the moves of one text follow each other in order.
            self.introduce(entry.text().len() as u64, before, file, locks);
        }
    }

    fn introduce(&self, bytes: u64, from: Option<u32>, to: u32, locks: &Locks) {
        let add = |account: Introduced| Introduced {
            texts: account.texts + 1,
            bytes: account.bytes + bytes,
        };
        let remove = |account: Introduced| Introduced {
            texts: account.texts - 1,
            bytes: account.bytes - bytes,
        };
        let to = &self.accounts[to as usize];
        match from {
            None => to.update(&locks.accounts, add),
            Some(from) => {
                let from = &self.accounts[from as usize];
                let change = |from, to| (remove(from), add(to));
                Account::update_both(from, to, &locks.moves, change);
            }
        }
    }

    /// What each file introduced.
    pub fn introduced(&self) -> Vec<Introduced> {
        self.accounts.iter().map(Account::get).collect()
    }

    /// Every entry with its tally, in no order.
    pub fn entries(&self) -> Vec<(Arc<Entry<B>>, Tally)> {
        let mut all = Vec::new();
        for shard in &self.shards {
            let slots = shard.read();
            all.extend(slots.iter().map(|e| (Arc::clone(e), *e.tally.lock())));
        }
        all
    }
}
