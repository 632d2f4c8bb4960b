//! Writes the public API of a crate, an item a line: `api-listing DEFAULT.json ALL.json OUT`.
//!
//! The files are rustdoc's JSON of the crate with its default features and with all. First comes the
//! API with the default features, then what the others add. It is an error if they take something
//! away: features are additive.
//!
//! A program of its own, so that the other tasks are built without what reads that JSON. It ends
//! with status 3 if it does not know the JSON's format.

use std::collections::BTreeSet;
use std::process::ExitCode;

/// What no user can name: traits that only the standard library may use.
const NO_USERS: [&str; 3] = [
    "core::marker::Freeze for ",
    "core::marker::UnsafeUnpin for ",
    "core::marker::StructuralPartialEq for ",
];

/// Why there is no listing.
enum Failure {
    /// The JSON has another format than ours.
    Format(String),
    /// Anything else.
    Other(String),
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [default, all, out] = &args[..] else {
        eprintln!("usage: api-listing DEFAULT.json ALL.json OUT");
        return ExitCode::from(2);
    };
    let listing = items(default).and_then(|default| listing(&default, &items(all)?));
    let write = |text| std::fs::write(out, text).map_err(|e| Failure::Other(format!("{out}: {e}")));
    match listing.and_then(write) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Format(why)) => {
            eprintln!("{why}");
            ExitCode::from(3)
        }
        Err(Failure::Other(why)) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// The items of the crate, a line each.
fn items(path: &str) -> Result<Vec<String>, Failure> {
    let other = |why: &dyn std::fmt::Display| Failure::Other(format!("{path}: {why}"));
    let text = std::fs::read_to_string(path).map_err(|e| other(&e))?;
    known_format(&text).map_err(|why| Failure::Format(format!("{path}: {why}")))?;
    let api = public_api::Builder::from_rustdoc_json(path)
        .omit_blanket_impls(true)
        .build()
        .map_err(|e| other(&e))?;
    Ok(usable(api.items().map(ToString::to_string)))
}

/// Whether this is the format that we read, which the last member of the JSON tells.
fn known_format(json: &str) -> Result<(), String> {
    const KEY: &str = "\"format_version\":";
    let told = json.rsplit_once(KEY).map(|(_, rest)| rest);
    let told = told.map(|rest| rest.trim_end().trim_end_matches('}').trim());
    let known = rustdoc_types::FORMAT_VERSION;
    match told.and_then(|t| t.parse::<u32>().ok()) {
        Some(format) if format == known => Ok(()),
        Some(format) => Err(format!(
            "rustdoc's JSON has format {format}, and {known} is read"
        )),
        None => Err("no JSON of rustdoc's: it tells no format_version".to_owned()),
    }
}

/// Each line once, without what no user can name. An `impl` block that is parted says nothing new.
fn usable(items: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    items
        .filter(|line| !NO_USERS.iter().any(|word| line.contains(word)))
        .filter(|line| seen.insert(line.clone()))
        .collect()
}

/// Both parts of the listing.
fn listing(default: &[String], all: &[String]) -> Result<String, Failure> {
    let (before, after): (BTreeSet<_>, BTreeSet<_>) =
        (default.iter().collect(), all.iter().collect());
    let gone: Vec<&str> = before.difference(&after).map(|l| l.as_str()).collect();
    if !gone.is_empty() {
        let why = format!(
            "features are additive, but all of them take away:\n{}",
            gone.join("\n")
        );
        return Err(Failure::Other(why));
    }
    let mut text = "## default features\n".to_owned();
    for line in default {
        text += &format!("{line}\n");
    }
    text.push_str("\n## what the other features add\n");
    for line in all.iter().filter(|l| !before.contains(l)) {
        text += &format!("{line}\n");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{Failure, known_format, listing, usable};

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_second_part_holds_what_the_features_add() {
        let text = listing(
            &lines("pub mod a\npub fn a::b()"),
            &lines("pub mod a\npub fn a::c()\npub fn a::b()"),
        );
        let expected = "## default features\npub mod a\npub fn a::b()\n\n## what the other features add\npub fn a::c()\n";
        assert!(text.is_ok_and(|t| t == expected));
    }

    #[test]
    fn a_feature_takes_nothing_away() {
        let told = listing(&lines("pub fn a::b()"), &lines("pub fn a::b(u8)"));
        assert!(matches!(told, Err(Failure::Other(why)) if why.contains("pub fn a::b()")));
    }

    #[test]
    fn traits_without_users_and_parted_impls_say_nothing() {
        let items = lines(
            "impl a::B\nimpl !core::marker::Freeze for a::B\nimpl core::marker::Send for a::B\nimpl a::B",
        );
        assert_eq!(
            usable(items.into_iter()),
            ["impl a::B", "impl core::marker::Send for a::B"]
        );
    }

    #[test]
    fn another_format_is_told() {
        let known = format!(
            "{{\"root\":1,\"format_version\":{}}}\n",
            rustdoc_types::FORMAT_VERSION
        );
        assert_eq!(known_format(&known), Ok(()));
        let why = known_format("{\"format_version\":7}").unwrap_err();
        assert!(why.contains("format 7"), "{why}");
        assert!(known_format("{}").is_err());
    }
}
