//! The final crate of the program in `main.c`: CPython's symbols, as a static library.
//!
//! ```sh
//! cargo build -p py-arena --features c-api --example c_arena
//! cc -I crates/py-arena/include crates/py-arena/examples/c_arena/main.c \
//!     target/debug/examples/libc_arena.a -lpthread -ldl -lm -o c_arena
//! ./c_arena
//! ```

py_arena::export_c_api!();
