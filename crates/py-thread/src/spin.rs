//! A few turns given away before a sleep, where another thread may be about to answer.

/// Turns: each costs less than a sleep and a wake-up, and lets whoever has to answer run, also on
/// this very processor. Spinning instead of yielding was measured, and is slower as soon as both
/// share a processor.
const TURNS: usize = 4;

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
