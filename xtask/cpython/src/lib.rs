//! The static library that `cargo xtask cpython` links into a CPython: our crates by C's names, a
//! feature for each part that they replace. What they want to know of CPython is in `glue/`, which is
//! compiled with that CPython's headers.

#[cfg(feature = "py-sync")]
py_sync::export_c_api!(runtime);
#[cfg(feature = "lock")]
py_sync::export_c_api!(lock);
#[cfg(feature = "parking_lot")]
py_sync::export_c_api!(parking_lot);
#[cfg(feature = "critical_section")]
py_sync::export_c_api!(critical_section);
#[cfg(feature = "thread")]
py_sync::export_c_api!(thread_lock);
#[cfg(feature = "thread")]
py_thread::export_c_api!();
#[cfg(feature = "pyarena")]
py_arena::export_c_api!();
#[cfg(feature = "hash")]
py_hashsecret::export_c_api!();
