//! The static library that `cargo xtask cpython` links into a CPython: our crates by C's names, a
//! feature for each file that they replace. What they want to know of CPython is in `glue.c`, which is
//! compiled with that CPython's headers.

py_sync::export_c_api!(runtime);
#[cfg(feature = "lock")]
py_sync::export_c_api!(lock);
#[cfg(feature = "parking_lot")]
py_sync::export_c_api!(parking_lot);
#[cfg(feature = "critical_section")]
py_sync::export_c_api!(critical_section);
