//! `--verify`: several Pythons at once, each with a share of the files.

use frontend::answer::{self, Answer, SecretFor};
use frontend::engine::Done;
use frontend::ours::Ours;
use frontend::python::Python;
use frontend::symbols::Use;
use frontend::verify::{self, Verdict};
use py_hashsecret::{HashSecret, HashSeed};
use std::path::Path;

/// More Pythons than this do not pay: each has to start, and hashes what the others hash too.
const MOST_PYTHONS: usize = 8;

pub fn verify(
    python: &Python,
    seed: HashSeed,
    secret: &HashSecret,
    done: &Done,
) -> Result<Verdict, String> {
    let secret = match seed {
        HashSeed::Fixed(seed) => SecretFor::Seed(seed),
        HashSeed::Random => SecretFor::Bytes(*secret.as_bytes()),
    };
    let ours: Vec<(u32, &[Use<Ours>])> = done
        .results
        .iter()
        .zip(0..)
        .filter_map(|(result, number)| Some((number, &*result.as_ref().ok()?.landed.uses)))
        .collect();
    let file = |number: u32| &done.files[number as usize];
    let files: Vec<(u32, &Path, u64)> = ours
        .iter()
        .map(|(number, _)| (*number, &*file(*number).path, file(*number).size))
        .collect();
    let pythons = std::thread::available_parallelism().map_or(1, usize::from);
    let shares = answer::shares(&files, pythons.min(MOST_PYTHONS));
    let answers: Result<Vec<Answer>, String> = std::thread::scope(|scope| {
        let secret = &secret;
        let asking: Vec<_> = shares
            .iter()
            .map(|share| scope.spawn(move || answer::ask(python, secret, share)))
            .collect();
        let joined = asking
            .into_iter()
            .map(|a| a.join().expect("asking does not panic"));
        joined.collect()
    });
    let answers = answers.map_err(|why| format!("frontend: --verify: {why}"))?;
    Ok(verify::compare(&ours, &answers))
}
