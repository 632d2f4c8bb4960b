//! Who holds what, and who asks: what locks tell `py_sync::deadlock`. Nothing without the feature
//! `deadlock`: every function that a lock calls is empty then.
//!
//! A record says: *this lock was taken by that thread, and has not been given up since*. Records are
//! found by the lock's address, so that an unlock removes the right one whoever unlocks; a lock has no
//! byte for them. They lie in [`SHARDS`] stores, each under a mutex of std's, which is no lock of
//! ours: nothing is recorded about it.
//!
//! | record | by | says |
//! |---|---|---|
//! | [`Hold::Exclusive`] | a mutex, a writer, the runner of an initialiser | the only holder |
//! | [`Hold::Shared`] | a reader, one record for each time it has locked | it is in nobody's way but a writer's |
//! | [`Hold::Upgradable`] | an upgradable reader | the same, and in that of its like |
//! | [`Hold::Attempt`] | who waits to be an upgradable reader, or has just become one | it may yet let readers pass a waiting writer |
//! | [`Hold::Resource`] | `deadlock::acquire_resource` | the only holder of a key of the program's own |
//!
//! Invariants:
//! * H1: a lock is recorded after it was taken, by the thread that took it, and forgotten before it is
//!   given up, by whoever gives it up. So while the thread that took it does nothing (it sleeps), a
//!   record of it is true: the lock is held, and by the record's holder. The converse does not hold: a
//!   lock may be held and not recorded, for a moment or for good (one that C's inlined functions took).
//! * H2: no two records have the same number, and neither have a record and a wait.
//! * H3: who takes a lock for itself alone removes what older records of it are left.
//! * H4: of a lock with several readers it is not known which of them another thread's unlock is for:
//!   then all of them are forgotten.
//! * H5: no lock of ours is taken, no global allocator called, and nothing waited for while a store's
//!   mutex is held, but the system's allocator. So recording cannot be part of a deadlock.
//! * H6: a forked child keeps the forking thread's records. A store that another thread was about to
//!   change is emptied.
//!
//! H1 assumes that an unlock on behalf of another thread comes after that thread's lock call has
//! returned, as it does in a program that has a reason to unlock.
//!
//! The holder is an [`Ident`], that of the logical thread which runs: a lock that a generator keeps
//! while it does not run is not held by the thread that it last ran on.
//!
//! The mutexes order all. No model sees any of this: it touches no lock's word.

pub(crate) mod asking;
mod lists;
mod store;
#[cfg(all(test, not(loom)))]
mod tests;

pub(crate) use asking::{answer, sleep_in_word};

use crate::sync::{
    Acquire, AtomicU8, AtomicU64, DEADLOCK, FORKS, MODEL, Relaxed, Release, const_fn, lot_static,
    repeat,
};
use py_thread::Ident;
use store::{Renewable, Store, copy};

/// Whether this build records.
pub(crate) const ENABLED: bool = DEADLOCK && !MODEL;

/// A prime, as neighbouring locks shall not share a store.
const SHARDS: usize = 61;

/// In which way a lock is held: see the head.
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
    /// Who is to give it up.
    pub(crate) holder: Ident,
    /// The thread that took it.
    pub(crate) thread: Ident,
    /// H2.
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

/// The calling thread has the lock at `key` for itself.
#[inline]
pub(crate) fn exclusive(key: usize) {
    if ENABLED {
        write(key, Hold::Exclusive, Ident::current());
    }
}

/// The calling thread has taken the lock at `key` on behalf of `holder`.
#[inline]
pub(crate) fn exclusive_for(key: usize, holder: Ident) {
    if ENABLED {
        write(key, Hold::Exclusive, holder);
    }
}

/// The calling thread shares the lock at `key`.
#[inline]
pub(crate) fn shared(key: usize) {
    if ENABLED {
        write(key, Hold::Shared, Ident::current());
    }
}

/// The calling thread is the upgradable reader.
#[inline]
pub(crate) fn upgradable(key: usize) {
    if ENABLED {
        write(key, Hold::Upgradable, Ident::current());
    }
}

/// The calling thread has the key of the program's own.
#[inline]
pub(crate) fn resource(key: usize) {
    if ENABLED {
        write(key, Hold::Resource, Ident::current());
    }
}

/// The lock at `key` is held in another way from now on, by the calling thread.
#[inline]
pub(crate) fn changes(key: usize, from: Hold, to: Hold) {
    if ENABLED {
        erase(key, from);
        write(key, to, Ident::current());
    }
}

/// The lock at `key` is about to be given up, if it is held in this way.
#[inline]
pub(crate) fn released(key: usize, hold: Hold) {
    if ENABLED {
        erase(key, hold);
    }
}

/// The lock at `key` belongs to nobody that is known.
#[inline]
pub(crate) fn forget(key: usize) {
    if ENABLED {
        TABLE.of(key, |store| {
            store.retain(|held| held.key != key || held.hold == Hold::Attempt);
        });
    }
}

/// The calling thread tries to become the upgradable reader, until this is dropped.
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

/// All records. Those of different stores are not of one instant.
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
    // H3.
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
        // H4.
        store.retain(|held| !is_one(held));
    });
}

lot_static! {
    static NEXT: AtomicU64 = AtomicU64::new(1);
}

/// A number that no record and no wait has had (H2); 0 where nothing is recorded.
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

/// Makes forked children go by H6. Called before any store is locked.
#[inline]
fn register() {
    // Acquire: who finds it done finds the hook in its slot.
    if FORKS && REGISTERED.load(Acquire) == 0 {
        register_slow();
    }
}

#[cold]
fn register_slow() {
    py_thread::init();
    // SAFETY: it takes no lock that another thread may have held, and does not unwind.
    let done = unsafe { py_thread::on_fork_child(in_child) };
    done.expect("room for the hook of the records");
    // Release: see `register`.
    REGISTERED.store(1, Release);
}

/// H6.
fn in_child() {
    let own = Ident::own();
    for shard in &TABLE.shards {
        // SAFETY: the child's only thread, which does not fork while it records.
        unsafe {
            shard.renew(
                |store| store.retain(|held| held.thread == own),
                Store::new(),
            );
        }
    }
    // SAFETY: as above.
    unsafe { lists::in_child() };
}
