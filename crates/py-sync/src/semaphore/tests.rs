//! One suite over each way of waiting that runs here: the native one and `std::thread::park`.

use super::{Native, Semaphore, Sleeper, Wake};
use crate::deadline::Deadline;
use crate::signals::{self, ASLEEP, EMPTY, Published};
use crate::sync::{AtomicU32, MIRI, Relaxed};
use core::time::Duration;
use std::sync::mpsc;
use std::time::Instant;
use thread_park::Native as ThreadPark;

#[path = "thread_park.rs"]
mod thread_park;

/// A pointer that a test sends to another thread.
struct Sent<T>(*const T);
// SAFETY: the tests below post through it while the owner waits.
unsafe impl<T> Send for Sent<T> {}

impl<S: Sleeper> Sent<Semaphore<S>> {
    fn post(self) {
        // SAFETY: the owner does not return before this one post.
        unsafe { Semaphore::post(self.0) };
    }
}

fn after(millis: u64) -> Deadline {
    Deadline::after(Some(Duration::from_millis(millis)))
}

fn a_post_before_the_wait_counts<S: Sleeper>() {
    let s = Semaphore::<S>::new();
    for deadline in [Deadline::Never, Deadline::Now, after(1)] {
        Sent(&raw const s).post();
        assert_eq!(s.wait(deadline, true), Wake::Woken);
    }
    assert_eq!(
        s.wait(Deadline::Now, false),
        Wake::TimedOut,
        "each post counts once"
    );
}

fn a_timed_wait_lasts_its_time<S: Sleeper>() {
    let s = Semaphore::<S>::new();
    for millis in [1, 15] {
        let start = Instant::now();
        assert_eq!(s.wait(after(millis), false), Wake::TimedOut);
        assert!(start.elapsed() >= Duration::from_millis(millis));
    }
}

fn a_sleeper_is_woken<S: Sleeper>(deadline: Deadline, interruptible: bool) {
    std::thread::scope(|scope| {
        let (send, receive) = mpsc::channel::<Sent<Semaphore<S>>>();
        scope.spawn(move || {
            for sent in receive {
                std::thread::sleep(Duration::from_millis(2));
                sent.post();
            }
        });
        for _ in 0..if MIRI { 2 } else { 20 } {
            let s = Semaphore::<S>::new();
            send.send(Sent(&raw const s)).unwrap();
            while s.wait(deadline, interruptible) == Wake::Interrupted {}
        }
    });
}

fn posts_race_timeouts<S: Sleeper>() {
    std::thread::scope(|scope| {
        let (send, receive) = mpsc::channel::<Sent<Semaphore<S>>>();
        scope.spawn(move || receive.into_iter().for_each(Sent::post));
        for round in 0..if MIRI { 5 } else { 2_000 } {
            let s = Semaphore::<S>::new();
            send.send(Sent(&raw const s)).unwrap();
            let timeout = Deadline::after(Some(Duration::from_nanos(1 + round * 37 % 20_000)));
            match s.wait(timeout, false) {
                Wake::Woken => {}
                // As the lot does: the post is sure to come, and the frame stays until then.
                _ => assert_eq!(s.wait(Deadline::Never, false), Wake::Woken),
            }
        }
    });
}

/// It does not just say again and again that it has slept.
fn a_sleep_lasts<S: Sleeper<Waker: Send>>(interruptible: bool) {
    let (sleeper, word, deadline) = (S::new(), AtomicU32::new(ASLEEP), after(10));
    let mut sleeps = 0;
    while !deadline.has_passed() {
        let signal = sleeper.sleep(&word, deadline, interruptible);
        assert!(interruptible || !signal, "nobody asked for signals");
        sleeps += 1;
    }
    assert!(sleeps < 100, "{sleeps} sleeps in 10 ms");
    let woken = AtomicU32::new(0);
    std::thread::scope(|scope| {
        let waker = sleeper.waker();
        let (word, woken) = (&word, &woken);
        let wake = move || {
            std::thread::sleep(Duration::from_millis(10));
            woken.store(1, Relaxed);
            word.store(EMPTY, Relaxed);
            S::wake(waker, word);
        };
        scope.spawn(wake);
        let mut sleeps = 0;
        while woken.load(Relaxed) == 0 {
            sleeper.sleep(word, Deadline::Never, interruptible);
            sleeps += 1;
        }
        assert!(sleeps < 100, "{sleeps} sleeps until it was woken");
    });
}

