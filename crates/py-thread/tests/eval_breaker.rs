//! The eval breaker: nothing raised is lost, and what was written before it is seen.

use py_thread::{EvalBreaker, Events};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

static_assertions::const_assert_eq!(size_of::<EvalBreaker>(), size_of::<usize>());

#[test]
fn the_bits_are_cpython_s() {
    let names = [
        Events::GIL_DROP_REQUEST,
        Events::SIGNALS_PENDING,
        Events::CALLS_TO_DO,
        Events::ASYNC_EXCEPTION,
        Events::GC_SCHEDULED,
        Events::PLEASE_STOP,
        Events::EXPLICIT_MERGE,
        Events::JIT_INVALIDATE_COLD,
    ];
    for (bit, event) in names.into_iter().enumerate() {
        assert_eq!(event.bits(), 1 << bit);
    }
    let mut all = Events::NONE;
    (0..8).map(Events::embedder).for_each(|event| all |= event);
    assert_eq!(names.into_iter().fold(all, |a, b| a | b), Events::ALL);
}

#[test]
fn a_take_leaves_nothing() {
    let breaker = EvalBreaker::default();
    breaker.raise(Events::ALL);
    assert_eq!(breaker.take(), Events::ALL);
    assert_eq!(
        (breaker.peek(), breaker.take()),
        (Events::NONE, Events::NONE)
    );
    assert!(!breaker.is_raised());
}

#[test]
#[should_panic(expected = "an embedder has eight events, 0 to 7")]
fn a_ninth_event_of_the_embedder_is_refused() {
    let _ = Events::embedder(8);
}

#[test]
fn events_are_shown_by_name() {
    let events = Events::GC_SCHEDULED | Events::embedder(2);
    assert_eq!(format!("{events:?}"), "[GC_SCHEDULED, EMBEDDER_2]");
    assert_eq!(format!("{:?}", Events::NONE), "[]");
}

#[test]
fn nothing_raised_is_lost() {
    let rounds = if cfg!(miri) { 20 } else { 20_000 };
    let breaker = Arc::new(EvalBreaker::new());
    let raised: Vec<_> = (0..3).map(|_| Arc::new(AtomicU32::new(0))).collect();
    let threads: Vec<_> = (0..3u32)
        .map(|n| {
            let (breaker, raised) = (Arc::clone(&breaker), Arc::clone(&raised[n as usize]));
            py_thread::start(move || {
                for round in 1..=rounds {
                    raised.store(round, Ordering::Relaxed);
                    breaker.raise(Events::embedder(n));
                }
            })
            .unwrap()
        })
        .collect();
    let mut seen = [0; 3];
    while seen != [rounds; 3] {
        if !breaker.is_raised() {
            std::thread::yield_now();
            continue;
        }
        let events = breaker.take();
        for n in 0..3u32 {
            if events.contains(Events::embedder(n)) {
                let now = raised[n as usize].load(Ordering::Relaxed);
                assert!(now >= seen[n as usize], "what was written before is seen");
                seen[n as usize] = now;
            }
        }
    }
    for thread in threads {
        assert!(thread.join().unwrap().is_returned());
    }
}

#[test]
fn one_event_is_taken_and_the_others_stay() {
    let breaker = EvalBreaker::default();
    breaker.raise(Events::ALL);
    assert_eq!(breaker.take_of(Events::CALLS_TO_DO), Events::CALLS_TO_DO);
    assert_eq!(breaker.take_of(Events::CALLS_TO_DO), Events::NONE);
    assert!(!breaker.peek().contains(Events::CALLS_TO_DO));
    breaker.clear(Events::ALL);
    assert!(!breaker.is_raised() && breaker.peek().is_empty());
}
