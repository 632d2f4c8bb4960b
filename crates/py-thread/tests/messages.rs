//! Every error says what CPython 3.14 says.

use py_thread::{JoinError, SetDoneError, StartError, TimeoutError, check_stack_size};
use rstest::rstest;
use std::error::Error;
use std::io;

fn os() -> io::Error {
    io::Error::from(io::ErrorKind::WouldBlock)
}

#[rstest]
#[case(StartError::AlreadyStarted, "thread already started")]
#[case(StartError::Os(os()), "can't start new thread")]
#[case(
    StartError::Finalizing,
    "can't create new thread at interpreter shutdown"
)]
#[case(
    StartError::StackSize(check_stack_size(32767).unwrap_err()),
    "size not valid: 32767 bytes"
)]
#[case(JoinError::NotStarted, "thread not started")]
#[case(JoinError::CurrentThread, "Cannot join current thread")]
#[case(JoinError::Finalizing, "cannot join thread at interpreter shutdown")]
#[case(JoinError::Os(os()), "Failed joining thread")]
#[case(SetDoneError::NotStarted, "thread not started")]
#[case(SetDoneError::Os(os()), "failed detaching handle")]
#[case(
    TimeoutError::NonBlocking,
    "can't specify a timeout for a non-blocking call"
)]
#[case(TimeoutError::Negative, "timeout value must be a non-negative number")]
#[case(TimeoutError::NotANumber, "Invalid value NaN (not a number)")]
#[case(TimeoutError::TooLarge, "timeout value is too large")]
#[case(TimeoutError::OutOfRange, "timestamp out of range for C PyTime_t")]
fn an_error_says_what_cpython_says(#[case] error: impl Error, #[case] words: &str) {
    assert_eq!(error.to_string(), words);
}

#[rstest]
#[case(StartError::Os(os()))]
#[case(JoinError::Os(os()))]
#[case(SetDoneError::Os(os()))]
fn the_system_s_own_error_is_the_source(#[case] error: impl Error) {
    let source = error.source().unwrap().downcast_ref::<io::Error>().unwrap();
    assert_eq!(source.kind(), io::ErrorKind::WouldBlock);
}

/// What has no words in CPython, where the handler's exception is raised instead.
#[test]
fn an_interrupted_join_says_so() {
    assert_eq!(
        JoinError::Interrupted.to_string(),
        "the join was interrupted"
    );
    assert!(JoinError::Interrupted.source().is_none());
}
