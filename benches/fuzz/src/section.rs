//! Programs of critical sections: of one thread, step by step, against a list of the open sections; and of
//! three threads that nest and suspend theirs, where nobody may ever meet another in the same object.

use crate::{SOON, is_refused};
use arbitrary::{Arbitrary, Unstructured};
use py_sync::{
    CriticalSection, CsThread, Mutex, detached, with_critical_section, with_critical_section2,
};
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;

const OBJECTS: usize = 4;

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Step {
    Begin(u8),
    Begin2(u8, u8),
    /// Ends the newest guard, if that is allowed now.
    End,
    /// Forgets it: its section stays open.
    Leak,
    /// Ends an older one, which is refused.
    EndOlder(u8),
    Suspend,
    Resume,
    /// Tries the mutex of an object from outside.
    Try(u8),
}

/// An open section.
#[derive(Debug)]
struct Open {
    objects: Vec<usize>,
    active: bool,
    /// Begun while the one below was suspended, which its end does not resume.
    apart: bool,
}

/// The open sections, the newest last.
#[derive(Debug, Default)]
struct Model(Vec<Open>);

impl Model {
    /// Whether a section is pushed: not if the top one has all of it already.
    fn begin(&mut self, mut objects: Vec<usize>) -> bool {
        objects.sort_unstable();
        objects.dedup();
        if let Some(top) = self.0.last().filter(|top| top.active) {
            let has_one = objects.len() == 1 && top.objects.contains(&objects[0]);
            if has_one || top.objects == objects {
                return false;
            }
        }
        let apart = self.0.last().is_some_and(|top| !top.active);
        // One that the thread holds itself is found locked, and the wait for it suspends all.
        if objects.iter().any(|o| self.is_locked(*o)) {
            self.suspend();
        }
        self.0.push(Open {
            objects,
            active: true,
            apart,
        });
        true
    }

    fn end(&mut self) {
        let ended = self.0.pop().expect("one is open");
        if !ended.apart {
            self.resume();
        }
    }

    fn suspend(&mut self) -> bool {
        let any = self.0.iter().any(|open| open.active);
        self.0.iter_mut().for_each(|open| open.active = false);
        any
    }

    fn resume(&mut self) {
        if let Some(top) = self.0.last_mut() {
            top.active = true;
        }
    }

    fn is_locked(&self, object: usize) -> bool {
        let has = |open: &Open| open.active && open.objects.contains(&object);
        self.0.iter().any(has)
    }

    fn check(&self, thread: &CsThread, mutexes: &[Mutex; OBJECTS]) {
        for (i, mutex) in mutexes.iter().enumerate() {
            assert_eq!(mutex.is_locked(), self.is_locked(i), "object {i}, {self:?}");
        }
        let top = thread.top();
        assert_eq!(top.map_or(0, |top| top.depth), self.0.len());
        if let (Some(top), Some(open)) = (top, self.0.last()) {
            assert_eq!(top.is_active, open.active, "{self:?}");
            let at = |m: Option<std::ptr::NonNull<Mutex>>| m.map(|m| m.as_ptr().cast_const());
            let expected = |i: usize| open.objects.get(i).map(|o| &raw const mutexes[*o]);
            assert_eq!(at(top.first), expected(0));
            assert_eq!(at(top.second), expected(1));
        }
    }
}

/// A guard, and how many sections were open with the one that it pushed, if it pushed one.
struct Guard<'a>(CriticalSection<'a>, Option<usize>);

impl Guard<'_> {
    /// The top section while it is active; a guard that pushed none at any time.
    fn may_end(&self, model: &Model) -> bool {
        let top_is_active = model.0.last().is_some_and(|top| top.active);
        self.1
            .is_none_or(|depth| depth == model.0.len() && top_is_active)
    }
}

fn step<'a>(
    step: Step,
    (thread, mutexes): (&'a CsThread, &'a [Mutex; OBJECTS]),
    model: &mut Model,
    guards: &mut Vec<Guard<'a>>,
) {
    let object = |n: u8| usize::from(n) % OBJECTS;
    match step {
        Step::Begin(a) => {
            let a = object(a);
            // SAFETY: the mutexes outlive the thread's stack, which gives up what is leaked.
            let guard = unsafe { thread.begin(&mutexes[a]) };
            let depth = model.begin(vec![a]).then_some(model.0.len());
            guards.push(Guard(guard, depth));
        }
        Step::Begin2(a, b) => {
            let (a, b) = (object(a), object(b));
            // SAFETY: as above.
            let guard = unsafe { thread.begin2(&mutexes[a], &mutexes[b]) };
            let depth = model.begin(vec![a, b]).then_some(model.0.len());
            guards.push(Guard(guard, depth));
        }
        Step::End => {
            if guards.last().is_some_and(|guard| guard.may_end(model)) {
                let Guard(mut guard, depth) = guards.pop().expect("there is one");
                guard.end();
                if depth.is_some() {
                    model.end();
                }
            }
        }
        Step::Leak => guards.pop().into_iter().for_each(mem::forget),
        Step::EndOlder(n) => {
            let older = |guard: &&mut Guard<'_>| guard.1.is_some_and(|d| d < model.0.len());
            if let Some(guard) = guards.get_mut(usize::from(n)).filter(older) {
                is_refused("", || guard.0.end());
            }
        }
        Step::Suspend => assert_eq!(thread.suspend_all(), model.suspend()),
        Step::Resume => {
            assert!(thread.resume());
            model.resume();
        }
        Step::Try(a) => {
            let a = object(a);
            assert_eq!(mutexes[a].try_lock(), !model.is_locked(a));
            if !model.is_locked(a) {
                mutexes[a].unlock();
            }
        }
    }
}

