//! Threads that are bound to a processor do not make a process of one processor.

use super::{MANY, ONE, UNKNOWN, current_processor, is_many, only_processor};
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// The processors that `thread` may run on; 0 is the calling thread.
fn bound(thread: libc::pid_t) -> libc::cpu_set_t {
    // SAFETY: all-zero is the empty set.
    let mut set = unsafe { core::mem::zeroed() };
    // SAFETY: the call writes to `set`, which is as long as it says.
    let rc = unsafe { libc::sched_getaffinity(thread, size_of_val(&set), &raw mut set) };
    assert_eq!(rc, 0);
    set
}

fn bind(thread: libc::pid_t, set: &libc::cpu_set_t) {
    // SAFETY: the set is as long as it says.
    assert_eq!(0, unsafe {
        libc::sched_setaffinity(thread, size_of_val(set), set)
    });
}

/// Runs `f` in a thread that is bound to the last processor of the process, whose number it gets.
fn in_a_bound_thread(f: impl FnOnce(u32) + Send) {
    let all = bound(first_thread());
    let may_run_on = |&i: &usize| {
        // SAFETY: the index is below the size of the set.
        unsafe { libc::CPU_ISSET(i, &all) }
    };
    let last = (0..libc::CPU_SETSIZE as usize).rfind(may_run_on);
    let last = last.expect("a process has a processor");
    let run = || {
        // SAFETY: all-zero is the empty set.
        let mut one = unsafe { core::mem::zeroed() };
        // SAFETY: the index is below the size of the set.
        unsafe { libc::CPU_SET(last, &mut one) };
        bind(0, &one);
        f(last as u32);
    };
    std::thread::scope(|scope| scope.spawn(run).join()).expect("no assertion failed");
}

fn first_thread() -> libc::pid_t {
    // SAFETY: it reads nothing of ours.
    unsafe { libc::getpid() }
}

fn processors() -> usize {
    // SAFETY: counts the bits of a set.
    unsafe { libc::CPU_COUNT(&bound(first_thread())) as usize }
}

#[test]
fn a_bound_thread_of_an_unbound_process_has_many_processors() {
    if processors() == 1 {
        println!("skipped: this process may use one processor only");
        return;
    }
    in_a_bound_thread(|_| {
        assert_eq!(only_processor(), None);
        let answer = AtomicU32::new(UNKNOWN);
        assert!(is_many(&answer, UNKNOWN));
        assert_eq!(answer.load(Relaxed), MANY);
    });
}

#[test]
fn a_process_that_is_bound_to_one_processor_has_one_until_a_thread_runs_on_another() {
    in_a_bound_thread(|number| {
        let before = bound(first_thread());
        bind(first_thread(), &bound(0));
        assert_eq!(only_processor(), Some(number));
        assert_eq!(current_processor(), Some(number));
        let answer = AtomicU32::new(UNKNOWN);
        assert!(!is_many(&answer, UNKNOWN));
        assert_eq!(answer.load(Relaxed), ONE + number);
        assert!(!is_many(&answer, ONE + number), "asked again");
        // The first thread is on its way to many processors, and this one to another.
        bind(first_thread(), &before);
        assert!(is_many(&answer, ONE + number + 1));
        assert_eq!(answer.load(Relaxed), MANY);
    });
}
