//! A [`OnceFlag`](super::OnceFlag) that remembers that its last try failed, for the typed form.
//!
//! The protocol is that of `mod.rs`, but a failed try leaves 8 instead of 0. A caller that ignores the
//! poison tries again from 8; any other caller is refused. A thread that waited during the failed try
//! finds 8, too.

use super::{DONE, HAS_PARKED, OnceFlag, POISONED, Rules, Running, UNTRIED};
use crate::flags::LockFlags;
use crate::sync::Acquire;

impl Rules {
    /// A failed try poisons the flag, and a poisoned flag refuses callers.
    pub(crate) const POISONING: Rules = Rules {
        failed: POISONED,
        refuses_poisoned: true,
        flags: LockFlags::NONE,
    };

    /// A failed try poisons the flag, but callers ignore a poison that they find.
    pub(crate) const FORCED: Rules = Rules {
        refuses_poisoned: false,
        ..Rules::POISONING
    };
}

impl Running<'_> {
    /// True if the try before this one failed.
    pub(crate) fn was_poisoned(&self) -> bool {
        self.from & POISONED != 0
    }
}

/// The state of a flag, without the parked bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Untried,
    Running,
    Poisoned,
    Done,
}

impl OnceFlag {
    /// Its state. Out of date at once, unless it is done.
    pub(crate) fn stage(&self) -> Stage {
        match self.0.load(Acquire) & !HAS_PARKED {
            UNTRIED => Stage::Untried,
            POISONED => Stage::Poisoned,
            DONE => Stage::Done,
            _ => Stage::Running,
        }
    }
}
