//! What we found beside what a real Python found: the names, the string literals, how often each is
//! in each file, and the `hash()` of every one of them under the same secret.

use crate::backend::Ours;
use crate::engine::{Done, largest_first};
use crate::oracle::{Answer, SecretFor, ask};
use crate::python::Python;
use crate::symbols::Use;
use crate::text::Times;
use std::collections::HashMap;
use std::thread;

/// From this minor version on `tokenize` goes into f-strings, as our parser does.
pub const OLDEST: u8 = 12;
/// More Pythons than this do not pay: each has to start, and hashes what the others hash too.
const MOST_PYTHONS: usize = 8;

/// What was compared, and what both have.
#[derive(Debug, Default)]
pub struct Verdict {
    pub files: u64,
    pub names: u64,
    pub literals: u64,
    /// Distinct names whose hashes are equal.
    pub name_hashes: u64,
    /// Distinct literals without a lone surrogate whose hashes are equal.
    pub literal_hashes: u64,
    /// Distinct literals with one, likewise.
    pub surrogate_hashes: u64,
    /// What is not the same, in words, with the file's number.
    pub differences: Vec<(u32, String)>,
}

/// Asks several Pythons at once, each about a share of the files, and compares.
pub fn verify(python: &Python, secret: SecretFor, done: &Done) -> Result<Verdict, String> {
    let mut ours: HashMap<u32, &[Use<Ours>]> = HashMap::new();
    let mut files = Vec::new();
    for number in largest_first(&done.files) {
        if let Ok(report) = &done.results[number as usize] {
            ours.insert(number, &report.uses);
            files.push((number, &*done.files[number as usize].path));
        }
    }
    let pythons = thread::available_parallelism().map_or(1, usize::from);
    let pythons = pythons.min(MOST_PYTHONS).min(files.len()).max(1);
    // The files are dealt out by size.
    let share = |first| files.iter().skip(first).step_by(pythons).copied();
    let answers: Result<Vec<Answer>, String> = thread::scope(|scope| {
        let start = |first| scope.spawn(move || ask(python, secret, share(first)));
        let asking: Vec<_> = (0..pythons).map(start).collect();
        let join = |asked: thread::ScopedJoinHandle<'_, _>| asked.join().expect("nothing panics");
        asking.into_iter().map(join).collect()
    });
    Ok(compare(&ours, &answers?))
}

/// What was seen of one text in all files.
#[derive(Default)]
struct Seen {
    named: bool,
    literal: bool,
    surrogates: bool,
    /// Whether its hash is the same.
    equal: bool,
}

fn compare(ours: &HashMap<u32, &[Use<Ours>]>, answers: &[Answer]) -> Verdict {
    let mut verdict = Verdict::default();
    let mut seen = HashMap::new();
    for answer in answers {
        for (&number, theirs) in &answer.files {
            let differences = match theirs {
                Err(why) => vec![format!("this Python cannot tokenize it: {why}")],
                Ok(theirs) => {
                    verdict.files += 1;
                    verdict.compare_file(&mut seen, ours[&number], answer, theirs)
                }
            };
            let differences = differences.into_iter().map(|d| (number, d));
            verdict.differences.extend(differences);
        }
    }
    verdict.differences.sort_by_key(|(number, _)| *number);
    for text in seen.values().filter(|text| text.equal) {
        verdict.name_hashes += u64::from(text.named);
        verdict.literal_hashes += u64::from(text.literal && !text.surrogates);
        verdict.surrogate_hashes += u64::from(text.literal && text.surrogates);
    }
    verdict
}

impl Verdict {
    /// What is not the same in one file.
    fn compare_file<'u>(
        &mut self,
        seen: &mut HashMap<&'u [u8], Seen>,
        ours: &'u [Use<Ours>],
        answer: &Answer,
        theirs: &HashMap<u32, Times>,
    ) -> Vec<String> {
        let text = |(text, times): (&u32, &Times)| {
            let (hash, text) = &answer.texts[*text as usize];
            (text.as_slice(), (*hash, *times))
        };
        let mut theirs: HashMap<&[u8], (i64, Times)> = theirs.iter().map(text).collect();
        let mut differences = Vec::new();
        for one in ours {
            let text = one.entry.text();
            let (there_hash, there) = theirs.remove(text).unwrap_or_default();
            if one.times != there {
                differences.push(other_times(text, one.times, there));
                continue;
            }
            self.names += there.names;
            self.literals += there.literals;
            let hash = one.entry.hash() as i64;
            let seen = seen.entry(text).or_insert_with(|| {
                if hash != there_hash {
                    let shown = shown(text);
                    let said = format!("hash of {shown}: {hash} here, {there_hash} in Python");
                    differences.push(said);
                }
                Seen {
                    equal: hash == there_hash,
                    surrogates: one.entry.has_surrogates(),
                    ..Seen::default()
                }
            });
            seen.named |= there.names > 0;
            seen.literal |= there.literals > 0;
        }
        let missed = theirs.into_iter();
        let missed = missed.map(|(text, (_, there))| other_times(text, Times::default(), there));
        differences.extend(missed);
        differences
    }
}

/// How often a text is here and there, where that is not the same.
fn other_times(text: &[u8], here: Times, there: Times) -> String {
    let kinds = [
        ("name", here.names, there.names),
        ("literal", here.literals, there.literals),
    ];
    let text = shown(text);
    let different = kinds.into_iter().filter(|(_, here, there)| here != there);
    let said = different.map(|(kind, here, there)| {
        format!("{kind} {text}: {here} times here, {there} times in Python")
    });
    said.collect::<Vec<_>>().join("; ")
}

/// A text as a line shows it.
fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let short: String = text.chars().take(60).collect();
    format!("{short:?}") + if short.len() < text.len() { "..." } else { "" }
}
