//! The final crate of the program in `main.c`: CPython's symbols, as a static library.
//!
//! ```sh
//! cargo build -p py-hashsecret --features c-api --example c_hash
//! cc -I crates/py-hashsecret/include crates/py-hashsecret/examples/c_hash/main.c \
//!     target/debug/examples/libc_hash.a -lpthread -ldl -lm -o c_hash
//! ./c_hash
//! ```

py_hashsecret::export_c_api!();
