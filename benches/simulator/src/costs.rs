//! The machines: the one at hand, as `simulator measure` found it, and larger ones made of the same.

use machine::{Costs, Machine, Ps};

/// Measured on two virtual processors of an AMD EPYC (Zen 4), Linux 6.18. What two processors of one
/// cluster cannot show, the way to other clusters and sockets, is from published measurements of that
/// family: 110 and 220 ns.
pub const COSTS: Costs = Costs {
    cached: 500,
    locked: 2_200,
    transfer: [30_000, 110_000, 220_000],
    memory: 90_000,
    pause: 23_000,
    counter: 10_000,
    clock: 40_000,
    yields: 400_000,
    wake_nobody: 230_000,
    wake_busy: 800_000,
    wake_idle: 3_000_000,
    wait_refused: 290_000,
    block: 500_000,
    switch: 800_000,
    idle_exit: [(50_000_000, 17_000_000), (300_000_000, 25_000_000), (Ps::MAX, 50_000_000)],
    timer_slack: 50_000_000,
    slice: 1_400_000_000,
    tick: 4_000_000_000,
};

/// The machine at hand: two processors.
pub fn at_hand(pinned: bool, seed: u64) -> Machine {
    Machine {
        processors: 2,
        cluster: 8,
        socket: 64,
        pinned,
        seed,
        costs: COSTS,
    }
}

/// A machine of so many processors: eight to a cluster, sixty-four to a socket.
pub fn of(processors: usize, seed: u64) -> Machine {
    Machine {
        processors,
        costs: Costs {
            // The kernel's slice grows with the processors, up to eight of them.
            slice: 700_000_000 * (1 + Ps::from(processors.min(8).ilog2())),
            ..COSTS
        },
        ..at_hand(true, seed)
    }
}
