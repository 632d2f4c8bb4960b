//! What things cost on a machine, and where its processors sit.

/// Picoseconds of virtual time: a cached load is a third of a nanosecond.
pub type Ps = u64;

/// So many picoseconds are a nanosecond.
pub const NS: Ps = 1_000;

/// A machine: how many processors, how far apart, and what everything costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Machine {
    /// At most 128.
    pub processors: usize,
    /// Processors that share a last-level cache.
    pub cluster: usize,
    /// Processors on one socket.
    pub socket: usize,
    /// Threads stay on the processor that they start on.
    pub pinned: bool,
    /// Of every chance that the machine takes: two runs with one seed are the same.
    pub seed: u64,
    /// What everything costs.
    pub costs: Costs,
}

/// Picoseconds, all of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Costs {
    /// A load or store of a line that the processor has.
    pub cached: Ps,
    /// A locked instruction on a line that the processor has for itself.
    pub locked: Ps,
    /// A line comes from a processor of the same cluster, of the same socket, of another socket.
    pub transfer: [Ps; 3],
    /// A line comes from memory.
    pub memory: Ps,
    /// One pause of a spinning thread.
    pub pause: Ps,
    /// So much of a wait for memory or for the counter overlaps with the computation that follows.
    pub overlap: Ps,
    /// A look at the processor's own counter.
    pub counter: Ps,
    /// A look at the monotonic clock.
    pub clock: Ps,
    /// A yield, with nobody else to run.
    pub yields: Ps,
    /// The kernel's side of a wake that finds nobody.
    pub wake_nobody: Ps,
    /// What a wake costs more if it finds a thread whose processor is busy.
    pub wake_busy: Ps,
    /// What it costs to stop the thread of a busy processor, and how long that takes to happen.
    pub kick: Idle,
    /// A wait that finds its word changed.
    pub wait_refused: Ps,
    /// From the decision to sleep until the processor can run another thread.
    pub block: Ps,
    /// From the decision to run a thread until it runs.
    pub switch: Ps,
    /// What it costs to wake an idle processor, by how long it has been idle.
    pub idle: [Idle; 4],
    /// How late a timer is at most.
    pub timer_slack: Ps,
    /// A thread that others wait for runs for this long.
    pub slice: Ps,
    /// How often the scheduler looks whether a slice is over.
    pub tick: Ps,
}

/// An idle processor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Idle {
    /// For less than this.
    pub below: Ps,
    /// What the wake costs more than one that finds nobody: the interrupt.
    pub wake: Ps,
    /// From the wake until it runs the thread.
    pub exit: Ps,
}

/// How far apart two processors are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Distance {
    /// One last-level cache.
    Cluster,
    /// One socket.
    Socket,
    /// Two sockets.
    Remote,
}

/// Processors, as bits.
pub(crate) type Set = u128;

impl Machine {
    fn group(&self, processor: usize, size: usize) -> Set {
        let first = processor / size * size;
        let ones = if size >= 128 {
            Set::MAX
        } else {
            (1 << size) - 1
        };
        ones << first
    }

    /// The distance to the nearest of `others`.
    pub(crate) fn nearest(&self, to: usize, others: Set) -> Distance {
        if others & self.group(to, self.cluster) != 0 {
            Distance::Cluster
        } else if others & self.group(to, self.socket) != 0 {
            Distance::Socket
        } else {
            Distance::Remote
        }
    }

    /// The distance to the farthest of `others`.
    pub(crate) fn farthest(&self, to: usize, others: Set) -> Distance {
        if others & !self.group(to, self.socket) != 0 {
            Distance::Remote
        } else if others & !self.group(to, self.cluster) != 0 {
            Distance::Socket
        } else {
            Distance::Cluster
        }
    }
}

impl Costs {
    pub(crate) fn transfer(&self, distance: Distance) -> Ps {
        self.transfer[distance as usize]
    }

    pub(crate) fn idle(&self, idle_for: Ps) -> Idle {
        let fits = self.idle.iter().find(|idle| idle_for < idle.below);
        *fits.unwrap_or(&self.idle[self.idle.len() - 1])
    }
}
