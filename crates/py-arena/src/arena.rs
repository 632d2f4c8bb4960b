//! [`Arena`]: a bump allocator, and the objects that it owns.

use crate::bump::Bump;
use crate::error::{AllocError, out_of_memory};
use crate::objects::{Iter, Objects};
use crate::policy::{BlockPolicy, DEFAULT_BLOCK_SIZE};
use crate::stats::Stats;
use core::convert::Infallible;
use core::fmt;

/// Memory that is handed out piece by piece and freed all at once, and the objects that belong to
/// it.
///
/// `O` is what [`add_object`](Arena::add_object) owns: a reference-counted handle, a `Box<dyn
/// Any>`, an [`Owned`](crate::Owned) for values of any type. An arena made by [`Arena::new`] owns
/// none.
///
/// What an arena hands out lives as long as the arena is borrowed: `reset`, `free` and the end of
/// the arena need it unborrowed. An arena is `Send` if its objects are, and never `Sync`.
///
/// When an arena ends, its objects are dropped first, last in first out, and then its blocks are
/// freed. CPython frees the blocks first; in Rust a destructor may follow pointers into the arena.
/// If a destructor panics, the other objects are still dropped and the blocks are still freed.
///
/// CPython: Python/pyarena.c, `PyArena`.
///
/// # Examples
/// ```
/// use py_arena::Arena;
///
/// struct Node<'a> {
///     name: &'a str,
///     children: &'a [&'a Node<'a>],
/// }
///
/// let arena = Arena::new();
/// let leaf: &Node<'_> = arena.alloc(Node { name: arena.alloc_str("leaf"), children: &[] });
/// let root = arena.alloc(Node { name: "root", children: arena.alloc_slice_copy(&[leaf, leaf]) });
/// assert_eq!(root.children[1].name, "leaf");
/// ```
#[doc(alias = "PyArena")]
pub struct Arena<O = Infallible> {
    // The first field is dropped first: a destructor may look into the blocks.
    pub(crate) objects: Objects<O>,
    pub(crate) bump: Bump,
}

mod sealed {
    pub trait Sealed<O> {}
    impl Sealed<core::convert::Infallible> for () {}
}

/// Holds for the one type of objects with which an arena owns none, [`Infallible`].
///
/// The trait exists for the compiler's message when `Arena::new` is called for an arena with
/// objects. (The object type is a parameter of the trait, because the compiler infers a parameter,
/// but not a `Self` type.)
///
/// # Examples
/// ```
/// use py_arena::{Arena, NoObjects};
///
/// fn make<O>() -> Arena<O>
/// where
///     (): NoObjects<O>,
/// {
///     Arena::new()
/// }
/// assert_eq!(*make().alloc(7), 7);
/// ```
#[diagnostic::on_unimplemented(
    message = "`Arena::new`, `with_policy` and `with_capacity` make an arena that owns no objects",
    label = "this arena should own objects of type `{O}`",
    note = "write `Arena::<{O}>::with_objects()`, or `with_objects_and_policy(..)`",
    note = "or, for an arena of plain values alone, leave the type out: `Arena::new()`"
)]
pub trait NoObjects<O>: sealed::Sealed<O> {}

impl NoObjects<Infallible> for () {}

impl<O> Arena<O> {
    /// Makes an arena with CPython's blocks that owns no objects. Allocates nothing until used.
    ///
    /// CPython: Python/pyarena.c, `_PyArena_New`.
    ///
    /// # Examples
    /// ```
    /// use py_arena::{Arena, Stats};
    ///
    /// let arena = Arena::new();
    /// assert_eq!(arena.stats(), Stats::default());
    /// ```
    #[doc(alias = "_PyArena_New")]
    #[must_use]
    #[inline]
    pub const fn new() -> Arena<O>
    where
        (): NoObjects<O>,
    {
        Arena::with_objects()
    }

