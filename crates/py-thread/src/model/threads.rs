//! The registry of an interpreter's threads: starts against its shutdown.

use super::{Work, explore};
use crate::sync::Arc;
use crate::{StartError, Threads};

/// T1 and T2: a thread that races with the shutdown is refused, or waited for.
#[test]
fn a_thread_is_refused_or_waited_for() {
    explore("a_thread_is_refused_or_waited_for", || {
        let threads = Arc::new(Threads::new());
        let work = Work::new();
        let (starts, writer) = (Arc::clone(&threads), Arc::clone(&work));
        let other = loom::thread::spawn(move || starts.start(move || writer.set(7)));
        threads.set_finalizing();
        threads.shutdown(&()).expect("nothing fails in a model");
        match other.join().unwrap() {
            Ok(handle) => {
                assert!(handle.has_exited(), "shutdown missed it");
                assert_eq!(work.get(), 7);
            }
            Err(StartError::Finalizing) => {}
            Err(other) => panic!("{other:?}"),
        }
        assert_eq!(threads.count(), 0);
    });
}
