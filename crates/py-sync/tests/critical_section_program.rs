//! Random programs of sections on one thread, against a model that is obvious: a list of open
//! sections, each with its mutexes and whether it is active.

use proptest::prelude::*;
use py_sync::{
    CriticalSection, CsThread, Mutex, detached, with_critical_section, with_critical_section2,
};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

const LOCKS: bool = cfg!(feature = "gil-disabled");
const OBJECTS: usize = 4;

/// An open section, as the model sees it.
#[derive(Clone, Debug, PartialEq)]
struct Open {
    /// Sorted, and without a double.
    objects: Vec<usize>,
    active: bool,
    /// Begun while the one below was suspended.
    detached: bool,
}

#[derive(Clone, Debug, Default)]
struct Model {
    open: Vec<Open>,
}

impl Model {
    /// True if a section was pushed, false if the top has all that is wanted.
    fn begin(&mut self, a: usize, b: usize) -> bool {
        let mut objects = vec![a.min(b), a.max(b)];
        objects.dedup();
        if let Some(top) = self.open.last().filter(|top| top.active) {
            let one = objects.len() == 1 && top.objects.contains(&a);
            if one || top.objects == objects {
                return false;
            }
        }
        let detached = self.open.last().is_some_and(|top| !top.active);
        let wanted = |o: &Open| o.active && objects.iter().any(|i| o.objects.contains(i));
        if LOCKS && self.open.iter().any(wanted) {
            self.suspend_all();
        }
        self.open.push(Open {
            objects,
            active: true,
            detached,
        });
        true
    }

    fn end(&mut self) {
        let ended = self.open.pop().expect("open");
        if ended.active && !ended.detached {
            self.resume();
        }
    }

    fn suspend_all(&mut self) -> bool {
        let any = self.open.iter().any(|o| o.active);
        self.open.iter_mut().for_each(|o| o.active = false);
        any
    }

    fn resume(&mut self) {
        if let Some(top) = self.open.last_mut() {
            top.active = true;
        }
    }

    fn is_locked(&self, object: usize) -> bool {
        LOCKS
            && self
                .open
                .iter()
                .any(|o| o.active && o.objects.contains(&object))
    }

    fn check(&self, thread: &CsThread, mutexes: &[Mutex; OBJECTS]) {
        for (i, m) in mutexes.iter().enumerate() {
            assert_eq!(m.is_locked(), self.is_locked(i), "object {i} of {self:?}");
        }
        let top = thread.top();
        assert_eq!(top.map_or(0, |top| top.depth), self.open.len());
        if let (Some(top), Some(open)) = (top, self.open.last()) {
            let at = |i: usize| &raw const mutexes[open.objects[i]];
            assert_eq!(top.is_active, open.active);
            assert_eq!(top.first.unwrap().as_ptr().cast_const(), at(0));
            let second = top.second.map(|m| m.as_ptr().cast_const());
            assert_eq!(second, (open.objects.len() == 2).then(|| at(1)));
        }
    }
}

#[derive(Clone, Debug)]
enum Op {
    Begin(usize, usize),
    /// Ends the newest guard, or leaks it.
    End,
    Leak,
    /// Ends an older guard: refused, and nothing changes.
    EndOld(usize),
    Suspend,
    Resume,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        6 => (0..OBJECTS, 0..OBJECTS).prop_map(|(a, b)| Op::Begin(a, b)),
        5 => Just(Op::End),
        1 => Just(Op::Leak),
        1 => (0..8usize).prop_map(Op::EndOld),
        2 => Just(Op::Suspend),
        3 => Just(Op::Resume),
    ];
    prop::collection::vec(op, 0..if cfg!(miri) { 20 } else { 120 })
}

/// A guard, and the depth of the section it has pushed.
type Guard<'a> = (CriticalSection<'a>, Option<usize>);

fn run(program: &[Op]) {
    let mutexes = [const { Mutex::new() }; OBJECTS];
    {
        let thread = CsThread::new();
        let mut model = Model::default();
        let mut guards: Vec<Guard<'_>> = Vec::new();
        thread.enter(|| {
            for op in program {
                step(op, &thread, &mutexes, &mut model, &mut guards);
                model.check(&thread, &mutexes);
            }
        });
        guards.into_iter().for_each(|(guard, _)| mem::forget(guard));
    }
    assert!(
        !mutexes.iter().any(Mutex::is_locked),
        "dropped with all it had open"
    );
}

