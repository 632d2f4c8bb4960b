//! [`Graph`]: the wait-for graph. Its nodes are waits; an edge says that one wait cannot end before
//! another does.

use crate::held::backtraces::{WordWait, word_waits};
use crate::held::{self, Held, Hold};
use crate::parking_lot::{Kind, Request, lot};
use crate::record::Record;
use crate::rw_mutex::queue::WaitsTo;
use py_thread::Ident;
use std::collections::{HashMap, HashSet};

/// A thread that waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    pub(super) id: u64,
    pub(super) kind: Kind,
    /// The lock's address.
    pub(super) address: usize,
    /// The key on which the thread is parked.
    pub(super) key: usize,
    pub(super) needs: Needs,
    pub(super) own: Ident,
    pub(super) current: Ident,
    /// Nanoseconds of the monotonic clock.
    pub(super) since: u64,
    pub(super) interruptible: bool,
    /// Whether the thread sleeps until another acts (D2).
    pub(super) counts: bool,
}

/// Who has to act for a wait to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// The thread that holds the lock in this way.
    Holder(Hold),
    RwMutex(WaitsTo),
    /// No thread in particular.
    Nobody,
}

impl Wait {
    fn parked(request: &Request, record: &Record) -> Wait {
        let (address, needs) = match request.kind {
            Kind::Mutex | Kind::OnceFlag => (request.key, Needs::Holder(Hold::Exclusive)),
            Kind::Park => (request.key, Needs::Holder(Hold::Resource)),
            Kind::RwMutex => {
                let (address, to) = WaitsTo::of(request);
                (address, Needs::RwMutex(to))
            }
            _ => (request.key, Needs::Nobody),
        };
        Wait {
            id: record.id,
            kind: request.kind,
            address,
            key: request.key,
            needs,
            own: record.ident,
            current: record.current,
            since: record.since,
            interruptible: record.interruptible,
            counts: record.forever && record.is_asleep(),
        }
    }

    fn in_word(wait: WordWait) -> Wait {
        Wait {
            id: wait.id,
            kind: Kind::RawMutex,
            address: wait.key,
            key: wait.key,
            needs: Needs::Holder(Hold::Exclusive),
            own: wait.own,
            current: wait.current,
            since: wait.since,
            interruptible: false,
            counts: true,
        }
    }
}

/// An edge: the wait from which it leads cannot end before wait `to` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Edge {
    to: usize,
    /// The record that makes the edge; 0 if the order in the queue does.
    via: u64,
}

/// The waits, in each queue's order, and the edges from each of them.
#[derive(Debug)]
pub(super) struct Graph {
    waits: Vec<Wait>,
    edges: Vec<Vec<Edge>>,
}

/// An edge by the numbers of its two waits and its record, which are never used again.
type EdgeId = (u64, u64, u64);

impl Graph {
    /// The edges that two snapshots have in common: see the head of `mod.rs`.
    pub(super) fn confirmed() -> Graph {
        let first = Graph::snapshot();
        first.confirmed_by(&Graph::snapshot())
    }

    pub(super) fn snapshot() -> Graph {
        // The waits before the records (D2).
        let mut waits = lot().collect(Wait::parked);
        waits.extend(word_waits().into_iter().map(Wait::in_word));
        Graph::new(waits, &held::all())
    }

    pub(super) fn new(waits: Vec<Wait>, held: &[Held]) -> Graph {
        let found = Found::new(&waits, held);
        let edges = waits.iter().enumerate();
        let edges = edges.map(|(i, wait)| match wait.counts {
            true => found.edges(i, wait),
            false => Vec::new(),
        });
        let edges = edges.collect();
        Graph { waits, edges }
    }

    /// The second snapshot's waits, with the edges that are in both.
    pub(super) fn confirmed_by(&self, second: &Graph) -> Graph {
        let before = self.ids();
        let edges = second.edges.iter().enumerate();
        let edges = edges.map(|(from, edges)| {
            let both = |edge: &&Edge| before.contains(&second.id(from, edge));
            edges.iter().filter(both).copied().collect()
        });
        Graph {
            waits: second.waits.clone(),
            edges: edges.collect(),
        }
    }

    pub(super) fn waits(&self) -> &[Wait] {
        &self.waits
    }

    fn id(&self, from: usize, edge: &Edge) -> EdgeId {
        (self.waits[from].id, self.waits[edge.to].id, edge.via)
    }

    fn ids(&self) -> HashSet<EdgeId> {
        let edges = self.edges.iter().enumerate();
        let ids = edges.flat_map(|(from, edges)| edges.iter().map(move |edge| self.id(from, edge)));
        ids.collect()
    }

    /// Cycles without a wait in common: at least one of each strongly connected component that has any.
    pub(super) fn cycles(&self) -> Vec<Vec<usize>> {
        let mut search = Search {
            graph: self,
            seen: vec![Seen::No; self.waits.len()],
            in_cycle: vec![false; self.waits.len()],
            cycles: Vec::new(),
        };
        (0..self.waits.len()).for_each(|start| search.from(start));
        search.cycles
    }

    /// Whether the edges of `cycle`, which is of this graph, are in a later graph too.
    pub(super) fn still_has(&self, cycle: &[usize], later: &Graph) -> bool {
        let now = later.ids();
        let ends = cycle.iter().zip(cycle.iter().cycle().skip(1));
        ends.into_iter().all(|(&from, &to)| {
            let mut edges = self.edges[from].iter().filter(|edge| edge.to == to);
            edges.any(|edge| now.contains(&self.id(from, edge)))
        })
    }
}

