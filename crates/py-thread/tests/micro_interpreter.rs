//! The toy interpreter of the documentation computes what it should.
#![cfg(feature = "micro")]

#[allow(unreachable_pub, reason = "an example has a main")]
#[path = "../examples/interpreter.rs"]
mod interpreter;

#[test]
fn the_toy_interpreter_computes_sums() {
    interpreter::main();
}
