//! Which thread holds which lock: the records that locks write for `py_sync::deadlock`. Without the
//! feature `deadlock` every function that a lock calls is empty.
//!
//! A record says: *this thread took that lock, and nobody has released it since*. A lock has no byte
//! for its record, so records are found by the lock's address; an unlock by any thread removes the right
//! one. They lie in [`SHARDS`] stores. Each store has a mutex of std's, for which no record is written.
//!
//! | record | written by | meaning |
//! |---|---|---|
//! | [`Hold::Exclusive`] | a mutex, a writer, the runner of an initialiser | the only holder |
//! | [`Hold::Shared`] | a reader, one record for each time it has locked | writers wait for it |
//! | [`Hold::Upgradable`] | an upgradable reader | writers and other upgradable readers wait for it |
//! | [`Hold::Attempt`] | a thread that waits to be an upgradable reader, or has just become one | it may still let readers pass a waiting writer |
//! | [`Hold::Resource`] | `deadlock::acquire_resource` | the only holder of one of the program's own keys |
//!
//! Invariants:
//! * H1: the thread that takes a lock writes the record, after it has the lock. The thread that releases
//!   it erases the record, before the release. So while the thread that took the lock sleeps, the record
//!   is true: the lock is held, by the record's holder. The converse does not hold: a lock may be held
//!   without a record, for a moment or for good (if C's inlined functions took it).
//! * H2: no two records have the same number, and neither have a record and a wait.
//! * H3: a thread that takes a lock exclusively removes all older records of it.
//! * H4: if a thread without a record of its own unlocks a lock with several readers, nobody knows which
//!   reader it unlocks for. Then the records of all of them are erased.
//! * H5: while a store's mutex is held, the code calls nothing but the system's allocator: no lock of
//!   ours, no global allocator, no wait. So a record cannot be part of a deadlock.
//! * H6: a forked child keeps the records of the thread that forked. If another thread had a store
//!   locked, the child empties that store.
//!
//! H1 assumes that a thread unlocks on behalf of another only after that one's lock call has returned.
//!
//! The holder is the [`Ident`] of the logical thread that runs. So a suspended generator keeps its
//! locks, and the thread on which it last ran does not hold them.
//!
//! The stores' mutexes are the only ordering that is needed. No model covers this file: it touches no
//! word of a lock.

pub(crate) mod backtraces;
mod lists;
mod store;
#[cfg(all(test, not(loom)))]
mod tests;

pub(crate) use backtraces::{send_backtrace, sleep_in_word};

use crate::sync::{
    Acquire, AtomicU8, AtomicU64, DEADLOCK, FORKS, MODEL, Relaxed, Release, const_fn, lot_static,
    repeat,
};
use py_thread::Ident;
use store::{Renewable, Store, copy};

/// Whether this build records.
pub(crate) const ENABLED: bool = DEADLOCK && !MODEL;

/// A prime, so that neighbouring locks do not share a store.
const SHARDS: usize = 61;

/// How a lock is held: see the table at the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    Exclusive,
    Shared,
    Upgradable,
    Attempt,
    Resource,
}

/// A record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// The lock's address.
    pub(crate) key: usize,
    pub(crate) hold: Hold,
    /// The logical thread that is to release it.
    pub(crate) holder: Ident,
    /// The thread that took it.
    pub(crate) thread: Ident,
    /// Unique (H2).
    pub(crate) id: u64,
}

struct Table {
    shards: [Renewable<Store<Held>>; SHARDS],
}

impl Table {
    const_fn! {
        fn new() -> Table {
            Table { shards: repeat![Renewable::new(Store::new()); SHARDS] }
        }
    }

    /// Runs `f` on the store in which the records of `key` are.
    fn of<R>(&self, key: usize, f: impl FnOnce(&mut Store<Held>) -> R) -> R {
        register();
        f(&mut self.shards[key % SHARDS].lock())
    }
}

lot_static! {
    static TABLE: Table = Table::new();
}

/// The calling thread has taken the lock at `key` exclusively.
#[inline]
pub(crate) fn exclusive(key: usize) {
    if ENABLED {
        write(key, Hold::Exclusive, Ident::current());
    }
}

/// The calling thread has taken the lock at `key` exclusively, on behalf of `holder`.
#[inline]
pub(crate) fn exclusive_for(key: usize, holder: Ident) {
    if ENABLED {
        write(key, Hold::Exclusive, holder);
    }
}

/// The calling thread has become a reader of the lock at `key`.
#[inline]
pub(crate) fn shared(key: usize) {
    if ENABLED {
        write(key, Hold::Shared, Ident::current());
    }
}

/// The calling thread has become the upgradable reader of the lock at `key`.
#[inline]
pub(crate) fn upgradable(key: usize) {
    if ENABLED {
        write(key, Hold::Upgradable, Ident::current());
    }
}

