//! Threads at once, on the parking lot and on a condition variable. Which step comes first is the
//! scheduler's matter, so the model is what must add up: permits and items that were put in are taken out
//! once each, no token reaches a callback that is not its key's, and every thread comes to its end.

use crate::SOON;
use arbitrary::{Arbitrary, Unstructured};
use py_sync::typed::{Condvar, Mutex};
use py_sync::{LockFlags, ParkStatus, ParkingLot};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::time::Duration;

const KEYS: usize = 3;
/// Two keys more, over which two threads pass one permit to and fro.
const THERE: usize = KEYS;
const BACK: usize = KEYS + 1;
/// Tokens tell of which key they are.
const TOKENS: usize = 1000;

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Step {
    /// Gives a permit of this key, and wakes one that waits for it.
    Give(u8),
    /// Gives so many and wakes all.
    GiveMany(u8, u8),
    /// Takes a permit, waiting for so many microseconds at most.
    Take(u8, u8),
    Put(u8),
    /// Takes an item, waiting for so many microseconds at most.
    Get(u8),
    /// The waiters are told without an item.
    NotifyAll,
    Yield,
}

/// Permits by hand: a counter for each key, and the lot for those that find it at zero.
#[derive(Default)]
struct Permits {
    lot: ParkingLot<2>,
    left: [AtomicUsize; KEYS + 2],
}

impl Permits {
    fn try_take(&self, key: usize) -> bool {
        let one_less = |n: usize| n.checked_sub(1);
        self.left[key]
            .fetch_update(SeqCst, SeqCst, one_less)
            .is_ok()
    }

    fn give(&self, key: usize, n: usize) {
        let right = |token: Option<usize>, _: bool| {
            self.left[key].fetch_add(n, SeqCst);
            assert!(
                token.is_none_or(|t| t / TOKENS == key),
                "a token of another key"
            );
        };
        if n == 1 {
            // SAFETY: the lot is this program's own; the callback does not call into it.
            unsafe { self.lot.unpark(key, right) };
        } else {
            right(None, false);
            // SAFETY: as above.
            unsafe { self.lot.unpark_all(key) };
        }
    }

    /// True if it has one; false if the time was up.
    fn take(&self, key: usize, token: usize, timeout: Option<Duration>) -> bool {
        loop {
            if self.try_take(key) {
                return true;
            }
            let none_left = || self.left[key].load(SeqCst) == 0;
            let token = key * TOKENS + token;
            // SAFETY: as in `give`.
            let status = unsafe {
                self.lot
                    .park(key, none_left, token, timeout, LockFlags::NONE)
            };
            match status {
                ParkStatus::Ok | ParkStatus::Again => {}
                ParkStatus::Timeout => return self.try_take(key),
                ParkStatus::Intr => panic!("no signal was sent"),
            }
        }
    }
}

#[derive(Default)]
struct Shared {
    permits: Permits,
    items: Mutex<Vec<u8>>,
    some: Condvar,
}

/// What a thread has given less what it has taken: permits of each key, and items by their sum.
#[derive(Clone, Copy, Debug, Default)]
struct Account {
    permits: [i64; KEYS],
    items: i64,
    sum: i64,
}

fn carry_out(shared: &Shared, number: usize, steps: &[Step]) -> Account {
    let mut account = Account::default();
    for step in steps {
        match *step {
            Step::Give(key) => {
                let key = usize::from(key) % KEYS;
                shared.permits.give(key, 1);
                account.permits[key] += 1;
            }
            Step::GiveMany(key, n) => {
                let (key, n) = (usize::from(key) % KEYS, usize::from(n % 4) + 2);
                shared.permits.give(key, n);
                account.permits[key] += n as i64;
            }
            Step::Take(key, micros) => {
                let key = usize::from(key) % KEYS;
                let after = Duration::from_micros(micros.into());
                if shared.permits.take(key, number, Some(after)) {
                    account.permits[key] -= 1;
                }
            }
            Step::Put(item) => {
                let mut items = shared.items.lock();
                items.push(item);
                // With the mutex held: who is woken waits for it next.
                shared.some.notify_one();
                account.items += 1;
                account.sum += i64::from(item);
            }
            Step::Get(micros) => {
                let mut items = shared.items.lock();
                let after = Duration::from_micros(micros.into());
                let none = |items: &mut Vec<u8>| items.is_empty();
                shared.some.wait_while_for(&mut items, none, after);
                if let Some(item) = items.pop() {
                    account.items -= 1;
                    account.sum -= i64::from(item);
                }
            }
            Step::NotifyAll => {
                let _items = shared.items.lock();
                shared.some.notify_all();
            }
            Step::Yield => std::thread::yield_now(),
        }
    }
    account
}

