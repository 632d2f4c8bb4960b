//! The view on a terminal, which redraws.

use crate::field::Field;
use crossterm::event::{Event, KeyCode, KeyModifiers, poll, read};
use crossterm::style::{Color, Print, SetForegroundColor};
use crossterm::terminal::{self, EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{cursor, execute, queue};
use std::io::{self, Write, stdout};
use std::time::Duration;

const COLOURS: [Color; 6] = [
    Color::Red,
    Color::Blue,
    Color::Green,
    Color::Yellow,
    Color::Magenta,
    Color::Cyan,
];

/// The terminal, given back as it was when this is dropped.
pub struct View;

impl View {
    pub fn open() -> io::Result<View> {
        terminal::enable_raw_mode()?;
        let view = View;
        execute!(stdout(), EnterAlternateScreen, cursor::Hide)?;
        Ok(view)
    }

    /// Draws the field, as much of it as there is room for; false if the user has had enough.
    pub fn draw(&self, field: &Field, round: u64, names: &[String]) -> io::Result<bool> {
        let (width, height) = terminal::size()?;
        let mut out = stdout().lock();
        for row in 0..height.saturating_sub(1) {
            queue!(out, cursor::MoveTo(0, row))?;
            let y = i32::from(row) * field.side / i32::from(height.max(2) - 1);
            for column in 0..width {
                let x = i32::from(column) * field.side / i32::from(width.max(1));
                match field.at(x, y) {
                    Some(tank) => {
                        let colour = COLOURS[tank % names.len() % COLOURS.len()];
                        let shape = ['^', '>', 'v', '<'][field.bodies[tank].heading as usize];
                        queue!(out, SetForegroundColor(colour), Print(shape))?;
                    }
                    None => queue!(out, Print(' '))?,
                }
            }
        }
        let alive = field.bodies.iter().filter(|b| b.health > 0).count();
        queue!(
            out,
            cursor::MoveTo(0, height.saturating_sub(1)),
            SetForegroundColor(Color::Reset),
            Print(format!(
                "round {round}, {alive} tanks of {} programs; q ends",
                names.len()
            ))
        )?;
        out.flush()?;
        if poll(Duration::from_millis(30))?
            && let Event::Key(key) = read()?
        {
            let c = key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c');
            return Ok(!c && key.code != KeyCode::Char('q'));
        }
        Ok(true)
    }
}

impl Drop for View {
    fn drop(&mut self) {
        // Nothing is left to do about a terminal that is gone.
        let _ = execute!(stdout(), LeaveAlternateScreen, cursor::Show);
        let _ = terminal::disable_raw_mode();
    }
}
