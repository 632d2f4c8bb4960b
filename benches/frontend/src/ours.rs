//! The parts from the four crates of this workspace.

use crate::locked::{Lazy, Locked, RwLocked};
use crate::nesting::STACK;
use crate::parts::{ArenaFigures, FileArena, Parts};
use crate::table::{Entry, Introduced};
use crate::text::Text;
use py_arena::{Arena, BlockPolicy};
use py_hashsecret::{HashSecret, keyed_hash};
use py_sync::CriticalCell;
use std::sync::Arc;

/// Our parts.
#[derive(Clone, Copy, Debug)]
pub struct Ours {
    /// The secret of the process.
    pub secret: HashSecret,
}

impl Parts for Ours {
    type Arena = Arena<Arc<Entry<Ours>>>;
    type Lock<T: Send + 'static> = Locked<T>;
    type Shared<T: Send + Sync + 'static> = RwLocked<T>;
    type Once<T: Send + Sync + 'static> = Lazy<T>;
    type Account = CriticalCell<Introduced>;

    fn hash(&self, text: Text<'_>) -> isize {
        match text {
            Text::Utf8(text) => self.secret.hash_str(text),
            Text::Surrogates { points, .. } => self.secret.hash_ucs4(points),
        }
    }

    fn digest(&self, bytes: &[u8]) -> u64 {
        keyed_hash(0, bytes)
    }

    fn on_threads(&self, threads: usize, work: &Arc<dyn Fn() + Send + Sync>) {
        let start = |_| {
            let work = Arc::clone(work);
            let builder = py_thread::Builder::new().stack_size(STACK);
            builder.start(move || work()).expect("a thread starts")
        };
        let workers: Vec<_> = (0..threads).map(start).collect();
        for worker in workers {
            let outcome = worker.join().expect("no thread waits for itself");
            assert!(outcome.is_returned(), "a worker panicked");
        }
    }
}

impl FileArena<Ours> for Arena<Arc<Entry<Ours>>> {
    fn new() -> Self {
        Arena::with_objects_and_policy(BlockPolicy::GROWING)
    }

    fn place<T: Copy>(&self, value: T) -> &T {
        self.alloc(value)
    }

    fn place_slice<T: Copy>(&self, items: &[T]) -> &[T] {
        self.alloc_slice_copy(items)
    }

    fn own(&self, entry: Arc<Entry<Ours>>) -> &Entry<Ours> {
        self.add_object(entry)
    }

    fn figures(&self) -> ArenaFigures {
        let stats = self.stats();
        ArenaFigures {
            bytes: stats.total_size as u64,
            reserved: stats.total_block_size as u64,
            blocks: stats.total_blocks as u64,
            objects: 0,
        }
    }
}
