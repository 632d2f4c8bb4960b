//! The open-addressing table against std's.

use frontend::probe::Probe;
use proptest::prelude::*;
use std::collections::HashMap;

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    /// Few distinct hashes, so that they collide; the keys are told apart by `is` alone.
    #[test]
    fn finds_what_was_inserted_and_nothing_else(
        keys in prop::collection::vec(0_u16..500, 0..600),
        room in 0_usize..200,
        spread in 0_u32..60,
    ) {
        let hash = |key: u16| (key as isize % 37).rotate_left(spread);
        let mut probe = Probe::with_room(room);
        let mut model = HashMap::new();
        for key in keys {
            let found = probe.find(hash(key), |(k, _)| *k == key).copied();
            prop_assert_eq!(found, model.get(&key).map(|v| (key, *v)));
            if found.is_none() {
                let value = model.len();
                probe.insert(hash(key), (key, value));
                model.insert(key, value);
            }
        }
        let mut all: Vec<_> = probe.iter().copied().collect();
        all.sort_unstable();
        let mut expected: Vec<_> = model.into_iter().collect();
        expected.sort_unstable();
        prop_assert_eq!(all, expected);
    }
}
