//! Loom models of the cell that holds the process's secret: the code of `cell.rs` itself, under
//! every interleaving and every stale value that the memory model allows.

use crate::cell::SecretCell;
use crate::secret::HashSecret;
use loom::sync::{Arc, Mutex};
use loom::thread;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Runs a model, prints how many executions it took, and refuses an empty one.
fn run(name: &str, model: impl Fn() + Sync + Send + 'static) {
    // std's atomic, not loom's: it counts over executions.
    let count: &'static AtomicUsize = Box::leak(Box::new(AtomicUsize::new(0)));
    loom::model(move || {
        count.fetch_add(1, Ordering::Relaxed);
        model();
    });
    let n = count.load(Ordering::Relaxed);
    println!("loom: {name}: {n} executions");
    assert!(n > 1, "an empty model");
}

/// A cell and the lock of its writers, as `process.rs` has them.
struct Process {
    cell: SecretCell,
    writers: Mutex<()>,
}

impl Process {
    fn new() -> Arc<Process> {
        Arc::new(Process {
            cell: SecretCell::new(),
            writers: Mutex::new(()),
        })
    }

    fn init(&self, seed: u32) -> HashSecret {
        if let Some(secret) = self.cell.get() {
            return secret;
        }
        let _one_at_a_time = self.writers.lock().unwrap();
        if let Some(secret) = self.cell.get() {
            return secret;
        }
        let secret = HashSecret::from_seed(seed);
        self.cell.set(&secret);
        secret
    }

    fn reset(&self) {
        let _one_at_a_time = self.writers.lock().unwrap();
        self.cell.clear();
    }
}

/// Two first callers get one secret.
#[test]
fn concurrent_inits_agree() {
    run("secret cell: two inits", || {
        let process = Process::new();
        let other = {
            let process = process.clone();
            thread::spawn(move || process.init(1))
        };
        let mine = process.init(2);
        assert!(mine == other.join().unwrap());
        assert!(process.cell.get() == Some(mine));
    });
}

/// A reader beside the first `set` sees nothing or the whole secret.
#[test]
fn a_reader_sees_nothing_or_all() {
    run("secret cell: set beside a reader", || {
        let process = Process::new();
        let threads = [0, 1].map(|i| {
            let process = process.clone();
            thread::spawn(move || match i {
                0 => Some(process.init(1)),
                _ => process.cell.get(),
            })
        });
        for thread in threads {
            let found = thread.join().unwrap();
            assert!(found.is_none() || found == Some(HashSecret::from_seed(1)));
        }
    });
}

/// A reader beside a reset and the next secret sees none, the old one or the new one.
#[test]
fn a_reader_beside_a_reset_sees_no_mixture() {
    run("secret cell: reset and set beside a reader", || {
        let process = Process::new();
        process.init(1);
        let writer = {
            let process = process.clone();
            thread::spawn(move || {
                process.reset();
                process.init(2);
            })
        };
        if let Some(secret) = process.cell.get() {
            assert!([1, 2].map(HashSecret::from_seed).contains(&secret));
        }
        writer.join().unwrap();
        assert!(process.cell.get() == Some(HashSecret::from_seed(2)));
    });
}

/// The same, with the reset and the next secret on two threads.
#[test]
fn a_reader_beside_two_writers_sees_no_mixture() {
    run("secret cell: reset, init and reader", || {
        let process = Process::new();
        process.init(1);
        let threads = [0, 1].map(|i| {
            let process = process.clone();
            thread::spawn(move || match i {
                0 => process.reset(),
                _ => drop(process.init(2)),
            })
        });
        if let Some(secret) = process.cell.get() {
            assert!([1, 2].map(HashSecret::from_seed).contains(&secret));
        }
        for thread in threads {
            thread.join().unwrap();
        }
    });
}
