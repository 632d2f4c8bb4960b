//! The parts from the crates that people use today: parking_lot, bumpalo, std and siphasher. The
//! benchmark runs the stage after parsing on them beside ours.

use crate::nesting::STACK;
use crate::parts::{Account, ArenaFigures, FileArena, Lock, Once, Parts, SharedLock, Turns};
use crate::table::{Entry, Introduced};
use crate::text::Text;
use bumpalo::Bump;
use siphasher::sip::SipHasher13;
use std::cell::RefCell;
use std::hash::Hasher;
use std::sync::{Arc, OnceLock};

/// The peers' parts, with the keys of a hash secret.
#[derive(Clone, Copy, Debug)]
pub struct Peers {
    /// The first two words of the secret.
    pub keys: (u64, u64),
}

impl Parts for Peers {
    type Arena = PeerArena;
    type Lock<T: Send + 'static> = parking_lot_13::Mutex<T>;
    type Shared<T: Send + Sync + 'static> = parking_lot_13::RwLock<T>;
    type Once<T: Send + Sync + 'static> = OnceLock<T>;
    type Account = parking_lot_13::Mutex<Introduced>;

    fn hash(&self, text: Text<'_>) -> isize {
        // Python hashes the code units of the narrowest kind that holds the text.
        match text {
            Text::Utf8("") => 0,
            Text::Utf8(text) if text.is_ascii() => self.siphash(text.as_bytes()),
            Text::Utf8(text) => {
                let points: Vec<u32> = text.chars().map(u32::from).collect();
                self.points(&points)
            }
            Text::Surrogates { points, .. } => self.points(points),
        }
    }

    fn digest(&self, bytes: &[u8]) -> u64 {
        let mut hasher = SipHasher13::new_with_keys(0, 0);
        hasher.write(bytes);
        hasher.finish()
    }

    fn on_threads(&self, threads: usize, work: &Arc<dyn Fn() + Send + Sync>) {
        let start = |_| {
            let work = Arc::clone(work);
            let builder = std::thread::Builder::new().stack_size(STACK);
            builder.spawn(move || work()).expect("a thread starts")
        };
        let workers: Vec<_> = (0..threads).map(start).collect();
        for worker in workers {
            worker.join().expect("a worker panicked");
        }
    }
}

impl Peers {
    fn points(&self, points: &[u32]) -> isize {
        let units: Vec<u8> = match points.iter().max() {
            None => return 0,
            Some(0..=0xFF) => points.iter().map(|p| *p as u8).collect(),
            Some(0..=0xFFFF) => points
                .iter()
                .flat_map(|p| (*p as u16).to_ne_bytes())
                .collect(),
            Some(_) => points.iter().flat_map(|p| p.to_ne_bytes()).collect(),
        };
        self.siphash(&units)
    }

    fn siphash(&self, units: &[u8]) -> isize {
        let mut hasher = SipHasher13::new_with_keys(self.keys.0, self.keys.1);
        hasher.write(units);
        match hasher.finish() as isize {
            -1 => -2,
            hash => hash,
        }
    }
}

/// bumpalo runs no destructors, so the handles are kept beside it.
pub struct PeerArena {
    nodes: Bump,
    owned: RefCell<Vec<Arc<Entry<Peers>>>>,
}

impl FileArena<Peers> for PeerArena {
    fn new() -> Self {
        PeerArena {
            nodes: Bump::new(),
            owned: RefCell::new(Vec::new()),
        }
    }

    fn place<T: Copy>(&self, value: T) -> &T {
        self.nodes.alloc(value)
    }

    fn place_slice<T: Copy>(&self, items: &[T]) -> &[T] {
        self.nodes.alloc_slice_copy(items)
    }

    fn own(&self, entry: Arc<Entry<Peers>>) -> &Entry<Peers> {
        let shared: *const Entry<Peers> = Arc::as_ptr(&entry);
        self.owned.borrow_mut().push(entry);
        // SAFETY: `owned` keeps the entry alive as long as `self` is borrowed: nothing is ever
        // taken out of it.
        unsafe { &*shared }
    }

    fn figures(&self) -> ArenaFigures {
        ArenaFigures {
            // bumpalo tells what it took, neither what it gave nor in how many chunks.
            bytes: 0,
            reserved: self.nodes.allocated_bytes() as u64,
            blocks: 0,
            objects: 0,
        }
    }
}

impl<T: Send> Lock<T> for parking_lot_13::Mutex<T> {
    fn new(value: T) -> Self {
        parking_lot_13::Mutex::new(value)
    }

    fn with<R>(&self, turns: &Turns, f: impl FnOnce(&mut T) -> R) -> R {
        let mut held = turns.take(self.try_lock(), || self.lock());
        f(&mut held)
    }

    fn into_inner(self) -> T {
        parking_lot_13::Mutex::into_inner(self)
    }
}

impl Account for parking_lot_13::Mutex<Introduced> {
    fn new() -> Self {
        parking_lot_13::Mutex::default()
    }

    fn add(&self, what: Introduced, turns: &Turns) {
        turns.count(self.is_locked());
        let mut account = self.lock();
        *account = *account + what;
    }

    fn carry(from: &Self, to: &Self, what: Introduced, turns: &Turns) {
        turns.count(from.is_locked() || to.is_locked());
        // In the order of their addresses, as everybody who needs two does by hand.
        let (mut give, mut take);
        if std::ptr::from_ref(from) < std::ptr::from_ref(to) {
            give = from.lock();
            take = to.lock();
        } else {
            take = to.lock();
            give = from.lock();
        }
        *give = *give - what;
        *take = *take + what;
    }

    fn value(&self) -> Introduced {
        *self.lock()
    }
}

impl<T: Send + Sync> SharedLock<T> for parking_lot_13::RwLock<T> {
    fn new(value: T) -> Self {
        parking_lot_13::RwLock::new(value)
    }

    fn read<R>(&self, turns: &Turns, f: impl FnOnce(&T) -> R) -> R {
        let held = turns.take(self.try_read(), || self.read());
        f(&held)
    }

    fn write<R>(&self, turns: &Turns, f: impl FnOnce(&mut T) -> R) -> R {
        let mut held = turns.take(self.try_write(), || self.write());
        f(&mut held)
    }
}

impl<T: Send + Sync> Once<T> for OnceLock<T> {
    fn new() -> Self {
        OnceLock::new()
    }

    fn get_or_make(&self, make: impl FnOnce() -> T) -> &T {
        self.get_or_init(make)
    }

    fn get(&self) -> Option<&T> {
        OnceLock::get(self)
    }
}
