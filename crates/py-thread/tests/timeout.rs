//! Timeout arguments: every row of CPython's table, and random numbers against exact arithmetic.

use proptest::prelude::*;
use py_thread::{Deadline, Seconds, TIMEOUT_MAX, Timeout, TimeoutError};
use rstest::rstest;
use std::time::{Duration, Instant};

use Seconds::{BigInt, Float, Int};

/// Written out: the last bits of what `powi` returns are not certain.
const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

const G: i64 = 1_000_000_000;

#[rstest]
#[case(None, true, -G)]
#[case(None, false, 0)]
#[case(Some(Int(0)), true, 0)]
#[case(Some(Float(0.0)), true, 0)]
#[case(Some(Float(-0.0)), true, 0)]
#[case(Some(Int(1)), true, G)]
#[case(Some(Float(1.5)), true, 1_500_000_000)]
#[case(Some(Float(0.1)), true, 100_000_000)]
#[case(Some(Float(0.3)), true, 300_000_000)]
#[case(Some(Float(1e-10)), true, 1)]
#[case(Some(Float(5e-10)), true, 1)]
#[case(Some(Float(f64::MIN_POSITIVE)), true, 1)]
fn a_timeout_is_read(#[case] arg: Option<Seconds>, #[case] blocking: bool, #[case] nanos: i64) {
    assert_eq!(
        Timeout::parse(arg, blocking).map(Timeout::as_nanos),
        Ok(nanos)
    );
}

/// What fits a POSIX system's microseconds; Windows has fewer.
#[rstest]
#[case(Int(9_223_372_036), 9_223_372_036_000_000_000)]
#[case(Float(9_223_372_036.854_774), 9_223_372_036_854_774_784)]
#[cfg(unix)]
fn the_longest_timeouts_are_read(#[case] arg: Seconds, #[case] nanos: i64) {
    assert_eq!(
        Timeout::parse(Some(arg), true).map(Timeout::as_nanos),
        Ok(nanos)
    );
}

#[rstest]
#[case(Int(0), false, TimeoutError::NonBlocking)]
#[case(Int(1), false, TimeoutError::NonBlocking)]
#[case(Int(-1), false, TimeoutError::NonBlocking)]
#[case(Float(f64::NAN), false, TimeoutError::NonBlocking)]
#[case(Int(-1), true, TimeoutError::Negative)]
#[case(Float(-1.0), true, TimeoutError::Negative)]
#[case(Int(-2), true, TimeoutError::Negative)]
#[case(Float(-1e-10), true, TimeoutError::Negative)]
#[case(Float(9_223_372_036.854_776), true, TimeoutError::OutOfRange)]
#[case(Float(9_223_372_037.0), true, TimeoutError::OutOfRange)]
#[case(Float(f64::INFINITY), true, TimeoutError::OutOfRange)]
#[case(Float(f64::NEG_INFINITY), true, TimeoutError::OutOfRange)]
#[case(Float(-1e300), true, TimeoutError::OutOfRange)]
#[case(Int(9_223_372_037), true, TimeoutError::OutOfRange)]
#[case(Int(i64::MIN), true, TimeoutError::OutOfRange)]
#[case(BigInt, true, TimeoutError::OutOfRange)]
#[case(Float(f64::NAN), true, TimeoutError::NotANumber)]
fn a_timeout_is_refused(
    #[case] arg: Seconds,
    #[case] blocking: bool,
    #[case] expected: TimeoutError,
) {
    assert_eq!(Timeout::parse(Some(arg), blocking), Err(expected));
}

/// CPython's BaseLockTests.test_timeout, and the golden rows of `lock_acquire_parse_args`.
#[rstest]
#[case(true, None, Ok(-G))]
#[case(false, None, Ok(0))]
#[case(true, Some(Int(-1)), Ok(-G))]
#[case(true, Some(Float(-1.0)), Ok(-G))]
#[case(false, Some(Int(-1)), Ok(0))]
#[case(false, Some(Float(-1.0)), Ok(0))]
#[case(true, Some(Int(5)), Ok(5 * G))]
#[case(true, Some(Int(0)), Ok(0))]
#[case(false, Some(Int(0)), Err(TimeoutError::NonBlocking))]
#[case(false, Some(Int(1)), Err(TimeoutError::NonBlocking))]
#[case(false, Some(Int(-2)), Err(TimeoutError::NonBlocking))]
#[case(true, Some(Int(-2)), Err(TimeoutError::Negative))]
#[case(true, Some(Int(-100)), Err(TimeoutError::Negative))]
#[case(true, Some(Float(-1.5)), Err(TimeoutError::Negative))]
#[case(true, Some(Float(1e100)), Err(TimeoutError::OutOfRange))]
#[case(false, Some(Float(1e100)), Err(TimeoutError::OutOfRange))]
#[case(false, Some(Float(f64::NAN)), Err(TimeoutError::NotANumber))]
#[case(true, Some(BigInt), Err(TimeoutError::OutOfRange))]
// Rounded away from zero, this is −1 second to the nanosecond.
#[case(true, Some(Float(-0.999_999_999_9)), Ok(-G))]
fn lock_acquire_reads_its_own_way(
    #[case] blocking: bool,
    #[case] timeout: Option<Seconds>,
    #[case] expected: Result<i64, TimeoutError>,
) {
    let parsed = Timeout::parse_acquire(blocking, timeout).map(Timeout::as_nanos);
    assert_eq!(parsed, expected);
}

