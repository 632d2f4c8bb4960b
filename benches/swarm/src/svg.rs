//! The final field and the tracks, as a picture.

use crate::field::Field;
use std::fmt::Write as _;

const COLOURS: [&str; 6] = [
    "#c0392b", "#2471a3", "#239b56", "#b9770e", "#7d3c98", "#515a5a",
];
/// Tracks of more tanks would be a grey carpet.
pub const TRACKED: usize = 200;

/// The picture. `tracks` holds the places of the first tanks, round by round.
pub fn picture(field: &Field, kinds: usize, tracks: &[Vec<(i32, i32)>]) -> String {
    let side = field.side;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" width=\"900\" \
         height=\"900\">\n<rect width=\"{side}\" height=\"{side}\" fill=\"#fbfaf5\"/>\n"
    );
    let mut draw = |text: std::fmt::Arguments<'_>| {
        let _ = svg.write_fmt(text);
    };
    for (tank, places) in tracks.iter().enumerate() {
        let colour = COLOURS[tank % kinds % COLOURS.len()];
        draw(format_args!(
            "<path fill=\"none\" stroke=\"{colour}\" stroke-opacity=\".45\" stroke-width=\".3\" d=\""
        ));
        let mut before: Option<(i32, i32)> = None;
        for &(x, y) in places {
            if before == Some((x, y)) {
                continue;
            }
            // Over the edge a new line begins.
            let near = before.is_some_and(|(a, b)| (a - x).abs() + (b - y).abs() <= 1);
            draw(format_args!("{}{x}.5 {y}.5", if near { 'L' } else { 'M' }));
            before = Some((x, y));
        }
        draw(format_args!("\"/>\n"));
    }
    for (tank, body) in field
        .bodies
        .iter()
        .enumerate()
        .filter(|(_, b)| b.health > 0)
    {
        let colour = COLOURS[tank % kinds % COLOURS.len()];
        draw(format_args!(
            "<rect x=\"{}.1\" y=\"{}.1\" width=\".8\" height=\".8\" fill=\"{colour}\"/>\n",
            body.x, body.y
        ));
    }
    svg.push_str("</svg>\n");
    svg
}