/// The waits and records of one snapshot, indexed.
struct Found<'a> {
    waits: &'a [Wait],
    /// The waits that count, by the thread and the logical thread that are in them.
    of_thread: HashMap<Ident, Vec<usize>>,
    /// The waits that count, by the lock's address.
    of_lock: HashMap<usize, Vec<usize>>,
    held: HashMap<usize, Vec<Held>>,
}

impl<'a> Found<'a> {
    fn new(waits: &'a [Wait], held: &[Held]) -> Found<'a> {
        let mut found = Found {
            waits,
            of_thread: HashMap::new(),
            of_lock: HashMap::new(),
            held: HashMap::new(),
        };
        for (i, wait) in waits.iter().enumerate().filter(|(_, wait)| wait.counts) {
            found.of_thread.entry(wait.own).or_default().push(i);
            if wait.current != wait.own {
                found.of_thread.entry(wait.current).or_default().push(i);
            }
            found.of_lock.entry(wait.address).or_default().push(i);
        }
        for held in held {
            found.held.entry(held.key).or_default().push(*held);
        }
        found
    }

    fn held(&self, address: usize) -> &[Held] {
        self.held.get(&address).map_or(&[], Vec::as_slice)
    }

    fn edges(&self, i: usize, wait: &Wait) -> Vec<Edge> {
        use Hold::{Exclusive, Shared, Upgradable};
        match wait.needs {
            Needs::Nobody => Vec::new(),
            Needs::Holder(hold) => self.to_holders(wait, &[hold]),
            Needs::RwMutex(WaitsTo::Write) => {
                self.to_holders(wait, &[Exclusive, Shared, Upgradable])
            }
            Needs::RwMutex(WaitsTo::Upgrade) => self.to_holders(wait, &[Shared]),
            Needs::RwMutex(WaitsTo::BeUpgradable) => {
                let mut edges = self.to_holders(wait, &[Exclusive, Upgradable]);
                edges.extend(self.to_writers_in_front(i, wait));
                edges
            }
            Needs::RwMutex(WaitsTo::Read) => {
                let mut edges = self.to_holders(wait, &[Exclusive]);
                edges.extend(self.to_upgrading(wait));
                edges.extend(self.to_writers_in_front(i, wait));
                edges
            }
        }
    }

    fn to_holders(&self, wait: &Wait, holds: &[Hold]) -> Vec<Edge> {
        let held = self.held(wait.address).iter();
        let held = held.filter(|held| holds.contains(&held.hold));
        held.flat_map(|held| {
            let waits = self.of_thread.get(&held.holder).into_iter().flatten();
            waits.map(|&to| Edge { to, via: held.id })
        })
        .collect()
    }

    fn at_lock(&self, wait: &Wait, to: WaitsTo) -> impl Iterator<Item = usize> {
        let there = self.of_lock.get(&wait.address).into_iter().flatten();
        there
            .copied()
            .filter(move |&i| self.waits[i].needs == Needs::RwMutex(to))
    }

    /// To the upgradable reader that waits to be the writer.
    fn to_upgrading(&self, wait: &Wait) -> Vec<Edge> {
        let upgrading = self.at_lock(wait, WaitsTo::Upgrade);
        upgrading.map(|to| Edge { to, via: 0 }).collect()
    }

    /// To the writers in front in the queue, unless a reader may yet pass them (D4).
    fn to_writers_in_front(&self, i: usize, wait: &Wait) -> Vec<Edge> {
        let mut held = self.held(wait.address).iter();
        let lets_pass = held.any(|held| match held.hold {
            Hold::Upgradable => true,
            Hold::Attempt => held.thread != wait.own,
            _ => false,
        });
        if lets_pass {
            return Vec::new();
        }
        let writers = self.at_lock(wait, WaitsTo::Write);
        let in_front = writers.filter(|&writer| writer < i);
        in_front.map(|to| Edge { to, via: 0 }).collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    No,
    OnPath,
    Left,
}

/// A depth-first search. An edge that leads back to the path closes a cycle.
struct Search<'a> {
    graph: &'a Graph,
    seen: Vec<Seen>,
    in_cycle: Vec<bool>,
    cycles: Vec<Vec<usize>>,
}

impl Search<'_> {
    fn from(&mut self, start: usize) {
        if self.seen[start] != Seen::No {
            return;
        }
        self.seen[start] = Seen::OnPath;
        // Each wait with the number of its edges that have been followed.
        let mut path = vec![(start, 0)];
        while let Some((at, gone)) = path.last_mut() {
            let Some(edge) = self.graph.edges[*at].get(*gone) else {
                self.seen[*at] = Seen::Left;
                path.pop();
                continue;
            };
            *gone += 1;
            match self.seen[edge.to] {
                Seen::No => {
                    self.seen[edge.to] = Seen::OnPath;
                    path.push((edge.to, 0));
                }
                Seen::OnPath => self.close(&path, edge.to),
                Seen::Left => {}
            }
        }
    }

    fn close(&mut self, path: &[(usize, usize)], to: usize) {
        let cycle: Vec<usize> = path.iter().map(|&(wait, _)| wait).collect();
        let start = cycle.iter().position(|&wait| wait == to).unwrap_or(0);
        let cycle = &cycle[start..];
        if cycle.iter().all(|&wait| !self.in_cycle[wait]) {
            cycle.iter().for_each(|&wait| self.in_cycle[wait] = true);
            self.cycles.push(cycle.to_vec());
        }
    }
}
