//! What does a critical section cost on top of the lock it takes?
//!
//! CPython is not beside us here: in its builds with a GIL, the only ones at hand, a critical
//! section does nothing.

use benches::paired::{Options, Table};
use py_sync::{
    CriticalCell, CriticalSection, Mutex, with_critical_section, with_critical_section_mutex,
    with_critical_section2,
};
use std::hint::black_box;

fn pair(m: &Mutex) {
    m.lock();
    m.unlock();
}

fn main() {
    let options = Options::from_args();
    let mutexes = [Mutex::new(), Mutex::new()];
    let [a, b] = &mutexes;
    one(&options, a);
    two(&options, a, b);
    nested(&options, a, b);
}

fn one(options: &Options, a: &Mutex) {
    let cell = CriticalCell::new(0u64);
    let std_mutex = std::sync::Mutex::new(0u64);
    Table::new("one section, free: goal 1.25 of a pair", "section")
        .peer("with_critical_section", |n| {
            (0..n).for_each(|_| with_critical_section(black_box(a), |_| ()));
        })
        .peer("Mutex lock + unlock", |n| {
            (0..n).for_each(|_| pair(black_box(a)));
        })
        .run(options);
    Table::new("one section, begin and end form", "section")
        .peer("CriticalSection::begin .. end", |n| {
            (0..n).for_each(|_| {
                // SAFETY: ended on the next line.
                let mut section = unsafe { CriticalSection::begin(black_box(a)) };
                section.end();
            });
        })
        .peer("Mutex lock + unlock", |n| {
            (0..n).for_each(|_| pair(black_box(a)));
        })
        .run(options);
    Table::new("one section with its data: add 1", "addition")
        .peer("with_critical_section_mutex, set", |n| {
            (0..n).for_each(|_| {
                with_critical_section_mutex(black_box(&cell), |s| s.set(s.copied() + 1));
            });
        })
        .peer("with_critical_section_mutex, hold", |n| {
            (0..n).for_each(|_| {
                with_critical_section_mutex(black_box(&cell), |s| s.hold(|v| *v += 1));
            });
        })
        .peer("std Mutex<u64>", |n| {
            (0..n).for_each(|_| *black_box(&std_mutex).lock().unwrap() += 1);
        })
        .run(options);
}

fn two(options: &Options, a: &Mutex, b: &Mutex) {
    Table::new("two sections, free: goal 1.10 of two pairs", "section")
        .peer("with_critical_section2", |n| {
            (0..n).for_each(|_| with_critical_section2(black_box(a), black_box(b), |_, _| ()));
        })
        .peer("two Mutex lock + unlock, nested", |n| {
            (0..n).for_each(|_| {
                let (a, b) = (black_box(a), black_box(b));
                a.lock();
                b.lock();
                b.unlock();
                a.unlock();
            });
        })
        .run(options);
}

fn nested(options: &Options, a: &Mutex, b: &Mutex) {
    Table::new(
        "the object held on top again: goal 0.50 of a pair",
        "section",
    )
    .peer("with_critical_section, nested", |n| {
        with_critical_section(a, |_| {
            (0..n).for_each(|_| with_critical_section(black_box(a), |_| ()));
        });
    })
    .peer("Mutex lock + unlock", |n| {
        (0..n).for_each(|_| pair(black_box(b)));
    })
    .run(options);
    Table::new("the pair held on top again", "section")
        .peer("with_critical_section2, nested", |n| {
            with_critical_section2(a, b, |_, _| {
                (0..n).for_each(|_| {
                    with_critical_section2(black_box(b), black_box(a), |_, _| ());
                });
            });
        })
        .peer("Mutex lock + unlock", |n| {
            (0..n).for_each(|_| pair(black_box(b)));
        })
        .run(options);
    Table::new("a section inside another's", "section")
        .peer("with_critical_section, inner", |n| {
            with_critical_section(a, |_| {
                (0..n).for_each(|_| with_critical_section(black_box(b), |_| ()));
            });
        })
        .peer("Mutex lock + unlock", |n| {
            (0..n).for_each(|_| pair(black_box(b)));
        })
        .run(options);
}
