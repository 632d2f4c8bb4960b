//! A few yields before a sleep, for a wait that another thread is about to end.

/// How often to yield. 64 yields take about as long as the wake-up of a halted processor, 20
/// microseconds; on a shared processor each lets the other thread run. With four yields, two
/// threads on halted processors never met: a job took 31 microseconds instead of one or two. A spin
/// without yields is slower as soon as both share a processor: 17 microseconds instead of 2.4.
/// Twice as many yields gain nothing.
const TURNS: usize = 64;

/// Yields while `waiting` is true; returns whether it became false. A model and Miri skip it.
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
