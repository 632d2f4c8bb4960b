//! The report for machines. `totals` is the same for every number of threads and every run under
//! one seed; the rest is measured.
//!
//! It is written here, since a library that also reads JSON would be a tenth of all that the demo
//! compiles; the tests read it by one.

use crate::Run;
use frontend::parts::Turns;
use py_hashsecret::HashSeed;
use std::fmt;

enum Json {
    Null,
    Count(u64),
    Seconds(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

fn object(members: impl IntoIterator<Item = (&'static str, Json)>) -> Json {
    Json::Object(members.into_iter().collect())
}

impl From<u64> for Json {
    fn from(n: u64) -> Json {
        Json::Count(n)
    }
}

impl From<u32> for Json {
    fn from(n: u32) -> Json {
        Json::Count(n.into())
    }
}

impl From<usize> for Json {
    fn from(n: usize) -> Json {
        Json::Count(n as u64)
    }
}

impl From<f64> for Json {
    fn from(seconds: f64) -> Json {
        Json::Seconds(seconds)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Json {
        Json::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Json {
        Json::Text(text)
    }
}

impl FromIterator<Json> for Json {
    fn from_iter<I: IntoIterator<Item = Json>>(items: I) -> Json {
        Json::List(items.into_iter().collect())
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.put(f, 0)
    }
}

impl Json {
    /// Writes it, with its members `depth` steps further in than its own line.
    fn put(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        match self {
            Json::Null => f.write_str("null"),
            Json::Count(n) => write!(f, "{n}"),
            // A time is finite, and JSON has no other numbers.
            Json::Seconds(s) => write!(f, "{s:?}"),
            Json::Text(text) => put_text(f, text),
            Json::List(items) => put_all(f, depth, ('[', ']'), items, |f, item| {
                item.put(f, depth + 1)
            }),
            Json::Object(members) => put_all(f, depth, ('{', '}'), members, |f, (name, value)| {
                put_text(f, name)?;
                f.write_str(": ")?;
                value.put(f, depth + 1)
            }),
        }
    }
}

fn put_all<T>(
    f: &mut fmt::Formatter<'_>,
    depth: usize,
    (open, close): (char, char),
    items: &[T],
    put: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    if items.is_empty() {
        return write!(f, "{open}{close}");
    }
    let mut before = open;
    for item in items {
        write!(f, "{before}\n{:1$}", "", 2 * (depth + 1))?;
        put(f, item)?;
        before = ',';
    }
    write!(f, "\n{:1$}{close}", "", 2 * depth)
}

fn put_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            '\0'..='\x1f' => write!(f, "\\u{:04x}", u32::from(c))?,
            _ => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}

pub fn report(run: &Run) -> String {
    let python = run.python.as_ref().map_or(Json::Null, |p| {
        object([
            ("program", p.program.to_string_lossy().into_owned().into()),
            ("version", p.to_string().into()),
        ])
    });
    let seed = match run.seed {
        HashSeed::Fixed(seed) => seed.into(),
        HashSeed::Random => "random".into(),
    };
    let parts = [
        ("input", run.what.as_str().into()),
        ("python", python),
        ("seed", seed),
        ("totals", totals(run)),
        ("run", measured(run)),
        ("problems", problems(run)),
        ("notes", notes(run)),
    ];
    let verdict = verify(run).map(|verdict| ("verify", verdict));
    object(parts.into_iter().chain(verdict)).to_string()
}

fn totals(run: &Run) -> Json {
    let t = &run.totals;
    object([
        ("files", t.files.into()),
        ("refused", t.refused.into()),
        ("bytes", t.bytes.into()),
        ("lines", t.lines.into()),
        ("tokens", t.tokens.into()),
        ("nodes", t.nodes.into()),
        ("names", t.names.into()),
        ("distinct_names", t.distinct_names.into()),
        ("literals", t.literals.into()),
        ("distinct_literals", t.distinct_literals.into()),
        ("surrogate_literals", t.surrogates.into()),
        ("distinct_surrogate_literals", t.distinct_surrogates.into()),
        ("texts", t.texts.into()),
        ("arena_bytes", t.arena.bytes.into()),
        ("arena_block_bytes", t.arena.reserved.into()),
        ("arena_blocks", t.arena.blocks.into()),
        ("arena_objects", t.arena.objects.into()),
        ("tree_digest", format!("{:016x}", t.digest).into()),
        ("hash_sum", format!("{:016x}", t.hash_sum).into()),
        ("introduced_digest", format!("{:016x}", t.introduced).into()),
    ])
}

fn measured(run: &Run) -> Json {
    let done = &run.done;
    let turns = |t: &Turns| {
        object([
            ("taken", t.taken().into()),
            ("waited", t.waited().into()),
            ("handed_over", t.handed().into()),
        ])
    };
    let named = done.turns.named();
    let named = named.iter().map(|(name, lock)| (*name, turns(lock)));
    let locks = object([("queue", turns(&done.queue))].into_iter().chain(named));
    let cpu = object([
        ("read", done.phases.read.into()),
        ("parse", done.phases.parse.into()),
        ("land", done.phases.land.into()),
        ("walk", done.phases.walk.into()),
    ]);
    object([
        ("threads", done.threads.into()),
        ("wall_seconds", done.wall.as_secs_f64().into()),
        ("cpu_seconds", cpu),
        ("locks", locks),
        ("sleeps", run.sleeps.into()),
    ])
}

fn problems(run: &Run) -> Json {
    crate::report::problems(run)
        .into_iter()
        .map(|(path, problem)| object([("path", path.into()), ("problem", problem.into())]))
        .collect()
}

fn notes(run: &Run) -> Json {
    crate::report::notes(run)
        .into_iter()
        .map(Json::from)
        .collect()
}

fn verify(run: &Run) -> Option<Json> {
    let v = run.verdict.as_ref()?;
    let differences: Vec<_> = crate::report::differences(run)
        .into_iter()
        .map(|(path, difference)| {
            object([("path", path.into()), ("difference", difference.into())])
        })
        .collect();
    Some(object([
        ("files", v.files.into()),
        ("names", v.names.into()),
        ("literals", v.literals.into()),
        ("equal_name_hashes", v.name_hashes.into()),
        ("equal_literal_hashes", v.literal_hashes.into()),
        ("equal_surrogate_hashes", v.surrogate_hashes.into()),
        ("differences", Json::List(differences)),
    ]))
}
