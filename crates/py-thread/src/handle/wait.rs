//! The slow paths of `state.rs`: waiting for a thread to end, and settling its OS thread. The table
//! and the invariants are in `state.rs`.

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

/// Why a wait ended before its condition held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    TimedOut,
    Interrupted,
}

impl Inner {
    /// Waits until the starter has published the OS thread, on systems where the child cannot know
    /// it.
    pub(crate) fn await_running(&self) {
        // No deadline and no signals: only RUNNING ends this wait, so there is no error.
        let _ = self.wait(|w| w & RUNNING != 0, Deadline::NEVER, &());
    }

    /// Sleeps until `ready` accepts the word.
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
            // A job of the worker cache may end sooner than a sleep would: yield first, once.
            if word & NO_OS != 0 && !yielded {
                yielded = true;
                runtime.detach(|| yield_while(|| self.view() == word));
                continue;
            }
            let limit = deadline.sleep();
            // The deadline has passed. (A model has no clock, and goes on to the wait.)
            if limit == Some(Duration::ZERO) && !cfg!(all(test, loom)) {
                return Err(Stop::TimedOut);
            }
            self.word.prepare();
            // S6: announce the sleep. If the word has changed meanwhile, look again.
            if word & WAITERS == 0 && !self.replace(word, word | WAITERS) {
                continue;
            }
            // Where signals cannot end a sleep, the sleep is cut into pieces.
            let piece = runtime.pending_interval().filter(|_| !INTERRUPTIBLE);
            let sleep = match (limit, piece) {
                (Some(limit), Some(piece)) => Some(limit.min(piece)),
                (limit, piece) => limit.or(piece),
            };
            match runtime.detach(|| self.word.wait(word | WAITERS, sleep)) {
                Waited::Changed => {}
                // The deadline itself: the condition may still have come true at the last moment.
                Waited::TimedOut if deadline.ends() => {
                    let word = self.view();
                    return if ready(word) {
                        Ok(word)
                    } else {
                        Err(Stop::TimedOut)
                    };
                }
                // A signal, or the end of a piece of the sleep.
                Waited::TimedOut | Waited::Interrupted => {
                    if runtime.pending().is_break() {
                        return Err(Stop::Interrupted);
                    }
                }
            }
        }
    }

    /// Settles the OS thread: S3. A second caller waits for the first.
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
                // Another thread settles it: wait for that. As a rule the wait is for the last
                // instructions. It is for the thread's end if a lone joiner sleeps in the system's
                // join, and a second handle was cloned since. Signals do not end this wait.
                let free = |w| w & JOINING == 0 || w & GIVEN_UP != 0;
                let _ = self.wait(free, Deadline::NEVER, &DetachOnly(runtime));
                continue;
            }
            // The word is free: settle. `None` means that the word has changed, so look again.
            if let Some(result) = runtime.detach(|| self.try_settle(&action, word)) {
                return result;
            }
        }
    }

    /// Settles the OS thread if the word is still the same. The caller is detached from beginning
    /// to end: a runtime that shuts down never lets a thread attach again, and a thread that hangs
    /// there must not hold `JOINING`.
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
            if word & (EXITED | JOINING) == JOINING {
                // A lone joiner sleeps in the system's join, and will settle the thread: S3.
                if self.replace(word, (word | EXITED | GIVEN_UP) & !WAITERS) {
                    self.wake(word);
                    return Ok(());
                }
                continue;
            }
            // While the thread runs, a lone joiner may come first and sleep until its end. So this does
            // not wait for a joiner then: it looks again.
            let settled = match word & (EXITED | JOINED | NO_OS) {
                0 => Installed.detach(|| self.try_settle(OsThread::detach, word)),
                _ => Some(self.settle(OsThread::detach, &Installed)),
            };
            if let Some(result) = settled {
                result?;
                self.change(EXITED, 0);
                return Ok(());
            }
        }
    }
}

/// A runtime that detaches, and does not run pending calls.
pub(super) struct DetachOnly<'a, R>(pub(super) &'a R);

impl<R: Runtime> Runtime for DetachOnly<'_, R> {
    fn detach<T>(&self, wait: impl FnOnce() -> T) -> T {
        self.0.detach(wait)
    }

    fn pending_interval(&self) -> Option<Duration> {
        None
    }
}
