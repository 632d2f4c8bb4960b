//! Random programs of park and unpark on a small lot, against an obvious model of it.
//!
//! One driver carries a program out; each park has a thread of its own, and the driver goes on when
//! that thread is queued (its `validate` has run) or has returned. So every step has one outcome.

use proptest::collection::vec;
use proptest::prelude::*;
use py_sync::{LockFlags, ParkStatus, ParkingLot};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Keys of three buckets: 0, 3 and 6 collide, as do 1 and 4; 5 is alone.
const KEYS: [usize; 6] = [0, 1, 3, 4, 5, 6];

#[derive(Clone, Debug)]
enum Step {
    /// Parks on this key, for ever.
    Park(usize),
    /// `validate` says no.
    Refused(usize),
    /// Parks, and its time is up at once or after a nanosecond.
    TimesOut(usize, bool),
    Unpark(usize),
    /// The callback panics: nobody is woken.
    UnparkPanics(usize),
    UnparkAll(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let key = || prop::sample::select(&KEYS[..]);
    prop_oneof![
        4 => key().prop_map(Step::Park),
        1 => key().prop_map(Step::Refused),
        1 => (key(), any::<bool>()).prop_map(|(key, now)| Step::TimesOut(key, now)),
        3 => key().prop_map(Step::Unpark),
        1 => key().prop_map(Step::UnparkPanics),
        1 => key().prop_map(Step::UnparkAll),
    ]
}

/// A thread that is parked: in the model's queue.
struct Parked {
    key: usize,
    token: usize,
    status: Receiver<ParkStatus>,
    thread: JoinHandle<()>,
}

impl Parked {
    fn assert_woken(self) {
        assert_eq!(self.status.recv_timeout(SOON), Ok(ParkStatus::Ok));
        self.thread.join().unwrap();
    }
}

#[derive(Default)]
struct Model {
    /// In the order of arrival.
    queue: Vec<Parked>,
    tokens: usize,
}

impl Model {
    fn position(&self, key: usize) -> Option<usize> {
        self.queue.iter().position(|parked| parked.key == key)
    }

    /// Others in the bucket of `key` than its first.
    fn others_in_bucket(&self, key: usize) -> usize {
        let same = self.queue.iter().filter(|parked| parked.key % 3 == key % 3);
        same.count().saturating_sub(1)
    }
}

const SOON: Duration = Duration::from_secs(30);

fn carry_out(lot: &Arc<ParkingLot<3>>, model: &mut Model, step: &Step) {
    // SAFETY: the lot is this test's own, here and below; no closure calls into it.
    let unpark = |key| unsafe { lot.unpark(key, |token, more| (token, more)) };
    match *step {
        Step::Park(key) => {
            model.tokens += 1;
            let token = model.tokens;
            let (queued, is_queued) = mpsc::channel();
            let (send, status) = mpsc::channel();
            let lot = Arc::clone(lot);
            let thread = std::thread::spawn(move || {
                let validate = || queued.send(()).is_ok();
                // SAFETY: as above.
                let status = unsafe { lot.park(key, validate, token, None, LockFlags::NONE) };
                let _ = send.send(status);
            });
            is_queued.recv_timeout(SOON).unwrap();
            model.queue.push(Parked {
                key,
                token,
                status,
                thread,
            });
        }
        Step::Refused(key) => {
            // SAFETY: as above.
            let status = unsafe { lot.park(key, || false, 0, None, LockFlags::DETACH) };
            assert_eq!(status, ParkStatus::Again);
        }
        Step::TimesOut(key, now) => {
            let timeout = Some(Duration::from_nanos(if now { 0 } else { 1 }));
            // SAFETY: as above.
            let status = unsafe { lot.park(key, || true, 0, timeout, LockFlags::DETACH) };
            assert_eq!(status, ParkStatus::Timeout);
        }
        Step::Unpark(key) => match model.position(key) {
            None => assert_eq!(unpark(key), (None, false)),
            Some(first) => {
                let more = model.others_in_bucket(key) > 0;
                let parked = model.queue.remove(first);
                assert_eq!(unpark(key), (Some(parked.token), more));
                parked.assert_woken();
            }
        },
        Step::UnparkPanics(key) => {
            let expected = model.position(key).map(|first| model.queue[first].token);
            // SAFETY: as above.
            let panics = || unsafe { lot.unpark(key, |token, _| std::panic::panic_any(token)) };
            let panic = std::panic::catch_unwind(panics).unwrap_err();
            assert_eq!(panic.downcast_ref(), Some(&expected));
        }
        Step::UnparkAll(key) => {
            let queue = std::mem::take(&mut model.queue).into_iter();
            let (woken, left): (Vec<_>, _) = queue.partition(|parked| parked.key == key);
            model.queue = left;
            // SAFETY: as above.
            assert_eq!(unsafe { lot.unpark_all(key) }, woken.len());
            for parked in woken {
                parked.assert_woken();
            }
        }
    }
    for parked in &model.queue {
        assert!(
            parked.status.try_recv() == Err(TryRecvError::Empty),
            "one woke that nobody had woken"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 500 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_program_of_parks_and_unparks_does_what_the_model_says(
        program in vec(step(), 1..if cfg!(miri) { 12 } else { 40 })
    ) {
        // The panics of the callbacks are the program's own.
        let silence = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref::<Option<usize>>().is_none() {
                silence(info);
            }
        }));
        let lot = Arc::new(ParkingLot::<3>::new());
        let mut model = Model::default();
        for step in &program {
            carry_out(&lot, &mut model, step);
        }
        for key in KEYS {
            carry_out(&lot, &mut model, &Step::UnparkAll(key));
        }
        assert!(model.queue.is_empty());
        let _ = std::panic::take_hook();
    }
}

/// Values of no size may share an address, and so a key: they share waiters, and nothing is lost.
#[test]
fn keys_of_values_without_size_share_their_waiters() {
    let values = [(), ()];
    let keys = [0, 1].map(|i| (&raw const values[i]).addr());
    assert_eq!(keys[0], keys[1]);
    let lot = ParkingLot::<3>::new();
    std::thread::scope(|scope| {
        for key in keys {
            let lot = &lot;
            // SAFETY: the lot is this test's own.
            scope.spawn(move || unsafe { lot.park(key, || true, 0, None, LockFlags::NONE) });
        }
        let mut woken = 0;
        while woken < 2 {
            // SAFETY: as above.
            woken += unsafe { lot.unpark_all(keys[0]) };
            std::thread::yield_now();
        }
    });
}
