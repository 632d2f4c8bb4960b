//! Waiting for a thread to end, and settling what the system keeps of it: the sleeping half of
//! `state.rs`, whose table and invariants hold here.

use super::state::{
    ERA, EXITED, GIVEN_UP, Inner, JOINED, JOINING, NO_OS, RUNNING, WAITERS, joining,
};
use crate::deadline::Deadline;
use crate::hooks::Installed;
use crate::runtime::Runtime;
use crate::spin::yield_while;
use crate::sys::OsThread;
use crate::sys::wait::{INTERRUPTIBLE, Waited};
use core::time::Duration;
use std::io;

/// Why a wait ended without what it waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    TimedOut,
    Interrupted,
}

impl Inner {
    /// For a child whose starter alone knows the OS thread.
    pub(crate) fn await_running(&self) {
        // Without a deadline or signals there is nothing but RUNNING to end it.
        let _ = self.wait(|w| w & RUNNING != 0, Deadline::NEVER, &());
    }

    /// Sleeps until `ready` says so of the word.
    pub(crate) fn wait<R: Runtime>(
        &self,
        ready: impl Fn(u32) -> bool,
        deadline: Deadline,
        runtime: &R,
    ) -> Result<u32, Stop> {
        let mut yielded = false;
        loop {
            let word = self.view();
            if ready(word) {
                return Ok(word);
            }
            // The cache's jobs may be over sooner than a sleep.
            if word & NO_OS != 0 && !yielded {
                yielded = true;
                runtime.detach(|| yield_while(|| self.view() == word));
                continue;
            }
            let limit = deadline.sleep();
            if limit == Some(Duration::ZERO) && !cfg!(all(test, loom)) {
                return Err(Stop::TimedOut);
            }
            self.word.prepare();
            if word & WAITERS == 0 && !self.replace(word, word | WAITERS) {
                continue;
            }
            // Where signals cannot end a sleep, it is cut into pieces.
            let piece = runtime.pending_interval().filter(|_| !INTERRUPTIBLE);
            let sleep = match (limit, piece) {
                (Some(limit), Some(piece)) => Some(limit.min(piece)),
                (limit, piece) => limit.or(piece),
            };
            match runtime.detach(|| self.word.wait(word | WAITERS, sleep)) {
                Waited::Changed => {}
                Waited::TimedOut if deadline.ends() => {
                    let word = self.view();
                    return if ready(word) {
                        Ok(word)
                    } else {
                        Err(Stop::TimedOut)
                    };
                }
                Waited::TimedOut | Waited::Interrupted => {
                    if runtime.pending().is_break() {
                        return Err(Stop::Interrupted);
                    }
                }
            }
        }
    }

    /// Settles the OS thread: S3. Whoever comes second waits for the first.
    pub(crate) fn settle<R: Runtime>(
        &self,
        action: impl Fn(OsThread) -> io::Result<()>,
        runtime: &R,
    ) -> io::Result<()> {
        loop {
            let word = self.view();
            if word & (JOINED | NO_OS | GIVEN_UP) != 0 {
                return Ok(());
            }
            if word & JOINING != 0 {
                // For its last instructions; or for its end, beside a lone joiner that has company
                // by now. Signals wait as well.
                let free = |w| w & JOINING == 0 || w & GIVEN_UP != 0;
                let _ = self.wait(free, Deadline::NEVER, &Quiet(runtime));
                continue;
            }
            if let Some(result) = runtime.detach(|| self.try_settle(&action, word)) {
                return result;
            }
        }
    }

    /// Settles the OS thread if the word is still the same. From beginning to end detached: the
    /// runtime may keep a thread that comes back for ever (one that shuts down does), and that thread
    /// must not have `JOINING`.
    fn try_settle(
        &self,
        action: impl Fn(OsThread) -> io::Result<()>,
        word: u32,
    ) -> Option<io::Result<()>> {
        if !self.replace(word, word | joining()) {
            return None;
        }
        let result = action(self.os.take());
        let settled = if result.is_ok() { JOINED } else { 0 };
        self.change(settled, JOINING | ERA);
        Some(result)
    }

    /// `set_done`: joiners go on although the thread may still run.
    pub(crate) fn give_up(&self) -> io::Result<()> {
        loop {
            let word = self.view();
            if word & (EXITED | JOINING) != JOINING {
                self.settle(OsThread::detach, &Installed)?;
                self.change(EXITED, 0);
                return Ok(());
            }
            // A lone joiner sleeps in the system's join.
            if self.replace(word, (word | EXITED | GIVEN_UP) & !WAITERS) {
                self.wake(word);
                return Ok(());
            }
        }
    }
}

/// A runtime that detaches but looks after no signals.
pub(super) struct Quiet<'a, R>(pub(super) &'a R);

impl<R: Runtime> Runtime for Quiet<'_, R> {
    fn detach<T>(&self, wait: impl FnOnce() -> T) -> T {
        self.0.detach(wait)
    }

    fn pending_interval(&self) -> Option<Duration> {
        None
    }
}
