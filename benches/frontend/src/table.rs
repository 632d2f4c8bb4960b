//! The table that all threads intern into: every identifier and string literal once, found by
//! Python's own hash of it.
//!
//! | what | guarded by |
//! |---|---|
//! | the slots of a shard | its readers-writer lock; made once, by the first thread that comes |
//! | the tally of an entry | the entry's own lock (one byte, as in a Python object's header) |
//! | how many texts a file introduced | the account's critical section; a move takes that of two |
//!
//! A text is *introduced* by the first file, in the order of paths, that has it. Threads meet the
//! files in any order, so a text moves from one file's account to an earlier one's when that turns
//! up. At the end every account is what one thread would have found, whatever the order was.
//!
//! Order of locks: shard, or entry and then accounts. Nothing is locked under a shard.

use crate::parts::{Account, LandTurns, Lock, Once, Parts, SharedLock};
use crate::probe::Probe;
use crate::text::{Stored, Text};
use std::ops::{Add, Sub};
use std::sync::Arc;

/// Shards; a power of two. Well above the number of threads, so that two seldom meet in one.
const SHARDS: usize = 64;
/// The accounts of no file.
const NOBODY: u32 = u32::MAX;

/// One text of the table.
pub struct Entry<P: Parts> {
    hash: isize,
    text: Stored,
    surrogates: bool,
    tally: P::Lock<Tally>,
}

/// Where and how often a text was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// As a NAME token.
    pub names: u64,
    /// As a string literal, or a literal part of an f-string.
    pub literals: u64,
    /// In how many files.
    pub files: u32,
    /// The first of those files, plus one; 0 for none yet.
    introduced_by: u32,
}

impl Tally {
    fn introduced_by(&self) -> u32 {
        self.introduced_by.wrapping_sub(1)
    }
}

impl<P: Parts> Entry<P> {
    fn new(hash: isize, text: Text<'_>) -> Entry<P> {
        Entry {
            hash,
            text: Stored::new(text.bytes()),
            surrogates: matches!(text, Text::Surrogates { .. }),
            tally: Lock::new(Tally::default()),
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

    /// Whether it holds a lone surrogate.
    pub fn has_surrogates(&self) -> bool {
        self.surrogates
    }

    fn is(&self, text: Text<'_>) -> bool {
        self.text.bytes() == text.bytes()
    }
}

/// One shard: made by the first thread that comes, then read by many and written by one.
type Shard<P> = <P as Parts>::Once<<P as Parts>::Shared<Slots<P>>>;
type Slots<P> = Probe<Arc<Entry<P>>>;

/// What one file brought in that no earlier file has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Introduced {
    /// Texts.
    pub texts: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Add for Introduced {
    type Output = Introduced;

    fn add(self, other: Introduced) -> Introduced {
        Introduced {
            texts: self.texts + other.texts,
            bytes: self.bytes + other.bytes,
        }
    }
}

impl Sub for Introduced {
    type Output = Introduced;

    fn sub(self, other: Introduced) -> Introduced {
        Introduced {
            texts: self.texts - other.texts,
            bytes: self.bytes - other.bytes,
        }
    }
}

/// The shared table.
pub struct Table<P: Parts> {
    parts: P,
    shards: Box<[Shard<P>]>,
    accounts: Box<[P::Account]>,
}

impl<P: Parts> Table<P> {
    /// An empty table for this many files.
    pub fn new(parts: P, files: usize) -> Table<P> {
        Table {
            parts,
            shards: (0..SHARDS).map(|_| Once::new()).collect(),
            accounts: (0..files).map(|_| Account::new()).collect(),
        }
    }

    /// The choice of parts.
    pub fn parts(&self) -> &P {
        &self.parts
    }

    /// The one entry of this text. `hash` is [`Parts::hash`] of it.
    pub fn intern(&self, hash: isize, text: Text<'_>, turns: &LandTurns) -> Arc<Entry<P>> {
        // The top bits choose the shard, the bottom bits the slot: two independent choices.
        let shard = (hash as u64 >> (64 - SHARDS.trailing_zeros())) as usize;
        let shard = self.shards[shard].get_or_make(|| SharedLock::new(Probe::new()));
        let known = shard.read(&turns.shard_read, |slots| {
            slots.find(hash, |e| e.is(text)).cloned()
        });
        known.unwrap_or_else(|| {
            let fresh = Arc::new(Entry::new(hash, text));
            shard.write(&turns.shard_write, |slots| {
                // Another thread may have been faster.
                if let Some(entry) = slots.find(hash, |e| e.is(text)) {
                    return Arc::clone(entry);
                }
                slots.insert(hash, Arc::clone(&fresh));
                fresh
            })
        })
    }

    /// Adds what a file found of this entry, and makes the file its introducer if no earlier file
    /// has it.
    pub fn tally(&self, entry: &Entry<P>, file: u32, names: u64, literals: u64, t: &LandTurns) {
        entry.tally.with(&t.entry, |tally| {
            tally.names += names;
            tally.literals += literals;
            tally.files += 1;
            let before = tally.introduced_by();
            if file < before {
                tally.introduced_by = file + 1;
                self.introduce(entry, before, file, t);
            }
        });
    }

    /// Called with the entry locked: the moves of one text follow each other in order.
    fn introduce(&self, entry: &Entry<P>, from: u32, to: u32, turns: &LandTurns) {
        let what = Introduced {
            texts: 1,
            bytes: entry.text().len() as u64,
        };
        let to = &self.accounts[to as usize];
        if from == NOBODY {
            to.add(what, &turns.accounts);
        } else {
            Account::carry(&self.accounts[from as usize], to, what, &turns.moves);
        }
    }

    /// What each file introduced.
    pub fn introduced(&self) -> Vec<Introduced> {
        self.accounts.iter().map(Account::value).collect()
    }

    /// Every entry with its tally, in no order.
    pub fn entries(&self) -> Vec<(Arc<Entry<P>>, Tally)> {
        let turns = LandTurns::default();
        let mut all = Vec::new();
        for shard in self.shards.iter().filter_map(Once::get) {
            shard.read(&turns.shard_read, |slots| {
                all.extend(slots.iter().map(|e| {
                    let tally = e.tally.with(&turns.entry, |t| *t);
                    (Arc::clone(e), tally)
                }));
            });
        }
        all
    }
}
