//! py-thread's joins go by the runtime that was installed for py-sync, and suspend the thread's
//! critical sections.

use core::ops::ControlFlow;
use py_sync::{RawMutex, Runtime, install};
use py_thread::{Installed, Threads, Timeout, start};
use std::cell::Cell;
use std::sync::Once;
use std::time::Duration;

static GIL: RawMutex = RawMutex::new();

std::thread_local! {
    static ATTACHED: Cell<bool> = const { Cell::new(false) };
}

struct Interpreter;

impl Runtime for Interpreter {
    fn detach(&self) -> bool {
        let attached = ATTACHED.replace(false);
        if attached {
            GIL.unlock();
        }
        attached
    }
    fn attach(&self) {
        GIL.lock();
        ATTACHED.set(true);
    }
    fn pending(&self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
    fn world_stopped(&self) -> bool {
        false
    }
}

fn attached<R>(f: impl FnOnce() -> R) -> R {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| install(&Interpreter).expect("the first"));
    Interpreter.attach();
    let result = f();
    assert!(ATTACHED.get(), "attached again");
    Interpreter.detach();
    result
}

fn needs_the_lock() -> impl FnOnce() + Send {
    || attached(|| std::thread::sleep(Duration::from_millis(1)))
}

#[test]
fn every_wait_for_a_thread_gives_the_lock_away() {
    attached(|| {
        assert!(
            start(needs_the_lock())
                .unwrap()
                .join()
                .unwrap()
                .is_returned()
        );
        let shared = start(needs_the_lock()).unwrap();
        let _other = shared.clone();
        assert!(shared.join().unwrap().is_returned());
        let timed = start(needs_the_lock()).unwrap();
        assert!(timed.join_timeout(None).unwrap().is_some());
        let with = start(needs_the_lock()).unwrap();
        assert!(
            with.join_with(Timeout::FOREVER, &Installed)
                .unwrap()
                .is_some()
        );
        let threads = Threads::new();
        threads.start(needs_the_lock()).unwrap().detach();
        threads.shutdown(&Installed).unwrap();
    });
}

/// The last instructions of a thread are its thread-local destructors, and they may need the lock.
#[test]
fn is_done_gives_the_lock_away() {
    struct Last;
    impl Drop for Last {
        fn drop(&mut self) {
            GIL.lock();
            std::thread::sleep(Duration::from_millis(1));
            GIL.unlock();
        }
    }
    std::thread_local! {
        static LAST: Last = const { Last };
    }
    let thread = start(|| LAST.with(|_| ())).unwrap();
    attached(|| while !thread.is_done() {});
}

#[cfg(feature = "gil-disabled")]
#[test]
fn a_join_suspends_the_critical_section() {
    use py_sync::{Mutex, with_critical_section};
    static OBJECT: Mutex = Mutex::new();
    with_critical_section(&OBJECT, |_| {
        let thread = start(|| with_critical_section(&OBJECT, |_| ())).unwrap();
        assert!(thread.join().unwrap().is_returned());
        py_sync::assert_held(&OBJECT);
    });
}
