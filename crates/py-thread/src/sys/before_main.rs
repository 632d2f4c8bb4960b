//! A constructor: a function of ours that the loader calls before `main`. It registers the fork
//! handlers; `fork.rs` says why so early, and `crate::init` says what it does not reach.
//!
//! An ELF file lists such functions in sections `.init_array`, and a Mach-O file in
//! `__mod_init_func`. The loader calls them when it loads the program or library, before `main` and
//! before any thread of it exists. 101 is the first priority that is not reserved for the system.
//! An entry with a number comes before those without one, and so before the constructors of C and
//! C++ code in the same file. The constructor uses libc alone, because std promises nothing before
//! `main`.
//!
//! Under Miri and in a model nobody forks, and nothing is called.

use crate::fork;
use std::io;

/// The entry in the loader's list, on the systems that are known to have one. On the others this is
/// a static that nothing reads. The linker keeps the section, and `used` keeps the static.
#[cfg_attr(
    any(
        target_os = "linux",
        target_os = "android",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd",
        target_os = "dragonfly"
    ),
    unsafe(link_section = ".init_array.00101")
)]
// The linkers of these two know no priorities.
#[cfg_attr(
    any(target_os = "solaris", target_os = "illumos"),
    unsafe(link_section = ".init_array")
)]
#[cfg_attr(
    target_vendor = "apple",
    unsafe(link_section = "__DATA,__mod_init_func,mod_init_funcs")
)]
#[cfg(all(unix, not(miri), not(all(test, loom))))]
#[used]
static BEFORE_MAIN: extern "C" fn() = before_main;

#[cfg(all(unix, not(miri), not(all(test, loom))))]
extern "C" fn before_main() {
    // The only failure is a lack of memory. The first use tries again, and reports it.
    drop(fork::register());
}

/// [`fork::register`], for calls after `main` has begun. It also refers to `BEFORE_MAIN`, so that the
/// linker takes it out of a static library: it takes only those parts that something refers to.
pub(crate) fn register() -> io::Result<()> {
    #[cfg(all(unix, not(miri), not(all(test, loom))))]
    core::hint::black_box(&BEFORE_MAIN);
    fork::register()
}