    /// Makes an arena with these blocks that owns no objects. Allocates nothing until used.
    ///
    /// # Panics
    /// If the policy cannot work: see [`BlockPolicy`].
    ///
    /// # Examples
    /// ```
    /// use py_arena::{Arena, BlockPolicy};
    ///
    /// let arena = Arena::with_policy(BlockPolicy::Fixed(256));
    /// arena.alloc([0_u64; 20]);
    /// arena.alloc([0_u64; 20]);
    /// assert_eq!(arena.stats().total_blocks, 2);
    /// ```
    #[must_use]
    #[inline]
    pub const fn with_policy(policy: BlockPolicy) -> Arena<O>
    where
        (): NoObjects<O>,
    {
        Arena::with_objects_and_policy(policy)
    }
}

impl<O> Arena<O> {
    /// Makes an arena with CPython's blocks that can own objects. Allocates nothing until used.
    ///
    /// # Examples
    /// ```
    /// use py_arena::Arena;
    /// use std::rc::Rc;
    ///
    /// let arena = Arena::with_objects();
    /// let shared = Rc::new(7);
    /// arena.add_object(Rc::clone(&shared));
    /// assert_eq!(Rc::strong_count(&shared), 2);
    /// arena.free();
    /// assert_eq!(Rc::strong_count(&shared), 1);
    /// ```
    #[must_use]
    #[inline]
    pub const fn with_objects() -> Arena<O> {
        Arena::with_objects_and_policy(BlockPolicy::Fixed(DEFAULT_BLOCK_SIZE))
    }

    /// Makes an arena with these blocks that can own objects. Allocates nothing until used.
    ///
    /// # Panics
    /// If the policy cannot work: see [`BlockPolicy`].
    ///
    /// # Examples
    /// ```
    /// use py_arena::{Arena, BlockPolicy};
    ///
    /// let arena = Arena::with_objects_and_policy(BlockPolicy::GROWING);
    /// assert_eq!(arena.add_object(String::from("kept")), "kept");
    /// ```
    #[must_use]
    #[inline]
    pub const fn with_objects_and_policy(policy: BlockPolicy) -> Arena<O> {
        Arena {
            objects: Objects::new(),
            bump: Bump::new(policy, None),
        }
    }

    /// Registers an object. The arena drops its objects when it is freed or reset: last in, first
    /// out. Objects do not change the offsets of [`malloc`](Arena::malloc).
    ///
    /// CPython: Python/pyarena.c, `_PyArena_AddPyObject`.
    ///
    /// # Panics
    /// If the memory for the record cannot be had; the object is dropped then.
    ///
    /// # Examples
    /// ```
    /// use py_arena::Arena;
    ///
    /// let arena = Arena::with_objects();
    /// let kept: &String = arena.add_object(String::from("name"));
    /// assert_eq!(kept, "name");
    /// ```
    #[doc(alias = "_PyArena_AddPyObject")]
    #[inline]
    // The compiler shows this line when an object is added to an arena that owns none.
    pub fn add_object(&self, object: O /* Infallible? Make it with_objects() */) -> &O {
        match self.objects.push(&self.bump, object) {
            Ok(object) => object,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`add_object`](Arena::add_object), but returns the object if there is no memory for the
    /// record. As with `_PyArena_AddPyObject`, the object then still belongs to the caller.
    ///
    /// # Errors
    /// [`AllocError`] with the object.
    ///
    /// # Examples
    /// ```
    /// use py_arena::Arena;
    ///
    /// let arena = Arena::with_objects();
    /// arena.set_limit(Some(0));
    /// let (_, object) = arena.try_add_object(String::from("mine")).unwrap_err();
    /// assert_eq!(object, "mine");
    /// ```
    #[inline]
    pub fn try_add_object(&self, object: O) -> Result<&O, (AllocError, O)> {
        self.objects.push(&self.bump, object)
    }

    /// The objects registered so far, in the order of registration. Walks the chunks once to count
    /// them.
    ///
    /// # Examples
    /// ```
    /// use py_arena::Arena;
    ///
    /// let arena = Arena::with_objects();
    /// for name in ["a", "b", "c"] {
    ///     arena.add_object(name.to_owned());
    /// }
    /// assert_eq!(arena.objects().len(), 3);
    /// assert_eq!(arena.objects().next().unwrap(), "a");
    /// ```
    pub fn objects(&self) -> Iter<'_, O> {
        self.objects.iter()
    }

