//! [`ArenaString`]: a growable string in an arena; and `format!` into one.

use crate::arena::Arena;
use crate::vec::ArenaVec;
use core::fmt;
use core::ops::Deref;

/// A growable string in an arena. Needs no drop, so it may lie in a node.
///
/// # Examples
/// ```
/// use py_arena::{Arena, ArenaString};
/// use std::fmt::Write;
///
/// let arena = Arena::new();
/// let mut text = ArenaString::new_in(&arena);
/// text.push_str("spam");
/// write!(text, " and {}", "eggs").unwrap();
/// text.push('!');
/// let kept: &mut str = text.into_str();
/// assert_eq!(kept, "spam and eggs!");
/// ```
pub struct ArenaString<'a> {
    /// Valid UTF-8.
    bytes: ArenaVec<'a, u8>,
}

impl<'a> ArenaString<'a> {
    /// An empty string. Takes no memory until something is pushed.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(&*py_arena::ArenaString::new_in(&arena), "");
    /// ```
    #[must_use]
    pub fn new_in<O>(arena: &'a Arena<O>) -> ArenaString<'a> {
        ArenaString {
            bytes: ArenaVec::new_in(arena),
        }
    }

    /// An empty string with room for this many bytes.
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let text = py_arena::ArenaString::with_capacity_in(80, &arena);
    /// assert!(text.is_empty());
    /// ```
    #[must_use]
    pub fn with_capacity_in<O>(capacity: usize, arena: &'a Arena<O>) -> ArenaString<'a> {
        ArenaString {
            bytes: ArenaVec::with_capacity_in(capacity, arena),
        }
    }

    /// Adds text at the end.
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let mut text = py_arena::format!(in &arena, "a");
    /// text.push_str("bc");
    /// assert_eq!(&*text, "abc");
    /// ```
    pub fn push_str(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// Adds a character at the end.
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let mut text = py_arena::format!(in &arena, "a");
    /// text.push('\u{e9}');
    /// assert_eq!(&*text, "a\u{e9}");
    /// ```
    pub fn push(&mut self, c: char) {
        self.push_str(c.encode_utf8(&mut [0; 4]));
    }

    /// Takes the last character off.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let mut text = py_arena::format!(in &arena, "a\u{e9}");
    /// assert_eq!((text.pop(), text.pop(), text.pop()), (Some('\u{e9}'), Some('a'), None));
    /// ```
    pub fn pop(&mut self) -> Option<char> {
        let last = self.chars().next_back()?;
        self.bytes.truncate(self.bytes.len() - last.len_utf8());
        Some(last)
    }

    /// Empties it; the room stays.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let mut text = py_arena::format!(in &arena, "a");
    /// text.clear();
    /// assert!(text.is_empty());
    /// ```
    pub fn clear(&mut self) {
        self.bytes.truncate(0);
    }

    /// The text, for as long as the arena is borrowed.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let text: &str = py_arena::format!(in &arena, "{}", 7).into_str();
    /// assert_eq!(text, "7");
    /// ```
    #[doc(alias = "into_bump_str")]
    #[must_use]
    pub fn into_str(self) -> &'a mut str {
        // SAFETY: the bytes are valid UTF-8, because only whole characters are added and taken off.
        unsafe { core::str::from_utf8_unchecked_mut(self.bytes.into_slice()) }
    }
}

impl Deref for ArenaString<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        // SAFETY: the bytes are valid UTF-8, because only whole characters are added and taken off.
        unsafe { core::str::from_utf8_unchecked(&self.bytes) }
    }
}

impl fmt::Write for ArenaString<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text);
        Ok(())
    }
}

impl fmt::Debug for ArenaString<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl fmt::Display for ArenaString<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl<O> Arena<O> {
    /// Formats into the arena. [`format!`](crate::format) calls it with `format_args!`.
    ///
    /// # Panics
    /// If the memory cannot be had, or if a `Display` implementation returns an error.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(&*arena.alloc_fmt(format_args!("{:>3}", 7)), "  7");
    /// ```
    pub fn alloc_fmt(&self, text: fmt::Arguments<'_>) -> ArenaString<'_> {
        let mut string = ArenaString::new_in(self);
        match fmt::write(&mut string, text) {
            Ok(()) => string,
            Err(_) => panic!("a Display implementation returned an error"),
        }
    }
}

/// `format!` into an arena: `format!(in &arena, "{} and {}", a, b)` is an
/// [`ArenaString`].
///
/// # Examples
/// ```
/// let arena = py_arena::Arena::new();
/// let text = py_arena::format!(in &arena, "{} and {}", "spam", 7);
/// assert_eq!(&*text, "spam and 7");
/// ```
#[macro_export]
macro_rules! format {
    (in $arena:expr, $($text:tt)*) => {
        $crate::Arena::alloc_fmt($arena, ::core::format_args!($($text)*))
    };
}
