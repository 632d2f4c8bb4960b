//! Paired rounds: every peer runs in every round, in an order that rotates, and a ratio is taken
//! within its round. A slow spell of a shared machine then hits all peers of that round, and the
//! median over the rounds forgets it.
//!
//! Arguments of a bench binary: a word is a filter on the questions, `word$` one on how they end;
//! `--rounds N`; `--quick` runs few and short rounds; `--test` (what `cargo test --benches` passes)
//! runs one short round.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// One round's time of one peer is about this long.
const SLICE: Duration = Duration::from_millis(4);

/// Whether `PEERS`, if it is set, has a part of this name among its words, which commas separate.
#[must_use]
pub fn peer_wanted(name: &str) -> bool {
    std::env::var("PEERS").map_or(true, |words| words.split(',').any(|w| name.contains(w)))
}

/// How a bench binary was asked to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Rounds in each table.
    pub rounds: usize,
    /// The time that one peer gets in one round.
    pub slice: Duration,
    filters: Vec<String>,
}

impl Options {
    /// Reads the arguments of the process.
    #[must_use]
    pub fn from_args() -> Options {
        let mut options = Options {
            rounds: 41,
            slice: SLICE,
            filters: Vec::new(),
        };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--quick" => (options.rounds, options.slice) = (11, SLICE / 4),
                "--test" => (options.rounds, options.slice) = (1, SLICE / 40),
                "--rounds" => {
                    let n = args.next().and_then(|n| n.parse().ok());
                    options.rounds = n.expect("--rounds takes a number");
                }
                "--bench" => {}
                word if word.starts_with("--") => panic!("unknown option {word}"),
                word => options.filters.push(word.to_owned()),
            }
        }
        options
    }

    /// Whether the arguments ask for this question.
    #[must_use]
    pub fn wants(&self, question: &str) -> bool {
        let asks = |filter: &String| match filter.strip_suffix('$') {
            Some(end) => question.ends_with(end),
            None => question.contains(filter.as_str()),
        };
        self.filters.is_empty() || self.filters.iter().any(asks)
    }
}

/// One question and its peers; the first peer is ours, and ratios are ours to theirs.
pub struct Table<'a> {
    question: String,
    unit: &'static str,
    peers: Vec<Peer<'a>>,
}

struct Peer<'a> {
    name: String,
    run: Operation<'a>,
    /// Nanoseconds per operation, one per round.
    rounds: Vec<f64>,
}

