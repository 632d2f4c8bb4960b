//! Says that this build of py-sync's source runs on a simulated machine.

fn main() {
    println!("cargo::rustc-cfg=py_sync_simulated");
    println!("cargo::rerun-if-changed=build.rs");
}
