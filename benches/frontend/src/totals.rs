//! What all files together are: the same for every number of threads and every run.

use crate::engine::Done;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Files that were refused.
    pub refused: u64,
    pub distinct_names: u64,
    pub distinct_literals: u64,
    /// Literals with a lone surrogate.
    pub surrogates: u64,
    pub distinct_surrogates: u64,
    /// Entries of the table: texts that are a name, a literal, or both.
    pub texts: u64,
    /// The sum of all hashes, each times its text's uses.
    pub hash_sum: u64,
    /// The texts that each file introduced, digested by file and number.
    pub introduced: u64,
}

impl Totals {
    pub fn of(done: &Done) -> Totals {
        let mut t = Totals {
            refused: done.results.iter().filter(|r| r.is_err()).count() as u64,
            ..Totals::default()
        };
        for (entry, tally) in done.table.entries() {
            t.texts += 1;
            let times = tally.times;
            t.distinct_names += u64::from(times.names > 0);
            t.distinct_literals += u64::from(times.literals > 0);
            if entry.has_surrogates() {
                t.surrogates += times.literals;
                t.distinct_surrogates += 1;
            }
            let uses = times.names + times.literals;
            let hashes = (entry.hash() as u64).wrapping_mul(uses);
            t.hash_sum = t.hash_sum.wrapping_add(hashes);
        }
        for (number, account) in (1..).zip(done.table.introduced()) {
            let digest = account.texts.wrapping_mul(account.bytes + 1);
            t.introduced = t.introduced.wrapping_add(digest.wrapping_mul(number));
        }
        t
    }
}
