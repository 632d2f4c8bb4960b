//! Random choices: xorshift64*, which is enough here and needs no crate.

use std::time::Duration;

pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % n
    }

    /// None, zero, one nanosecond, or up to a few milliseconds; more often the short ones.
    pub(crate) fn timeout(&mut self) -> Option<Duration> {
        match self.below(8) {
            0 | 1 => None,
            2 => Some(Duration::ZERO),
            3 => Some(Duration::from_nanos(1)),
            4 => Some(Duration::MAX),
            n => Some(Duration::from_nanos(self.below(1 << (6 * (n - 2) - 4)))),
        }
    }

    /// Sometimes a pause, so that sections last and others have to sleep.
    pub(crate) fn linger(&mut self) {
        match self.below(64) {
            0 => std::thread::sleep(Duration::from_micros(self.below(300))),
            1..=4 => std::thread::yield_now(),
            n => (0..n).for_each(|_| std::hint::spin_loop()),
        }
    }
}