/// One thread: every step against the model.
fn alone(steps: &[Step]) {
    let mutexes = [const { Mutex::new() }; OBJECTS];
    {
        let thread = CsThread::new();
        let mut model = Model::default();
        let mut guards = Vec::new();
        thread.enter(|| {
            for s in steps {
                step(*s, (&thread, &mutexes), &mut model, &mut guards);
                model.check(&thread, &mutexes);
            }
        });
        guards.into_iter().for_each(mem::forget);
    }
    let left = mutexes.iter().any(Mutex::is_locked);
    assert!(
        !left,
        "the thread's state was dropped with sections that still lock"
    );
}

/// What nests in the program nests on the stack.
#[derive(Arbitrary, Clone, Debug)]
enum Tree {
    One(u8, Vec<Tree>),
    Two(u8, u8, Vec<Tree>),
    /// The thread is detached meanwhile: its sections are suspended.
    Detached(Vec<Tree>),
    /// It waits for an object that is no part of its sections: the wait may suspend them.
    Lock(u8),
}

/// An object: its mutex, who is in it, and how often somebody was.
#[derive(Default)]
struct Object {
    mutex: Mutex,
    inside: AtomicUsize,
    visits: AtomicUsize,
}

impl Object {
    /// Nobody else is here while I am: the mutex of the object is held by the section.
    fn visit(&self) {
        assert_eq!(self.inside.swap(1, SeqCst), 0, "two at once in one object");
        // Not atomic together: a second thread inside would lose one.
        let visits = self.visits.load(SeqCst);
        std::hint::spin_loop();
        self.visits.store(visits + 1, SeqCst);
        self.inside.store(0, SeqCst);
    }
}

struct World {
    objects: [Object; OBJECTS],
    /// Locks of other kinds than sections, always taken last.
    others: [Mutex; 2],
}

fn walk(world: &World, trees: &[Tree], budget: &mut u32, visits: &mut [usize; OBJECTS]) {
    for tree in trees {
        if *budget == 0 {
            return;
        }
        *budget -= 1;
        let object = |n: u8| usize::from(n) % OBJECTS;
        match tree {
            Tree::One(a, inside) => {
                let a = object(*a);
                with_critical_section(&world.objects[a].mutex, |section| {
                    assert!(section.is_held());
                    world.objects[a].visit();
                    visits[a] += 1;
                    walk(world, inside, budget, visits);
                    // Whatever was suspended meanwhile is held again.
                    assert!(section.is_held());
                    world.objects[a].visit();
                    visits[a] += 1;
                });
            }
            Tree::Two(a, b, inside) => {
                let (a, b) = (object(*a), object(*b));
                let [first, second] = [a, b].map(|i| &world.objects[i]);
                with_critical_section2(&first.mutex, &second.mutex, |one, two| {
                    assert!(one.is_held() && two.as_ref().is_none_or(|two| two.is_held()));
                    walk(world, inside, budget, visits);
                    assert!(one.is_held());
                    for i in if a == b { vec![a] } else { vec![a, b] } {
                        world.objects[i].visit();
                        visits[i] += 1;
                    }
                });
            }
            Tree::Detached(inside) => detached(|| walk(world, inside, budget, visits)),
            Tree::Lock(n) => {
                let other = &world.others[usize::from(*n) % 2];
                other.lock();
                std::thread::yield_now();
                other.unlock();
            }
        }
    }
}

/// Three threads at once.
fn together(programs: &[Vec<Tree>; 3]) {
    let world = World {
        objects: Default::default(),
        others: [const { Mutex::new() }; 2],
    };
    let world = &world;
    let (send, ended) = channel();
    let mut expected = [0; OBJECTS];
    std::thread::scope(|scope| {
        for program in programs {
            let send = send.clone();
            scope.spawn(move || {
                let mut visits = [0; OBJECTS];
                walk(world, program, &mut 60, &mut visits);
                assert_eq!(CsThread::with_current(CsThread::top), None);
                send.send(visits).expect("somebody reads");
            });
        }
        drop(send);
        for _ in programs {
            match ended.recv_timeout(SOON) {
                Ok(visits) => expected
                    .iter_mut()
                    .zip(visits)
                    .for_each(|(sum, n)| *sum += n),
                // The scope shows the panic.
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return,
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                    // The scope would wait for it for ever.
                    eprintln!("three threads with sections do not come to an end");
                    std::process::abort();
                }
            }
        }
    });
    for (object, visits) in world.objects.iter().zip(expected) {
        assert_eq!(object.visits.load(SeqCst), visits, "a visit was lost");
        assert!(!object.mutex.is_locked());
    }
}

#[derive(Arbitrary, Debug)]
enum Program {
    Alone(Vec<Step>),
    Together([Vec<Tree>; 3]),
}

/// One program.
pub fn run(data: &[u8]) {
    match Program::arbitrary_take_rest(Unstructured::new(data)) {
        Ok(Program::Alone(steps)) => alone(&steps[..steps.len().min(150)]),
        Ok(Program::Together(programs)) => together(&programs),
        Err(_) => {}
    }
}
