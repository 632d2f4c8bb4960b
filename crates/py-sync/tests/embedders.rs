//! The examples `ctrl-c` and `fork-server` do what they say.
#![cfg(all(unix, not(miri)))]

#[path = "../examples/ctrl_c.rs"]
#[allow(dead_code, reason = "its `main` is not called")]
mod ctrl_c;
#[path = "../examples/fork_server.rs"]
#[allow(dead_code, reason = "its `main` is not called")]
mod fork_server;

fn args(words: &[&str]) -> impl Iterator<Item = String> {
    words
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .into_iter()
}

/// One test: the handler of one and the threads of the other are the process's.
#[test]
fn the_embedders_examples_do_what_they_say() {
    // Its waits all end by the interrupt: none goes by how long it took.
    assert_eq!(ctrl_c::run(args(&[])), 0);
    assert_eq!(ctrl_c::run(args(&["--your"])), 2);
    // Every child with py-sync is served; those of the peer are counted only.
    assert_eq!(fork_server::run(args(&["--children", "3"])), 0);
    assert_eq!(fork_server::run(args(&["--children", "many"])), 2);
    assert_eq!(fork_server::run(args(&["--child"])), 2);
}
