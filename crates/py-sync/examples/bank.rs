//! A bank in which arbitrary code calls back under a lock, and nobody deadlocks.
//!
//! Accounts are objects with a one-byte mutex. Threads move amounts between random pairs of them;
//! an account's observer then calls back into the other account, 11 levels deep, in both orders,
//! and now and then sleeps while it is inside. With critical sections the sum stays what it was
//! and everybody gets on. With plain nested mutexes (`--plain`) the same program deadlocks at
//! once, which a watchdog tells.
//!
//! ```text
//! cargo run --release -p py-sync --example bank              # 60 seconds
//! cargo run --release -p py-sync --example bank -- 5         # 5 seconds
//! cargo run --release -p py-sync --example bank -- --plain   # fails, within a second
//! ```
//!
//! The exit status is 0 if the sum is conserved and every thread got on, 1 if not, 2 if the
//! arguments make no sense.

use py_sync::{
    CriticalCell, EnteredCriticalSection, RecursiveMutex, detached, with_critical_section_mutex,
    with_critical_section_mutex2,
};
use std::cell::UnsafeCell;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

const ACCOUNTS: usize = 6;
const OPENING_BALANCE: i64 = 1_000;
const THREADS: usize = 8;
/// How deep the observers call back.
const DEPTH: usize = 11;

/// An account that guards itself, in one of two ways.
trait Account: Sync + Send {
    /// A thread that has not got on for so long hangs: short where a deadlock is expected, long
    /// where a busy machine must not look like one.
    const PATIENCE: Duration;

    fn open(balance: i64) -> Self;

    /// Moves `amount` from here to `to`, and runs `inside` while the two are entered.
    fn transfer(&self, to: &Self, amount: i64, inside: impl FnOnce());

    /// Looks at the balance, and runs `inside` while the account is entered.
    fn observe(&self, inside: impl FnOnce()) -> i64;

    /// Waits for the outside world while accounts are entered.
    fn wait(time: Duration);
}

type Entered<'s> = EnteredCriticalSection<'s, CriticalCell<i64>>;

/// The balance can be copied and set, but not borrowed: `inside` may suspend the section.
impl Account for CriticalCell<i64> {
    const PATIENCE: Duration = Duration::from_secs(10);

    fn open(balance: i64) -> Self {
        CriticalCell::new(balance)
    }

    fn transfer(&self, to: &Self, amount: i64, inside: impl FnOnce()) {
        with_critical_section_mutex2(self, to, |from: Entered<'_>, to: Option<Entered<'_>>| {
            // One account twice: nothing to move.
            if let Some(to) = to {
                from.set(from.copied() - amount);
                to.set(to.copied() + amount);
            }
            inside();
        });
    }

    fn observe(&self, inside: impl FnOnce()) -> i64 {
        with_critical_section_mutex(self, |account| {
            inside();
            account.copied()
        })
    }

    fn wait(time: Duration) {
        detached(|| std::thread::sleep(time));
    }
}

/// The same account with a lock that is held to its end. A recursive one: who waits for itself has
/// only itself to blame, and these wait for each other.
struct Plain {
    mutex: RecursiveMutex,
    balance: UnsafeCell<i64>,
}

// SAFETY: the balance is touched by the holder of `mutex` alone.
unsafe impl Sync for Plain {}

impl Plain {
    fn add(&self, amount: i64) {
        // SAFETY: the caller holds `mutex`, and the borrow ends here.
        unsafe { *self.balance.get() += amount };
    }
}

impl Account for Plain {
    const PATIENCE: Duration = Duration::from_millis(500);

    fn open(balance: i64) -> Self {
        Plain {
            mutex: RecursiveMutex::new(),
            balance: UnsafeCell::new(balance),
        }
    }

    fn transfer(&self, to: &Self, amount: i64, inside: impl FnOnce()) {
        let _from = self.mutex.lock_guard();
        let _to = to.mutex.lock_guard();
        self.add(-amount);
        to.add(amount);
        inside();
    }

    fn observe(&self, inside: impl FnOnce()) -> i64 {
        let _guard = self.mutex.lock_guard();
        inside();
        // SAFETY: `mutex` is held.
        unsafe { *self.balance.get() }
    }

    fn wait(time: Duration) {
        std::thread::sleep(time);
    }
}

/// A small generator of random numbers: xorshift, from a thread's own seed.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

/// What the threads share.
struct Bank<A> {
    accounts: Vec<A>,
    stop: AtomicBool,
    /// How many transfers each thread has made.
    progress: Vec<AtomicU64>,
}