/// The calling thread has taken `key`, which is the program's own.
#[inline]
pub(crate) fn resource(key: usize) {
    if ENABLED {
        write(key, Hold::Resource, Ident::current());
    }
}

/// The calling thread goes on holding the lock at `key`, but in another way.
#[inline]
pub(crate) fn changes(key: usize, from: Hold, to: Hold) {
    if ENABLED {
        erase(key, from);
        write(key, to, Ident::current());
    }
}

/// The calling thread is about to release the lock at `key`, which is held in this way.
#[inline]
pub(crate) fn released(key: usize, hold: Hold) {
    if ENABLED {
        erase(key, hold);
    }
}

/// Erases all records of the lock at `key` but those of attempts.
#[inline]
pub(crate) fn forget(key: usize) {
    if ENABLED {
        TABLE.of(key, |store| {
            store.retain(|held| held.key != key || held.hold == Hold::Attempt);
        });
    }
}

/// While this lives, the calling thread tries to become the upgradable reader.
#[must_use]
pub(crate) struct Attempt(usize);

impl Attempt {
    #[inline]
    pub(crate) fn new(key: usize) -> Attempt {
        if ENABLED {
            write(key, Hold::Attempt, Ident::current());
        }
        Attempt(key)
    }
}

impl Drop for Attempt {
    #[inline]
    fn drop(&mut self) {
        released(self.0, Hold::Attempt);
    }
}

/// All records. The stores are copied one after the other, so the records are not of one instant.
pub(crate) fn all() -> Vec<Held> {
    let mut all = Vec::new();
    for shard in &TABLE.shards {
        copy(shard, &mut all);
    }
    all
}

#[inline(never)]
fn write(key: usize, hold: Hold, holder: Ident) {
    let held = Held {
        key,
        hold,
        holder,
        thread: Ident::own(),
        id: next_id(),
    };
    // H3: an exclusive holder has no other beside it.
    let replaces = |old: Hold| match hold {
        Hold::Exclusive => !matches!(old, Hold::Attempt | Hold::Resource),
        Hold::Upgradable | Hold::Resource => old == hold,
        Hold::Shared | Hold::Attempt => false,
    };
    TABLE.of(key, |store| {
        store.retain(|old| old.key != key || !replaces(old.hold));
        store.push(held);
    });
}

#[inline(never)]
fn erase(key: usize, hold: Hold) {
    let (current, own) = (Ident::current(), Ident::own());
    TABLE.of(key, |store| {
        let is_one = |held: &Held| held.key == key && held.hold == hold;
        if matches!(hold, Hold::Shared | Hold::Attempt) {
            let find = |is_mine: &dyn Fn(&Held) -> bool| {
                let held = store.as_slice();
                held.iter().rposition(|held| is_one(held) && is_mine(held))
            };
            let mine = find(&|held| held.holder == current && held.thread == own)
                .or_else(|| find(&|held| held.holder == current || held.thread == own));
            if let Some(mine) = mine {
                return store.remove(mine);
            }
        }
        // Exclusive, or H4.
        store.retain(|held| !is_one(held));
    });
}

lot_static! {
    static NEXT: AtomicU64 = AtomicU64::new(1);
}

/// A new number for a record or a wait (H2); 0 in a build that writes no records.
#[inline]
pub(crate) fn next_id() -> u64 {
    match ENABLED {
        // Relaxed: uniqueness needs only the atomicity of the addition.
        true => NEXT.fetch_add(1, Relaxed),
        false => 0,
    }
}

lot_static! {
    static REGISTERED: AtomicU8 = AtomicU8::new(0);
}

/// Registers the fork handler that keeps H6. Called before any store is locked.
#[inline]
fn register() {
    // Acquire: a thread that reads 1 also sees the handler in its slot.
    if FORKS && REGISTERED.load(Acquire) == 0 {
        register_slow();
    }
}

#[cold]
fn register_slow() {
    py_thread::init();
    // SAFETY: `in_child` takes no lock that a thread of the parent may have held, and does not unwind.
    let done = unsafe { py_thread::on_fork_child(in_child) };
    done.expect("room for the fork handler of the records");
    // Release: see `register`.
    REGISTERED.store(1, Release);
}

/// H6.
fn in_child() {
    let own = Ident::own();
    for shard in &TABLE.shards {
        // SAFETY: a fork handler runs on the child's only thread, and no thread forks while it has a
        // store locked (H5).
        unsafe {
            shard.renew(
                |store| store.retain(|held| held.thread == own),
                Store::new(),
            );
        }
    }
    // SAFETY: a fork handler runs on the child's only thread.
    unsafe { lists::in_child() };
}
