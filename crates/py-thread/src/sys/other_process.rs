//! Systems that are neither unix nor Windows (WebAssembly): what std offers there.

use crate::ident::Ident;
use core::cell::RefCell;
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};
use std::collections::BTreeMap;
use std::io;

/// Microseconds.
pub(crate) const TIMEOUT_MAX: i64 = i64::MAX;

/// This system keeps no names.
pub(crate) const NAME_MAX: usize = 0;

/// This system cannot fork.
#[allow(clippy::unnecessary_wraps, reason = "unix can fail")]
pub(crate) fn at_fork(_prepare: extern "C" fn(), _child: extern "C" fn()) -> io::Result<()> {
    Ok(())
}

/// The number of the calling thread: its minted one.
pub(crate) fn os_ident() -> u64 {
    Ident::own().get()
}

pub(crate) fn native_id() -> u64 {
    os_ident()
}

/// Sleeps for ever.
pub(crate) fn hang() -> ! {
    loop {
        std::thread::park();
    }
}

pub(crate) fn thread_library_version() -> Option<String> {
    None
}

pub(crate) fn set_current_name(_name: &str) -> bool {
    false
}

pub(crate) fn current_name() -> Option<String> {
    None
}

/// A key for one pointer per thread: a number that is never used again.
pub(crate) type TssKey = u32;

static NEXT_KEY: AtomicU32 = AtomicU32::new(0);

std::thread_local! {
    static VALUES: RefCell<BTreeMap<TssKey, *mut c_void>> = const { RefCell::new(BTreeMap::new()) };
}

pub(crate) fn tss_create() -> io::Result<TssKey> {
    // Relaxed: the number only has to be unique.
    let step = NEXT_KEY.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| {
        (n < u32::MAX - 1).then_some(n + 1)
    });
    step.map_err(|_| io::Error::other("no more keys"))
}

/// # Safety
/// None here; other systems require that the key exists and is not used any more.
pub(crate) unsafe fn tss_delete(key: TssKey) {
    // An error means that the thread is ending and its values are gone already.
    let _ = VALUES.try_with(|v| v.borrow_mut().remove(&key));
}

/// # Safety
/// None here; other systems require that the key exists.
pub(crate) unsafe fn tss_get(key: TssKey) -> *mut c_void {
    let value = VALUES.try_with(|v| v.borrow().get(&key).copied());
    value.ok().flatten().unwrap_or(ptr::null_mut())
}

/// # Safety
/// None here; other systems require that the key exists.
pub(crate) unsafe fn tss_set(key: TssKey, value: *mut c_void) -> io::Result<()> {
    let set = VALUES.try_with(|v| {
        v.borrow_mut().insert(key, value);
    });
    set.map_err(io::Error::other)
}
