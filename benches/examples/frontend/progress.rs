//! The bar, for people only: where standard error is no terminal, nothing is drawn.

use benches::frontend::engine::Live;
use benches::frontend::input::InputFile;
use indicatif::{ProgressBar, ProgressStyle};

const TEMPLATE: &str = "{bar:24} {bytes}/{total_bytes}  {wide_msg}";

pub struct Bar(ProgressBar);

impl Bar {
    pub fn new(files: &[InputFile]) -> Bar {
        // Draws to standard error, and nothing if that is no terminal.
        let bar = ProgressBar::new(files.iter().map(|file| file.size).sum());
        let style = ProgressStyle::with_template(TEMPLATE);
        bar.set_style(style.expect("the template is valid"));
        Bar(bar)
    }

    pub fn show(&self, live: Live) {
        let (files, tokens, nodes) = (live.files, live.tokens, live.nodes);
        let message = format!("{files} files, {tokens} tokens, {nodes} nodes");
        self.0.update(|bar| bar.set_pos(live.bytes));
        self.0.set_message(message);
    }

    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}
