//! Models of the critical sections: what a thread releases while it waits, and takes again.
//!
//! An object is a mutex and a count. loom reports two threads that access one count, and every cycle of
//! waiters. Each model runs with a clock that never hands off and with one that always does.

use super::{Guarded, check};
use crate::critical_section::{CsThread, with_critical_section, with_critical_section2};
use crate::deadline::set_always_fair;
use crate::hooks::{SectionHooks, detached, register_sections};
use crate::mutex::Mutex;
use loom::sync::Arc;
use loom::thread;

struct Object {
    mutex: Mutex,
    count: Guarded,
}

impl Object {
    /// Runs `f` inside the object's section, and counts before and after.
    fn with(&self, f: impl FnOnce()) {
        with_critical_section(&self.mutex, |s| {
            assert!(s.is_held());
            self.count.increment();
            f();
            assert!(s.is_held());
            self.count.increment();
        });
    }

    fn with2(&self, other: &Object, f: impl FnOnce()) {
        let both = || {
            self.count.increment();
            other.count.increment();
        };
        with_critical_section2(&self.mutex, &other.mutex, |s1, s2| {
            let s2 = s2.expect("two objects");
            assert!(s1.is_held() && s2.is_held());
            both();
            f();
            assert!(s1.is_held() && s2.is_held());
            both();
        });
    }
}

/// Two objects; the first has the lower address.
type Pair = [Object; 2];

/// Runs `work` on threads of the model, the first of them its own, over one pair of objects.
fn contend<const N: usize>(
    name: &str,
    always_fair: bool,
    counts: [usize; 2],
    work: [fn(&Pair); N],
) {
    check(name, move || {
        set_always_fair(always_fair);
        let object = || Object {
            mutex: Mutex::new(),
            count: Guarded::new(),
        };
        let pair: Arc<Pair> = Arc::new([object(), object()]);
        let others: Vec<_> = work[1..]
            .iter()
            .map(|&work| {
                let pair = Arc::clone(&pair);
                thread::spawn(move || work(&pair))
            })
            .collect();
        work[0](&pair);
        for other in others {
            other.join().unwrap();
        }
        for (object, expected) in pair.iter().zip(counts) {
            // Free again, and all that was done is seen.
            assert!(object.mutex.try_lock());
            assert_eq!(object.count.get(), expected);
        }
    });
}

fn nest_up([a, b]: &Pair) {
    a.with(|| b.with(|| ()));
}

fn nest_down([a, b]: &Pair) {
    b.with(|| a.with(|| ()));
}

fn nest_up_with_a_detach([a, b]: &Pair) {
    a.with(|| b.with(|| detached(|| ())));
}

fn detach_inside_the_first([a, _]: &Pair) {
    a.with(|| detached(|| ()));
}

fn enter_the_first([a, _]: &Pair) {
    a.with(|| ());
}

fn pair_up_with_a_detach([a, b]: &Pair) {
    a.with2(b, || detached(|| ()));
}

fn pair_down([a, b]: &Pair) {
    b.with2(a, || ());
}

/// What a runtime's hooks do that resume after every sleep, as CPython's do, also after one that
/// is part of a resume.
static RESUMES_ALWAYS: SectionHooks = SectionHooks {
    suspend: || {
        CsThread::with_current(|t| {
            t.suspend_all();
            u32::from(t.top().is_some())
        })
    },
    resume: |_| CsThread::with_current(|t| assert!(t.resume())),
};

fn detach_from_a_runtime([a, _]: &Pair) {
    a.with(|| {
        register_sections(&RESUMES_ALWAYS);
        detached(|| ());
    });
}

/// The sleep of a resume comes by the resume again, and finds nothing to lock.
#[test]
fn a_resume_inside_a_resume_locks_nothing() {
    for fair in [false, true] {
        contend(
            "critical_section::a_resume_inside_a_resume_locks_nothing",
            fair,
            [4, 0],
            [detach_from_a_runtime; 2],
        );
    }
}

/// A thread that comes back to a section takes it from one that comes in.
#[test]
fn resume_races_a_begin() {
    for fair in [false, true] {
        contend(
            "critical_section::resume_races_a_begin",
            fair,
            [4, 0],
            [detach_inside_the_first, enter_the_first],
        );
    }
}

#[test]
fn two_resumes_race() {
    for fair in [false, true] {
        contend(
            "critical_section::two_resumes_race",
            fair,
            [4, 0],
            [detach_inside_the_first; 2],
        );
    }
}

#[test]
fn three_threads_and_a_detach() {
    contend(
        "critical_section::three_threads_and_a_detach",
        true,
        [6, 0],
        [detach_inside_the_first, enter_the_first, enter_the_first],
    );
}

#[test]
fn opposite_nestings_wait_for_nobody() {
    for fair in [false, true] {
        contend(
            "critical_section::opposite_nestings_wait_for_nobody",
            fair,
            [4, 4],
            [nest_up, nest_down],
        );
    }
}

#[test]
fn opposite_nestings_with_a_detach() {
    for fair in [false, true] {
        contend(
            "critical_section::opposite_nestings_with_a_detach",
            fair,
            [4, 4],
            [nest_up_with_a_detach, nest_down],
        );
    }
}

/// The outer section is suspended while the lock of the inner one is handed off.
#[test]
fn a_hand_over_finds_its_thread_suspended() {
    contend(
        "critical_section::a_hand_over_finds_its_thread_suspended",
        true,
        [4, 4],
        [nest_down, |pair| {
            enter_the_first(pair);
            pair[1].with(|| ());
        }],
    );
}

#[test]
fn opposite_pairs() {
    for fair in [false, true] {
        contend(
            "critical_section::opposite_pairs",
            fair,
            [4, 4],
            [pair_up_with_a_detach, pair_down],
        );
    }
}

#[test]
fn a_pair_against_a_nesting() {
    for fair in [false, true] {
        contend(
            "critical_section::a_pair_against_a_nesting",
            fair,
            [4, 4],
            [pair_down, nest_down],
        );
    }
}

/// A pair that waits gives up the section around it.
#[test]
fn a_pair_inside_a_nesting() {
    for fair in [false, true] {
        contend(
            "critical_section::a_pair_inside_a_nesting",
            fair,
            [4, 6],
            [
                |[a, b]| a.with2(b, || ()),
                |[a, b]| {
                    b.with(|| {
                        with_critical_section2(&a.mutex, &b.mutex, |s1, _| {
                            assert!(s1.is_held());
                            a.count.increment();
                            b.count.increment();
                            a.count.increment();
                            b.count.increment();
                        });
                    });
                },
            ],
        );
    }
}
