//! The heap of a small interpreter: values that need drop and values that do not, references
//! between them, accounting by type, iteration over all values, temporary memory for one call, and
//! a limit for a runaway program.
//!
//! Run: `cargo run -p py-arena --example heap`

use py_arena::{AllocError, Arena, BlockPolicy, Owned};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// A value of the little language. It borrows from the heap, so copying one is copying a pointer.
#[derive(Clone, Copy)]
enum Value<'h> {
    Int(i64),
    Text(&'h str),
    Pair(&'h (Value<'h>, Value<'h>)),
    /// Lists and files own memory outside of the heap, and are dropped with it.
    List(&'h List),
    File(&'h File),
}

/// Numbers that the program appends to: a `Vec` needs drop.
#[derive(Default)]
struct List(RefCell<Vec<i64>>);

/// A resource: its destructor must run.
struct File {
    name: String,
    open_files: &'static Cell<u32>,
}

impl Drop for File {
    fn drop(&mut self) {
        self.open_files.set(self.open_files.get() - 1);
    }
}

/// Plain values are in `plain` and cost nothing to free. Values that need drop are in `dropped`.
struct Heap {
    plain: Arena,
    dropped: Arena<Owned>,
    open_files: &'static Cell<u32>,
}

impl Heap {
    fn new(limit: usize) -> Heap {
        let heap = Heap {
            plain: Arena::with_policy(BlockPolicy::GROWING),
            dropped: Arena::with_objects_and_policy(BlockPolicy::GROWING),
            open_files: Box::leak(Box::new(Cell::new(0))),
        };
        heap.plain.set_limit(Some(limit));
        heap.dropped.set_limit(Some(limit));
        heap
    }

    fn text(&self, text: &str) -> Result<Value<'_>, AllocError> {
        Ok(Value::Text(self.plain.try_alloc_str(text)?))
    }

    fn pair<'h>(&'h self, a: Value<'h>, b: Value<'h>) -> Result<Value<'h>, AllocError> {
        Ok(Value::Pair(self.plain.try_alloc((a, b))?))
    }

    fn list(&self) -> Result<Value<'_>, AllocError> {
        let list = self.dropped.try_alloc_object(List::default());
        Ok(Value::List(list.map_err(|(error, _)| error)?))
    }

    fn file(&self, name: &str) -> Result<Value<'_>, AllocError> {
        self.open_files.set(self.open_files.get() + 1);
        let file = File {
            name: name.to_owned(),
            open_files: self.open_files,
        };
        // Where there is no memory, the file comes back, and is closed here.
        let file = self
            .dropped
            .try_alloc_object(file)
            .map_err(|(error, _)| error)?;
        Ok(Value::File(file))
    }

    /// Values that need drop, by type: how many, and their bytes with what they own.
    fn census(&self) -> BTreeMap<&'static str, (usize, usize)> {
        let mut census = BTreeMap::new();
        for object in self.dropped.objects() {
            let object: &dyn Any = &**object;
            let owned = if let Some(list) = object.downcast_ref::<List>() {
                ("list", list.0.borrow().capacity() * 8)
            } else if let Some(file) = object.downcast_ref::<File>() {
                ("file", file.name.capacity())
            } else {
                ("other", 0)
            };
            let entry: &mut (usize, usize) = census.entry(owned.0).or_default();
            *entry = (entry.0 + 1, entry.1 + size_of_val(object) + owned.1);
        }
        census
    }
}

/// What `print` of the little language does. The text is built in a scope of the heap, so that it
/// is gone when the call returns.
fn show(heap: &Heap, value: Value<'_>) -> String {
    fn pieces<'t>(memory: &'t Arena, value: Value<'t>, out: &mut Vec<&'t str>) {
        match value {
            Value::Int(n) => out.push(memory.alloc_str(&n.to_string())),
            Value::Text(text) => out.extend(["'", text, "'"]),
            Value::Pair((a, b)) => {
                out.push("(");
                pieces(memory, *a, out);
                out.push(" . ");
                pieces(memory, *b, out);
                out.push(")");
            }
            Value::List(list) => {
                let text = format!("{:?}", list.0.borrow());
                out.push(memory.alloc_str(&text));
            }
            Value::File(file) => out.extend(["<file ", &file.name, ">"]),
        }
    }
    heap.plain.scope(|memory| {
        let mut out = Vec::new();
        pieces(memory, value, &mut out);
        out.concat()
    })
}

/// A program of the little language.
fn program(heap: &Heap) -> Result<(), AllocError> {
    let squares = heap.list()?;
    if let Value::List(list) = squares {
        list.0.borrow_mut().extend((1..=5).map(|n| n * n));
    }
    let mut chain = Value::Int(0);
    for n in 1..=3 {
        chain = heap.pair(Value::Int(n), chain)?;
    }
    let named = heap.pair(heap.text("squares")?, squares)?;
    let opened = heap.pair(heap.file("spam.txt")?, heap.file("eggs.txt")?)?;
    for value in [chain, named, opened] {
        println!("  {}", show(heap, value));
    }
    Ok(())
}

fn main() {
    let heap = Heap::new(1 << 20);
    println!("values:");
    program(&heap).expect("a megabyte is enough for these");

    println!("\nvalues that need drop, by type (count, bytes):");
    for (kind, (count, bytes)) in heap.census() {
        println!("  {kind:<6} {count:>3} {bytes:>6}");
    }
    for (name, stats) in [
        ("plain", heap.plain.stats()),
        ("dropped", heap.dropped.stats()),
    ] {
        println!(
            "  {name:<8} {:>4} allocations, {:>5} bytes asked for, {} blocks of {} bytes",
            stats.total_allocs, stats.total_size, stats.total_blocks, stats.total_block_size
        );
    }

    let mut kept = 0_u32;
    let error = loop {
        match heap.list().and_then(|list| heap.pair(list, Value::Int(0))) {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
    };
    println!("\na program without end: {kept} more lists, then: {error}");

    let open_files = heap.open_files;
    println!("open files before the heap ends: {}", open_files.get());
    drop(heap);
    println!("open files after: {}", open_files.get());
    assert_eq!(open_files.get(), 0);
}