    /// Drops the objects, last in first out, and empties the arena. It keeps its blocks, except for
    /// dedicated blocks of large requests.
    ///
    /// Under [`BlockPolicy::Fixed`] the arena then hands out the offsets that a new one would.
    ///
    /// # Panics
    /// If the destructor of an object panics; the others are dropped and the arena is emptied
    /// first.
    ///
    /// # Examples
    /// ```
    /// use py_arena::Arena;
    ///
    /// let mut arena = Arena::new();
    /// for round in 0..100 {
    ///     arena.alloc_slice_copy(&[round; 4000]);
    ///     arena.reset();
    /// }
    /// assert!(arena.allocated_bytes() < 20_000);
    /// ```
    pub fn reset(&mut self) {
        struct Rewind<'a>(&'a mut Bump);
        impl Drop for Rewind<'_> {
            fn drop(&mut self) {
                self.0.rewind();
            }
        }
        let rewind = Rewind(&mut self.bump);
        self.objects.clear();
        drop(rewind);
    }

    /// Drops the objects, last in first out, then frees the blocks. The same as dropping the arena.
    ///
    /// CPython: Python/pyarena.c, `_PyArena_Free`.
    ///
    /// # Panics
    /// If the destructor of an object panics; the others are dropped and the blocks freed first.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// arena.alloc(1);
    /// arena.free();
    /// ```
    #[doc(alias = "_PyArena_Free")]
    pub fn free(self) {
        drop(self);
    }

    /// CPython's debug counters. The call walks over the blocks. Objects do not count.
    ///
    /// Only [`malloc`](Arena::malloc) counts requests of size 0; the typed methods take no memory
    /// for them. What a live [`Claim`](crate::Claim) or a running scope serves is counted when it
    /// ends.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// arena.alloc_str("seven b");
    /// assert_eq!(arena.stats().total_size, 7);
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.bump.stats()
    }

    /// The policy by which blocks are sized.
    ///
    /// # Examples
    /// ```
    /// use py_arena::{Arena, BlockPolicy};
    ///
    /// assert_eq!(Arena::new().policy(), BlockPolicy::default());
    /// ```
    #[must_use]
    pub fn policy(&self) -> BlockPolicy {
        self.bump.policy
    }

    /// The bytes that the arena has from the allocator: blocks, their headers, and the chunks that
    /// hold objects. In a scope: those of the outermost arena.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.allocated_bytes(), 0);
    /// arena.alloc(1);
    /// assert!(arena.allocated_bytes() > py_arena::DEFAULT_BLOCK_SIZE);
    /// ```
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        self.bump.root().held.get()
    }

    /// Limits [`allocated_bytes`](Arena::allocated_bytes); `None` lifts the limit. A request that
    /// needs a block beyond the limit fails. Blocks that the arena has already are kept, and their
    /// room can be used up. A request that fits in the open block does not check the limit.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// arena.set_limit(Some(20_000));
    /// assert!(arena.try_alloc([0_u8; 8000]).is_ok());
    /// assert!(arena.try_alloc([0_u8; 8000]).is_ok());
    /// assert!(arena.try_alloc([0_u8; 8000]).is_err());
    /// ```
    pub fn set_limit(&self, bytes: Option<usize>) {
        self.bump.root().max_held.set(bytes.unwrap_or(usize::MAX));
    }

    /// The limit on [`allocated_bytes`](Arena::allocated_bytes), if there is one.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.limit(), None);
    /// arena.set_limit(Some(1 << 20));
    /// assert_eq!(arena.limit(), Some(1 << 20));
    /// ```
    #[must_use]
    pub fn limit(&self) -> Option<usize> {
        Some(self.bump.root().max_held.get()).filter(|&bytes| bytes != usize::MAX)
    }
}

impl<O> Drop for Arena<O> {
    #[inline]
    fn drop(&mut self) {
        // Before the blocks: a destructor may look into them.
        self.objects.end(&self.bump);
    }
}

impl<O> Default for Arena<O> {
    fn default() -> Arena<O> {
        Arena::with_objects()
    }
}

impl<O> fmt::Debug for Arena<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arena")
            .field("policy", &self.policy())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
