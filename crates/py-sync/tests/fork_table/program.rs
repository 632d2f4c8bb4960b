//! Random programs: primitives in random states, forks from forks, random operations in each child,
//! all of it checked against the table.

use super::exclusive::{ALL, Held};
use super::others::{Flag, Happens, Key, ONCES, Sequence};
use super::reading::{At, Read};
use super::{Made, forked, support};
use py_sync::{Mutex, RawMutex, RecursiveMutex, RwMutex};

const STEPS: usize = 40;
const DEPTH: usize = 3;

/// SplitMix64: a program is its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

fn make(random: &mut Random) -> Box<dyn Made> {
    let at = ALL[random.below(ALL.len())];
    let (yes, also) = (random.below(2) == 1, random.below(2) == 1);
    match random.below(10) {
        0 => Held::boxed(Mutex::new(), at),
        1 => Held::boxed(RwMutex::new(), at),
        2 => Held::boxed(RecursiveMutex::new(), at),
        3 => Held::boxed(RawMutex::new(), at),
        4 => Read::boxed(At::all().nth(random.below(6)).expect("there are six")),
        5 => Happens::boxed(yes, also),
        6 => Flag::boxed(ONCES[random.below(ONCES.len())]),
        7 => Sequence::boxed(yes, also),
        8 => Key::boxed(yes),
        _ => typed(random),
    }
}

#[cfg(feature = "typed")]
fn typed(random: &mut Random) -> Box<dyn Made> {
    use super::typed::{Condition, Runs, any_lock};
    use py_sync::typed::OnceState;
    let states = [OnceState::New, OnceState::Poisoned, OnceState::Done];
    let yes = random.below(2) == 1;
    match random.below(3) {
        0 => any_lock(random.below(4), ALL[random.below(ALL.len())]),
        1 => Condition::boxed(yes),
        _ => Runs::boxed(states[random.below(3)], yes),
    }
}

#[cfg(not(feature = "typed"))]
fn typed(_: &mut Random) -> Box<dyn Made> {
    Key::boxed(false)
}

/// What a child does with what it inherited, chosen by `random`.
fn child(random: &mut Random, depth: usize, made: &mut [Box<dyn Made>]) {
    for _ in 0..STEPS {
        match random.below(12) {
            // The grandchild finds all as this child has left it: no other thread of it is alive.
            0 if depth < DEPTH => {
                let seed = random.below(usize::MAX) as u64;
                forked(|| child(&mut Random(seed), depth + 1, made));
            }
            _ => {
                let at = random.below(made.len());
                let way = random.below(made[at].ways());
                made[at].perform(way);
            }
        }
    }
}

#[test]
fn random_programs_with_forks_follow_the_table() {
    for seed in 0..support::count("PY_SYNC_FORK_PROGRAMS", 20) as u64 {
        println!("seed {seed}");
        let mut random = Random(seed);
        let n = 1 + random.below(8);
        let mut made: Vec<_> = (0..n).map(|_| make(&mut random)).collect();
        for _ in 0..3 {
            let seed = random.below(usize::MAX) as u64;
            forked(|| child(&mut Random(seed), 1, &mut made));
        }
        made.into_iter().for_each(Made::end);
    }
}
