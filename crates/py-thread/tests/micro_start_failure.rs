//! A pool whose threads cannot start, as under `ulimit -v`.
#![cfg(all(target_os = "linux", feature = "micro", not(miri)))]

mod support;

use py_thread::StartError;
use py_thread::micro::{JobError, Offload, Scheduler, Task, block, give_way};
use support::{forked, limit_address_space, set_address_space};

/// The first check that failed, or 0.
fn without_threads() -> i32 {
    // Room for what the scheduler allocates, and for no thread's stack.
    let before = limit_address_space(1 << 20);
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
    set_address_space(&before);
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
    assert_eq!(forked(without_threads), 0, "the number of the check");
}
