//! How fast is the demo on our crates, and on those that people use today: parking_lot, bumpalo,
//! typed-arena and siphasher?
//!
//! One round does a standard library on one side and then on the other: that of the Python that
//! `PYTHON_ORACLE` names or that is found, else our samples. Both sides run the same generic code
//! (`frontend`), so the ratio is that of the crates. *After parsing* is lowering and interning, in
//! CPU time; *the whole* is wall time, with std's threads on both sides. In every round both sides
//! must find the same.
//!
//! The peers' hash copies text that is not ASCII into a buffer, as siphasher needs it.

use benches::paired::{Options, median};
use bumpalo::Bump;
use frontend::backend::{Account, Backend, FileArena, Mutex, Ours};
use frontend::engine::largest_first;
use frontend::input::{Input, Walk};
use frontend::nesting::STACK;
use frontend::python::Python;
use frontend::stats::{Figures, LockStats};
use frontend::table::Table;
use frontend::text::Text;
use frontend::worker::{LOWER, Rules, Worker};
use py_hashsecret::HashSecret;
use siphasher::sip::SipHasher13;
use std::hash::Hasher;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

/// The peers, with the keys of a hash secret.
#[derive(Clone, Copy)]
struct Peers {
    keys: (u64, u64),
}

impl Backend for Peers {
    type Arena<O: 'static> = PeerArena<O>;
    type RawMutex = parking_lot_12::RawMutex;
    type RawRwLock = parking_lot_12::RawRwLock;
    type Account<T: Copy + Send + 'static> = PeerAccount<T>;

    fn hash(&self, text: Text<'_>) -> isize {
        // Python hashes the code units of the narrowest kind that holds the text.
        let units = match text {
            Text::Utf8("") => return 0,
            Text::Utf8(text) if text.is_ascii() => return self.siphash(text.as_bytes()),
            Text::Utf8(text) => units(&text.chars().map(u32::from).collect::<Vec<_>>()),
            Text::Surrogates { points, .. } => units(points),
        };
        self.siphash(&units)
    }

    fn digest(&self, bytes: &[u8]) -> u64 {
        let mut hasher = SipHasher13::new_with_keys(0, 0);
        hasher.write(bytes);
        hasher.finish()
    }
}

fn units(points: &[u32]) -> Vec<u8> {
    match points.iter().max() {
        None | Some(0..=0xFF) => points.iter().map(|p| *p as u8).collect(),
        Some(0..=0xFFFF) => points
            .iter()
            .flat_map(|p| (*p as u16).to_ne_bytes())
            .collect(),
        Some(_) => points.iter().flat_map(|p| p.to_ne_bytes()).collect(),
    }
}

impl Peers {
    fn siphash(&self, units: &[u8]) -> isize {
        let mut hasher = SipHasher13::new_with_keys(self.keys.0, self.keys.1);
        hasher.write(units);
        match hasher.finish() as isize {
            -1 => -2,
            hash => hash,
        }
    }
}

/// bumpalo runs no destructors; typed-arena does.
struct PeerArena<O> {
    nodes: Bump,
    objects: typed_arena::Arena<O>,
}

impl<O> FileArena<O> for PeerArena<O> {
    fn new() -> Self {
        PeerArena {
            nodes: Bump::new(),
            objects: typed_arena::Arena::new(),
        }
    }

    fn place<T: Copy>(&self, value: T) -> &T {
        self.nodes.alloc(value)
    }

    fn place_slice<T: Copy>(&self, items: &[T]) -> &[T] {
        self.nodes.alloc_slice_copy(items)
    }

    fn own(&self, object: O) -> &O {
        self.objects.alloc(object)
    }

    // bumpalo tells what it took, neither what it gave nor in how many chunks.
    fn add_to(&self, _: &mut Figures) {}
}

struct PeerAccount<T>(parking_lot_12::Mutex<T>);

impl<T: Copy + Send> Account<T> for PeerAccount<T> {
    fn new(value: T) -> Self {
        PeerAccount(parking_lot_12::Mutex::new(value))
    }

    fn get(&self) -> T {
        *self.0.lock()
    }

    fn update(&self, stats: &LockStats, change: impl FnOnce(T) -> T) {
        stats.count(self.0.is_locked());
        let mut value = self.0.lock();
        *value = change(*value);
    }

    fn update_both(a: &Self, b: &Self, stats: &LockStats, change: impl FnOnce(T, T) -> (T, T)) {
        stats.count(a.0.is_locked() || b.0.is_locked());
        // In the order of their addresses, as everybody who needs two does by hand.
        let (mut in_a, mut in_b);
        if std::ptr::from_ref(a) < std::ptr::from_ref(b) {
            in_a = a.0.lock();
            in_b = b.0.lock();
        } else {
            in_b = b.0.lock();
            in_a = a.0.lock();
        }
        (*in_a, *in_b) = change(*in_a, *in_b);
    }
}

