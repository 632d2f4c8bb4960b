//! The demo as its users run it: its exit status, its lines, its figures.

#![cfg(not(miri))]

mod bad_input;
mod command_line;
mod literals;
mod lower;
mod nesting;
mod probe;
mod stats;
mod support;
mod table;
mod threads;
mod verify;