impl<A: Account> Bank<A> {
    fn open() -> Bank<A> {
        Bank {
            accounts: (0..ACCOUNTS).map(|_| A::open(OPENING_BALANCE)).collect(),
            stop: AtomicBool::new(false),
            progress: (0..THREADS).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Two observers that call each other back, each inside the other's account.
    fn call_back(&self, here: usize, there: usize, depth: usize, random: &mut Random) {
        if depth == 0 {
            if random.below(16) == 0 {
                A::wait(Duration::from_micros(50));
            }
            return;
        }
        self.accounts[here].observe(|| self.call_back(there, here, depth - 1, random));
    }

    fn work(&self, thread: usize) {
        let mut random = Random(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(thread as u64 + 1));
        // Relaxed: it orders nothing, and is seen in time.
        while !self.stop.load(Relaxed) {
            let (from, to) = (random.below(ACCOUNTS), random.below(ACCOUNTS));
            let amount = random.below(100) as i64;
            self.accounts[from].transfer(&self.accounts[to], amount, || {
                self.call_back(to, from, DEPTH, &mut random);
            });
            // Relaxed: a count for the watchdog.
            self.progress[thread].fetch_add(1, Relaxed);
        }
    }

    /// Says which threads have not got on for so long that they hang; nobody, once the time is up.
    fn watch(&self, time: Duration) -> Vec<usize> {
        let start = Instant::now();
        let mut seen: Vec<(u64, Instant)> = vec![(u64::MAX, start); THREADS];
        while start.elapsed() < time {
            std::thread::sleep(Duration::from_millis(25));
            for (seen, progress) in seen.iter_mut().zip(&self.progress) {
                // Relaxed: a count.
                let now = progress.load(Relaxed);
                if now != seen.0 {
                    *seen = (now, Instant::now());
                }
            }
            let hangs = |t: &usize| seen[*t].1.elapsed() > A::PATIENCE;
            let hanging: Vec<usize> = (0..THREADS).filter(hangs).collect();
            // One that is slow is not deadlocked; two may wait for each other.
            if hanging.len() > 1 {
                return hanging;
            }
        }
        Vec::new()
    }

    fn transfers(&self) -> u64 {
        // Relaxed: a count.
        self.progress.iter().map(|n| n.load(Relaxed)).sum()
    }
}

/// Runs the bank; leaves its threads behind if they hang.
fn run<A: Account + 'static>(time: Duration, how: &str) -> ExitCode {
    println!(
        "{THREADS} threads move amounts between {ACCOUNTS} accounts, with {how}, for {time:?}; \
         observers call back {DEPTH} deep"
    );
    let bank: &'static Bank<A> = Box::leak(Box::new(Bank::open()));
    let threads: Vec<_> = (0..THREADS)
        .map(|t| std::thread::spawn(move || bank.work(t)))
        .collect();
    let start = Instant::now();
    let hanging = bank.watch(time);
    if !hanging.is_empty() {
        println!(
            "deadlock after {:.2} s and {} transfers: no progress by threads {hanging:?} for \
             {:?}",
            start.elapsed().as_secs_f64(),
            bank.transfers(),
            A::PATIENCE
        );
        show_waiters();
        return ExitCode::FAILURE;
    }
    // Relaxed: it orders nothing; the joins do.
    bank.stop.store(true, Relaxed);
    for thread in threads {
        thread.join().expect("no thread of the bank panics");
    }
    let balances: Vec<i64> = bank.accounts.iter().map(|a| a.observe(|| ())).collect();
    let (sum, expected) = (
        balances.iter().sum::<i64>(),
        OPENING_BALANCE * ACCOUNTS as i64,
    );
    println!(
        "{} transfers, {} sections; balances {balances:?}, sum {sum}, expected {expected}",
        bank.transfers(),
        bank.transfers() * (DEPTH as u64 + 1)
    );
    match sum == expected {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Who waits for what.
#[cfg(feature = "diagnostics")]
fn show_waiters() {
    print!("{}", py_sync::diagnostics::snapshot());
}

/// Who waits for what.
#[cfg(not(feature = "diagnostics"))]
fn show_waiters() {
    println!("build with `--features diagnostics` to see who waits for what");
}

fn main() -> ExitCode {
    let mut plain = false;
    let mut seconds = 60.0;
    for arg in std::env::args().skip(1) {
        match (arg.as_str(), arg.parse::<f64>()) {
            ("--plain", _) => plain = true,
            (_, Ok(n)) if n >= 0.0 && n.is_finite() => seconds = n,
            _ => {
                eprintln!("bank: `{arg}` is neither `--plain` nor a number of seconds");
                return ExitCode::from(2);
            }
        }
    }
    let time = Duration::from_secs_f64(seconds);
    match plain {
        true => run::<Plain>(time, "plain nested mutexes"),
        false => run::<CriticalCell<i64>>(time, "critical sections"),
    }
}
