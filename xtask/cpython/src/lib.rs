//! The static library that `cargo xtask cpython` links into a CPython: our crates by C's names. What
//! they want to know of CPython is in `glue.c`, which is compiled with that CPython's headers.

py_sync::export_c_api!();
