//! What all files together are: the same for every number of threads and every run.

use crate::engine::Done;
use crate::parts::ArenaFigures;

/// The sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Files that were done.
    pub files: u64,
    /// Files that were not.
    pub refused: u64,
    /// Bytes.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
    /// Tokens.
    pub tokens: u64,
    /// Nodes.
    pub nodes: u64,
    /// NAME tokens that are no keywords.
    pub names: u64,
    /// String literals and literal parts of f-strings.
    pub literals: u64,
    /// Of those, with a lone surrogate.
    pub surrogates: u64,
    /// Distinct names.
    pub distinct_names: u64,
    /// Distinct literals.
    pub distinct_literals: u64,
    /// Of those, with a lone surrogate.
    pub distinct_surrogates: u64,
    /// Entries of the table: texts that are a name, a literal, or both.
    pub texts: u64,
    /// What all arenas held.
    pub arena: ArenaFigures,
    /// The sum of the trees' digests.
    pub digest: u64,
    /// The sum of all hashes, each times its text's uses.
    pub hash_sum: u64,
    /// The texts that each file introduced, digested by file and number.
    pub introduced: u64,
}

impl Totals {
    /// Sums up.
    #[must_use]
    pub fn of(done: &Done) -> Totals {
        let mut t = Totals::default();
        for result in &done.results {
            let Ok(file) = result else {
                t.refused += 1;
                continue;
            };
            let landed = &file.landed;
            t.files += 1;
            t.bytes += file.bytes;
            t.lines += file.lines;
            t.tokens += landed.tokens;
            t.nodes += landed.nodes;
            t.names += landed.names;
            t.literals += landed.literals;
            t.arena.bytes += landed.arena.bytes;
            t.arena.reserved += landed.arena.reserved;
            t.arena.blocks += landed.arena.blocks;
            t.arena.objects += landed.arena.objects;
            t.digest = t.digest.wrapping_add(landed.digest);
        }
        for (entry, tally) in done.table.entries() {
            t.texts += 1;
            t.distinct_names += u64::from(tally.names > 0);
            t.distinct_literals += u64::from(tally.literals > 0);
            if entry.has_surrogates() {
                t.surrogates += tally.literals;
                t.distinct_surrogates += 1;
            }
            let uses = tally.names + tally.literals;
            let hash = (entry.hash() as u64).wrapping_mul(uses);
            t.hash_sum = t.hash_sum.wrapping_add(hash);
        }
        for (number, account) in done.table.introduced().iter().enumerate() {
            let one = (number as u64 + 1).wrapping_mul(account.texts);
            t.introduced = t
                .introduced
                .wrapping_add(one.wrapping_mul(account.bytes + 1));
        }
        t
    }
}