fn step<'a>(
    op: &Op,
    thread: &'a CsThread,
    mutexes: &'a [Mutex; OBJECTS],
    model: &mut Model,
    guards: &mut Vec<Guard<'a>>,
) {
    let depth = model.open.len();
    // A section ends while it is the top and active; what is skipped ends at any time.
    let ends = |(_, at): &Guard<'a>, model: &Model| {
        at.is_none_or(|at| at == model.open.len() && model.open[at - 1].active)
    };
    match *op {
        Op::Begin(a, b) => {
            let guard = if a == b {
                // SAFETY: the mutexes outlive `thread`, which gives up what is leaked.
                unsafe { thread.begin(&mutexes[a]) }
            } else {
                // SAFETY: as above.
                unsafe { thread.begin2(&mutexes[a], &mutexes[b]) }
            };
            let at = model.begin(a, b).then_some(depth + 1);
            guards.push((guard, at));
        }
        Op::End if guards.last().is_some_and(|g| ends(g, model)) => {
            let (mut guard, at) = guards.pop().expect("one");
            guard.end();
            if at.is_some() {
                model.end();
            }
        }
        Op::Leak => guards
            .pop()
            .into_iter()
            .for_each(|(guard, _)| mem::forget(guard)),
        Op::EndOld(n) if n < guards.len() && guards[n].1.is_some_and(|at| at < depth) => {
            let refused = catch_unwind(AssertUnwindSafe(|| guards[n].0.end()));
            assert!(refused.is_err());
        }
        Op::Suspend => assert_eq!(thread.suspend_all(), model.suspend_all()),
        Op::Resume => {
            assert!(thread.resume());
            model.resume();
        }
        Op::End | Op::EndOld(_) => {}
    }
}

/// A program of closures: what nests in the source nests on the stack.
#[derive(Clone, Debug)]
enum Tree {
    One(usize, Vec<Tree>),
    Two(usize, usize, Vec<Tree>),
    Detached(Vec<Tree>),
}

fn trees() -> impl Strategy<Value = Vec<Tree>> {
    let leaf = (0..OBJECTS).prop_map(|a| Tree::One(a, Vec::new()));
    let tree = leaf.prop_recursive(24, 64, 3, |inner| {
        let inside = prop::collection::vec(inner, 0..3);
        prop_oneof![
            (0..OBJECTS, inside.clone()).prop_map(|(a, t)| Tree::One(a, t)),
            (0..OBJECTS, 0..OBJECTS, inside.clone()).prop_map(|(a, b, t)| Tree::Two(a, b, t)),
            inside.prop_map(Tree::Detached),
        ]
    });
    prop::collection::vec(tree, 0..4)
}

fn walk(trees: &[Tree], mutexes: &[Mutex; OBJECTS], model: &mut Model) {
    for tree in trees {
        match tree {
            Tree::One(a, inside) => with_critical_section(&mutexes[*a], |s| {
                let pushed = model.begin(*a, *a);
                assert!(s.is_held());
                enter(inside, mutexes, model, pushed);
            }),
            Tree::Two(a, b, inside) => {
                with_critical_section2(&mutexes[*a], &mutexes[*b], |s, t| {
                    let pushed = model.begin(*a, *b);
                    assert!(s.is_held());
                    assert_eq!(t.map(|t| t.is_held()), (a != b).then_some(true));
                    enter(inside, mutexes, model, pushed);
                })
            }
            Tree::Detached(inside) => {
                let mut suspended = false;
                detached(|| {
                    suspended = model.suspend_all();
                    CsThread::with_current(|t| model.check(t, mutexes));
                    walk(inside, mutexes, model);
                });
                if suspended {
                    model.resume();
                }
            }
        }
        CsThread::with_current(|t| model.check(t, mutexes));
    }
}

fn enter(inside: &[Tree], mutexes: &[Mutex; OBJECTS], model: &mut Model, pushed: bool) {
    CsThread::with_current(|t| model.check(t, mutexes));
    walk(inside, mutexes, model);
    // The section ends right after the closure.
    if pushed {
        model.end();
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 10 } else { 400 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_program_of_begins_and_ends_is_as_the_model_says(program in ops()) {
        // The refused ends would print.
        std::panic::set_hook(Box::new(|_| ()));
        run(&program);
        let _ = std::panic::take_hook();
    }

    #[test]
    fn any_nesting_of_closures_is_as_the_model_says(trees in trees()) {
        let mutexes = [const { Mutex::new() }; OBJECTS];
        let mut model = Model::default();
        walk(&trees, &mutexes, &mut model);
        prop_assert!(model.open.is_empty());
        prop_assert!(!mutexes.iter().any(Mutex::is_locked));
    }
}
