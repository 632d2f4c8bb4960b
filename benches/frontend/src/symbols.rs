//! The symbols of one file: each text is interned in the shared table when the file first has it,
//! and counted here until the file is done, so that a busy name costs the shared table one turn for
//! each file and not one for each use.

use crate::parts::{FileArena, LandTurns, Parts};
use crate::probe::Probe;
use crate::table::{Entry, Table};
use crate::text::Text;
use std::sync::Arc;

/// One symbol and how often this file has it.
struct Local<'a, P: Parts> {
    entry: &'a Entry<P>,
    names: u32,
    literals: u32,
}

/// What a file uses, kept for a comparison with Python.
pub struct Use<P: Parts> {
    /// The shared entry.
    pub entry: Arc<Entry<P>>,
    /// NAME tokens.
    pub names: u64,
    /// String literals and literal parts of f-strings.
    pub literals: u64,
}

/// The symbols of one file.
pub struct Symbols<'a, P: Parts> {
    table: &'a Table<P>,
    arena: &'a P::Arena,
    turns: &'a LandTurns,
    index: Probe<u32>,
    locals: Vec<Local<'a, P>>,
    kept: Option<Vec<Arc<Entry<P>>>>,
}

impl<'a, P: Parts> Symbols<'a, P> {
    /// No symbols yet, and room for about this many. With `keep`, [`finish`](Self::finish) tells
    /// what the file used.
    pub fn new(
        table: &'a Table<P>,
        arena: &'a P::Arena,
        turns: &'a LandTurns,
        keep: bool,
        room: usize,
    ) -> Symbols<'a, P> {
        Symbols {
            table,
            arena,
            turns,
            index: Probe::with_room(room),
            locals: Vec::with_capacity(room),
            kept: keep.then(Vec::new),
        }
    }

    /// Counts a NAME token, and gives the symbol's number in this file.
    pub fn name(&mut self, text: &str) -> u32 {
        let local = self.local(Text::Utf8(text));
        self.locals[local as usize].names += 1;
        local
    }

    /// Counts a literal.
    pub fn literal(&mut self, text: Text<'_>) -> &'a Entry<P> {
        let local = self.local(text);
        let local = &mut self.locals[local as usize];
        local.literals += 1;
        local.entry
    }

    /// The symbol of this number.
    pub fn entry(&self, local: u32) -> &'a Entry<P> {
        self.locals[local as usize].entry
    }

    fn local(&mut self, text: Text<'_>) -> u32 {
        let hash = self.table.parts().hash(text);
        let is = |&local: &u32| self.locals[local as usize].entry.text() == text.bytes();
        if let Some(local) = self.index.find(hash, is) {
            return *local;
        }
        let shared = self.table.intern(hash, text, self.turns);
        if let Some(kept) = &mut self.kept {
            kept.push(Arc::clone(&shared));
        }
        let local = self.locals.len() as u32;
        self.locals.push(Local {
            entry: self.arena.own(shared),
            names: 0,
            literals: 0,
        });
        self.index.insert(hash, local);
        local
    }

    /// Adds this file's counts to the shared table.
    pub fn finish(self, file: u32) -> Counts<P> {
        let mut counts = Counts {
            names: 0,
            literals: 0,
            symbols: self.locals.len() as u64,
            uses: Vec::new(),
        };
        for local in &self.locals {
            let (names, literals) = (u64::from(local.names), u64::from(local.literals));
            self.table
                .tally(local.entry, file, names, literals, self.turns);
            counts.names += names;
            counts.literals += literals;
        }
        for (entry, local) in self.kept.into_iter().flatten().zip(&self.locals) {
            counts.uses.push(Use {
                entry,
                names: u64::from(local.names),
                literals: u64::from(local.literals),
            });
        }
        counts
    }
}

/// What one file had.
pub struct Counts<P: Parts> {
    /// NAME tokens.
    pub names: u64,
    /// String literals and literal parts of f-strings.
    pub literals: u64,
    /// Distinct texts: one object of the arena each.
    pub symbols: u64,
    /// Each text apart; empty unless it was asked for.
    pub uses: Vec<Use<P>>,
}
