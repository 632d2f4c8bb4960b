//! Threads on processors of their own, and work of a given length.

use std::hint::black_box;
use std::sync::OnceLock;
use std::time::Instant;

/// Ties the calling thread to one processor, number `i` modulo those that the process may use.
/// False where that cannot be done.
pub fn pin_current(i: usize) -> bool {
    #[cfg(target_os = "linux")]
    {
        static ALLOWED: OnceLock<Vec<usize>> = OnceLock::new();
        let allowed = ALLOWED.get_or_init(allowed);
        if allowed.is_empty() {
            return false;
        }
        // SAFETY: all-zero is the empty set; the calls write to and read from `set`, which is
        // ours, and the indices came out of such a set.
        unsafe {
            let mut set: libc::cpu_set_t = std::mem::zeroed();
            libc::CPU_SET(allowed[i % allowed.len()], &mut set);
            libc::sched_setaffinity(0, size_of_val(&set), &raw const set) == 0
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = i;
        false
    }
}

/// The processors of the whole process; asked for before any thread is pinned.
#[cfg(target_os = "linux")]
fn allowed() -> Vec<usize> {
    // SAFETY: all-zero is the empty set, and the call writes to `set`, which is ours. The main
    // thread's mask is asked for, which nobody narrows.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        if libc::sched_getaffinity(libc::getpid(), size_of_val(&set), &raw mut set) != 0 {
            return Vec::new();
        }
        let all = 0..libc::CPU_SETSIZE as usize;
        all.filter(|&cpu| libc::CPU_ISSET(cpu, &set)).collect()
    }
}

/// Computes for about so many nanoseconds of an undisturbed processor. Reads no clock: a thread
/// that loses the processor meanwhile does not make up for it.
#[inline]
pub fn work(nanos: u64) {
    if nanos > 0 {
        turn(nanos * turns_per_1024_ns() / 1024);
    }
}

/// A chain in registers, each step of which needs the one before. A step through memory (a `black_box` in the
/// loop) takes a processor that forwards stores four cycles or nine, as it happens, so sections were of one
/// length or of twice that.
#[inline]
fn turn(turns: u64) {
    let mut x = black_box(1u64);
    for _ in 0..turns {
        x = (x ^ (x >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    black_box(x);
}

fn turns_per_1024_ns() -> u64 {
    static TURNS: OnceLock<u64> = OnceLock::new();
    *TURNS.get_or_init(|| {
        let timed = |_| {
            let start = Instant::now();
            turn(100_000);
            start.elapsed().as_nanos().max(1) as u64
        };
        let fastest = (0..20).map(timed).min().unwrap_or(1);
        (100_000 * 1024 / fastest).max(1)
    })
}

/// A clock for the inside of a measured loop: the processor's own counter where there is one,
/// which costs a few nanoseconds; nanoseconds elsewhere.
#[inline]
pub fn ticks() -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: every x86-64 has the counter.
        unsafe { core::arch::x86_64::_rdtsc() }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed().as_nanos() as u64
    }
}

/// How many [`ticks`] a millisecond has.
pub fn ticks_per_ms() -> f64 {
    static RATE: OnceLock<f64> = OnceLock::new();
    *RATE.get_or_init(|| {
        let (start, from) = (Instant::now(), ticks());
        std::thread::sleep(std::time::Duration::from_millis(20));
        let (to, took) = (ticks(), start.elapsed());
        (to - from) as f64 / (took.as_secs_f64() * 1e3)
    })
}
