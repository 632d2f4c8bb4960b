//! Programs that must not compile; run as doctests, each beside a twin that does.
//!
//! What is handed out does not outlive a reset:
//! ```compile_fail,E0502
//! let mut arena = py_arena::Arena::new();
//! let value = arena.alloc(1);
//! arena.reset();
//! *value = 2;
//! ```
//! ```
//! let mut arena = py_arena::Arena::new();
//! *arena.alloc(1) = 2;
//! arena.reset();
//! ```
//!
//! Nor the arena, even where it came through a claim or out of a scope:
//! ```compile_fail,E0505
//! let arena = py_arena::Arena::new();
//! let value = arena.claim().alloc(1);
//! arena.free();
//! *value = 2;
//! ```
//! ```compile_fail
//! let arena = py_arena::Arena::new();
//! let value = arena.scope(|inner| inner.alloc(1));
//! ```
//! ```
//! let arena = py_arena::Arena::new();
//! let value = arena.scope(|inner| arena.alloc(*inner.alloc(1)));
//! assert_eq!(*value, 1);
//! ```
//!
//! Values that need drop are refused by every typed form:
//! ```compile_fail,E0080
//! py_arena::Arena::new().alloc(String::new());
//! ```
//! ```compile_fail,E0080
//! py_arena::Arena::new().alloc_with(|| vec![1]);
//! ```
//! ```compile_fail,E0080
//! py_arena::Arena::new().claim().alloc(Box::new(1));
//! ```
//! ```compile_fail,E0080
//! py_arena::Arena::new().alloc_slice_clone(&[String::new()]);
//! ```
//! ```compile_fail,E0080
//! py_arena::Arena::new().alloc_slice_from_iter([String::new()]);
//! ```
//! ```
//! py_arena::Arena::new().alloc_slice_from_iter([""]);
//! ```
//!
//! An object may not look into the arena that drops it:
//! ```compile_fail,E0597
//! struct Looks<'a>(&'a u8);
//! impl Drop for Looks<'_> {
//!     fn drop(&mut self) {}
//! }
//! let arena = py_arena::Arena::with_objects();
//! arena.add_object(Looks(arena.alloc(1)));
//! ```
//! ```
//! struct Looks<'a>(&'a u8);
//! impl Drop for Looks<'_> {
//!     fn drop(&mut self) {}
//! }
//! let other = py_arena::Arena::new();
//! let arena = py_arena::Arena::with_objects();
//! arena.add_object(Looks(other.alloc(1)));
//! ```
//!
//! An arena goes to another thread only with objects that may, and is never shared:
//! ```compile_fail,E0277
//! let arena = py_arena::Arena::with_objects();
//! arena.add_object(std::rc::Rc::new(1));
//! std::thread::spawn(move || drop(arena));
//! ```
//! ```compile_fail,E0277
//! let arena = py_arena::Arena::new();
//! std::thread::scope(|s| s.spawn(|| arena.alloc(1)).join().unwrap());
//! ```
//! ```
//! let arena = py_arena::Arena::with_objects();
//! arena.add_object(Box::new(1));
//! std::thread::spawn(move || drop(arena)).join().unwrap();
//! ```
