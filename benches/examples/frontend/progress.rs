//! The bar, for people only: where standard error is no terminal, nothing is drawn.

use benches::frontend::engine::Live;
use benches::frontend::input::InputFile;
use indicatif::{ProgressBar, ProgressStyle};

const TEMPLATE: &str = "{bar:24} {pos}/{len} files  {wide_msg}";

pub struct Bar(ProgressBar);

impl Bar {
    pub fn new(files: &[InputFile]) -> Bar {
        // Draws to standard error, and nothing if that is no terminal.
        let bar = ProgressBar::new(files.len() as u64);
        let style = ProgressStyle::with_template(TEMPLATE);
        bar.set_style(style.expect("the template is valid"));
        Bar(bar)
    }

    pub fn show(&self, live: Live) {
        let (megabytes, tokens, nodes) = (live.bytes as f64 / 1e6, live.tokens, live.nodes);
        let message = format!("{megabytes:.1} MB, {tokens} tokens, {nodes} nodes");
        self.0.update(|bar| bar.set_pos(live.files));
        self.0.set_message(message);
    }

    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}
