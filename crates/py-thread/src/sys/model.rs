//! loom's threads, with a check of pthread's contract: each is joined or detached exactly once.

use super::Main;
use crate::sync::{AtomicPtr, Condvar, Mutex, Ordering, lock};
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering::SeqCst};
use std::io;

/// How many threads were neither joined nor detached yet. It is std's atomic, not loom's: it counts
/// over all threads of an execution, and is read between executions.
static UNSETTLED: AtomicIsize = AtomicIsize::new(0);
/// How many threads were started, ever.
static STARTED: AtomicUsize = AtomicUsize::new(0);
/// Whether the threads do not know themselves, as on some systems.
static NAMELESS: AtomicBool = AtomicBool::new(false);
/// Whether the next join fails, once, as on a broken system.
static FAIL_NEXT_JOIN: AtomicBool = AtomicBool::new(false);

loom::thread_local! {
    static ME: Cell<Option<&'static Record>> = Cell::new(None);
}

/// What the system knows of a thread. It is leaked, because its last use cannot be known.
#[derive(Debug)]
pub(crate) struct Record {
    gone: Mutex<bool>,
    changed: Condvar,
    settled: AtomicBool,
}

impl Record {
    fn new(gone: bool) -> &'static Record {
        UNSETTLED.fetch_add(1, SeqCst);
        Box::leak(Box::new(Record {
            gone: Mutex::new(gone),
            changed: Condvar::new(),
            settled: AtomicBool::new(false),
        }))
    }

    fn settle(&self) {
        let twice = self.settled.swap(true, SeqCst);
        assert!(!twice, "a thread was joined or detached twice");
        UNSETTLED.fetch_sub(1, SeqCst);
    }
}

/// The number of threads that were neither joined nor detached.
pub(crate) fn unsettled() -> isize {
    UNSETTLED.load(SeqCst)
}

/// The number of threads that were started so far.
pub(crate) fn started() -> usize {
    STARTED.load(SeqCst)
}

/// Whether only the starter of a thread knows it from now on, as on some systems.
pub(crate) fn set_nameless(nameless: bool) {
    NAMELESS.store(nameless, SeqCst);
}

/// Lets the next join fail.
pub(crate) fn fail_next_join() {
    FAIL_NEXT_JOIN.store(true, SeqCst);
}

/// A thread that was neither joined nor detached yet.
#[derive(Clone, Copy)]
pub(crate) struct OsThread(&'static Record);

impl OsThread {
    /// A thread that has ended and was not joined.
    pub(crate) fn ended() -> OsThread {
        OsThread(Record::new(true))
    }

    /// A thread that runs until it is told to [`end`](OsThread::end), and was not joined.
    pub(crate) fn running() -> OsThread {
        OsThread(Record::new(false))
    }

    /// The thread ends.
    pub(crate) fn end(self) {
        *lock(&self.0.gone) = true;
        self.0.changed.notify_all();
    }

    /// Takes one thread off the count: it must not be settled.
    pub(crate) fn forget_one() {
        UNSETTLED.fetch_sub(1, SeqCst);
    }

    pub(crate) fn current() -> Option<OsThread> {
        if NAMELESS.load(SeqCst) {
            return None;
        }
        ME.with(Cell::get).map(OsThread)
    }

    pub(crate) fn join(self) -> io::Result<()> {
        if FAIL_NEXT_JOIN.swap(false, SeqCst) {
            return Err(io::Error::other("planned"));
        }
        self.0.settle();
        let mut gone = lock(&self.0.gone);
        while !*gone {
            gone = self.0.changed.wait(gone).expect("no panic under the lock");
        }
        Ok(())
    }

    pub(crate) fn detach(self) -> io::Result<()> {
        self.0.settle();
        Ok(())
    }
}

/// Where a handle keeps its [`OsThread`].
#[derive(Debug)]
pub(crate) struct OsCell(AtomicPtr<Record>);

impl OsCell {
    pub(crate) fn new() -> OsCell {
        OsCell(AtomicPtr::new(ptr::null_mut()))
    }

    pub(crate) fn store(&self, thread: OsThread) {
        self.0
            .store(ptr::from_ref(thread.0).cast_mut(), Ordering::Relaxed);
    }

    pub(crate) fn take(&self) -> OsThread {
        // SAFETY: the pointer is null, or that of a record, and records are never freed.
        let record = unsafe { self.0.load(Ordering::Relaxed).as_ref() };
        OsThread(record.expect("S2: stored before RUNNING"))
    }

    pub(crate) fn ident(&self) -> u64 {
        0
    }
}

pub(crate) fn spawn<M: Main>(
    main: Box<M>,
    _stack_size: usize,
    publish: impl FnOnce(OsThread),
) -> io::Result<()> {
    let record = Record::new(false);
    STARTED.fetch_add(1, SeqCst);
    loom::thread::spawn(move || {
        ME.with(|me| me.set(Some(record)));
        main.run();
        *lock(&record.gone) = true;
        record.changed.notify_all();
    });
    publish(OsThread(record));
    Ok(())
}

pub(crate) fn accepts_stack_size(_bytes: usize) -> bool {
    true
}
