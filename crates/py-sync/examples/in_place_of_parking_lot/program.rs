//! A dependency's locks replaced: r2d2, a connection pool from crates.io that is written for
//! parking_lot 0.12, runs on py-sync's locks, since `Cargo.toml` patches parking_lot.
//!
//! ```text
//! cargo run --manifest-path crates/py-sync/examples/in_place_of_parking_lot/Cargo.toml
//! ```
//!
//! The program shows that it is so: while threads wait for the pool's connections, py-sync's own
//! diagnostics list them. Then a pool is waited for in vain, for as long as its user has said.

use py_sync::diagnostics::{self, Kind};
use r2d2::{ManageConnection, Pool};
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Opens "connections": numbers.
struct Counter(AtomicUsize);

impl ManageConnection for Counter {
    type Connection = usize;
    type Error = Infallible;

    fn connect(&self) -> Result<usize, Infallible> {
        // Relaxed: a number is all that is wanted.
        Ok(self.0.fetch_add(1, Ordering::Relaxed))
    }

    fn is_valid(&self, _: &mut usize) -> Result<(), Infallible> {
        Ok(())
    }

    fn has_broken(&self, _: &mut usize) -> bool {
        false
    }
}

fn pool(size: u32, patience: Duration) -> Pool<Counter> {
    Pool::builder()
        .max_size(size)
        .connection_timeout(patience)
        .build(Counter(AtomicUsize::new(0)))
        .expect("numbers do not run out")
}

/// How many threads wait for one of py-sync's condition variables: that which most wait for.
fn waiting() -> usize {
    let snapshot = diagnostics::snapshot();
    let waiters = snapshot.waiters().iter();
    let addresses = waiters
        .filter(|w| w.kind == Kind::Condvar)
        .map(|w| w.address);
    addresses.map(|a| snapshot.of(a).len()).max().unwrap_or(0)
}

fn main() {
    // More than r2d2 has helper threads, which wait for work on another one.
    const USERS: usize = 4;
    let pool_of_one = pool(1, Duration::from_secs(60));
    let only = pool_of_one.get().expect("nobody has it");
    std::thread::scope(|s| {
        let users: Vec<_> = (0..USERS)
            .map(|_| s.spawn(|| *pool_of_one.get().expect("its turn comes")))
            .collect();
        while waiting() < USERS {
            std::thread::sleep(Duration::from_millis(1));
        }
        println!("{USERS} threads wait for a connection on a condition variable of py-sync");
        drop(only);
        for user in users {
            assert_eq!(user.join().expect("no panic"), 0, "there is one connection");
        }
    });
    println!("each of them had the one connection");

    let patience = Duration::from_millis(50);
    let pool = pool(1, patience);
    let _only = pool.get().expect("nobody has it");
    let start = Instant::now();
    assert!(pool.get().is_err(), "it is taken");
    assert!(start.elapsed() >= patience);
    println!("a wait for one that is taken ended after its {patience:?}");
}
