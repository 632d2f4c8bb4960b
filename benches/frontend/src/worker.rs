//! One file, from its path to its figures: read, parse, lower, walk.
//!
//! *Lowering* is everything after the parser: symbols are interned in the shared table, nodes placed
//! in an arena, the counts added to the shared entries, the arena freed. Before it is freed, the
//! finished tree is *walked* once, in place of the compiler that would come next.

use crate::backend::{Backend, FileArena};
use crate::lower::lower;
use crate::nesting::{Nesting, PARSED_FIRST};
use crate::node::shape;
use crate::problem::{Note, Problem};
use crate::source;
use crate::stats::{Figures, Locks};
use crate::symbols::{Arena, Symbols, Use};
use crate::table::Table;
use ruff_python_ast::{ModModule, PythonVersion};
use ruff_python_parser::{Mode, ParseOptions, Parsed, lexer, parse_unchecked};
use std::path::Path;
use std::time::Duration;

/// What is kept of one file, beside its figures.
pub struct FileReport<B: Backend> {
    pub notes: Vec<Note>,
    /// Each text apart, if asked for.
    pub uses: Vec<Use<B>>,
}

/// How every worker does its files.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The version whose syntax is allowed.
    pub target: PythonVersion,
    /// Whether to tell each text of a file apart, for a comparison.
    pub keep: bool,
    /// The clock that the phases are measured by.
    pub clock: fn() -> Duration,
}

/// The phases of a file. Parsing includes the drop of the parser's tree.
pub const PHASES: [&str; 4] = ["read", "parse", "lower", "walk"];
const READ: usize = 0;
const PARSE: usize = 1;
/// The place of lowering and interning in [`PHASES`].
pub const LOWER: usize = 2;
const WALK: usize = 3;

/// What one thread needs to do files, and what it has done.
pub struct Worker<'t, B: Backend> {
    table: &'t Table<B>,
    rules: Rules,
    pub figures: Figures,
    pub locks: Locks,
    /// Time in each of [`PHASES`].
    pub phases: [Duration; 4],
    shape: Vec<[u8; 4]>,
}

impl<'t, B: Backend> Worker<'t, B> {
    pub fn new(table: &'t Table<B>, rules: Rules) -> Worker<'t, B> {
        Worker {
            table,
            rules,
            figures: Figures::default(),
            locks: Locks::default(),
            phases: [Duration::ZERO; 4],
            shape: Vec::new(),
        }
    }

    /// Does one file. `number` is its place in the order of paths.
    pub fn file(&mut self, path: &Path, number: u32) -> Result<FileReport<B>, Problem> {
        let mut lap = Lap::start(self.rules.clock);
        let source = source::read(path);
        lap.end(&mut self.phases[READ]);
        let source = source?;
        let parsed = parse(&source.text, self.rules.target);
        lap.end(&mut self.phases[PARSE]);
        let parsed = parsed?;

        let mut figures = Figures {
            files: 1,
            bytes: source.bytes,
            lines: lines(&source.text),
            tokens: parsed.tokens().len() as u64,
            ..Figures::default()
        };
        let arena = Arena::<B>::new();
        let tokens = parsed.tokens();
        // In real programs a tenth of the tokens are the first of their text.
        let symbols = Symbols::new(self.table, &arena, &self.locks, tokens.len() / 10);
        let lowered = lower(&arena, symbols, &source.text, tokens, parsed.syntax());
        let uses = lowered
            .symbols
            .finish(number, &mut figures, self.rules.keep);
        lap.end(&mut self.phases[LOWER]);

        self.shape.clear();
        figures.nodes = shape(lowered.root, &mut self.shape);
        assert_eq!(
            figures.nodes, lowered.nodes,
            "the walk meets each node once"
        );
        figures.digest = self.table.backend().digest(self.shape.as_flattened());
        lap.end(&mut self.phases[WALK]);

        arena.add_to(&mut figures);
        drop(arena);
        lap.end(&mut self.phases[LOWER]);
        drop(parsed);
        lap.end(&mut self.phases[PARSE]);
        self.figures.add(&figures);
        let notes = source.notes;
        Ok(FileReport { notes, uses })
    }
}

/// From the end of one phase to the end of the next.
struct Lap {
    clock: fn() -> Duration,
    begun: Duration,
}

impl Lap {
    fn start(clock: fn() -> Duration) -> Lap {
        Lap {
            clock,
            begun: clock(),
        }
    }

    fn end(&mut self, phase: &mut Duration) {
        let now = (self.clock)();
        *phase += now.saturating_sub(self.begun);
        self.begun = now;
    }
}

/// As an editor counts them: text behind the last newline is a line too.
fn lines(text: &str) -> u64 {
    let ended = memchr::memchr_iter(b'\n', text.as_bytes()).count() as u64;
    ended + u64::from(!text.is_empty() && !text.ends_with('\n'))
}

/// Lexes and parses. Refuses the first syntax error, syntax that this version of Python does not
/// have, and too deep a nesting.
fn parse(text: &str, target: PythonVersion) -> Result<Parsed<ModModule>, Problem> {
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
        // The drop of a deep tree recurses, at most as deep as the tokens say, and a level takes
        // less than this.
        let stack = nesting.deepest() as usize * 1024;
        stacker::grow(stack, || drop(parsed));
        return Err(Problem::TooDeep);
    }
    let syntax = |at: usize, what: String| {
        let before = &text[..at];
        let line = 1 + before.matches('\n').count() as u32;
        let column = 1 + before.chars().rev().take_while(|c| *c != '\n').count() as u32;
        Err(Problem::Syntax(line, column, what))
    };
    if let Some(e) = parsed.errors().first() {
        return syntax(e.location.start().to_usize(), e.error.to_string());
    }
    if let Some(e) = parsed.unsupported_syntax_errors().first() {
        return syntax(e.range.start().to_usize(), e.to_string());
    }
    Ok(parsed)
}
