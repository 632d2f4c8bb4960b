//! Programs that must not compile. They run as doctests, each beside a similar program that
//! compiles.
//!
//! A value does not outlive a reset:
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
//! A value does not outlive the arena, even if it came through a claim or out of a scope:
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
//! Every typed method refuses values that need drop:
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
//! An object may not borrow from the arena that drops it:
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
//! An arena may go to another thread only if its objects may, and it is never shared between
//! threads:
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
