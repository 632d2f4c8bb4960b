//! Models of the waiting word.

use super::{Guarded, check};
use crate::deadline::Deadline;
use crate::semaphore::{Semaphore, Wake};
use core::time::Duration;
use loom::sync::Arc;
use loom::thread;

fn posted(name: &str, deadline: fn() -> Deadline) {
    check(name, move || {
        let shared = Arc::new((Semaphore::<crate::semaphore::Native>::new(), Guarded::new()));
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
