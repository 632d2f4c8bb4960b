//! The symbols of one file. A text is interned in the shared table when the file first has it, and
//! counted here until the file is done: a busy name costs one turn at the shared table for each
//! file, and not one for each use.

use crate::backend::{Backend, FileArena};
use crate::probe::Probe;
use crate::stats::{Figures, Locks};
use crate::table::{Entry, Table};
use crate::text::{Text, Times};
use std::sync::Arc;

/// An arena that owns the entries of one file.
pub type Arena<B> = <B as Backend>::Arena<Arc<Entry<B>>>;

/// One symbol and how often this file has it.
struct Symbol<'a, B: Backend> {
    entry: &'a Entry<B>,
    /// The arena's handle of it.
    handle: &'a Arc<Entry<B>>,
    names: u32,
    literals: u32,
}

/// One text that a file uses, kept for a comparison with Python.
pub struct Use<B: Backend> {
    pub entry: Arc<Entry<B>>,
    pub times: Times,
}

/// The symbols of one file.
pub struct Symbols<'a, B: Backend> {
    table: &'a Table<B>,
    arena: &'a Arena<B>,
    locks: &'a Locks,
    index: Probe<u32>,
    symbols: Vec<Symbol<'a, B>>,
}

impl<'a, B: Backend> Symbols<'a, B> {
    /// No symbols yet, and room for about this many.
    pub fn new(table: &'a Table<B>, arena: &'a Arena<B>, locks: &'a Locks, room: usize) -> Self {
        Symbols {
            table,
            arena,
            locks,
            index: Probe::with_room(room),
            symbols: Vec::with_capacity(room),
        }
    }

    /// Counts a NAME token, and gives the symbol's number in this file.
    pub fn name(&mut self, text: &str) -> u32 {
        let number = self.number(Text::Utf8(text));
        self.symbols[number as usize].names += 1;
        number
    }

    /// Counts a literal, and gives the symbol's number in this file.
    pub fn literal(&mut self, text: Text<'_>) -> u32 {
        let number = self.number(text);
        self.symbols[number as usize].literals += 1;
        number
    }

    fn number(&mut self, text: Text<'_>) -> u32 {
        let hash = self.table.backend().hash(text);
        let is = |number: &u32| self.symbols[*number as usize].entry.text() == text.bytes();
        if let Some(number) = self.index.find(hash, is) {
            return *number;
        }
        let number = self.symbols.len() as u32;
        let shared = self.table.intern(hash, text, self.locks);
        let handle = self.arena.own(shared);
        self.symbols.push(Symbol {
            entry: handle,
            handle,
            names: 0,
            literals: 0,
        });
        self.index.insert(hash, number);
        number
    }

    /// Adds this file's counts to the shared table and to the figures. With `keep` it tells each
    /// text apart.
    pub fn finish(self, file: u32, figures: &mut Figures, keep: bool) -> Vec<Use<B>> {
        let mut uses = Vec::new();
        for symbol in &self.symbols {
            let times = Times {
                names: symbol.names.into(),
                literals: symbol.literals.into(),
            };
            self.table.tally(symbol.entry, file, times, self.locks);
            figures.names += times.names;
            figures.literals += times.literals;
            figures.arena_objects += 1;
            if keep {
                let entry = Arc::clone(symbol.handle);
                uses.push(Use { entry, times });
            }
        }
        uses
    }
}
