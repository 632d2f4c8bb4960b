//! `syscall` as ThreadSanitizer wants it called; compiled by itself, linked to each of its tests.
//!
//! It runs a signal's handler at once while the thread is in a call that it knows to block, and
//! else at the thread's next atomic operation or known call. A futex goes by `syscall`, which it does
//! not know: a handler would wait for the end of a sleep (ours, or std's) that it is to end, and
//! a signal that came just before the sleep would not keep the thread from it. The door for such
//! calls is LLVM's `sanitizer/linux_syscall_hooks.h`; this function goes through it, so that a
//! handler runs when it does without the sanitizer. Nothing is hidden from its race detector.
#![no_std]

use core::arch::asm;
use core::ffi::{c_int, c_long};

const FUTEX: c_long = 202;

unsafe extern "C" {
    fn __sanitizer_syscall_pre_impl_futex(
        a: c_long,
        b: c_long,
        c: c_long,
        d: c_long,
        e: c_long,
        f: c_long,
    );
    fn __sanitizer_syscall_post_impl_futex(
        result: c_long,
        a: c_long,
        b: c_long,
        c: c_long,
        d: c_long,
        e: c_long,
        f: c_long,
    );
    fn __errno_location() -> *mut c_int;
}

/// In the place of libc's, whose variable arguments come where seven fixed ones do.
///
/// # Safety
///
/// As libc's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syscall(
    number: c_long,
    a: c_long,
    b: c_long,
    c: c_long,
    d: c_long,
    e: c_long,
    f: c_long,
) -> c_long {
    if number == FUTEX {
        // SAFETY: marks the calling thread as one that blocks, until the call below.
        unsafe { __sanitizer_syscall_pre_impl_futex(a, b, c, d, e, f) };
    }
    let result: c_long;
    // SAFETY: the kernel's convention; the call is the caller's, and so is what it asks for.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") a,
            in("rsi") b,
            in("rdx") c,
            in("r10") d,
            in("r8") e,
            in("r9") f,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    if number == FUTEX {
        // SAFETY: ends what began above.
        unsafe { __sanitizer_syscall_post_impl_futex(result, a, b, c, d, e, f) };
    }
    if !(-4095..0).contains(&result) {
        return result;
    }
    // SAFETY: errno is the calling thread's own.
    unsafe { *__errno_location() = -result as c_int };
    -1
}
