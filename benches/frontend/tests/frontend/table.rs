//! The shared table under many threads: one entry for each text, no count lost, and accounts that
//! do not depend on which thread came first.

use frontend::backend::{Backend, Ours};
use frontend::stats::Locks;
use frontend::table::{Introduced, Table};
use frontend::text::{Text, Times};
use py_hashsecret::HashSecret;
use std::collections::HashMap;
use std::thread;

const FILES: u32 = 64;

/// The texts of a file, with how often it has each.
fn texts(file: u32) -> impl Iterator<Item = (String, u64)> {
    let has = move |text: &u32| (text * 7 + file * 13) % 5 < 2;
    let name = |text: u32| format!("text_{text}_{}", "x".repeat(text as usize % 40));
    (0..300)
        .filter(has)
        .map(move |text| (name(text), text.into()))
}

/// Each text, with how often and in how many files it is.
type Counts = HashMap<Vec<u8>, (u64, u32)>;

/// Each thread does its files backwards, so that most texts move, and move again.
fn fill(threads: u32) -> (Vec<Introduced>, Counts) {
    let secret = HashSecret::from_seed(1);
    let table = Table::new(Ours { secret }, FILES as usize);
    let work = |number: u32| {
        let locks = Locks::default();
        for file in (0..FILES).rev().filter(|file| file % threads == number) {
            for (text, count) in texts(file) {
                let text = Text::Utf8(&text);
                let entry = table.intern(table.backend().hash(text), text, &locks);
                assert_eq!(entry.text(), text.bytes());
                let times = Times {
                    names: count,
                    literals: 1,
                };
                table.tally(&entry, file, times, &locks);
            }
        }
    };
    thread::scope(|scope| {
        (0..threads).for_each(|number| {
            scope.spawn(move || work(number));
        });
    });
    let mut counts = Counts::new();
    for (entry, tally) in table.entries() {
        let again = counts.insert(entry.text().to_vec(), (tally.times.names, tally.files));
        assert!(again.is_none(), "one entry for each text");
    }
    (table.introduced(), counts)
}

#[test]
fn the_table_counts_right_under_any_number_of_threads() {
    let mut counts = Counts::new();
    let mut accounts = vec![Introduced::default(); FILES as usize];
    for file in 0..FILES {
        for (text, count) in texts(file) {
            let entry = counts.entry(text.clone().into_bytes()).or_default();
            if entry.1 == 0 {
                accounts[file as usize].texts += 1;
                accounts[file as usize].bytes += text.len() as u64;
            }
            *entry = (entry.0 + count, entry.1 + 1);
        }
    }
    let expected = (accounts, counts);
    for round in 0..30 {
        for threads in [1, 2, 8] {
            assert_eq!(fill(threads), expected, "round {round}, {threads} threads");
        }
    }
}
