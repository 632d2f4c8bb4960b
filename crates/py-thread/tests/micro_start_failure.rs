//! A pool whose threads cannot start, as under `ulimit -v`.
#![cfg(all(target_os = "linux", feature = "micro", not(miri)))]

use py_thread::StartError;
use py_thread::micro::{JobError, Offload, Scheduler, Task, block, give_way};

fn mapped_bytes() -> libc::rlim_t {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm
        .split(' ')
        .next()
        .unwrap()
        .parse::<libc::rlim_t>()
        .unwrap()
        * 4096
}

fn limit_address_space(bytes: libc::rlim_t) -> bool {
    let limit = libc::rlimit {
        rlim_cur: bytes,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: the limit is ours.
    unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) == 0 }
}

/// The first check that failed, or 0.
fn without_threads() -> i32 {
    // Room for what the scheduler allocates, and for no thread's stack.
    if !limit_address_space(mapped_bytes() + (1 << 20)) {
        return 0;
    }
    let pool = Offload::new(2);
    let mut scheduler = Scheduler::<Task<&str>>::new().offload(&pool);
    let blocked: Vec<_> = (0..5)
        .map(|_| {
            scheduler.spawn(Task::new(async {
                match block(|| ()).await {
                    Err(JobError::NotStarted(error)) => match &*error {
                        StartError::Os(_) => "no thread",
                        _ => "another start error",
                    },
                    Err(_) => "another error",
                    Ok(()) => "done",
                }
            }))
        })
        .collect();
    let other = scheduler.spawn(Task::new(async {
        for _ in 0..10 {
            give_way().await;
        }
        "went on"
    }));
    if !scheduler.run().stop.is_finished() {
        return 1;
    }
    let mut said = |id| scheduler.take(id).and_then(|outcome| outcome.done());
    if blocked.iter().any(|&id| said(id) != Some("no thread")) {
        return 2;
    }
    if said(other) != Some("went on") {
        return 3;
    }
    // When there is room again, the same pool works again.
    limit_address_space(libc::RLIM_INFINITY);
    let again = scheduler.spawn(Task::new(async {
        block(|| "done").await.unwrap_or("not done")
    }));
    scheduler.run();
    match scheduler.take(again).and_then(|outcome| outcome.done()) {
        Some("done") => 0,
        _ => 4,
    }
}

#[test]
fn jobs_of_a_pool_without_threads_are_errors_and_the_others_go_on() {
    // SAFETY: the child has one thread, and leaves.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0);
    if pid == 0 {
        // SAFETY: ends the child if it hangs.
        unsafe { libc::alarm(60) };
        let code = std::panic::catch_unwind(without_threads).unwrap_or(99);
        // SAFETY: ends the child.
        unsafe { libc::_exit(code) };
    }
    let mut status = 0;
    // SAFETY: our child.
    unsafe { libc::waitpid(pid, &mut status, 0) };
    assert_eq!(status, 0, "check {}", status >> 8);
}