/// How a peer is measured.
enum Operation<'a> {
    /// So many times, with the harness's clock.
    Counted(Box<dyn FnMut(u64) + 'a>),
    /// For so long, with a clock of its own: nanoseconds per operation.
    Timed(Box<dyn FnMut(Duration) -> f64 + 'a>),
}

/// What a table found, for callers that go on computing.
#[derive(Clone, Debug)]
pub struct Row {
    /// The peer.
    pub name: String,
    /// Median nanoseconds per operation.
    pub median: f64,
    /// The fastest round.
    pub min: f64,
    /// Median over the rounds of ours divided by this peer's: below 1, ours is faster.
    pub ours_to_it: f64,
}

impl<'a> Table<'a> {
    /// A table for this question. The unit names what one operation is.
    #[must_use]
    pub fn new(question: impl Into<String>, unit: &'static str) -> Table<'a> {
        Table {
            question: question.into(),
            unit,
            peers: Vec::new(),
        }
    }

    /// Adds a peer: `run(n)` does the operation `n` times.
    pub fn peer(&mut self, name: impl Into<String>, run: impl FnMut(u64) + 'a) -> &mut Self {
        self.peers.push(Peer {
            name: name.into(),
            run: Operation::Counted(Box::new(run)),
            rounds: Vec::new(),
        });
        self
    }

    /// Adds a peer that does its operation for ten times the slice, on threads of its own, and
    /// says how many nanoseconds one took. No count is shared then: a peer that sleeps does not
    /// leave the others a round of one.
    pub fn timed(
        &mut self,
        name: impl Into<String>,
        run: impl FnMut(Duration) -> f64 + 'a,
    ) -> &mut Self {
        self.peers.push(Peer {
            name: name.into(),
            run: Operation::Timed(Box::new(run)),
            rounds: Vec::new(),
        });
        self
    }

    /// Runs the rounds and prints the table; nothing if the options do not ask for it.
    pub fn run(&mut self, options: &Options) -> Vec<Row> {
        self.peers.retain(|peer| peer_wanted(&peer.name));
        if !options.wants(&self.question) || self.peers.is_empty() {
            return Vec::new();
        }
        // One count for all, so that every peer touches as much memory as the others.
        let count = self
            .peers
            .iter_mut()
            .filter_map(|p| match &mut p.run {
                Operation::Counted(run) => Some(calibrate(run, options.slice)),
                Operation::Timed(_) => None,
            })
            .min();
        let n = self.peers.len();
        for round in 0..options.rounds {
            for i in 0..n {
                let peer = &mut self.peers[(round + i) % n];
                let nanos = match &mut peer.run {
                    Operation::Counted(run) => {
                        let count = count.unwrap_or(1);
                        time(run, count).as_nanos() as f64 / count as f64
                    }
                    Operation::Timed(run) => run(options.slice * 10),
                };
                peer.rounds.push(nanos);
            }
        }
        let rows = self.rows();
        let each = match count {
            Some(count) => count.to_string(),
            None => format!("{:?}", options.slice * 10),
        };
        self.print(&rows, options.rounds, &each);
        rows
    }

    fn rows(&self) -> Vec<Row> {
        let ours = &self.peers[0].rounds;
        let row = |p: &Peer<'_>| Row {
            name: p.name.clone(),
            median: median(p.rounds.iter().copied()),
            min: p.rounds.iter().copied().fold(f64::INFINITY, f64::min),
            ours_to_it: median(ours.iter().zip(&p.rounds).map(|(a, b)| a / b)),
        };
        self.peers.iter().map(row).collect()
    }

    fn print(&self, rows: &[Row], rounds: usize, each: &str) {
        println!(
            "\n{} (ns per {}, {rounds} rounds of {each})",
            self.question, self.unit
        );
        println!(
            "  {:<34} {:>10} {:>10} {:>10}",
            "", "median", "min", "ours/it"
        );
        for r in rows {
            println!(
                "  {:<34} {:>10.2} {:>10.2} {:>10.3}",
                r.name, r.median, r.min, r.ours_to_it
            );
        }
    }
}

/// How many operations fill the slice. The fastest of three calls decides: one that was slow
/// because the thread lost its processor, or touched its memory first, says nothing.
fn calibrate(run: &mut dyn FnMut(u64), slice: Duration) -> u64 {
    let mut count = 1;
    loop {
        let took = (0..3).map(|_| time(run, count)).min().unwrap_or(slice);
        if took >= slice || count >= 1 << 32 {
            return count;
        }
        let missing = slice.as_nanos() as f64 / took.as_nanos().max(1) as f64;
        count = (count as f64 * missing.clamp(1.2, 10.0)).ceil() as u64;
    }
}

fn time(run: &mut dyn FnMut(u64), count: u64) -> Duration {
    let start = Instant::now();
    run(black_box(count));
    start.elapsed()
}

/// The middle of the values; NaN if there are none.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut v: Vec<f64> = values.into_iter().collect();
    if v.is_empty() {
        return f64::NAN;
    }
    v.sort_by(f64::total_cmp);
    let mid = v.len() / 2;
    if v.len() % 2 == 1 {
        v[mid]
    } else {
        (v[mid - 1] + v[mid]) / 2.0
    }
}

/// The geometric mean of the values; NaN if there are none.
pub fn geomean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut n) = (0.0, 0.0);
    for v in values {
        sum += v.ln();
        n += 1.0;
    }
    (sum / n).exp()
}
