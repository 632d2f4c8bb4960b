//! The progress bar, for people only: where standard error is no terminal, nothing is drawn.

use frontend::input::InputFile;
use frontend::stats::Figures;
use std::io::{IsTerminal, Write};

const WIDTH: u64 = 24;

pub struct Bar {
    /// Bytes; `None` where nothing is drawn.
    total: Option<u64>,
}

impl Bar {
    pub fn new(files: &[InputFile]) -> Bar {
        let terminal = std::io::stderr().is_terminal();
        let total = terminal.then(|| files.iter().map(|file| file.size).sum::<u64>().max(1));
        Bar { total }
    }

    pub fn show(&self, live: Figures) {
        if let Some(total) = self.total {
            draw(&line(live, total));
        }
    }

    pub fn clear(&self) {
        if self.total.is_some() {
            draw("");
        }
    }
}

fn line(live: Figures, total: u64) -> String {
    // A file may have grown since it was found.
    let done = live.bytes.min(total);
    let full = "#".repeat((done * WIDTH / total) as usize);
    let (done, total) = (done as f64 / 1e6, total as f64 / 1e6);
    let (files, tokens, nodes) = (live.files, live.tokens, live.nodes);
    let width = WIDTH as usize;
    format!(
        "[{full:-<width$}] {done:.1}/{total:.1} MB  {files} files, {tokens} tokens, {nodes} nodes"
    )
}

/// Replaces the line before; what is too long for the terminal is not wrapped.
fn draw(line: &str) {
    // A closed terminal is no reason to stop the work.
    let _ = write!(std::io::stderr(), "\r\x1b[K\x1b[?7l{line}\x1b[?7h");
}

#[test]
fn the_bar_goes_by_bytes() {
    let line = |bytes, total| {
        let live = Figures {
            bytes,
            files: 1,
            tokens: 2,
            nodes: 3,
            ..Figures::default()
        };
        line(live, total)
    };
    let half = "[############------------] 1.0/2.0 MB  1 files, 2 tokens, 3 nodes";
    assert_eq!(line(1_000_000, 2_000_000), half);
    assert!(line(0, 1).starts_with("[------------------------] 0.0/0.0 MB"));
    assert!(
        line(9, 3).starts_with("[########################]"),
        "it has grown"
    );
}
