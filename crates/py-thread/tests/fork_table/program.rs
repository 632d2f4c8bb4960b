//! Random programs: handles in random states, forks from forks, random operations in each child,
//! all of it checked against the table.

use super::forked;
use super::states::{ALL, EVERYTHING, Is, Made, in_the_child, perform};
use py_thread::{Handle, start};
use std::sync::Arc;

const PROGRAMS: u64 = 40;
const STEPS: u32 = 30;
const DEPTH: u32 = 3;

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

/// What a process does with the handles that it got, and with those that it makes.
fn child(random: &mut Random, depth: u32, mut table: Vec<(Arc<Handle>, Is)>) {
    let mut own: Vec<Made> = Vec::new();
    for _ in 0..STEPS {
        match random.below(8) {
            0 => own.push(Made::new(ALL[random.below(ALL.len())])),
            1 if depth < DEPTH => fork_again(random, depth, &table, &own),
            2 if !table.is_empty() => drop(table.swap_remove(random.below(table.len()))),
            3 if !own.is_empty() => own.swap_remove(random.below(own.len())).end(),
            _ if !table.is_empty() => {
                let at = random.below(table.len());
                let (handle, is) = &mut table[at];
                perform(EVERYTHING[random.below(EVERYTHING.len())], handle, is);
            }
            _ => drop(start(|| ()).unwrap().join().unwrap()),
        }
    }
    own.into_iter().for_each(Made::end);
}

fn fork_again(random: &mut Random, depth: u32, table: &[(Arc<Handle>, Is)], own: &[Made]) {
    // What was done or not started in this process is so in its child.
    let mut theirs = table.to_vec();
    let made = own
        .iter()
        .map(|m| (Arc::clone(&m.handle), in_the_child(m.at)));
    theirs.extend(made);
    let seed = random.below(usize::MAX) as u64;
    forked(|| child(&mut Random(seed), depth + 1, theirs));
}

#[test]
fn random_programs_with_forks_follow_the_table() {
    for seed in 0..PROGRAMS {
        println!("seed {seed}");
        let mut random = Random(seed);
        let n = 1 + random.below(6);
        let made: Vec<_> = (0..n)
            .map(|_| Made::new(ALL[random.below(ALL.len())]))
            .collect();
        fork_again(&mut random, 0, &[], &made);
        made.into_iter().for_each(Made::end);
    }
}
