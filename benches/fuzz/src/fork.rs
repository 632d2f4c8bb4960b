//! Programs of locks and forks. Before each fork locks are taken by the forking thread or by others, and
//! threads wait for them. The child tries each lock and compares with the table of `py_sync::after_fork`;
//! in the parent all must go on as if there had been no fork.

use crate::SOON;
use arbitrary::{Arbitrary, Unstructured};
use py_sync::{Event, Mutex, OnceFlag, RecursiveMutex, RwMutex, Semaphore, SeqLock};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How many of each kind.
const EACH: usize = 2;

/// Who has a lock at the fork.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
enum Holder {
    Nobody,
    Me,
    Another,
}

/// Its state at the fork, and whether a thread of the parent waits for it.
#[derive(Arbitrary, Clone, Copy, Debug)]
struct State {
    holder: Holder,
    waited_for: bool,
    /// By readers instead of a writer, where there are readers.
    read: bool,
}

#[derive(Arbitrary, Debug)]
struct Program {
    mutexes: [State; EACH],
    rw: [State; EACH],
    recursive: [State; EACH],
    /// Permits of each, and whether a thread waits for one.
    permits: [(u8, bool); EACH],
    events: [(bool, bool); EACH],
    /// Whether it is done.
    once: bool,
    /// Whether I write at the fork.
    writing: bool,
    /// The child reinitialises what others held, or finds it locked for ever.
    reinit: bool,
    /// The child starts threads that wait as well, and forks once more.
    children: u8,
}

#[derive(Default)]
struct Things {
    mutexes: [Mutex; EACH],
    rw: [RwMutex; EACH],
    recursive: [RecursiveMutex; EACH],
    permits: [Semaphore; EACH],
    events: [Event; EACH],
    once: OnceFlag,
    seq: SeqLock,
}

/// The parent's other threads.
struct Others {
    end: Vec<Sender<()>>,
    threads: Vec<JoinHandle<()>>,
    told: Receiver<()>,
    tell: Sender<()>,
}

impl Others {
    fn new() -> Others {
        let (tell, told) = channel();
        Others {
            end: Vec::new(),
            threads: Vec::new(),
            told,
            tell,
        }
    }

    /// One that takes something, and gives it back at the end. Returns when it has it.
    fn hold(
        &mut self,
        things: &Arc<Things>,
        take: fn(&Things, usize),
        give: fn(&Things, usize),
        i: usize,
    ) {
        let (end, ended) = channel();
        let (things, tell) = (Arc::clone(things), self.tell.clone());
        self.end.push(end);
        self.threads.push(std::thread::spawn(move || {
            take(&things, i);
            tell.send(()).expect("somebody reads");
            let _ = ended.recv();
            give(&things, i);
        }));
        self.told.recv().expect("it takes what is free");
    }

    /// One that waits. It is likely to sleep when this returns, and nothing depends on that.
    fn wait(
        &mut self,
        things: &Arc<Things>,
        wait: impl FnOnce(&Things, usize) + Send + 'static,
        i: usize,
    ) {
        let (things, tell) = (Arc::clone(things), self.tell.clone());
        self.threads.push(std::thread::spawn(move || {
            tell.send(()).expect("somebody reads");
            wait(&things, i);
        }));
        self.told.recv().expect("it says so first");
        std::thread::yield_now();
    }

    fn end(self) {
        drop(self.end);
        for thread in self.threads {
            thread.join().expect("in the parent all goes on");
        }
    }
}

/// The locks of one kind: how to take, give and try one. The second is the shared way, if there is one.
struct Kind {
    take: [fn(&Things, usize); 2],
    give: [fn(&Things, usize); 2],
    try_take: fn(&Things, usize) -> bool,
    /// # Safety
    ///
    /// As for `Mutex::at_fork_reinit`.
    reinit: unsafe fn(&Things, usize),
}

static MUTEX: Kind = Kind {
    take: [|t, i| t.mutexes[i].lock(); 2],
    give: [|t, i| t.mutexes[i].unlock(); 2],
    try_take: |t, i| t.mutexes[i].try_lock(),
    // SAFETY: as the caller promises.
    reinit: |t, i| unsafe { t.mutexes[i].at_fork_reinit() },
};

static RW: Kind = Kind {
    take: [|t, i| t.rw[i].write_lock(), |t, i| t.rw[i].read_lock()],
    give: [|t, i| t.rw[i].write_unlock(), |t, i| t.rw[i].read_unlock()],
    try_take: |t, i| t.rw[i].try_write_lock(),
    // SAFETY: as the caller promises.
    reinit: |t, i| unsafe { t.rw[i].at_fork_reinit() },
};

static RECURSIVE: Kind = Kind {
    take: [|t, i| t.recursive[i].lock(); 2],
    give: [|t, i| t.recursive[i].unlock(); 2],
    try_take: |t, i| t.recursive[i].try_lock(),
    // SAFETY: as the caller promises.
    reinit: |t, i| unsafe { t.recursive[i].at_fork_reinit() },
};

impl Program {
    /// Every lock: its kind, its number, its state.
    fn locks(&self) -> impl Iterator<Item = (&'static Kind, usize, State)> + '_ {
        let of = |kind: &'static Kind, states: &[State; EACH]| {
            let states = *states;
            (0..EACH).map(move |i| (kind, i, states[i]))
        };
        let first = of(&MUTEX, &self.mutexes).chain(of(&RW, &self.rw));
        first.chain(of(&RECURSIVE, &self.recursive))
    }

