//! `_PyRWMutex`: the word after every lock, unlock and wait.

use super::c::{self, Lock, Memory};
use super::helper::{Helper, until};
use super::{LENGTH, Random, Trace, compare};
use py_sync::RwMutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

#[derive(Clone, Copy)]
enum Op {
    ReadLock,
    ReadUnlock,
    WriteLock,
    WriteUnlock,
}

#[derive(Clone, Copy)]
enum Side {
    C([Lock; 4]),
    Ours,
}

fn word(memory: Memory) -> usize {
    // SAFETY: a word of it is valid as an atomic.
    unsafe { memory.as_ref::<AtomicUsize>() }.load(SeqCst)
}

impl Side {
    fn run(self, memory: Memory, op: Op) {
        // SAFETY: a lock is one atomic word, free when zeroed.
        let ours: &RwMutex = unsafe { memory.as_ref() };
        match (self, op) {
            // SAFETY: the memory holds a lock, in the state that the program's book-keeping says.
            (Side::C(functions), op) => unsafe { functions[op as usize](memory.at()) },
            (_, Op::ReadLock) => ours.read_lock(),
            (_, Op::ReadUnlock) => ours.read_unlock(),
            (_, Op::WriteLock) => ours.write_lock(),
            (_, Op::WriteUnlock) => ours.write_unlock(),
        }
    }
}

fn program(side: Side, helper: &Helper, random: &mut Random) -> Trace {
    let memory = Memory::new();
    let mut trace = Trace::new();
    let (mut readers, mut writer, mut waiting) = (0_usize, false, None);
    let mut left = LENGTH;
    while left > 0 || readers > 0 || writer || waiting.is_some() {
        left = left.saturating_sub(1);
        let unlocks = left == 0 || random.below(5) < 2;
        let waits = random.below(8) == 0;
        let op = match (unlocks, readers, writer) {
            (true, 1.., _) => Op::ReadUnlock,
            (true, _, true) => Op::WriteUnlock,
            (true, 0, false) => continue,
            (false, ..) if waiting.is_some() => continue,
            (false, ..) if random.below(3) == 0 => Op::WriteLock,
            (false, ..) => Op::ReadLock,
        };
        let blocks = match op {
            Op::ReadLock => writer,
            Op::WriteLock => writer || readers > 0,
            _ => false,
        };
        match op {
            _ if blocks && !waits => continue,
            _ if blocks => {
                helper.start(move || {
                    side.run(memory, op);
                    5
                });
                // Not whatever it is meanwhile: the parked bit may be there from before.
                let parked = readers << 2 | 2 | usize::from(writer);
                until("the helper waits", || word(memory) == parked);
                waiting = Some(op);
                trace.push((0, parked as u64));
                continue;
            }
            op => side.run(memory, op),
        }
        match op {
            Op::ReadLock => readers += 1,
            Op::ReadUnlock => readers -= 1,
            Op::WriteLock => writer = true,
            Op::WriteUnlock => writer = false,
        }
        let mut stale = 0;
        if readers == 0 && !writer {
            if let Some(op) = waiting.take() {
                // A hand-over leaves no parked bit if nobody else waits; a wake does, as in C. Which of
                // them it is depends on how long the helper has waited.
                stale = 2;
                helper.finish();
                match op {
                    Op::ReadLock => readers = 1,
                    _ => writer = true,
                }
            }
        }
        trace.push((op as u64, (word(memory) & !stale) as u64));
    }
    assert_eq!(word(memory), 0);
    trace
}

#[test]
fn the_words_are_the_same() {
    let Some(library) = c::library() else { return };
    // SAFETY: their types, as CPython's headers say.
    let function = |name| unsafe { c::function(library, name) };
    let names = [
        "_PyRWMutex_RLock",
        "_PyRWMutex_RUnlock",
        "_PyRWMutex_Lock",
        "_PyRWMutex_Unlock",
    ];
    let c = Side::C(names.map(function));
    let helper = Helper::new();
    compare(
        |random| program(c, &helper, random),
        |random| program(Side::Ours, &helper, random),
    );
}
