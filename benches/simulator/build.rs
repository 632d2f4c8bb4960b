//! Says that this build of py-sync's source runs on a simulated machine.

fn main() {
    println!("cargo::rustc-cfg=simulated");
    println!("cargo::rerun-if-changed=build.rs");
}
