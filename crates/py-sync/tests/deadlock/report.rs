//! What a report says of its threads, and what it does to them.

use super::{at, end, give_up, report_of};
use py_sync::Mutex;
use py_sync::diagnostics::Kind;
use py_thread::Ident;
use std::sync::mpsc::channel;
use std::thread;

#[inline(never)]
fn locks_what_it_has_locked(m: &Mutex) {
    m.lock();
    m.lock();
    give_up(m);
}

#[test]
fn a_thread_is_named_says_where_it_is_and_sleeps_on() {
    static M: Mutex = Mutex::new();
    let (tell, told) = channel();
    let start = || {
        thread::spawn(move || {
            tell.send(Ident::own()).unwrap();
            locks_what_it_has_locked(&M);
        })
    };
    let (thread, reported) = report_of(at(&M), start);
    let ident = told.recv().unwrap();
    assert_eq!(reported.thread_id(), thread.thread().id());
    assert_eq!(reported.ident(), ident);
    assert_eq!(reported.waiting().kind, Kind::Mutex);
    assert!(!reported.is_interruptible());
    let line = reported.to_string();
    let says = format!("thread {ident} (ThreadId(");
    assert!(
        line.starts_with(&says) && line.contains("waits for the Mutex at 0x"),
        "{line}"
    );
    if cfg!(not(miri)) {
        let frames = reported.backtrace().to_string();
        assert!(frames.contains("locks_what_it_has_locked"), "{frames}");
    }
    assert!(!thread.is_finished());
    end(vec![thread], || give_up(&M));
}

/// The example of parking_lot's own documentation. It compiles, and is not called: its thread would go on
/// for as long as the process, and take the reports of other tests.
#[cfg(feature = "typed")]
#[expect(dead_code)]
fn code_that_was_written_for_parking_lot() {
    use py_sync::typed as parking_lot;

    use parking_lot::deadlock;
    use std::thread;
    use std::time::Duration;

    thread::spawn(move || {
        loop {
            thread::sleep(Duration::from_secs(10));
            let deadlocks = deadlock::check_deadlock();
            if deadlocks.is_empty() {
                continue;
            }

            println!("{} deadlocks detected", deadlocks.len());
            for (i, threads) in deadlocks.iter().enumerate() {
                println!("Deadlock #{}", i);
                for t in threads {
                    println!("Thread Id {:#?}", t.thread_id());
                    println!("{:#?}", t.backtrace());
                }
            }
        }
    });
}