#[test]
fn where_no_signal_ends_a_sleep_each_step_is_reported_as_one() {
    let (sleeper, word) = (ThreadPark::new(), AtomicU32::new(ASLEEP));
    for deadline in [after(60_000), Deadline::Never] {
        while !sleeper.sleep(&word, deadline, true) {}
        std::thread::current().unpark();
        assert!(!sleeper.sleep(&word, deadline, true), "it was woken");
    }
}

#[rstest::rstest]
#[case::native_sleep(|| a_sleep_lasts::<Native>(false))]
#[case::native_interruptible_sleep(|| a_sleep_lasts::<Native>(true))]
#[case::thread_park_sleep(|| a_sleep_lasts::<ThreadPark>(false))]
#[case::thread_park_interruptible_sleep(|| a_sleep_lasts::<ThreadPark>(true))]
#[case::native(a_post_before_the_wait_counts::<Native>)]
#[case::thread_park(a_post_before_the_wait_counts::<ThreadPark>)]
#[case::native_timed(a_timed_wait_lasts_its_time::<Native>)]
#[case::thread_park_timed(a_timed_wait_lasts_its_time::<ThreadPark>)]
#[case::native_untimed_wake(|| a_sleeper_is_woken::<Native>(Deadline::Never, false))]
#[case::thread_park_untimed_wake(|| a_sleeper_is_woken::<ThreadPark>(Deadline::Never, false))]
#[case::native_interruptible_wake(|| a_sleeper_is_woken::<Native>(Deadline::Never, true))]
#[case::thread_park_interruptible_wake(|| a_sleeper_is_woken::<ThreadPark>(Deadline::Never, true))]
#[case::native_timed_wake(|| a_sleeper_is_woken::<Native>(after(60_000), true))]
#[case::thread_park_timed_wake(|| a_sleeper_is_woken::<ThreadPark>(after(60_000), true))]
#[case::native_race(posts_race_timeouts::<Native>)]
#[case::thread_park_race(posts_race_timeouts::<ThreadPark>)]
fn every_way_of_waiting(#[case] test: fn()) {
    test();
}

/// Sleeps until a signal comes, which is at once.
struct Signalled;

impl Sleeper for Signalled {
    type Waker = ();

    fn new() -> Self {
        Signalled
    }

    fn sleep(&self, _: &AtomicU32, _: Deadline, _: bool) -> bool {
        signals::signal_arrived();
        true
    }

    fn waker(&self) {}

    fn wake((): (), _: *const AtomicU32) {}
}

#[test]
fn a_signal_is_reported_once() {
    let s = Semaphore::<Signalled>::new();
    assert_eq!(s.wait(Deadline::Never, true), Wake::Interrupted);
    assert!(!signals::take_mark(), "its mark is used up");
}

#[test]
fn a_wait_without_time_leaves_a_signal_to_the_next() {
    let s = Semaphore::<Native>::new();
    signals::signal_arrived();
    assert_eq!(s.wait(Deadline::Now, true), Wake::TimedOut);
    assert_eq!(s.wait(Deadline::Never, true), Wake::Interrupted);
    assert_eq!(s.wait(after(1), true), Wake::TimedOut);
}

#[test]
fn a_signal_ends_the_innermost_sleep_that_is_published_still() {
    let is_asleep = |word: &AtomicU32| word.load(Relaxed) == ASLEEP;
    let [outer, inner] = [(); 2].map(|()| AtomicU32::new(ASLEEP));
    let published = Published::new(&outer);
    drop(Published::new(&inner));
    signals::signal_arrived();
    assert!(is_asleep(&inner), "it is published no more");
    assert!(!is_asleep(&outer), "it is published again");
    outer.store(ASLEEP, Relaxed);
    drop(published);
    signals::signal_arrived();
    assert!(is_asleep(&outer));
    assert!(signals::take_mark() && !signals::take_mark());
}