struct Library {
    paths: Vec<PathBuf>,
    /// The largest first.
    order: Vec<u32>,
    rules: Rules,
}

/// What one run took, in milliseconds, and what it found.
#[derive(Clone, Copy)]
struct Took {
    after_parsing: f64,
    whole: f64,
    found: [u64; 3],
}

impl Library {
    fn find() -> Library {
        let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/frontend/samples");
        let python = Python::find(0);
        let version = python.as_ref().map_or((3, 14, 0), |p| p.version);
        let folder = python.map_or(PathBuf::from(samples), |p| p.stdlib);
        let files = Input::find(&[folder], Walk::Library).files;
        Library {
            order: largest_first(&files),
            paths: files.into_iter().map(|f| f.path).collect(),
            rules: Rules {
                target: (version.0, version.1).into(),
                keep: false,
                clock: cpu_time,
            },
        }
    }

    /// Does every file once.
    fn run<B: Backend>(&self, backend: B, threads: usize) -> Took {
        let start = Instant::now();
        let table = Table::new(backend, self.paths.len());
        let next = Mutex::<B, _>::new(0);
        let sum = Mutex::<B, _>::new((0.0, Figures::default()));
        let work = || {
            let mut worker = Worker::new(&table, self.rules);
            loop {
                let place = {
                    let mut next = next.lock();
                    *next += 1;
                    *next - 1
                };
                let Some(&file) = self.order.get(place) else {
                    break;
                };
                // A file that is refused takes the same time on both sides.
                drop(worker.file(&self.paths[file as usize], file));
            }
            let mut sum = sum.lock();
            sum.0 += worker.phases[LOWER].as_secs_f64() * 1e3;
            sum.1.add(&worker.figures);
        };
        thread::scope(|scope| {
            for _ in 0..threads {
                let builder = thread::Builder::new().stack_size(STACK);
                builder.spawn_scoped(scope, work).expect("a thread starts");
            }
        });
        let whole = start.elapsed().as_secs_f64() * 1e3;
        let (after_parsing, figures) = *sum.lock();
        let mut hashes = 0_u64;
        for (entry, tally) in table.entries() {
            let uses = tally.times.names + tally.times.literals;
            hashes = hashes.wrapping_add((entry.hash() as u64).wrapping_mul(uses));
        }
        Took {
            after_parsing,
            whole,
            found: [figures.nodes, figures.digest, hashes],
        }
    }
}

/// CPU time of this thread, however many others the machine runs.
#[cfg(unix)]
fn cpu_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid place for the answer.
    let rc = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(rc, 0, "every unix has the CPU clock of a thread");
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Elsewhere wall time stands in for it.
#[cfg(not(unix))]
fn cpu_time() -> Duration {
    use std::sync::OnceLock;
    static BEGIN: OnceLock<Instant> = OnceLock::new();
    BEGIN.get_or_init(Instant::now).elapsed()
}

fn main() {
    let options = Options::from_args();
    let library = Library::find();
    let secret = HashSecret::from_seed(42);
    let keys = secret.siphash_keys();
    let (ours, peers) = (Ours { secret }, Peers { keys });
    for threads in [1, 2, 16] {
        let name = format!("frontend, {} files, {threads} threads", library.paths.len());
        if !options.wants(&name) {
            continue;
        }
        let mut rounds = Vec::new();
        for round in 0..options.rounds {
            let (a, b);
            if round % 2 == 0 {
                a = library.run(ours, threads);
                b = library.run(peers, threads);
            } else {
                b = library.run(peers, threads);
                a = library.run(ours, threads);
            }
            assert_eq!(
                a.found, b.found,
                "both sides have the same nodes, trees, hashes"
            );
            rounds.push((a, b));
        }
        show(&name, &rounds);
    }
}

fn show(name: &str, rounds: &[(Took, Took)]) {
    println!("\n{name} (ms per library, {} rounds)", rounds.len());
    println!(
        "  {:<14} {:>10} {:>10} {:>12}",
        "", "ours", "peers", "ours/theirs"
    );
    let after: fn(&Took) -> f64 = |t| t.after_parsing;
    let whole: fn(&Took) -> f64 = |t| t.whole;
    for (what, of) in [("after parsing", after), ("the whole", whole)] {
        let ours = median(rounds.iter().map(|(a, _)| of(a)));
        let theirs = median(rounds.iter().map(|(_, b)| of(b)));
        let ratio = median(rounds.iter().map(|(a, b)| of(a) / of(b)));
        println!("  {what:<14} {ours:>10.1} {theirs:>10.1} {ratio:>12.3}");
    }
}
