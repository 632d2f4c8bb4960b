//! The obvious scheduler: a list of agents, looked through from end to end whenever something is to
//! be found.

use super::script::{Env, Log, Said, Script, Scripts, Sent};
use std::collections::VecDeque;

pub(crate) const ROOM: usize = 2;
pub(crate) const DELAY: u64 = 3;

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Ready,
    Sleeping { due: u64, set: u64 },
    Waiting { timer: Option<(u64, u64)> },
    Joining { other: usize, since: u64 },
    Blocked { due: u64, asked: u64 },
    Ended,
}

#[derive(Clone, Copy, Debug)]
enum Command {
    Adopt(usize),
    Wake(usize),
    Kill(usize),
}

struct Agent {
    script: Script,
    state: State,
    permit: bool,
    is_adopted: bool,
    mail: VecDeque<usize>,
    wants_mail: bool,
    want_room: Vec<usize>,
}

/// Stop, interrupted, rounds, slices, steps, ended, panicked.
pub(crate) type Told = (&'static str, Option<usize>, u64, u64, u64, u64, u64);

pub(crate) struct Obvious {
    agents: Vec<Agent>,
    kept: Vec<usize>,
    to_run: VecDeque<usize>,
    next: Vec<usize>,
    commands: VecDeque<Command>,
    is_open: bool,
    rest: u64,
    interval: u64,
    now: u64,
    numbers: u64,
    rounds: u64,
    slices: u64,
    steps: u64,
    ended: u64,
    panicked: u64,
    scripts: Scripts,
    log: Log,
}

/// One slice's view.
struct Slice<'a> {
    number: usize,
    now: u64,
    granted: u64,
    used: u64,
    gave_way: bool,
    told: bool,
    agents: &'a mut Vec<Agent>,
    commands: &'a mut VecDeque<Command>,
}

impl Env for Slice<'_> {
    fn tick(&mut self) -> bool {
        if self.used < self.granted && !self.gave_way {
            self.used += 1;
            return false;
        }
        self.told = !self.gave_way;
        true
    }
    fn charge(&mut self, n: u32) {
        self.used += u64::from(n);
    }
    fn give_way(&mut self) {
        // With nothing left there is nothing to give.
        self.gave_way |= self.used < self.granted;
    }
    fn now(&self) -> u64 {
        self.now
    }
    fn agents(&self) -> usize {
        self.agents.len()
    }
    fn wake(&mut self, agent: usize) {
        self.commands.push_back(Command::Wake(agent));
    }
    fn kill(&mut self, agent: usize) {
        self.commands.push_back(Command::Kill(agent));
    }
    fn send(&mut self, to: usize, message: usize) -> Sent {
        let agent = &mut self.agents[to];
        if agent.state == State::Ended {
            return Sent::Closed;
        }
        if agent.mail.len() >= ROOM {
            agent.want_room.retain(|&n| n != self.number);
            agent.want_room.push(self.number);
            return Sent::Full;
        }
        agent.mail.push_back(message);
        if std::mem::take(&mut agent.wants_mail) {
            self.commands.push_back(Command::Wake(to));
        }
        Sent::Yes
    }
    fn receive(&mut self) -> Option<usize> {
        let agent = &mut self.agents[self.number];
        match agent.mail.pop_front() {
            Some(message) => {
                for sender in std::mem::take(&mut agent.want_room) {
                    self.commands.push_back(Command::Wake(sender));
                }
                Some(message)
            }
            None => {
                agent.wants_mail = true;
                None
            }
        }
    }
    fn spawn(&mut self, script: usize) {
        let number = self.agents.len();
        self.agents.push(Agent::new(number, script));
        self.commands.push_back(Command::Adopt(number));
    }
}

impl Agent {
    fn new(number: usize, script: usize) -> Agent {
        Agent {
            script: Script::new(number, script),
            state: State::Ready,
            permit: false,
            is_adopted: false,
            mail: VecDeque::new(),
            wants_mail: false,
            want_room: Vec::new(),
        }
    }
}

