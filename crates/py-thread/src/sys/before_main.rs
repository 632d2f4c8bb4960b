//! A call of ours before `main`, so that our fork handlers are registered before anybody else's.
//!
//! An ELF file lists functions that the loader calls, in sections `.init_array`; a Mach-O file does
//! in `__mod_init_func`. Both call them when the program or library is loaded, before `main` and
//! before a thread of it exists. 101 is the first priority that is not reserved for the system: an
//! entry with a number comes before those without, and so before the constructors of C and C++
//! code in the same file. Only libc is used there: std promises nothing before `main`.
//!
//! Under Miri and in a model nobody forks, and nothing is called.
//!
//! What this does not reach, and [`init`] says so: handlers that were registered before
//! a library with this crate in it was loaded by `dlopen`; and systems that are not listed below.
//!
//! [`init`]: crate::init

use crate::fork;
use std::io;

/// Where the loader looks for it, on the systems that are known to have such a place; elsewhere it is
/// a static that nobody reads. The linker keeps the section, and `used` keeps the static.
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
// Their linker knows no priorities.
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
    // No memory is the one failure there is. The first use then tries again, and says so.
    drop(fork::register());
}

/// [`fork::register`], for those who come after `main`. It also makes sure that the linker takes
/// `BEFORE_MAIN` out of a static library, whose parts it takes only where something asks for them.
pub(crate) fn register() -> io::Result<()> {
    #[cfg(all(unix, not(miri), not(all(test, loom))))]
    core::hint::black_box(&BEFORE_MAIN);
    fork::register()
}
