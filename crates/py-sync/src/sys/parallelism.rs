//! How many processors the process runs on, as std tells it.

/// A number, if threads run one at a time.
pub(crate) fn only_processor() -> Option<u32> {
    let one = std::thread::available_parallelism().is_ok_and(|n| n.get() == 1);
    one.then_some(0)
}

/// The system does not say on which processor a thread runs.
pub(crate) fn current_processor() -> Option<u32> {
    None
}
