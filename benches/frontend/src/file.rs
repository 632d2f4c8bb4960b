//! One file, from its path to its figures: read, parse, land.
//!
//! *Landing* is everything after the parser: symbols into the shared table, nodes into the arena,
//! the counts into the shared entries, and the end of the arena. Between them the finished tree is
//! *walked* once, in the place of the compiler that would come next.

use crate::clock::Cpu;
use crate::lower::Lower;
use crate::nesting::{Nesting, PARSED_FIRST};
use crate::node;
use crate::parts::{ArenaFigures, FileArena, LandTurns, Parts};
use crate::problem::{Note, Problem};
use crate::source::{self, Source};
use crate::symbols::{Symbols, Use};
use crate::table::Table;
use ruff_python_ast::{ModModule, PythonVersion};
use ruff_python_parser::{Mode, ParseOptions, Parsed, lexer, parse_unchecked};
use std::path::Path;

/// The figures of one file that was done.
pub struct FileFigures<P: Parts> {
    /// Bytes on the disk.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
    /// What is worth a line.
    pub notes: Vec<Note>,
    /// What landed.
    pub landed: Landed<P>,
}

/// What landed of one file.
pub struct Landed<P: Parts> {
    /// Tokens, comments and line ends among them.
    pub tokens: u64,
    /// Nodes of our tree.
    pub nodes: u64,
    /// NAME tokens that are no keywords.
    pub names: u64,
    /// String literals and literal parts of f-strings.
    pub literals: u64,
    /// What the arena held.
    pub arena: ArenaFigures,
    /// A digest of the tree's shape.
    pub digest: u64,
    /// Each text apart, if asked for.
    pub uses: Vec<Use<P>>,
}

/// A parsed file: what the parser hands over.
pub struct ParsedFile {
    /// Its text.
    pub source: Source,
    parsed: Parsed<ModModule>,
}

/// CPU time spent in each phase.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Phases {
    /// Reading and decoding, in seconds.
    pub read: f64,
    /// Lexing and parsing, and the drop of the parser's tree.
    pub parse: f64,
    /// Landing.
    pub land: f64,
    /// Walking the finished tree.
    pub walk: f64,
}

impl Phases {
    /// Adds another worker's time.
    pub fn add(&mut self, other: Phases) {
        self.read += other.read;
        self.parse += other.parse;
        self.land += other.land;
        self.walk += other.walk;
    }
}

/// What a worker brings to each file.
pub struct Desk<'t, P: Parts> {
    /// The shared table.
    pub table: &'t Table<P>,
    /// Its turns at the locks.
    pub turns: LandTurns,
    /// The version whose syntax is allowed.
    pub target: PythonVersion,
    /// Whether to tell each text apart.
    pub keep: bool,
    /// Time spent.
    pub phases: Phases,
    shape: Vec<u8>,
}

impl<'t, P: Parts> Desk<'t, P> {
    /// A fresh desk.
    pub fn new(table: &'t Table<P>, target: PythonVersion, keep: bool) -> Desk<'t, P> {
        Desk {
            table,
            turns: LandTurns::default(),
            target,
            keep,
            phases: Phases::default(),
            shape: Vec::new(),
        }
    }

    /// Does one file, which has this number in the order of paths.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn file(&mut self, path: &Path, number: u32) -> Result<FileFigures<P>, Problem> {
        let cpu = Cpu::start();
        let source = source::read(path);
        self.phases.read += cpu.seconds();
        let source = source?;
        let cpu = Cpu::start();
        let parsed = ParsedFile::parse(source, self.target);
        self.phases.parse += cpu.seconds();
        let parsed = parsed?;
        let landed = self.land(&parsed, number);
        let cpu = Cpu::start();
        let source = parsed.source;
        drop(parsed.parsed);
        self.phases.parse += cpu.seconds();
        Ok(FileFigures {
            bytes: source.bytes,
            lines: lines(&source.text),
            notes: source.notes,
            landed,
        })
    }

    /// Lands one parsed file.
    pub fn land(&mut self, file: &ParsedFile, number: u32) -> Landed<P> {
        let cpu = Cpu::start();
        let arena = P::Arena::new();
        let tokens = file.parsed.tokens();
        // A tenth of the tokens of real programs are the first of their text.
        let room = tokens.len() / 10;
        let symbols = Symbols::new(self.table, &arena, &self.turns, self.keep, room);
        let lower = Lower::new(&arena, symbols, &file.source.text, tokens);
        let lowered = lower.module(file.parsed.syntax());
        let counts = lowered.symbols.finish(number);
        self.phases.land += cpu.seconds();

        let cpu = Cpu::start();
        self.shape.clear();
        let nodes = node::shape(lowered.root, &mut self.shape);
        assert_eq!(nodes, lowered.nodes, "the walk meets every node once");
        let digest = self.table.parts().digest(&self.shape);
        self.phases.walk += cpu.seconds();

        let cpu = Cpu::start();
        let landed = Landed {
            tokens: tokens.len() as u64,
            nodes,
            names: counts.names,
            literals: counts.literals,
            arena: ArenaFigures {
                objects: counts.symbols,
                ..arena.figures()
            },
            digest,
            uses: counts.uses,
        };
        drop(arena);
        self.phases.land += cpu.seconds();
        landed
    }
}

/// As an editor counts them: what stands behind the last newline is a line too.
fn lines(text: &str) -> u64 {
    let ended = memchr::memchr_iter(b'\n', text.as_bytes()).count() as u64;
    ended + u64::from(!text.is_empty() && !text.ends_with('\n'))
}

impl ParsedFile {
    /// Lexes and parses.
    ///
    /// # Errors
    /// The first syntax error; what this version of Python does not have; too deep a nesting.
    pub fn parse(source: Source, target: PythonVersion) -> Result<ParsedFile, Problem> {
        let text = &source.text;
        if text.len() > PARSED_FIRST {
            let mut nesting = Nesting::default();
            let mut lexer = lexer::lex(text, Mode::Module);
            loop {
                let kind = lexer.next_token();
                if kind.is_eof() {
                    break;
                }
                nesting.see(kind);
                if !nesting.is_allowed() {
                    return Err(Problem::TooDeep);
                }
            }
        }
        let options = ParseOptions::from(Mode::Module).with_target_version(target);
        let parsed = parse_unchecked(text, options).try_into_module();
        let parsed = parsed.expect("a module was asked for");
        let nesting = Nesting::of(parsed.tokens());
        if !nesting.is_allowed() {
            // The drop of a deep tree recurses: as deep as the tokens, at most, and a level takes
            // less than this.
            let stack = nesting.deepest() as usize * 1024;
            stacker::grow(stack, || drop(parsed));
            return Err(Problem::TooDeep);
        }
        let problem = |at: usize, what: String| {
            let before = &text[..at];
            let line = 1 + before.matches('\n').count() as u32;
            let column = 1 + before.chars().rev().take_while(|c| *c != '\n').count() as u32;
            Problem::Syntax(line, column, what)
        };
        if let Some(e) = parsed.errors().first() {
            return Err(problem(e.location.start().to_usize(), e.error.to_string()));
        }
        if let Some(e) = parsed.unsupported_syntax_errors().first() {
            return Err(problem(e.range.start().to_usize(), e.to_string()));
        }
        Ok(ParsedFile { source, parsed })
    }
}
