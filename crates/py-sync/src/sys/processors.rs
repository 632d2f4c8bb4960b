//! Which processors the process runs on, as Linux tells it for each thread.

/// The processor that the calling thread and the first thread of the process are both bound to. `None` if
/// there is more than one, or the system does not say.
///
/// The first thread is asked too: a program that binds each of its threads to a processor of its own has
/// many, though each thread has one.
pub(crate) fn only_processor() -> Option<u32> {
    const CALLING_THREAD: libc::pid_t = 0;
    let mine = the_one_of(CALLING_THREAD)?;
    // SAFETY: it reads nothing of ours. The id of the process is that of its first thread.
    let first_thread = unsafe { libc::getpid() };
    (the_one_of(first_thread)? == mine).then_some(mine)
}

/// The processor that the calling thread runs on.
pub(crate) fn current_processor() -> Option<u32> {
    // SAFETY: it reads nothing of ours.
    u32::try_from(unsafe { libc::sched_getcpu() }).ok()
}

/// The one processor that the thread may run on.
fn the_one_of(thread: libc::pid_t) -> Option<u32> {
    // SAFETY: all-zero is the empty set.
    let mut set: libc::cpu_set_t = unsafe { core::mem::zeroed() };
    // SAFETY: the call writes to `set`, which is ours and as long as it says.
    if unsafe { libc::sched_getaffinity(thread, size_of_val(&set), &raw mut set) } != 0 {
        return None;
    }
    let may_run_on = |&number: &usize| {
        // SAFETY: the number is below the size of the set.
        unsafe { libc::CPU_ISSET(number, &set) }
    };
    let mut bound = (0..libc::CPU_SETSIZE as usize).filter(may_run_on);
    let one = bound.next()?;
    bound.next().is_none().then_some(one as u32)
}
