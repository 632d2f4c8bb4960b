//! The examples do what they say.
#![cfg(all(not(loom), not(miri)))]

#[allow(dead_code, unreachable_pub, reason = "an example has a main")]
#[path = "../examples/supervisor.rs"]
mod supervisor;

#[cfg(feature = "micro")]
#[allow(dead_code, unreachable_pub, reason = "an example has a main")]
#[path = "../examples/agents.rs"]
mod agents;

use supervisor::Verdict;

#[test]
fn the_supervisor_tells_done_panicked_and_late_workers_apart() {
    let panicked = Verdict::Panicked("no such file".to_owned());
    assert_eq!(
        supervisor::run().unwrap(),
        [Verdict::Done, panicked, Verdict::Late, Verdict::Done]
    );
}

#[cfg(feature = "micro")]
#[test]
fn the_agents_bring_all_their_money_to_the_bank() {
    // 0 to 49, four times.
    assert_eq!(agents::run(200), 4 * (49 * 50 / 2));
}
