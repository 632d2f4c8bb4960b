//! Hashes of frozensets, ranges, UUIDs and of the datetime module's values: each question goes to a
//! real python and to us.
//!
//! `PYTHON_ORACLE` names it; `ORACLE_FULL=1` asks a million questions.
#![cfg(all(not(loom), not(miri), target_pointer_width = "64"))]

mod common;
#[path = "common/oracle.rs"]
mod oracle;

use common::Rng;
use oracle::{compare, count, hex};
use py_hashsecret::{
    Date, HashSecret, Time, hash_frozenset, hash_i64, hash_none, hash_range, hash_timedelta,
    hash_uuid,
};

/// Small and large, of both signs.
fn number(rng: &mut Rng) -> i64 {
    let bits = rng.below(63) as u32;
    let n = (rng.next() >> (63 - bits)) as i64;
    if rng.below(2) == 0 { -n } else { n }
}

fn words(name: &str, numbers: &[i64]) -> String {
    let mut line = name.to_owned();
    for n in numbers {
        line += &format!(" {n}");
    }
    line
}

#[test]
fn none_is_cpythons() {
    // Before 3.12 it was an address.
    compare(
        [()].iter(),
        |()| "none".to_owned(),
        |()| hash_none().to_string(),
    );
}

#[test]
fn frozensets_are_cpythons() {
    let mut rng = Rng(1);
    let cases = (0..count(2_000, 200_000)).map(|_| {
        let mut members: Vec<i64> = (0..rng.below(12)).map(|_| number(&mut rng)).collect();
        members.sort_unstable();
        members.dedup();
        members
    });
    compare(
        cases,
        |members| words("frozenset", members),
        |members| hash_frozenset(members.iter().map(|&n| hash_i64(n))).to_string(),
    );
}

#[test]
fn ranges_are_cpythons() {
    let mut rng = Rng(2);
    let cases = (0..count(2_000, 100_000)).map(|_| {
        let start = rng.below(2_000) as i64 - 1_000;
        let stop = rng.below(2_000) as i64 - 1_000;
        let step = rng.below(40) as i64 - 20;
        (start, stop, if step == 0 { 1 } else { step })
    });
    compare(
        cases,
        |&(start, stop, step)| words("range", &[start, stop, step]),
        |&(start, stop, step)| {
            let span = if step > 0 { stop - start } else { start - stop };
            let len = (span.max(0) as u64).div_ceil(step.unsigned_abs());
            hash_range(len, hash_i64(start), hash_i64(step)).to_string()
        },
    );
}

#[test]
fn uuids_are_cpythons() {
    let mut rng = Rng(3);
    let wide = |rng: &mut Rng| u128::from(rng.next()) << 64 | u128::from(rng.next());
    let cases = (0..count(1_000, 100_000)).map(|_| wide(&mut rng));
    compare(
        cases,
        |bits| format!("uuid {bits:x}"),
        |&bits| hash_uuid(bits).to_string(),
    );
}

#[test]
fn timedeltas_are_cpythons() {
    let mut rng = Rng(4);
    let cases = (0..count(2_000, 200_000)).map(|_| number(&mut rng));
    compare(
        cases,
        |&n| words("timedelta", &[n]),
        |&n| hash_timedelta(n.into()).to_string(),
    );
}

/// A moment under a secret: which parts of it count is the kind's.
#[derive(Debug)]
struct Moment {
    secret: HashSecret,
    kind: &'static str,
    date: Date,
    time: Time,
    offset: Option<i64>,
    /// Without an offset: whether there is a zone, which then gives none.
    zone: bool,
}

fn moment(rng: &mut Rng) -> Moment {
    let date = Date {
        year: 1 + rng.below(9_999) as u16,
        month: 1 + rng.below(12) as u8,
        day: 1 + rng.below(28) as u8,
    };
    let time = Time {
        hour: rng.below(24) as u8,
        minute: rng.below(60) as u8,
        second: rng.below(60) as u8,
        microsecond: rng.below(1_000_000) as u32,
    };
    // A zone is less than a day away; mostly by whole minutes, as real ones are.
    let minutes = rng.below(2_879) as i64 - 1_439;
    let offset = match rng.below(3) {
        0 => None,
        1 => Some(minutes * 60_000_000),
        _ => Some(minutes * 60_000_000 + rng.below(60_000_000) as i64),
    };
    Moment {
        secret: HashSecret::from_keys(rng.next(), rng.next()),
        kind: ["date", "time", "datetime"][rng.below(3) as usize],
        date,
        time,
        offset,
        zone: rng.below(2) == 0,
    }
}

#[test]
fn dates_and_times_are_cpythons_with_and_without_a_zone() {
    let mut rng = Rng(5);
    let cases = (0..count(6_000, 400_000)).map(|_| moment(&mut rng));
    compare(
        cases,
        |m| {
            let date = [m.date.year.into(), m.date.month.into(), m.date.day.into()];
            let time = [
                m.time.hour.into(),
                m.time.minute.into(),
                m.time.second.into(),
                m.time.microsecond.into(),
            ];
            let parts = match m.kind {
                "date" => date.to_vec(),
                "time" => time.to_vec(),
                _ => [&date[..], &time[..]].concat(),
            };
            let none = if m.zone { "unknown" } else { "naive" };
            let zone = m.offset.map_or(none.to_owned(), |o| o.to_string());
            let secret = hex(m.secret.as_bytes());
            words(&format!("moment {secret} {} {zone}", m.kind), &parts)
        },
        |m| {
            let hash = match m.kind {
                "date" => m.secret.hash_date(m.date),
                "time" => m.secret.hash_time(m.time, m.offset),
                _ => m.secret.hash_datetime(m.date, m.time, m.offset),
            };
            hash.to_string()
        },
    );
}
