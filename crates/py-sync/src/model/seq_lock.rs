//! Models of [`SeqLock`] and [`SeqCell`]: no reader keeps a torn value, and writers exclude each other.

use super::{Guarded, check, together};
use crate::seq_cell::SeqCell;
use crate::seq_lock::SeqLock;
use crate::sync::{AtomicU8, Relaxed};

/// The lock, two words that are always written together, and something only writers touch.
type Shared = (SeqLock, [AtomicU8; 2], Guarded);

fn shared() -> Shared {
    (
        SeqLock::new(),
        [AtomicU8::new(0), AtomicU8::new(0)],
        Guarded::new(),
    )
}

fn write(shared: &Shared) {
    shared.0.lock_write();
    shared.2.increment();
    for word in &shared.1 {
        // Relaxed: ordered by the lock under test.
        word.store(word.load(Relaxed) + 1, Relaxed);
    }
    shared.0.unlock_write();
}

/// Waits for an even counter. (Two threads that wait so keep loom going round.)
fn read_once(shared: &Shared) {
    read_from(shared, shared.0.begin_read());
}

fn try_read(shared: &Shared) {
    if let Some(begun) = shared.0.try_begin_read() {
        read_from(shared, begun);
    }
}

fn read_from(shared: &Shared, begun: u32) {
    // Relaxed: as in `write`.
    let [a, b] = [0, 1].map(|i| shared.1[i].load(Relaxed));
    if shared.0.end_read(begun) {
        assert_eq!(a, b);
        assert_eq!(u32::from(a), begun / 2);
    }
}

fn abandon(shared: &Shared) {
    shared.0.lock_write();
    shared.2.get();
    shared.0.abandon_write();
}

#[test]
fn a_reader_keeps_no_mixture() {
    check("seq_lock::a_reader_keeps_no_mixture", || {
        together(shared(), &[write, read_once]);
    });
}

#[test]
fn two_readers_and_a_writer() {
    check("seq_lock::two_readers_and_a_writer", || {
        together(shared(), &[write, read_once, try_read]);
    });
}

#[test]
fn writers_exclude_each_other() {
    check("seq_lock::writers_exclude_each_other", || {
        let (shared, _) = together(shared(), &[write, write]);
        assert_eq!(shared.2.get(), 2);
        assert_eq!(shared.0.begin_read(), 4);
    });
}

#[test]
fn two_writers_and_a_reader() {
    check("seq_lock::two_writers_and_a_reader", || {
        together(shared(), &[write, write, try_read]);
    });
}

#[test]
fn an_abandoned_write_disturbs_no_writer() {
    check("seq_lock::an_abandoned_write_disturbs_no_writer", || {
        let (shared, _) = together(shared(), &[write, abandon]);
        assert_eq!(shared.0.begin_read(), 2);
    });
}

#[test]
fn a_cell_is_read_whole() {
    check("seq_lock::a_cell_is_read_whole", || {
        let write: fn(&SeqCell<[u8; 2]>) = |cell| cell.write([1, 1]);
        let read: fn(&SeqCell<[u8; 2]>) = |cell| {
            let [a, b] = cell.read();
            assert_eq!(a, b);
        };
        together(SeqCell::new([0; 2]), &[write, read]);
    });
}

#[test]
fn a_cell_loses_no_update() {
    check("seq_lock::a_cell_loses_no_update", || {
        let update: fn(&SeqCell<u8>) = |cell| {
            cell.update(|n| n + 1);
        };
        let (cell, _) = together(SeqCell::new(0), &[update, update]);
        assert_eq!(cell.read(), 2);
    });
}
