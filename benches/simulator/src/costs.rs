//! The machines: the one at hand, as `simulator measure` found it, and larger ones made of the same.

use machine::{Costs, Idle, Machine, Ps};
use std::fmt;

/// Measured on two virtual processors of an AMD EPYC (Zen 4) under Firecracker, Linux 6.18, on
/// 27 November 2026. The host moves them: at times they are of one cluster, at times of two. The way to
/// another socket is from published measurements of that family.
pub const COSTS: Costs = Costs {
    cached: 500,
    locked: 2_600,
    transfer: [25_000, 85_000, 200_000],
    memory: 90_000,
    pause: 24_500,
    overlap: 25_000,
    counter: 6_500,
    clock: 23_000,
    yields: 479_000,
    wake_nobody: 233_000,
    wake_busy: 400_000,
    idle: [
        // Still on its way to sleep: no interrupt is needed.
        Idle {
            below: 800_000,
            wake: 450_000,
            exit: 500_000,
        },
        Idle {
            below: 300_000_000,
            wake: 7_300_000,
            exit: 14_000_000,
        },
        Idle {
            below: 2_000_000_000,
            wake: 8_000_000,
            exit: 15_500_000,
        },
        Idle {
            below: Ps::MAX,
            wake: 9_000_000,
            exit: 18_000_000,
        },
    ],
    kick: Idle {
        below: Ps::MAX,
        wake: 7_300_000,
        exit: 13_000_000,
    },
    wait_refused: 292_000,
    block: 500_000,
    switch: 700_000,
    timer_slack: 50_000_000,
    slice: 1_400_000_000,
    tick: 4_000_000_000,
};

/// What it costs to wake a thread on another processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wakes {
    /// As measured here, where an interrupt of another processor leaves the virtual machine.
    Measured,
    /// As on the metal, by what is published of such machines. Nobody has measured these here.
    Assumed,
}

impl fmt::Display for Wakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Wakes::Measured => "wakes of a virtual machine, as measured (14 us)",
            Wakes::Assumed => "wakes of the metal, assumed (3 us)",
        })
    }
}

/// The machine at hand: two processors, of one cluster (`near`) or of two.
pub fn at_hand(near: bool, costs: Costs, seed: u64) -> Machine {
    Machine {
        processors: 2,
        cluster: if near { 2 } else { 1 },
        socket: 64,
        pinned: true,
        seed,
        costs,
    }
}

/// A machine of so many processors: eight to a cluster, sixty-four to a socket.
pub fn of(processors: usize, wakes: Wakes, mut costs: Costs, seed: u64) -> Machine {
    // The kernel's slice grows with the processors, up to eight of them.
    costs.slice = 700_000_000 * (1 + Ps::from(processors.min(8).ilog2()));
    if wakes == Wakes::Assumed {
        let kick = Idle {
            below: Ps::MAX,
            wake: 1_000_000,
            exit: 2_000_000,
        };
        let short = Idle {
            below: 300_000_000,
            exit: 3_000_000,
            ..kick
        };
        let long = Idle {
            below: 2_000_000_000,
            exit: 5_000_000,
            ..kick
        };
        costs.kick = kick;
        costs.idle = [
            costs.idle[0],
            short,
            long,
            Idle {
                exit: 30_000_000,
                ..kick
            },
        ];
    }
    Machine {
        processors,
        cluster: 8,
        ..at_hand(true, costs, seed)
    }
}

/// Changes one cost, as `pause=30000` or `idle.0.wake=2000000` says, in picoseconds.
pub fn change(costs: &mut Costs, change: &str) -> Result<(), String> {
    let error = || format!("{change}: not a cost and its picoseconds, as in pause=30000");
    let (name, value) = change.split_once('=').ok_or_else(error)?;
    *cost(costs, name).ok_or_else(error)? = value.parse().map_err(|_| error())?;
    Ok(())
}

fn cost<'a>(costs: &'a mut Costs, name: &str) -> Option<&'a mut Ps> {
    let mut parts = name.split('.');
    let (name, index, which) = (parts.next()?, parts.next(), parts.next());
    let index = index.and_then(|index| index.parse::<usize>().ok());
    Some(match (name, index, which) {
        ("cached", ..) => &mut costs.cached,
        ("locked", ..) => &mut costs.locked,
        ("transfer", Some(i), _) => costs.transfer.get_mut(i)?,
        ("memory", ..) => &mut costs.memory,
        ("pause", ..) => &mut costs.pause,
        ("overlap", ..) => &mut costs.overlap,
        ("counter", ..) => &mut costs.counter,
        ("clock", ..) => &mut costs.clock,
        ("yields", ..) => &mut costs.yields,
        ("wake_nobody", ..) => &mut costs.wake_nobody,
        ("wake_busy", ..) => &mut costs.wake_busy,
        ("idle", Some(i), Some("below")) => &mut costs.idle.get_mut(i)?.below,
        ("idle", Some(i), Some("wake")) => &mut costs.idle.get_mut(i)?.wake,
        ("idle", Some(i), Some("exit")) => &mut costs.idle.get_mut(i)?.exit,
        ("kick_wake", ..) => &mut costs.kick.wake,
        ("kick_exit", ..) => &mut costs.kick.exit,
        ("wait_refused", ..) => &mut costs.wait_refused,
        ("block", ..) => &mut costs.block,
        ("switch", ..) => &mut costs.switch,
        ("timer_slack", ..) => &mut costs.timer_slack,
        ("slice", ..) => &mut costs.slice,
        ("tick", ..) => &mut costs.tick,
        _ => return None,
    })
}
