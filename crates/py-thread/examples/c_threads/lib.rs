//! The final crate of the program in `main.c`: CPython's symbols, as a static library.
//!
//! ```sh
//! cargo build -p py-thread --features c-api --example c_threads
//! cc -I crates/py-thread/include crates/py-thread/examples/c_threads/main.c \
//!     target/debug/examples/libc_threads.a -lpthread -ldl -lm -o c_threads
//! ./c_threads
//! ```

py_thread::export_c_api!();
