//! The shared table under many threads: one entry for each text, no count lost, and accounts that
//! do not depend on who came first. On our parts and on the peers'.

use frontend::ours::Ours;
use frontend::parts::{LandTurns, Parts};
#[cfg(feature = "peers")]
use frontend::peers::Peers;
use frontend::table::{Introduced, Table};
use frontend::text::Text;
use py_hashsecret::HashSecret;
use std::collections::HashMap;
use std::sync::Arc;

const FILES: u32 = 64;
const TEXTS: u32 = 300;

/// The texts of a file, with how often it has each.
fn texts(file: u32) -> Vec<(String, u64)> {
    let has = |text: &u32| (text * 7 + file * 13) % 5 < 2;
    let named = |text: u32| {
        (
            format!("text_{text}_{}", "x".repeat(text as usize % 40)),
            text.into(),
        )
    };
    (0..TEXTS).filter(has).map(named).collect()
}

/// Each text, with how often and in how many files it is.
type Counts = HashMap<Vec<u8>, (u64, u32)>;

/// Each thread does its files backwards, so that most texts move, and move again.
fn fill<P: Parts>(parts: P, threads: u32) -> (Vec<Introduced>, Counts) {
    let table = Arc::new(Table::new(parts, FILES as usize));
    let next = Arc::new(std::sync::Mutex::new(0));
    let shared = Arc::clone(&table);
    let work: Arc<dyn Fn() + Send + Sync> = Arc::new(move || {
        let number = {
            let mut next = next.lock().expect("no thread panics");
            *next += 1;
            *next - 1
        };
        let turns = LandTurns::default();
        for file in (0..FILES).rev().filter(|file| file % threads == number) {
            for (text, count) in texts(file) {
                let text = Text::Utf8(&text);
                let entry = shared.intern(parts.hash(text), text, &turns);
                assert_eq!(entry.text(), text.bytes());
                shared.tally(&entry, file, count, 1, &turns);
            }
        }
    });
    parts.on_threads(threads as usize, &work);
    let mut counts = Counts::new();
    for (entry, tally) in table.entries() {
        let again = counts.insert(entry.text().to_vec(), (tally.names, tally.files));
        assert!(again.is_none(), "one entry for each text");
    }
    (table.introduced(), counts)
}

fn check<P: Parts>(parts: P) {
    let mut expected: Counts = HashMap::new();
    let mut accounts = vec![Introduced::default(); FILES as usize];
    for file in 0..FILES {
        for (text, count) in texts(file) {
            let entry = expected.entry(text.clone().into_bytes()).or_default();
            if entry.1 == 0 {
                accounts[file as usize].texts += 1;
                accounts[file as usize].bytes += text.len() as u64;
            }
            *entry = (entry.0 + count, entry.1 + 1);
        }
    }
    for round in 0..30 {
        for threads in [1, 2, 8] {
            let (introduced, counts) = fill(parts, threads);
            assert_eq!(introduced, accounts, "round {round}, {threads} threads");
            assert_eq!(counts, expected, "round {round}, {threads} threads");
        }
    }
}

#[test]
fn our_table_counts_right_under_any_number_of_threads() {
    check(Ours {
        secret: HashSecret::from_seed(1),
    });
}

#[cfg(feature = "peers")]
#[test]
fn the_peers_table_counts_right_too() {
    check(Peers {
        keys: HashSecret::from_seed(1).siphash_keys(),
    });
}

#[cfg(feature = "peers")]
#[test]
fn both_parts_have_the_same_hashes() {
    let secret = HashSecret::from_seed(42);
    let (ours, peers) = (
        Ours { secret },
        Peers {
            keys: secret.siphash_keys(),
        },
    );
    for text in [
        "",
        "a",
        "spam",
        "äú",
        "äú∑ℇ",
        "日本語",
        "a😀b",
        &"x".repeat(1000),
    ] {
        assert_eq!(
            ours.hash(Text::Utf8(text)),
            peers.hash(Text::Utf8(text)),
            "{text}"
        );
    }
    let lone = Text::Surrogates {
        points: &[0xD800, 0x61],
        bytes: b"\xed\xa0\x80a",
    };
    assert_eq!(ours.hash(lone), peers.hash(lone));
    assert_eq!(ours.digest(b"shape"), peers.digest(b"shape"));
}
