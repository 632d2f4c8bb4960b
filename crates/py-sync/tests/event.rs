//! [`Event`] with real threads.

use py_sync::{Event, LockFlags, LockStatus};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

const MS: Duration = Duration::from_millis(1);

/// The byte, as C would read it.
fn byte(e: &Event) -> u8 {
    // SAFETY: `Event` is `repr(transparent)` over one atomic byte.
    unsafe { &*std::ptr::from_ref(e).cast::<AtomicU8>() }.load(SeqCst)
}

#[test]
fn a_new_event_is_not_set_and_a_set_one_stays_so() {
    let e = Event::default();
    assert_eq!((byte(&e), e.is_set()), (0, false));
    for _ in 0..3 {
        e.notify();
        assert_eq!((byte(&e), e.is_set()), (1, true));
    }
    e.wait();
    assert!(e.wait_timed(None, true));
    assert_eq!(format!("{e:?}"), "Event { set: true }");
}

#[test]
fn notify_wakes_all_who_wait_and_none_before() {
    let threads = if cfg!(miri) { 5 } else { 100 };
    let e = Event::new();
    let (waiting, through) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                waiting.fetch_add(1, SeqCst);
                e.wait();
                through.fetch_add(1, SeqCst);
            });
        }
        while waiting.load(SeqCst) < threads || byte(&e) != 2 {
            std::thread::yield_now();
        }
        std::thread::sleep(MS * 10);
        assert_eq!(through.load(SeqCst), 0);
        e.notify();
    });
    assert_eq!(through.load(SeqCst), threads);
    assert_eq!(byte(&e), 1);
}

#[rstest::rstest]
#[case(Duration::ZERO)]
#[case(Duration::from_nanos(1))]
#[case(MS * 10)]
fn a_timed_wait_gives_up_and_leaves_its_mark(#[case] timeout: Duration) {
    for detach in [false, true] {
        let e = Event::new();
        let start = Instant::now();
        assert!(!e.wait_timed(Some(timeout), detach));
        assert!(start.elapsed() >= timeout);
        assert_eq!(byte(&e), 2);
        assert!(!e.is_set());
        e.notify();
        assert!(e.wait_timed(Some(timeout), detach));
        assert_eq!(byte(&e), 1);
    }
}

#[test]
fn a_timed_wait_is_woken_before_its_time() {
    let e = Event::new();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| e.wait_with(Some(MS * 60_000), LockFlags::DETACH));
        while byte(&e) != 2 {
            std::thread::yield_now();
        }
        e.notify();
        assert_eq!(waiter.join().unwrap(), LockStatus::Acquired);
    });
}

#[test]
fn what_came_before_notify_is_seen_after_wait() {
    for _ in 0..if cfg!(miri) { 3 } else { 500 } {
        let (e, data) = (Event::new(), std::cell::UnsafeCell::new(0));
        struct Shared<'a>(&'a std::cell::UnsafeCell<u64>);
        // SAFETY: written before `notify`, read after `wait`.
        unsafe impl Send for Shared<'_> {}
        let shared = Shared(&data);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let shared = shared;
                // SAFETY: nobody reads before `notify`.
                unsafe { *shared.0.get() = 7 };
                e.notify();
            });
            e.wait();
            // SAFETY: written before `notify`.
            assert_eq!(unsafe { *data.get() }, 7);
        });
    }
}

/// What it leaves in the byte is what a waiter leaves there: the next one sleeps, for its time.
#[test]
fn a_wait_after_one_without_time_still_has_an_end() {
    let event = Event::new();
    for timeout in [Duration::ZERO, Duration::from_millis(2), Duration::ZERO] {
        assert!(!event.wait_timed(Some(timeout), true));
    }
    event.notify();
    assert!(event.wait_timed(Some(Duration::ZERO), true));
}
