//! Models of the wait word.

use super::{Guarded, check};
use crate::deadline::Deadline;
use crate::semaphore::{Native, Semaphore, Wake};
use core::time::Duration;
use loom::sync::Arc;
use loom::thread;

fn posted(name: &str, deadline: fn() -> Deadline) {
    check(name, move || {
        let shared = Arc::new((Semaphore::<Native>::new(), Guarded::new()));
        let poster = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                shared.1.increment();
                // SAFETY: the one post; the semaphore outlives it in the Arc.
                unsafe { Semaphore::post(&raw const shared.0) };
            })
        };
        if shared.0.wait(deadline(), false) != Wake::Woken {
            // The post is sure to come, as in the lot.
            assert_eq!(shared.0.wait(Deadline::Never, false), Wake::Woken);
        }
        assert_eq!(shared.1.get(), 1);
        assert_eq!(shared.0.wait(Deadline::Now, false), Wake::TimedOut);
        poster.join().unwrap();
    });
}

#[test]
fn a_post_ends_the_wait() {
    posted("semaphore::a_post_ends_the_wait", || Deadline::Never);
}

#[test]
fn a_timed_wait_loses_no_post() {
    posted("semaphore::a_timed_wait_loses_no_post", || {
        Deadline::after(Some(Duration::from_millis(1)))
    });
}

/// A signal handler takes the word back at any moment of the wait, and the kernel's sleep ends
/// then: no sleep outlasts it, and no post is lost to it.
#[test]
fn a_signal_ends_the_wait_and_loses_no_post() {
    check(
        "semaphore::a_signal_ends_the_wait_and_loses_no_post",
        || {
            let shared = Arc::new((Semaphore::<Native>::new(), Guarded::new()));
            let handler = {
                let shared = Arc::clone(&shared);
                thread::spawn(move || shared.0.interrupt_as_a_handler())
            };
            let poster = {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    shared.1.increment();
                    // SAFETY: the one post; the semaphore outlives it in the Arc.
                    unsafe { Semaphore::post(&raw const shared.0) };
                })
            };
            while shared.0.wait(Deadline::Never, true) != Wake::Woken {}
            assert_eq!(shared.1.get(), 1);
            handler.join().unwrap();
            poster.join().unwrap();
        },
    );
}

/// Nobody posts: the handler alone ends the wait if it runs once it has begun.
#[test]
fn a_signal_alone_ends_the_wait() {
    check("semaphore::a_signal_alone_ends_the_wait", || {
        let semaphore = Arc::new(Semaphore::<Native>::new());
        let handler = {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || {
                while !semaphore.interrupt_as_a_handler() {
                    thread::yield_now();
                }
            })
        };
        assert_eq!(semaphore.wait(Deadline::Never, true), Wake::Interrupted);
        handler.join().unwrap();
    });
}

/// A thread that checks for deadlocks asks the sleeper where it is: the wait goes on after the answer,
/// and loses no post.
#[test]
fn a_question_loses_no_post() {
    check("semaphore::a_question_loses_no_post", || {
        let shared = Arc::new((Semaphore::<Native>::new(), Guarded::new()));
        let checker = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                shared.0.ask();
                shared.0.ask()
            })
        };
        let poster = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                shared.1.increment();
                // SAFETY: the one post; the semaphore outlives it in the Arc.
                unsafe { Semaphore::post(&raw const shared.0) };
            })
        };
        let mut wake = shared.0.wait(Deadline::Never, false);
        while wake != Wake::Woken {
            assert_eq!(wake, Wake::Asked);
            wake = shared.0.wait(Deadline::Never, false);
        }
        assert_eq!(shared.1.get(), 1);
        checker.join().unwrap();
        poster.join().unwrap();
    });
}

/// Nobody posts until it has answered: a question that finds it asleep ends the sleep.
#[test]
fn a_question_is_answered() {
    check("semaphore::a_question_is_answered", || {
        let semaphore = Arc::new(Semaphore::<Native>::new());
        let checker = {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || {
                while !semaphore.ask() {
                    thread::yield_now();
                }
            })
        };
        assert_eq!(semaphore.wait(Deadline::Never, false), Wake::Asked);
        checker.join().unwrap();
        assert_eq!(semaphore.wait(Deadline::Now, false), Wake::TimedOut);
    });
}

/// A signal that comes beside a question is not lost to it: the mark, or the kernel, tells of it.
#[test]
fn a_question_takes_no_signals_place() {
    check("semaphore::a_question_takes_no_signals_place", || {
        let semaphore = Arc::new(Semaphore::<Native>::new());
        let checker = {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || semaphore.ask())
        };
        let handler = {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || {
                while !semaphore.interrupt_as_a_handler() {
                    thread::yield_now();
                }
            })
        };
        while semaphore.wait(Deadline::Never, true) != Wake::Interrupted {}
        checker.join().unwrap();
        handler.join().unwrap();
    });
}
