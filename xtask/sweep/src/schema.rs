//! The schema of a file: all its changes in one text, of which the environment chooses one at run time.
//!
//! So thousands of changes cost one build. Without a choice the schema does what the file does. It
//! stands in a copy of the tree only.

use crate::sites::{Form, Site};
use std::ops::Range;

/// Names the change that is made, by its number.
pub const VARIABLE: &str = "SWEEP_CHANGE";

/// The module that a crate of the copy gets.
pub const SWITCH: &str = r#"
#[doc(hidden)]
pub(crate) mod sweep_switch {
    use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
    const UNKNOWN: u32 = u32::MAX;
    static CHOSEN: AtomicU32 = AtomicU32::new(UNKNOWN);

    #[inline]
    pub(crate) fn on(n: u32) -> bool {
        match CHOSEN.load(Relaxed) {
            UNKNOWN => ask() == n,
            chosen => chosen == n,
        }
    }

    #[cold]
    fn ask() -> u32 {
        // Before the question: it allocates, and the allocator may be on our locks.
        CHOSEN.store(0, Relaxed);
        let word = std::env::var("SWEEP_CHANGE").unwrap_or_default();
        let chosen = word.parse().unwrap_or(0);
        CHOSEN.store(chosen, Relaxed);
        chosen
    }
}
"#;

/// Where changes stand in a schema, so that an error of the compiler leads to its change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub range: Range<usize>,
    pub changes: Vec<u32>,
}

pub struct Schema {
    pub text: String,
    pub places: Vec<Place>,
}

struct Writer<'a> {
    source: &'a str,
    /// The sites, outer ones first, each with the numbers of its changes; 0 for one that is left out.
    sites: &'a [(&'a Site, Vec<u32>)],
    out: String,
    places: Vec<Place>,
}

/// Writes the schema of a file. A number of 0 leaves a change out.
pub fn write(source: &str, sites: &[(&Site, Vec<u32>)]) -> Schema {
    let mut writer = Writer {
        source,
        sites,
        out: String::new(),
        places: Vec::new(),
    };
    let mut next = 0;
    writer.region(0..source.len(), &mut next);
    assert_eq!(next, sites.len(), "every site lies in the file");
    Schema {
        text: writer.out,
        places: writer.places,
    }
}

impl Writer<'_> {
    /// Writes a range with the sites in it, of which `next` is the first.
    fn region(&mut self, range: Range<usize>, next: &mut usize) {
        let mut at = range.start;
        while let Some((site, numbers)) = self.sites.get(*next) {
            if site.range.end > range.end || site.range.start >= range.end {
                break;
            }
            assert!(site.range.start >= at, "sites lie in one another: {site:?}");
            *next += 1;
            self.out.push_str(&self.source[at..site.range.start]);
            self.site(site, numbers, next);
            at = site.range.end;
        }
        self.out.push_str(&self.source[at..range.end]);
    }

    fn site(&mut self, site: &Site, numbers: &[u32], next: &mut usize) {
        let start = self.out.len();
        let mut live: Vec<(u32, &str)> = Vec::new();
        for (&n, change) in numbers.iter().zip(&site.changes) {
            if n != 0 {
                live.push((n, &change.to));
            }
        }
        if live.is_empty() {
            return self.region(site.range.clone(), next);
        }
        match site.form {
            Form::Value => self.value(site, &live, next),
            Form::Condition => self.condition(site, &live, next),
            Form::Exchange => self.exchange(site, &live, next),
            Form::Skip => {
                self.out.push_str(&format!("if !{} {{ ", on(live[0].0)));
                self.region(site.range.clone(), next);
                self.out.push_str(" }");
            }
            Form::Return => {
                for (n, value) in &live {
                    self.out
                        .push_str(&format!(" if {} {{ return {value}; }}", on(*n)));
                }
            }
            Form::Arm => self.out.push_str(&format!(" if !{}", on(live[0].0))),
            Form::Let => self.out.push_str(&format!("!{} && ", on(live[0].0))),
        }
        let changes = live.iter().map(|(n, _)| *n).collect();
        let range = start..self.out.len();
        self.places.push(Place { range, changes });
    }

    fn value(&mut self, site: &Site, live: &[(u32, &str)], next: &mut usize) {
        self.out.push('(');
        self.alternatives(live);
        self.region(site.range.clone(), next);
        self.out.push_str(" })");
    }

    /// `if on(1) { .. } else if on(2) { .. } else {`
    fn alternatives(&mut self, live: &[(u32, &str)]) {
        for (n, to) in live {
            self.out.push_str(&format!("if {} {{ ", on(*n)));
            let start = self.out.len();
            self.out.push_str(to);
            let range = start..self.out.len();
            let changes = vec![*n];
            self.places.push(Place { range, changes });
            self.out.push_str(" } else ");
        }
        self.out.push_str("{ ");
    }

    fn condition(&mut self, site: &Site, live: &[(u32, &str)], next: &mut usize) {
        let of = |to: &str| live.iter().find(|(_, t)| *t == to).map(|(n, _)| on(*n));
        let mut head = String::from("(");
        if let Some(on) = of("true") {
            head.push_str(&format!("{on} || "));
        }
        if let Some(on) = of("false") {
            head.push_str(&format!("!{on} && "));
        }
        if let Some(on) = of("!") {
            head.push_str(&format!("{on} != "));
        }
        self.out.push_str(&head);
        self.out.push('(');
        self.region(site.range.clone(), next);
        self.out.push_str("))");
    }

    fn exchange(&mut self, site: &Site, live: &[(u32, &str)], next: &mut usize) {
        self.out.push_str(&site.declared);
        self.alternatives(live);
        // The statements as they are, but the names that they bind stand before.
        for part in &site.parts {
            self.out.push(' ');
            self.out.push_str(&part.assigns);
            self.region(part.range.clone(), next);
            self.out.push(';');
        }
        self.out.push_str(" }");
    }
}

fn on(n: u32) -> String {
    format!("crate::sweep_switch::on({n})")
}
