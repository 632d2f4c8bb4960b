//! Texts: names and string literals, as the parser gives them and as the table keeps them.

/// A text as the parser gives it.
#[derive(Clone, Copy, Debug)]
pub enum Text<'t> {
    /// Nearly all.
    Utf8(&'t str),
    /// A literal with a lone surrogate, which no `str` of Rust's can hold.
    Surrogates {
        /// Its code points.
        points: &'t [u32],
        /// The same, as Python's `encode("utf-8", "surrogatepass")` writes them.
        bytes: &'t [u8],
    },
}

impl<'t> Text<'t> {
    /// Its bytes, as Python's `encode("utf-8", "surrogatepass")` writes them.
    #[must_use]
    pub fn bytes(self) -> &'t [u8] {
        match self {
            Text::Utf8(text) => text.as_bytes(),
            Text::Surrogates { bytes, .. } => bytes,
        }
    }
}

/// Names up to this length lie in their entry; 99 in 100 do.
const INLINE: usize = 22;

/// A text as the table keeps it: one cache line less to fetch for all but the long ones.
#[derive(Debug)]
pub enum Stored {
    /// In place.
    Inline(u8, [u8; INLINE]),
    /// On the heap.
    Heap(Box<[u8]>),
}

impl Stored {
    /// Keeps a copy.
    #[must_use]
    pub fn new(text: &[u8]) -> Stored {
        let mut bytes = [0; INLINE];
        match bytes.get_mut(..text.len()) {
            None => Stored::Heap(text.into()),
            Some(room) => {
                room.copy_from_slice(text);
                Stored::Inline(text.len() as u8, bytes)
            }
        }
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Stored::Inline(len, bytes) => &bytes[..usize::from(*len)],
            Stored::Heap(bytes) => bytes,
        }
    }
}