#[test]
#[cfg(unix)]
fn timeout_max_itself_is_taken_and_one_second_more_is_not() {
    let max = Timeout::MAX_SECONDS;
    assert_eq!(max, 9_223_372_036.0);
    let parse = |seconds| Timeout::parse_acquire(true, Some(Float(seconds)));
    assert!(parse(max).is_ok());
    assert!(parse(max + 1.0).unwrap_err().is_overflow());
    assert_eq!(TIMEOUT_MAX, 9_223_372_036_854_775);
}

#[test]
#[cfg(windows)]
fn more_milliseconds_than_a_wait_takes_are_too_large() {
    assert_eq!(TIMEOUT_MAX, 4_294_967_294_000);
    assert_eq!(Timeout::MAX_SECONDS, 4_294_967.0);
    let parse = |seconds| Timeout::parse(Some(Float(seconds)), true);
    assert!(parse(4_294_967.294).is_ok());
    assert_eq!(parse(4_294_967.295), Err(TimeoutError::TooLarge));
}

#[test]
fn only_what_overflows_is_an_overflow_error() {
    use TimeoutError::{Negative, NonBlocking, NotANumber, OutOfRange, TooLarge};
    for error in [NonBlocking, Negative, NotANumber] {
        assert!(!error.is_overflow(), "{error}");
    }
    for error in [TooLarge, OutOfRange] {
        assert!(error.is_overflow(), "{error}");
    }
}

#[test]
fn durations_go_in_and_out() {
    assert_eq!(Timeout::from(None), Timeout::FOREVER);
    assert_eq!(Timeout::from(Some(Duration::ZERO)), Timeout::NOW);
    assert_eq!(Timeout::from(Duration::MAX).as_nanos(), i64::MAX);
    assert_eq!(Timeout::FOREVER.as_duration(), None);
    assert!(Timeout::FOREVER > Timeout::from_nanos(i64::MAX));
    assert!(Timeout::NOW < Timeout::from_nanos(1));
}

#[test]
fn a_deadline_runs_down() {
    let begin = Instant::now();
    let deadline = Deadline::after(Timeout::from(Duration::from_millis(20)));
    let mut last = Timeout::FOREVER;
    while let Some(left) = deadline.remaining() {
        assert!(left <= last);
        last = left;
    }
    assert!(begin.elapsed() >= Duration::from_millis(20));
    assert!(deadline.is_over());
    assert_eq!(Deadline::NEVER.remaining(), Some(Timeout::FOREVER));
    assert!(!Deadline::after(Timeout::from_nanos(i64::MAX)).is_over());
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: if cfg!(miri) { 8 } else { 4096 },
        ..ProptestConfig::default()
    })]

    /// Any double is an integer times a power of two; its nanoseconds, as a double, rounded away
    /// from zero in exact arithmetic.
    #[test]
    fn floats_are_rounded_away_from_zero(bits: u64) {
        let x = f64::from_bits(bits);
        let parsed = Timeout::parse(Some(Float(x)), true).map(Timeout::as_nanos);
        let product = x * 1e9;
        let expected = if x.is_nan() {
            Err(TimeoutError::NotANumber)
        } else if !(-TWO_TO_63..TWO_TO_63)
            .contains(&product)
        {
            Err(TimeoutError::OutOfRange)
        } else if product < 0.0 {
            Err(TimeoutError::Negative)
        } else {
            let whole = product as i64;
            Ok(if (whole as f64) < product { whole + 1 } else { whole })
        };
        let expected = expected.and_then(|ns| {
            if (ns as i128 + 999) / 1000 > i128::from(TIMEOUT_MAX) {
                Err(TimeoutError::TooLarge)
            } else {
                Ok(ns)
            }
        });
        prop_assert_eq!(parsed, expected, "{}", x);
    }

    #[test]
    fn ints_are_multiplied(n in prop_oneof![any::<i64>(), -10_000_000_000..10_000_000_000i64]) {
        let nanos = i128::from(n) * 1_000_000_000;
        let expected = match i64::try_from(nanos) {
            Err(_) => Err(TimeoutError::OutOfRange),
            Ok(nanos) if nanos < 0 => Err(TimeoutError::Negative),
            Ok(nanos) if nanos / 1000 > TIMEOUT_MAX => Err(TimeoutError::TooLarge),
            Ok(nanos) => Ok(nanos),
        };
        prop_assert_eq!(Timeout::parse(Some(Int(n)), true).map(Timeout::as_nanos), expected);
    }

    #[test]
    fn microseconds_are_rounded_up(nanos in 0..=i64::MAX) {
        let micros = i128::from(Timeout::from_nanos(nanos).as_micros());
        let nanos = i128::from(nanos);
        prop_assert!(micros * 1000 >= nanos && (micros - 1) * 1000 < nanos);
    }
}
