//! Stack sizes: CPython's test_stack_size and the golden values, and that threads get what they
//! ask for.

use py_thread::{Builder, MIN_STACK_SIZE, check_stack_size, set_stack_size, stack_size, start};
use rstest::rstest;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// For a test that sets the process's size, or starts a thread with it.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// In a thread of at least this stack, uses most of it.
fn uses(bytes: usize) -> impl FnOnce() + Send + 'static {
    fn dig(left: usize) -> usize {
        let page = std::hint::black_box([left; 128]);
        if left <= size_of_val(&page) {
            return page[0];
        }
        std::hint::black_box(dig(left - size_of_val(&page)) ^ page[1])
    }
    // A frame of a debug build is up to twice the page and some more.
    move || {
        dig(bytes / 4);
    }
}

#[test]
fn the_size_sticks_and_threads_run_with_it() {
    let _turn = alone();
    assert_eq!(stack_size(), 0);
    set_stack_size(0).unwrap();
    assert_eq!(stack_size(), 0);
    let error = set_stack_size(4096).unwrap_err();
    assert_eq!(error.to_string(), "size not valid: 4096 bytes");
    for bytes in [262_144, 0x10_0000, 0] {
        set_stack_size(bytes).unwrap();
        assert_eq!(stack_size(), bytes);
        let handles: Vec<_> = (0..8)
            .map(|_| start(uses(bytes.max(262_144))).unwrap())
            .collect();
        for handle in handles {
            assert!(handle.join().unwrap().is_returned());
        }
    }
    assert_eq!(stack_size(), 0);
}

#[rstest]
#[case(1)]
#[case(4096)]
#[case(16384)]
#[case(32767)]
fn a_small_size_is_refused(#[case] bytes: usize) {
    let error = check_stack_size(bytes).unwrap_err();
    assert_eq!(error.bytes(), bytes);
    assert_eq!(error.to_string(), format!("size not valid: {bytes} bytes"));
}

#[rstest]
#[case(0)]
#[case(MIN_STACK_SIZE)]
#[case(32769)]
#[case(40000)]
#[case(100_001)]
#[case(1 << 28)]
#[case(1 << 40)]
#[case(1 << 62)]
#[case((1 << 63) - 1)]
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn linux_takes_any_size_from_the_minimum_on(#[case] bytes: usize) {
    assert!(check_stack_size(bytes).is_ok());
}

#[rstest]
#[case(MIN_STACK_SIZE, true)]
#[case(0x0FFF_FFFF, true)]
#[case(0x1000_0000, false)]
#[cfg(windows)]
fn windows_takes_less_than_256_mib(#[case] bytes: usize, #[case] fine: bool) {
    assert_eq!(check_stack_size(bytes).is_ok(), fine);
}

#[test]
fn the_builder_s_size_comes_first() {
    for bytes in [65_536, 1 << 20, 8 << 20] {
        let handle = Builder::new().stack_size(bytes).start(uses(bytes));
        assert!(handle.unwrap().join().unwrap().is_returned());
    }
}

/// The smallest stack runs a thread, panics and all.
#[test]
#[cfg(not(miri))]
fn the_smallest_stack_runs() {
    let handle = Builder::new().stack_size(MIN_STACK_SIZE).start(|| ());
    assert!(handle.unwrap().join().unwrap().is_returned());
}

#[test]
#[cfg(all(target_os = "linux", not(miri)))]
fn the_stack_is_as_large_as_asked() {
    for bytes in [MIN_STACK_SIZE, 100_001, 1 << 20, 64 << 20] {
        let handle = Builder::new().stack_size(bytes).start(move || {
            let real = real_stack_size();
            // The guard page aside. A sanitizer gives more.
            assert!(real + 65_536 >= bytes, "{real} for {bytes}");
        });
        assert!(handle.unwrap().join().unwrap().is_returned());
    }
}

/// The platform's default: not std's 2 MiB.
#[test]
#[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
fn the_default_is_the_platform_s() {
    let _turn = alone();
    // SAFETY: a limit that we own.
    let limit = unsafe {
        let mut limit = std::mem::zeroed();
        libc::getrlimit(libc::RLIMIT_STACK, &mut limit);
        limit.rlim_cur
    };
    if limit == libc::RLIM_INFINITY {
        return;
    }
    let expected = usize::try_from(limit).unwrap();
    let handle = Builder::new().start(move || {
        let real = real_stack_size();
        assert!(real + 65_536 >= expected, "{real} for {expected}");
    });
    assert!(handle.unwrap().join().unwrap().is_returned());
}

#[cfg(all(target_os = "linux", not(miri)))]
fn real_stack_size() -> usize {
    let mut size = 0;
    // SAFETY: the attributes are ours, initialised and destroyed.
    unsafe {
        let mut attributes = std::mem::zeroed();
        assert_eq!(
            libc::pthread_getattr_np(libc::pthread_self(), &mut attributes),
            0
        );
        let mut address = std::ptr::null_mut();
        libc::pthread_attr_getstack(&attributes, &mut address, &mut size);
        libc::pthread_attr_destroy(&mut attributes);
    }
    size
}
