//! The lot as the diagnostics see it: whoever is queued, with its record; and a question to one of them.

use super::table::ParkingLot;
use super::waiter::{Request, Waiter};
use crate::record::Record;

impl<const N: usize> ParkingLot<N> {
    /// What `f` makes of the request and the record of each waiter: bucket by bucket, each in the order
    /// of its queue.
    ///
    /// Allocates outside a bucket's lock only: an allocator may use our locks.
    pub(crate) fn collect<T>(&self, f: impl Fn(&Request, &Record) -> T) -> Vec<T> {
        let mut all = Vec::new();
        for bucket in 0..N {
            let mut needed = 0;
            loop {
                all.reserve(needed);
                let room = all.capacity() - all.len();
                needed = self.inspect(bucket, room, |request, record| all.push(f(request, record)));
                if needed <= room {
                    break;
                }
            }
        }
        all
    }

    /// Calls `f` with the request and the record of each waiter of one bucket, under its lock, if
    /// there are no more than `room`. How many there are.
    fn inspect(&self, bucket: usize, room: usize, mut f: impl FnMut(&Request, &Record)) -> usize {
        self.buckets[bucket].lock(|queue| {
            if queue.len() <= room {
                let recorded = queue
                    .iter()
                    .filter_map(|w| Some((&w.request, w.record.as_ref()?)));
                recorded.for_each(|(request, record)| f(request, record));
            }
            queue.len()
        })
    }

    /// Asks the wait `id` on `key` where it is, if it is queued and asleep. It stays queued.
    pub(crate) fn ask(&self, key: usize, id: u64) {
        self.bucket(key).lock(|queue| {
            let is_it = |w: &&Waiter| w.record.as_ref().is_some_and(|record| record.id == id);
            if let Some(waiter) = queue.iter().find(is_it) {
                // Alive, and it stays so: it needs this bucket's lock to leave, or for its post.
                waiter.semaphore.ask();
            }
        });
    }
}
