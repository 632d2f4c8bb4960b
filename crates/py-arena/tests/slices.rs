//! Strings and slices arrive whole, whatever their length.

use py_arena::{Arena, BlockPolicy};
use rstest::rstest;

#[test]
fn strings_of_every_length_are_copied_whole() {
    let text: String = ('a'..='z').cycle().take(300).collect();
    for policy in [
        BlockPolicy::default(),
        BlockPolicy::Fixed(8),
        BlockPolicy::GROWING,
    ] {
        let arena = Arena::with_policy(policy);
        let copies: Vec<_> = (0..text.len())
            .map(|n| arena.alloc_str(&text[..n]))
            .collect();
        for (n, copy) in copies.iter().enumerate() {
            assert_eq!(**copy, text[..n]);
        }
        let claim = arena.claim();
        for n in 0..text.len() {
            assert_eq!(claim.alloc_str(&text[n..]), &text[n..]);
        }
    }
}

#[test]
fn slices_keep_padding_pointers_and_elements() {
    let arena = Arena::new();
    let pairs: Vec<(u8, u32, &str)> = (0..40).map(|n| (n, u32::from(n) << 20, "text")).collect();
    for n in 0..pairs.len() {
        assert_eq!(arena.alloc_slice_copy(&pairs[..n]), &pairs[..n]);
        assert_eq!(arena.alloc_slice_clone(&pairs[n..]), &pairs[n..]);
    }
    #[derive(Clone, Copy, Debug, PartialEq)]
    #[repr(align(32))]
    struct Wide(u8);
    let wide = arena.alloc_slice_copy(&[Wide(1), Wide(2)]);
    assert_eq!(wide, [Wide(1), Wide(2)]);
    assert_eq!(wide.as_ptr().addr() % 32, 0);
}

#[rstest]
fn iterators_of_any_length_and_hint_are_collected(
    #[values(0, 1, 3, 4, 5, 100, 3000)] n: usize,
    #[values(0, 1, 3)] between: usize,
) {
    let n = if cfg!(miri) { n.min(100) } else { n };
    for policy in [
        BlockPolicy::default(),
        BlockPolicy::Fixed(64),
        BlockPolicy::GROWING,
    ] {
        let arena = Arena::with_policy(policy);
        let noise = |i: &usize| {
            if between > 0 && i % between == 0 {
                arena.alloc(*i as u8);
            }
        };
        let before = arena.stats();
        let exact = arena.alloc_slice_from_iter((0..n).inspect(noise));
        let unknown = arena.alloc_slice_from_iter((0..2 * n).filter(|i| i % 2 == 0).inspect(noise));
        assert!(exact.iter().copied().eq(0..n));
        assert!(unknown.iter().copied().eq((0..n).map(|i| 2 * i)));
        if between == 0 {
            let after = arena.stats();
            assert_eq!(
                after.total_size - before.total_size,
                2 * n * size_of::<usize>()
            );
            assert_eq!(
                after.total_allocs - before.total_allocs,
                2 * usize::from(n > 0)
            );
        }
    }
}

#[test]
fn a_hint_that_promises_too_much_is_no_harm() {
    struct Liar(u8);
    impl Iterator for Liar {
        type Item = u8;
        fn next(&mut self) -> Option<u8> {
            self.0 = self.0.checked_sub(1)?;
            Some(self.0)
        }
        fn size_hint(&self) -> (usize, Option<usize>) {
            (5000, Some(1))
        }
    }
    let arena = Arena::new();
    assert_eq!(arena.alloc_slice_from_iter(Liar(3)), [2, 1, 0]);
    assert_eq!(arena.stats().total_size, 3);
    let after = arena.malloc(0).unwrap().addr();
    assert_eq!(after, arena.malloc(1).unwrap().addr());
}

#[test]
fn iterators_of_small_elements_count_what_they_gave() {
    let arena = Arena::new();
    let bytes = arena.alloc_slice_from_iter((0..1001_u32).filter(|_| true).map(|n| n as u8));
    assert_eq!(bytes.len(), 1001);
    assert_eq!(arena.stats().total_size, 1001);
    assert_eq!(arena.stats().total_allocs, 1);
}
