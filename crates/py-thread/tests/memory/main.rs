//! Threads give their memory back. A process of its own without a harness, which would allocate in
//! its own thread beside the test.

#[cfg(all(target_os = "linux", not(miri)))]
mod measure;

fn main() {
    // What test runners ask before they run anything.
    let asked = |option: &str| std::env::args().any(|arg| arg == option);
    if asked("--list") {
        if !asked("--ignored") {
            println!("threads_give_their_memory_back: test");
        }
        return;
    }
    #[cfg(all(target_os = "linux", not(miri)))]
    measure::run();
    #[cfg(not(all(target_os = "linux", not(miri))))]
    println!("skipped: measured on Linux alone, and not under Miri");
}
