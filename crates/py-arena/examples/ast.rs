//! A parser of arithmetic whose tree is in an arena. Names, lists of arguments and nodes are freed
//! with the arena at once, and no node is dropped.
//!
//! Run: `cargo run -p py-arena --example ast -- "max(1, 2 * x) + 3"`

use py_arena::{Arena, ArenaString, ArenaVec};
use std::fmt::Write;
use std::process::ExitCode;

/// A node borrows from the arena and needs no drop, because its vector is in the arena too.
enum Node<'a> {
    Number(f64),
    Name(&'a str),
    Binary(char, &'a Node<'a>, &'a Node<'a>),
    Call(&'a str, ArenaVec<'a, Node<'a>>),
}

struct Parser<'a, 's> {
    arena: &'a Arena,
    text: &'s str,
    at: usize,
}

impl<'a> Parser<'a, '_> {
    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.text[self.at..].chars().next()
    }

    fn take(&mut self, c: char) -> bool {
        let there = self.peek() == Some(c);
        self.at += if there { c.len_utf8() } else { 0 };
        there
    }

    fn while_is(&mut self, is: impl Fn(char) -> bool) -> &str {
        let rest = &self.text[self.at..];
        let end = rest.find(|c| !is(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// The error's text lies in the arena as well.
    fn error(&self, what: &str) -> &'a str {
        py_arena::format!(in self.arena, "column {}: {what}", self.at + 1).into_str()
    }

    fn expression(&mut self, level: usize) -> Result<Node<'a>, &'a str> {
        const LEVELS: [[char; 2]; 2] = [['+', '-'], ['*', '/']];
        let Some(operators) = LEVELS.get(level) else {
            return self.atom();
        };
        let mut left = self.expression(level + 1)?;
        while let Some(&operator) = operators.iter().find(|&&c| self.take(c)) {
            let right = self.expression(level + 1)?;
            let (a, b) = (self.arena.alloc(left), self.arena.alloc(right));
            left = Node::Binary(operator, a, b);
        }
        Ok(left)
    }

    fn atom(&mut self) -> Result<Node<'a>, &'a str> {
        match self.peek() {
            Some('(') => {
                self.take('(');
                let inner = self.expression(0)?;
                if self.take(')') {
                    Ok(inner)
                } else {
                    Err(self.error("')' is missing"))
                }
            }
            Some(c) if c.is_ascii_digit() => {
                let number = self.while_is(|c| c.is_ascii_digit() || c == '.').parse();
                number.map_or_else(|_| Err(self.error("not a number")), |n| Ok(Node::Number(n)))
            }
            Some(c) if c.is_alphabetic() => {
                let arena = self.arena;
                let name = &*arena.alloc_str(self.while_is(char::is_alphanumeric));
                if self.take('(') {
                    return self.arguments(name);
                }
                Ok(Node::Name(name))
            }
            _ => Err(self.error("an expression is missing")),
        }
    }

    fn arguments(&mut self, name: &'a str) -> Result<Node<'a>, &'a str> {
        let mut arguments = ArenaVec::new_in(self.arena);
        while !self.take(')') {
            if !arguments.is_empty() && !self.take(',') {
                return Err(self.error("',' or ')' is missing"));
            }
            arguments.push(self.expression(0)?);
        }
        Ok(Node::Call(name, arguments))
    }
}

fn parse<'a>(arena: &'a Arena, text: &str) -> Result<&'a Node<'a>, &'a str> {
    let mut parser = Parser { arena, text, at: 0 };
    let node = parser.expression(0)?;
    match parser.peek() {
        None => Ok(arena.alloc(node)),
        Some(c) => Err(parser.error(&format!("{c:?} is not expected here"))),
    }
}

fn show(node: &Node<'_>, out: &mut ArenaString<'_>) -> std::fmt::Result {
    match node {
        Node::Number(n) => write!(out, "{n}"),
        Node::Name(name) => write!(out, "{name}"),
        Node::Binary(operator, a, b) => {
            write!(out, "({operator} ")?;
            show(a, out)?;
            out.push(' ');
            show(b, out)?;
            write!(out, ")")
        }
        Node::Call(name, arguments) => {
            write!(out, "({name}")?;
            for argument in arguments.iter() {
                out.push(' ');
                show(argument, out)?;
            }
            write!(out, ")")
        }
    }
}

fn main() -> ExitCode {
    let text = std::env::args().nth(1);
    let text = text.as_deref().unwrap_or("max(1, 2 * x) + 3");
    let arena = Arena::new();
    match parse(&arena, text) {
        Ok(node) => {
            let mut shown = ArenaString::new_in(&arena);
            if show(node, &mut shown).is_err() {
                return ExitCode::FAILURE;
            }
            println!("{shown}");
            println!("{} bytes in the arena", arena.stats().total_size);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
