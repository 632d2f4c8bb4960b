//! The bar, for people only: where standard error is no terminal, nothing is drawn.

use frontend::engine::Live;
use frontend::input::InputFile;
use std::io::{IsTerminal, Write};

const WIDTH: u64 = 24;
const MB: f64 = 1e6;

pub struct Bar {
    /// Bytes; none where nothing is drawn.
    total: Option<u64>,
}

impl Bar {
    pub fn new(files: &[InputFile]) -> Bar {
        let terminal = std::io::stderr().is_terminal();
        let total = terminal.then(|| files.iter().map(|file| file.size).sum::<u64>().max(1));
        Bar { total }
    }

    pub fn show(&self, live: Live) {
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

fn line(live: Live, total: u64) -> String {
    // A file may have grown since it was found.
    let done = live.bytes.min(total);
    let full = "#".repeat((done * WIDTH / total) as usize);
    let (done, total) = (done as f64 / MB, total as f64 / MB);
    let (files, tokens, nodes) = (live.files, live.tokens, live.nodes);
    let width = WIDTH as usize;
    format!(
        "[{full:-<width$}] {done:.1}/{total:.1} MB  {files} files, {tokens} tokens, {nodes} nodes"
    )
}

/// In the place of the line before; what is too long for the terminal is not wrapped.
fn draw(line: &str) {
    // A closed terminal is no reason to stop the work.
    let _ = write!(std::io::stderr(), "\r\x1b[K\x1b[?7l{line}\x1b[?7h");
}

#[cfg(test)]
mod tests {
    use super::{Live, line};

    #[test]
    fn the_bar_goes_by_bytes() {
        let live = |bytes| Live {
            bytes,
            files: 1,
            tokens: 2,
            nodes: 3,
        };
        let half = line(live(1_000_000), 2_000_000);
        let bar = "[############------------] 1.0/2.0 MB";
        assert_eq!(half, format!("{bar}  1 files, 2 tokens, 3 nodes"));
        assert!(line(live(0), 1).starts_with("[------------------------] 0.0/0.0 MB"));
        assert!(
            line(live(9), 3).starts_with("[########################]"),
            "one that has grown"
        );
    }
}