/// Two threads that wait for as long as it takes, on each key and on the condition: what they need comes
/// last of all, and a wake-up that is lost before leaves one asleep.
fn wait_to_the_end(shared: &Shared, key: usize) {
    if key < KEYS {
        assert!(shared.permits.take(key, TOKENS - 1, None));
        return;
    }
    let mut items = shared.items.lock();
    shared
        .some
        .wait_while(&mut items, |items| !items.contains(&u8::MAX));
}

/// One of two threads that pass a permit to and fro. Each waits for nothing else, so a wake-up that is
/// lost leaves both asleep.
fn pass(shared: &Shared, from: usize, to: usize, times: u8) {
    for _ in 0..times {
        assert!(shared.permits.take(from, 0, None));
        shared.permits.give(to, 1);
    }
}

/// How often the permit is passed, and one program for each of up to four threads.
pub fn run(data: &[u8]) {
    let programs = <(u8, [Vec<Step>; 4])>::arbitrary_take_rest(Unstructured::new(data));
    let Ok((times, mut programs)) = programs else {
        return;
    };
    programs.iter_mut().for_each(|p| p.truncate(40));
    // One item ends the waits: nobody else puts it.
    for step in programs.iter_mut().flatten() {
        if let Step::Put(item) = step {
            *item = (*item).min(u8::MAX - 1);
        }
    }
    let shared = Shared::default();
    let shared = &shared;
    let (send, ended) = channel();
    std::thread::scope(|scope| {
        for (from, to) in [(THERE, BACK), (BACK, THERE)] {
            let send = send.clone();
            scope.spawn(move || {
                pass(shared, from, to, times);
                send.send(()).expect("somebody reads");
            });
        }
        shared.permits.give(THERE, 1);
        for key in 0..=KEYS {
            let send = send.clone();
            scope.spawn(move || {
                wait_to_the_end(shared, key);
                send.send(()).expect("somebody reads");
            });
        }
        let threads = programs
            .iter()
            .enumerate()
            .filter(|(_, steps)| !steps.is_empty());
        let threads: Vec<_> = threads
            .map(|(n, steps)| scope.spawn(move || carry_out(shared, n, steps)))
            .collect();
        let accounts: Vec<Account> = threads
            .into_iter()
            .map(|t| t.join().expect("it ends"))
            .collect();
        end_the_waits(shared);
        for _ in 0..KEYS + 3 {
            if ended.recv_timeout(SOON).is_err() {
                // The scope would wait for it for ever.
                eprintln!("a wake-up was lost");
                std::process::abort();
            }
        }
        adds_up(shared, &accounts);
    });
}

fn end_the_waits(shared: &Shared) {
    (0..KEYS).for_each(|key| shared.permits.give(key, 1));
    let mut items = shared.items.lock();
    items.push(u8::MAX);
    shared.some.notify_all();
}

fn adds_up(shared: &Shared, accounts: &[Account]) {
    for key in 0..KEYS {
        // One was given for each that waited to the end, which took it.
        let left = shared.permits.left[key].load(SeqCst);
        let accounted: i64 = accounts.iter().map(|a| a.permits[key]).sum();
        assert_eq!(left as i64, accounted, "permits of key {key}");
    }
    let items = shared.items.lock();
    let accounted: i64 = accounts.iter().map(|a| a.items).sum();
    assert_eq!(items.len() as i64 - 1, accounted, "items");
    let sum: i64 = items.iter().map(|i| i64::from(*i)).sum();
    let accounted: i64 = accounts.iter().map(|a| a.sum).sum();
    assert_eq!(sum - i64::from(u8::MAX), accounted, "their sum");
}
