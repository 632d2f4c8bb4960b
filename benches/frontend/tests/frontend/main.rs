//! The frontend example as its users run it: its exit status, its lines, its figures.

#![cfg(not(miri))]

mod answers;
mod bad_input;
mod command_line;
mod literals;
mod nesting;
mod probe;
mod support;
mod table;
mod threads;
mod turns;
