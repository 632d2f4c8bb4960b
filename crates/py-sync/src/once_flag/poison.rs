//! A [`OnceFlag`](super::OnceFlag) that remembers that its last try failed, for the typed form.
//!
//! The protocol is that of `mod.rs`; the byte that a failed try leaves is 8 instead of 0. From 8 a
//! caller that overlooks the poison tries again, and another one is refused. Who waited while a try
//! failed finds 8, too.

use super::{DONE, HAS_PARKED, OnceFlag, POISONED, Rules, Running, UNTRIED};
use crate::flags::LockFlags;
use crate::sync::Acquire;

impl Rules {
    /// A failed try poisons, and the poisoned flag is refused.
    pub(crate) const POISONING: Rules = Rules {
        failed: POISONED,
        refuses_poisoned: true,
        flags: LockFlags::NONE,
    };

    /// A failed try poisons, and the poison of another is overlooked.
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

/// What a flag has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Untried,
    Running,
    Poisoned,
    Done,
}

impl OnceFlag {
    /// What it has come to. Out of date at once, unless it is done.
    pub(crate) fn stage(&self) -> Stage {
        match self.0.load(Acquire) & !HAS_PARKED {
            UNTRIED => Stage::Untried,
            POISONED => Stage::Poisoned,
            DONE => Stage::Done,
            _ => Stage::Running,
        }
    }
}