impl Obvious {
    pub(crate) fn new(interval: u64, scripts: Scripts, log: Log) -> Obvious {
        Obvious {
            agents: Vec::new(),
            kept: Vec::new(),
            to_run: VecDeque::new(),
            next: Vec::new(),
            commands: VecDeque::new(),
            is_open: false,
            rest: 0,
            interval,
            now: 0,
            numbers: 0,
            rounds: 0,
            slices: 0,
            steps: 0,
            ended: 0,
            panicked: 0,
            scripts,
            log,
        }
    }

    pub(crate) fn spawn(&mut self, script: usize) {
        self.adopt_all();
        let number = self.agents.len();
        self.agents.push(Agent::new(number, script));
        self.adopt(number);
    }

    fn adopt(&mut self, number: usize) {
        if !self.agents[number].is_adopted {
            self.agents[number].is_adopted = true;
            self.next.push(number);
        }
    }

    fn adopt_all(&mut self) {
        (0..self.agents.len()).for_each(|n| self.adopt(n));
    }

    pub(crate) fn set_interval(&mut self, interval: u64) {
        self.interval = interval;
    }

    pub(crate) fn wake(&mut self, number: usize) {
        self.adopt_all();
        self.wake_now(number);
    }

    fn wake_now(&mut self, number: usize) {
        match self.agents[number].state {
            State::Waiting { .. } => self.go_on(number),
            State::Ended => {}
            _ => self.agents[number].permit = true,
        }
    }

    fn go_on(&mut self, number: usize) {
        self.agents[number].state = State::Ready;
        let listed = self.kept.contains(&number)
            || self.to_run.contains(&number)
            || self.next.contains(&number);
        if !listed {
            self.next.push(number);
        }
    }

    pub(crate) fn kill(&mut self, number: usize) {
        self.adopt_all();
        self.end(number);
    }

    fn end(&mut self, number: usize) {
        if self.agents[number].state == State::Ended {
            return;
        }
        self.agents[number].state = State::Ended;
        self.ended += 1;
        for sender in std::mem::take(&mut self.agents[number].want_room) {
            self.commands.push_back(Command::Wake(sender));
        }
        let mut joiners: Vec<(u64, usize)> = Vec::new();
        for (n, agent) in self.agents.iter().enumerate() {
            match agent.state {
                State::Joining { other, since } if other == number => joiners.push((since, n)),
                _ => {}
            }
        }
        joiners.sort_unstable();
        joiners.into_iter().for_each(|(_, n)| self.go_on(n));
    }

    fn obey(&mut self) {
        while let Some(command) = self.commands.pop_front() {
            match command {
                Command::Adopt(n) => self.adopt(n),
                Command::Wake(n) => self.wake_now(n),
                Command::Kill(n) => self.end(n),
            }
        }
    }

    fn slice(&mut self, number: usize, granted: u64) -> (Said, u64, bool) {
        let mut script = self.agents[number].script.clone();
        let mut slice = Slice {
            number,
            now: self.now,
            granted,
            used: 0,
            gave_way: false,
            told: false,
            agents: &mut self.agents,
            commands: &mut self.commands,
        };
        let said = script.step(&self.scripts, &self.log, &mut slice);
        let (used, told) = (slice.used, slice.told);
        self.agents[number].script = script;
        self.slices += 1;
        self.steps += used.max(1);
        (said, used, told)
    }

    /// What becomes of an agent after its slice.
    fn settle(&mut self, number: usize, said: Said) {
        self.numbers += 1;
        let (set, now) = (self.numbers, self.now);
        let agent = &mut self.agents[number];
        let mut wait = |timer| match std::mem::take(&mut agent.permit) {
            true => State::Ready,
            false => State::Waiting { timer },
        };
        agent.state = match said {
            Said::Yield | Said::Sleep(0) => State::Ready,
            Said::Sleep(n) => State::Sleeping { due: now + n, set },
            Said::Wait | Said::WaitForMail | Said::WaitForRoom(_) => wait(None),
            Said::WaitFor(0) => {
                wait(None);
                State::Ready
            }
            Said::WaitFor(n) => wait(Some((now + n, set))),
            Said::Block => State::Blocked {
                due: now + DELAY,
                asked: set,
            },
            Said::Join(_) | Said::Panic | Said::Done(_) => State::Ready,
        };
        match said {
            Said::Join(other) if self.agents[other].state != State::Ended => {
                self.agents[number].state = State::Joining { other, since: set };
            }
            Said::Panic => {
                self.panicked += 1;
                self.end(number);
            }
            Said::Done(_) => self.end(number),
            _ => {}
        }
    }

