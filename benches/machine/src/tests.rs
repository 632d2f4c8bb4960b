//! The machine against what can be worked out by hand.

use crate::{Access, AtomicU32, Costs, Idle, Machine, NS, Ps, UnsafeCell};
use core::sync::atomic::Ordering::SeqCst;
use std::cell::RefCell;
use std::rc::Rc;

const IDLE: Idle = Idle {
    below: Ps::MAX,
    wake: 3_000_000,
    exit: 20_000_000,
};

const COSTS: Costs = Costs {
    cached: 1_000,
    locked: 2_000,
    transfer: [40_000, 100_000, 200_000],
    memory: 90_000,
    pause: 20_000,
    overlap: 0,
    counter: 0,
    clock: 30_000,
    yields: 300_000,
    wake_nobody: 200_000,
    wake_busy: 1_000_000,
    kick: IDLE,
    wait_refused: 300_000,
    block: 500_000,
    switch: 1_000_000,
    idle: [IDLE; 4],
    timer_slack: 50_000_000,
    slice: 3_000_000_000,
    tick: 4_000_000_000,
};

fn machine(processors: usize) -> Machine {
    Machine {
        processors,
        cluster: 4,
        socket: 8,
        pinned: true,
        seed: 7,
        costs: COSTS,
    }
}

/// Runs the programs, which write into a common list.
fn run<T: 'static>(machine: Machine, programs: Vec<fn(&RefCell<Vec<T>>)>) -> Vec<T> {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let threads = programs.into_iter().map(|program| {
        let seen = Rc::clone(&seen);
        Box::new(move || program(&seen)) as Box<dyn FnOnce()>
    });
    let _ = machine.run(threads.collect());
    Rc::try_unwrap(seen)
        .ok()
        .expect("all threads have ended")
        .into_inner()
}

fn took(f: impl FnOnce()) -> Ps {
    let before = crate::now();
    f();
    crate::now() - before
}

#[test]
fn an_access_costs_what_its_line_costs() {
    let costs = run(
        machine(1),
        vec![|seen| {
            let word = AtomicU32::new(0);
            let all = [
                took(|| assert_eq!(word.load(SeqCst), 0)),
                took(|| assert_eq!(word.load(SeqCst), 0)),
                took(|| assert_eq!(word.fetch_add(1, SeqCst), 0)),
                took(|| word.store(1, SeqCst)),
            ];
            seen.borrow_mut().extend(all);
        }],
    );
    assert_eq!(costs, [91_000, 1_000, 2_000, 1_000]);
}

#[rstest::rstest]
#[case(1, 42_000)]
#[case(4, 102_000)]
#[case(8, 202_000)]
fn a_line_comes_from_where_it_is(#[case] other: usize, #[case] expected: Ps) {
    static LINE: AtomicU32 = AtomicU32::new(0);
    let mut programs: Vec<fn(&RefCell<Vec<Ps>>)> = vec![|_| (); 9];
    programs[0] = |_| {
        LINE.fetch_add(1, SeqCst);
    };
    programs[other] = |seen| {
        crate::work_exactly(1_000_000_000);
        seen.borrow_mut().push(took(|| {
            LINE.fetch_add(1, SeqCst);
        }));
    };
    assert_eq!(run(machine(9), programs), [expected]);
}

#[test]
fn accesses_to_one_line_wait_for_each_other() {
    static LINE: AtomicU32 = AtomicU32::new(0);
    let ends = run(
        machine(4),
        vec![
            |seen| {
                for _ in 0..10_000 {
                    LINE.fetch_add(1, SeqCst);
                }
                seen.borrow_mut().push(crate::now());
            };
            4
        ],
    );
    let last = ends.into_iter().max().expect("four");
    assert_eq!(LINE.load(SeqCst), 40_000);
    // Longer than if the line never moved, and shorter than if it moved each time.
    assert!(last > 40_000 * 2_000, "{last}");
    assert!(last < 40_000 * 42_000, "{last}");
}

#[test]
fn a_sleeper_is_woken_and_a_refused_one_is_not_put_to_sleep() {
    static WORD: AtomicU32 = AtomicU32::new(0);
    let seen = run(
        machine(2),
        vec![
            |seen| {
                crate::wait(&WORD, 7);
                let refused = crate::now();
                while WORD.load(SeqCst) == 0 {
                    crate::wait(&WORD, 0);
                }
                seen.borrow_mut().extend([refused, crate::now()]);
            },
            |_| {
                crate::work_exactly(1_000_000 * NS);
                WORD.store(1, SeqCst);
                crate::wake_one(&raw const WORD);
            },
        ],
    );
    assert!(seen[0] < 100_000 * NS, "{seen:?}");
    // Its processor wakes up twice: to begin, and when the millisecond is over.
    let wake = 1_038_000 * NS;
    assert!((wake..wake + 20_000 * NS).contains(&seen[1]), "{seen:?}");
}

#[test]
fn a_timed_sleep_ends_by_the_clock() {
    let seen = run(
        machine(1),
        vec![|seen| {
            let word = AtomicU32::new(0);
            crate::wait_until(&word, 0, Some(2_000_000));
            seen.borrow_mut().push(crate::now() / NS);
        }],
    );
    assert!((2_000_000..2_080_000).contains(&seen[0]), "{seen:?}");
}

#[test]
fn a_processor_is_shared_by_slices() {
    let ends = run(
        machine(1),
        vec![
            |seen| {
                crate::work_exactly(40_000_000 * NS);
                seen.borrow_mut().push(crate::now() / NS);
            };
            2
        ],
    );
    assert!(
        ends[0] > 70_000_000,
        "neither runs to its end before the other: {ends:?}"
    );
}

#[test]
fn one_seed_gives_one_result() {
    let once = |seed| {
        let program = || {
            static LOCK: AtomicU32 = AtomicU32::new(0);
            for _ in 0..500 {
                while LOCK.swap(1, SeqCst) == 1 {
                    crate::spin_loop();
                    crate::yield_now();
                }
                crate::work(100);
                LOCK.store(0, SeqCst);
                crate::work(50);
            }
        };
        let programs = (0..6).map(|_| Box::new(program) as Box<dyn FnOnce()>);
        let report = Machine { seed, ..machine(3) }.run(programs.collect());
        (report.ended, report.ran_for, report.counts)
    };
    assert_eq!(once(1), once(1));
    assert_ne!(once(1), once(2));
}

#[test]
#[should_panic(expected = "nobody who wakes them")]
fn a_lost_wake_is_reported() {
    let _ = run(
        machine(1),
        vec![|_: &RefCell<Vec<()>>| {
            let word = AtomicU32::new(0);
            crate::wait(&word, 0);
        }],
    );
}

#[test]
fn outside_of_a_run_all_works() {
    let (word, cell) = (AtomicU32::new(3), UnsafeCell::new(4));
    assert_eq!(word.swap(5, SeqCst), 3);
    // SAFETY: nobody else has the cell.
    assert_eq!(cell.with(|value| unsafe { *value }), 4);
    crate::touch(&raw const word, Access::Write);
    assert_eq!(crate::now(), 0);
}
