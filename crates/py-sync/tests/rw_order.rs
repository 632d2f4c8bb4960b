//! Who waits for a read-write lock goes in its turn: readers that leave and come again do not pass a
//! waiting writer over.

use py_sync::{Event, RwMutex};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

fn is_parked_on(m: &RwMutex) -> bool {
    // SAFETY: `RwMutex` is `repr(transparent)` over one atomic word.
    let word = unsafe { &*std::ptr::from_ref(m).cast::<AtomicUsize>() };
    word.load(SeqCst) & 2 != 0
}

fn until(condition: impl Fn() -> bool) {
    while !condition() {
        std::thread::sleep(MS / 10);
    }
}

/// Each reader leaves and reads again at once, for as long as the writer has not been in.
#[rstest::rstest]
#[case(1)]
#[case(2)]
#[case(5)]
fn readers_that_come_again_do_not_pass_a_writer_over(#[case] readers: usize) {
    for _ in 0..if cfg!(miri) { 2 } else { 40 } {
        let (rw, again, end) = (RwMutex::new(), Event::new(), Event::new());
        let (reading, wrote) = (AtomicUsize::new(0), AtomicBool::new(false));
        std::thread::scope(|scope| {
            for _ in 0..readers {
                scope.spawn(|| {
                    rw.read_lock();
                    reading.fetch_add(1, SeqCst);
                    again.wait();
                    rw.read_unlock();
                    rw.read_lock();
                    let passed_over = !wrote.load(SeqCst);
                    end.wait();
                    rw.read_unlock();
                    assert!(!passed_over, "a reader came in before the writer");
                });
            }
            until(|| reading.load(SeqCst) == readers);
            scope.spawn(|| {
                rw.write_lock();
                wrote.store(true, SeqCst);
                rw.write_unlock();
            });
            until(|| is_parked_on(&rw));
            // The writer is due: the last reader hands it the lock, whether it runs by then or not.
            std::thread::sleep(MS * 3);
            again.notify();
            std::thread::sleep(MS * 3);
            end.notify();
        });
        assert!(wrote.into_inner());
    }
}

/// Writers that parked one after the other go in that order.
#[cfg(feature = "diagnostics")]
#[test]
fn writers_go_in_their_order() {
    for _ in 0..if cfg!(miri) { 1 } else { 20 } {
        let rw = RwMutex::new();
        let order = std::sync::Mutex::new(Vec::new());
        rw.write_lock();
        std::thread::scope(|scope| {
            for i in 0..3 {
                let (rw, order) = (&rw, &order);
                scope.spawn(move || {
                    rw.write_lock();
                    order.lock().unwrap().push(i);
                    rw.write_unlock();
                });
                let address = std::ptr::from_ref(rw).addr();
                until(|| py_sync::diagnostics::snapshot().of(address).len() == i + 1);
                // The fair times follow each other too, and the first one has come at the end.
                std::thread::sleep(MS * 2);
            }
            rw.write_unlock();
        });
        assert_eq!(order.into_inner().unwrap(), [0, 1, 2]);
    }
}
