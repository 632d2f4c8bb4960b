#![cfg(all(unix, not(miri)))]
//! The table "state of a handle at the fork x what the child does", each cell with a real fork, and
//! random programs of operations and forks that are checked against it.
//!
//! | thread at the fork | in the child its handle is |
//! |---|---|
//! | not started | not started: it can be |
//! | vanished (it ran, ended, was joined or being joined, was a worker's job), or its start failed | done; its panic is kept, if it was published |
//! | the one that forked, even if another thread was joining it | running; joined as usual when it ends |
//! | the one that forked, marked done before | done |
//! | the one that forked, adopted | running, until `set_done` |

mod program;
mod states;
mod survivor;

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `child` in a fork; it fails by a panic, whose message the child prints, or by hanging.
fn forked(child: impl FnOnce()) {
    // SAFETY: the child runs `child`, which takes no lock that another thread of the parent may
    // have held, and leaves without running the parent's destructors.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0);
    if pid == 0 {
        // SAFETY: the default action of the alarm ends this process.
        unsafe { libc::alarm(30) };
        let fine = catch_unwind(AssertUnwindSafe(child)).is_ok();
        // SAFETY: ends this process.
        unsafe { libc::_exit(i32::from(!fine)) };
    }
    wait_for(pid);
}

fn wait_for(pid: libc::pid_t) {
    let mut status = 0;
    // SAFETY: our child.
    assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
    assert_eq!(status, 0, "the child failed, or hung");
}
