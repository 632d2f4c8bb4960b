//! The final crate of the runtime in `main.c`: CPython's symbols, as a static library.
//!
//! ```sh
//! cargo build -p py-sync --features c-api --example c_runtime
//! cc -I crates/py-sync/include crates/py-sync/examples/c_runtime/main.c \
//!     target/debug/examples/libc_runtime.a -lpthread -ldl -lm -o c_runtime
//! ./c_runtime
//! ```

py_sync::export_c_api!();
