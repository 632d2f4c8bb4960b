//! A few turns given away before a sleep, where another thread may be about to answer.

/// Turns: together about what waking a halted processor costs, 20 microseconds; on a shared one each
/// lets the other run. With four, two threads on halted processors never met (31 microseconds a
/// job instead of one or two); spinning without giving turns away is slower as soon as both share a
/// processor (17 instead of 2.4). Twice as many gains nothing.
const TURNS: usize = 64;

/// Gives turns away while `waiting`; whether it ended. Not in a model or under Miri, where it shows
/// nothing.
pub(crate) fn yield_while(waiting: impl Fn() -> bool) -> bool {
    if cfg!(any(miri, all(test, loom))) {
        return false;
    }
    for _ in 0..TURNS {
        std::thread::yield_now();
        if !waiting() {
            return true;
        }
    }
    false
}
