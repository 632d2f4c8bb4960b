//! Threads give their memory back. A process of its own without a harness, which would allocate in
//! its own thread beside the test.

#[cfg(all(target_os = "linux", not(miri)))]
mod measure;

fn main() {
    #[cfg(all(target_os = "linux", not(miri)))]
    measure::run();
    #[cfg(not(all(target_os = "linux", not(miri))))]
    println!("skipped: measured on Linux alone, and not under Miri");
}
