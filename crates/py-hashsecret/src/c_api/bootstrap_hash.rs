//! `Python/bootstrap_hash.c`.

use super::runtime::{Kind, runtime};
use super::{_Py_HashSecret_t, Py_ssize_t};
use crate::lcg::lcg_urandom;
use crate::secret::{HashSecret, SECRET_SIZE};
use crate::sys;
use crate::urandom::{Early, Failure, Wait, fill};
use core::ffi::{c_int, c_ulong, c_void};
use core::sync::atomic::AtomicI32;
use core::sync::atomic::Ordering::{Acquire, Release};
use std::ffi::CString;
use std::io;

/// Random bytes of any length, after a wait, early in boot, for the kernel's pool: 0, or -1 and an
/// exception. CPython: `Include/internal/pycore_pylifecycle.h`, `_PyOS_URandom`.
///
/// # Safety
///
/// `buffer` may be written for `size` bytes.
pub unsafe fn _PyOS_URandom(buffer: *mut c_void, size: Py_ssize_t) -> c_int {
    // SAFETY: the caller promises that `buffer` may be written for `size` bytes; nothing else is
    // asked.
    unsafe { os_urandom(buffer, size, Wait::UntilReady) }
}

/// The same without the wait: early in boot, `BlockingIOError`. CPython:
/// `Include/internal/pycore_pylifecycle.h`, `_PyOS_URandomNonblock`.
///
/// # Safety
///
/// As for [`_PyOS_URandom`].
pub unsafe fn _PyOS_URandomNonblock(buffer: *mut c_void, size: Py_ssize_t) -> c_int {
    // SAFETY: the caller promises that `buffer` may be written for `size` bytes; nothing else is
    // asked.
    unsafe { os_urandom(buffer, size, Wait::No) }
}

/// # Safety
///
/// As for [`_PyOS_URandom`].
unsafe fn os_urandom(buffer: *mut c_void, size: Py_ssize_t, wait: Wait) -> c_int {
    let runtime = runtime();
    let Ok(len) = usize::try_from(size) else {
        return runtime.fail(Kind::Value, 0, c"negative argument not allowed");
    };
    // SAFETY: the caller promises that `buffer` may be written for `size` bytes, of which `len` is
    // the number.
    let result = unsafe { fill(buffer.cast(), len, wait, Early::No, runtime) };
    let errno = |error: &io::Error| error.raw_os_error().unwrap_or(0);
    match result {
        Ok(()) => 0,
        // `check_signals` has set it.
        Err(Failure::Interrupted) => -1,
        Err(Failure::Open(error)) if sys::is_no_device(&error) => runtime.fail(
            Kind::NotImplemented,
            errno(&error),
            c"/dev/urandom (or equivalent) not found",
        ),
        Err(Failure::Call(error) | Failure::Open(error) | Failure::Read(error)) => {
            let text = CString::new(error.to_string()).unwrap_or_default();
            runtime.fail(Kind::Os, errno(&error), &text)
        }
        Err(Failure::End) => {
            let text = format!("Failed to read {size} bytes from /dev/urandom");
            let text = CString::new(text).unwrap_or_default();
            runtime.fail(Kind::Runtime, 0, &text)
        }
    }
}

/// Makes the secret, unless that is done: of this seed, or a random one without a wait. 0, or -1 if
/// there are no random numbers (`failed to get random numbers to initialize Python`) and nothing is
/// changed; no exception is set. CPython: `Python/bootstrap_hash.c`, `_Py_HashRandomization_Init`.
///
/// # Safety
///
/// `secret` is the variable `_Py_HashSecret`, which the exported function passes. No other thread uses
/// it or makes it meanwhile.
pub unsafe fn PyHashSecret_Init(
    secret: *mut _Py_HashSecret_t,
    use_hash_seed: c_int,
    hash_seed: c_ulong,
) -> c_int {
    if INITIALIZED.load(Acquire) != 0 {
        return 0;
    }
    let made = match use_hash_seed {
        0 => HashSecret::random_early(),
        // The low bits make the secret; of all values 0 alone switches it off.
        _ if hash_seed == 0 => Ok(HashSecret::ZERO),
        _ => Ok(of_generator(hash_seed as u32)),
    };
    let Ok(made) = made else {
        return -1;
    };
    // SAFETY: the caller promises that `secret` is the variable and that no other thread uses it
    // now.
    unsafe { secret.write(made) };
    // Release: who sees it made sees it written.
    INITIALIZED.store(1, Release);
    0
}

/// The generator's bytes, for a seed whose low bits are 0 too.
fn of_generator(seed: u32) -> HashSecret {
    let mut bytes = [0; SECRET_SIZE];
    lcg_urandom(seed, &mut bytes);
    HashSecret::from_bytes(bytes)
}

/// Whether [`PyHashSecret_Init`] has made it.
static INITIALIZED: AtomicI32 = AtomicI32::new(0);

/// Ends nothing: no file is kept open here. CPython: `Include/internal/pycore_pylifecycle.h`,
/// `_Py_HashRandomization_Fini`.
///
/// # Safety
///
/// None is needed.
pub unsafe fn _Py_HashRandomization_Fini() {}