    fn prepare(&self, things: &Arc<Things>, others: &mut Others) {
        for (kind, i, state) in self.locks() {
            let way = usize::from(state.read);
            match state.holder {
                Holder::Nobody => continue,
                Holder::Me => (kind.take[way])(things, i),
                Holder::Another => others.hold(things, kind.take[way], kind.give[way], i),
            }
            if state.waited_for {
                let wait = |t: &Things, i| {
                    (kind.take[0])(t, i);
                    (kind.give[0])(t, i);
                };
                others.wait(things, wait, i);
            }
        }
        for i in 0..EACH {
            let (permits, waited_for) = self.permits[i];
            things.permits[i].release_many(usize::from(permits % 3));
            if waited_for && permits.is_multiple_of(3) {
                others.wait(things, |t, i| t.permits[i].acquire(), i);
            }
            let (set, waited_for) = self.events[i];
            if set {
                things.events[i].notify();
            } else if waited_for {
                others.wait(things, |t, i| t.events[i].wait(), i);
            }
        }
        if self.once {
            things
                .once
                .call(|| Ok::<_, ()>(()))
                .expect("nobody else calls it");
        }
        if self.writing {
            things.seq.lock_write();
        }
    }

    /// In the parent, after the forks.
    fn release(&self, things: &Things) {
        for (kind, i, state) in self.locks().filter(|(.., s)| s.holder == Holder::Me) {
            (kind.give[usize::from(state.read)])(things, i);
        }
        for i in 0..EACH {
            if self.permits[i].1 && self.permits[i].0.is_multiple_of(3) {
                things.permits[i].release();
            }
            things.events[i].notify();
        }
        if self.writing {
            things.seq.unlock_write();
        }
    }
}

/// Runs `child` in a forked child, which must come to a good end.
fn forked(child: impl FnOnce()) {
    // SAFETY: the child runs `child` and ends; what its parent's other threads may hold are our locks,
    // which are what is tested, and the allocator's, which the C library frees in the child.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "no more processes");
    if pid == 0 {
        // SAFETY: the end of this process, in case it hangs; libFuzzer's handler would not end it.
        unsafe {
            libc::signal(libc::SIGALRM, libc::SIG_DFL);
            libc::alarm(SOON.as_secs() as u32);
        }
        let ended = catch_unwind(AssertUnwindSafe(child));
        // SAFETY: ends the child, and runs nothing of its parent's.
        unsafe { libc::_exit(if ended.is_ok() { 0 } else { 1 }) };
    }
    let mut status = 0;
    // SAFETY: the status is ours to write; the child is ours.
    while unsafe { libc::waitpid(pid, &raw mut status, 0) } != pid {
        // libFuzzer's clock ticks by a signal.
        let error = std::io::Error::last_os_error();
        assert_eq!(error.kind(), std::io::ErrorKind::Interrupted);
    }
    assert!(
        libc::WIFEXITED(status),
        "a child hung or was killed: {status:#x}"
    );
    assert_eq!(libc::WEXITSTATUS(status), 0, "a child found something else");
}

/// Two threads of the child take and give a lock: neither waits for what is not there.
fn contend(things: &Things, kind: &Kind, i: usize) {
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                (kind.take[0])(things, i);
                std::thread::yield_now();
                (kind.give[0])(things, i);
            });
        }
    });
}

fn in_the_child(program: &Program, things: &Things) {
    for (kind, i, state) in program.locks() {
        let way = usize::from(state.read);
        match state.holder {
            Holder::Nobody => assert!((kind.try_take)(things, i), "it was free"),
            Holder::Me => {
                (kind.give[way])(things, i);
                assert!((kind.try_take)(things, i), "its unlock frees it");
            }
            Holder::Another => {
                assert!(!(kind.try_take)(things, i), "another held it");
                if !program.reinit {
                    continue;
                }
                // SAFETY: this is the child's only thread, it has no guard, and nothing is guarded.
                unsafe { (kind.reinit)(things, i) };
                assert!((kind.try_take)(things, i), "it was made anew");
            }
        }
        (kind.give[0])(things, i);
        if program.children > 64 {
            contend(things, kind, i);
        }
    }
    for i in 0..EACH {
        let permits = usize::from(program.permits[i].0 % 3);
        assert_eq!(things.permits[i].permits(), permits);
        (0..permits).for_each(|_| assert!(things.permits[i].try_acquire()));
        assert!(!things.permits[i].try_acquire());
        // Nobody who is not there takes it.
        things.permits[i].release();
        assert!(things.permits[i].try_acquire());
        let set = program.events[i].0;
        assert_eq!(things.events[i].is_set(), set);
        let at_once = Some(Duration::from_nanos(1));
        assert_eq!(things.events[i].wait_timed(at_once, true), set);
        things.events[i].notify();
        assert!(things.events[i].is_set());
    }
    assert_eq!(things.once.is_done(), program.once);
    things
        .once
        .call(|| Ok::<_, ()>(()))
        .expect("nobody else calls it");
    assert_eq!(things.seq.is_writing(), program.writing);
    if program.writing {
        things.seq.unlock_write();
    }
    let read = things.seq.begin_read();
    assert!(things.seq.end_read(read));
}

/// One program.
pub fn run(data: &[u8]) {
    let Ok(program) = Program::arbitrary_take_rest(Unstructured::new(data)) else {
        return;
    };
    let things = Arc::new(Things::default());
    let mut others = Others::new();
    program.prepare(&things, &mut others);
    forked(|| {
        in_the_child(&program, &things);
        if program.children % 4 == 3 {
            // A grandchild finds what its parent, the child, has left: all is free that can be.
            forked(|| {
                for (kind, i, state) in program.locks() {
                    let free = state.holder != Holder::Another || program.reinit;
                    assert_eq!((kind.try_take)(&things, i), free);
                }
            });
        }
    });
    if program.children % 2 == 1 {
        // The first child has changed nothing here.
        forked(|| in_the_child(&program, &things));
    }
    program.release(&things);
    others.end();
}
