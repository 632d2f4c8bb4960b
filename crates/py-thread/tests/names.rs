//! Names, and the fields of `sys.thread_info`.

use py_thread::info;
#[cfg(not(miri))]
use py_thread::{Builder, NAME_MAX, current_name, set_current_name, start};
#[cfg(all(target_os = "linux", not(miri)))]
use rstest::rstest;
#[cfg(not(miri))]
use std::sync::mpsc::channel;

/// The name as a thread of its own sees it.
#[cfg(not(miri))]
fn named(name: &'static str) -> Option<String> {
    let (tx, rx) = channel();
    let handle = Builder::new()
        .name(name)
        .start(move || tx.send(current_name()).unwrap());
    handle.unwrap().join().unwrap();
    rx.recv().unwrap()
}

#[rstest]
#[case("worker", "worker")]
#[case("123456789012345", "123456789012345")]
#[case("1234567890123456", "123456789012345")]
#[case("éééééééééé", "ééééééé")]
#[case("Thread-1 (café_worker)", "Thread-1 (café")]
#[case("12345678901234é", "12345678901234")]
#[case("a\0b", "a")]
#[case("", "")]
#[cfg(all(target_os = "linux", not(miri)))]
fn a_name_is_cut_on_a_character(#[case] name: &'static str, #[case] expected: &str) {
    assert_eq!(NAME_MAX, 15);
    assert_eq!(named(name).as_deref(), Some(expected));
}

#[test]
#[cfg(not(miri))]
fn only_the_calling_thread_is_renamed() {
    let before = current_name();
    let handle = start(|| {
        set_current_name("other");
    });
    handle.unwrap().join().unwrap();
    assert_eq!(current_name(), before);
    if NAME_MAX > 0 {
        assert_eq!(named("mine").as_deref(), Some("mine"));
    }
}

#[test]
#[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
fn info_is_that_of_glibc() {
    let info = info();
    assert_eq!((info.name, info.lock), ("pthread", Some("semaphore")));
    let version = info.version.unwrap();
    assert!(version.starts_with("NPTL 2."), "{version}");
}

#[test]
fn info_is_the_same_each_time() {
    assert_eq!(info(), info());
}