    pub(crate) fn step(&mut self, number: usize, steps: u64) -> (&'static str, u64) {
        if !self.is_open {
            self.obey();
        }
        let agent = &self.agents[number];
        if agent.state == State::Ended || !agent.is_adopted {
            return ("unknown", 0);
        }
        if agent.state != State::Ready {
            return ("not ready", 0);
        }
        if self.to_run.front() == Some(&number) {
            self.rest = 0;
        }
        let (said, used, _) = self.slice(number, steps.max(1));
        self.settle(number, said);
        if !self.is_open {
            self.obey();
        }
        match self.agents[number].state {
            State::Ended => ("ended", 0),
            State::Ready => ("ready", used),
            _ => ("waits", used),
        }
    }

    fn begin(&mut self) -> Option<&'static str> {
        self.obey();
        if self.agents.iter().all(|a| a.state == State::Ended) {
            return Some("finished");
        }
        let ready = self.agents.iter().any(|a| a.state == State::Ready);
        let due = self.agents.iter().filter_map(|a| match a.state {
            State::Sleeping { due, .. } | State::Blocked { due, .. } => Some(due),
            State::Waiting { timer } => timer.map(|(due, _)| due),
            _ => None,
        });
        let due = due.min();
        let round = match (ready, due) {
            (true, _) => self.now + 1,
            (false, Some(due)) => due.max(self.now + 1),
            (false, None) => return Some("deadlock"),
        };
        self.now = round;
        self.rounds += 1;
        let mut answers: Vec<(u64, usize)> = Vec::new();
        let mut timers: Vec<(u64, u64, usize)> = Vec::new();
        for (n, agent) in self.agents.iter().enumerate() {
            match agent.state {
                State::Blocked { due, asked } if due <= round => answers.push((asked, n)),
                State::Sleeping { due, set } if due <= round => timers.push((due, set, n)),
                State::Waiting {
                    timer: Some((due, set)),
                } if due <= round => timers.push((due, set, n)),
                _ => {}
            }
        }
        answers.sort_unstable();
        timers.sort_unstable();
        answers.into_iter().for_each(|(_, n)| self.go_on(n));
        timers.into_iter().for_each(|(_, _, n)| self.go_on(n));
        self.to_run = self.kept.drain(..).chain(self.next.drain(..)).collect();
        self.is_open = true;
        None
    }

    pub(crate) fn run_for(&mut self, budget: u64) -> Told {
        let before = (
            self.rounds,
            self.slices,
            self.steps,
            self.ended,
            self.panicked,
        );
        let limit = self.steps + budget;
        let (stop, who) = self.run_to(limit);
        (
            stop,
            who,
            self.rounds - before.0,
            self.slices - before.1,
            self.steps - before.2,
            self.ended - before.3,
            self.panicked - before.4,
        )
    }

    fn run_to(&mut self, limit: u64) -> (&'static str, Option<usize>) {
        loop {
            if !self.is_open {
                if self.steps >= limit {
                    return ("budget", None);
                }
                if let Some(stop) = self.begin() {
                    return (stop, None);
                }
            }
            while let Some(&number) = self.to_run.front() {
                if self.steps >= limit {
                    let alive = self.agents[number].state != State::Ended;
                    return ("budget", Some(number).filter(|_| self.rest > 0 && alive));
                }
                if self.agents[number].state != State::Ready {
                    self.to_run.pop_front();
                    self.rest = 0;
                    continue;
                }
                let whole = if self.rest > 0 {
                    self.rest
                } else {
                    self.interval
                };
                self.rest = 0;
                let (said, used, told) = self.slice(number, whole.min(limit - self.steps));
                if said == Said::Yield && told && used < whole {
                    self.rest = whole - used;
                    continue;
                }
                self.to_run.pop_front();
                self.settle(number, said);
                if self.agents[number].state == State::Ready {
                    self.kept.push(number);
                }
            }
            self.is_open = false;
            self.obey();
        }
    }

    pub(crate) fn waiting(&self) -> usize {
        self.agents
            .iter()
            .filter(|a| a.state != State::Ended)
            .count()
    }
}
