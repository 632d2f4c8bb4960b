//! One figure for each peer, as bars; or several, as points on a common axis.

use super::lines::{self, Frame};
use super::scale::{Kind, Scale, measured};
use super::style::{self, Style, escape};
use std::fmt::Write as _;

/// The height of one row.
const ROW: f64 = 19.0;
/// Figures further apart than this are points on a logarithmic axis: a bar begins at zero.
const FAR: f64 = 40.0;

/// A row: the peer, the figure that counts, and the least that was seen.
#[derive(Clone, Debug)]
pub struct Bar<'a> {
    /// The peer.
    pub name: &'a str,
    /// The figure.
    pub figure: f64,
    /// The least, if there is one beside.
    pub least: Option<f64>,
}

/// How tall a picture of so many rows is.
pub fn height(rows: usize) -> f64 {
    rows as f64 * ROW + 22.0
}

/// The room that these names need.
pub fn room<'a>(names: impl Iterator<Item = &'a str>) -> f64 {
    let longest = names.map(|n| n.chars().count()).max().unwrap_or(0);
    longest as f64 * 7.4 + 14.0
}

/// Draws the bars, in the order given; the names have so much room. The unit is told where the
/// pointer rests.
pub fn bars(svg: &mut String, frame: Frame, rows: &[Bar<'_>], unit: &str, names_at: f64) {
    let (left, top, width, height) = frame;
    let names: Vec<&str> = rows.iter().map(|r| r.name).collect();
    let styles = style::of(&names);
    let figures = || {
        rows.iter()
            .flat_map(|r| [Some(r.figure), r.least])
            .flatten()
    };
    let most = figures().fold(0.0, f64::max);
    let far = figures().any(|f| f * FAR < most);
    let kind = if far { Kind::Log } else { Kind::Linear };
    let x = Scale::around(kind, figures(), left + names_at, left + width - 66.0);
    let y1 = top + height - 20.0;
    lower_axis(svg, &x, (top, y1));
    for (i, (row, style)) in rows.iter().zip(styles).enumerate() {
        let y = top + (i as f64 + 0.5) * ROW;
        let (at, x_names) = (x.at(row.figure), left + names_at);
        row_name(svg, style, (x_names, y), row.name);
        let means = format!("{}: {} {unit}", row.name, measured(row.figure));
        if far {
            style.mark(svg, (at, y), &means);
        } else {
            let (from, bar_top) = (x.at(0.0), y - 5.5);
            let wide = (at - from).max(0.5);
            let _ = write!(
                svg,
                "<rect class=\"b\" x=\"{from:.1}\" y=\"{bar_top:.1}\" width=\"{wide:.1}\" height=\"11\"><title>{}</title></rect>",
                escape(&means)
            );
            if let Some(least) = row.least {
                let (at, low, high) = (x.at(least), y - 5.5, y + 5.5);
                let _ = write!(svg, "<path class=\"w\" d=\"M{at:.1} {low:.1}V{high:.1}\"/>");
            }
        }
        let (text, base) = (at + 7.0, y + 4.0);
        let _ = write!(
            svg,
            "<text class=\"n\" x=\"{text:.1}\" y=\"{base:.1}\">{}</text></g>",
            measured(row.figure)
        );
    }
}

/// A row of points: the peer, and each figure with what it means.
#[derive(Clone, Debug)]
pub struct Strip {
    /// The peer.
    pub name: String,
    /// The figures.
    pub points: Vec<(f64, String)>,
}

/// Draws a row of points for each peer on a logarithmic axis, with a stroke at the median; the largest
/// is named.
pub fn strips(svg: &mut String, frame: Frame, rows: &[Strip], unit: &str, names_at: f64) {
    let (left, top, width, height) = frame;
    let names: Vec<&str> = rows.iter().map(|r| r.name.as_str()).collect();
    let styles = style::of(&names);
    let figures = rows.iter().flat_map(|r| r.points.iter().map(|p| p.0));
    let x = Scale::around(Kind::Log, figures, left + names_at, left + width - 62.0);
    let y1 = top + height - 34.0;
    lower_axis(svg, &x, (top, y1));
    let (middle, foot) = (left + (names_at + width - 62.0) / 2.0, top + height - 3.0);
    let _ = write!(
        svg,
        "<text class=\"m\" x=\"{middle:.1}\" y=\"{foot:.1}\">{}</text>",
        escape(unit)
    );
    let step = (y1 - top) / rows.len().max(1) as f64;
    for (i, (row, style)) in rows.iter().zip(styles).enumerate() {
        let y = top + (i as f64 + 0.5) * step;
        let least = row.points.iter().map(|p| p.0).fold(f64::INFINITY, f64::min);
        let most = row.points.iter().map(|p| p.0).fold(0.0, f64::max);
        row_name(svg, style, (left + names_at, y), &row.name);
        let (from, to) = (x.at(least), x.at(most));
        let _ = write!(
            svg,
            "<path class=\"lead\" d=\"M{from:.1} {y:.1}H{to:.1}\"/>"
        );
        svg.push_str("<g class=\"faint\">");
        for (figure, means) in &row.points {
            style.mark(svg, (x.at(*figure), y), means);
        }
        let (at, low, high) = (x.at(median(&row.points)), y - 7.0, y + 7.0);
        let _ = write!(
            svg,
            "</g><path class=\"d\" d=\"M{at:.1} {low:.1}V{high:.1}\"/>"
        );
        let (text, base) = (to + 9.0, y + 4.0);
        let _ = write!(
            svg,
            "<text class=\"n\" x=\"{text:.1}\" y=\"{base:.1}\">{}</text></g>",
            measured(most)
        );
    }
}

/// The median.
fn median(points: &[(f64, String)]) -> f64 {
    let mut figures: Vec<f64> = points.iter().map(|p| p.0).collect();
    figures.sort_by(f64::total_cmp);
    let half = figures.len() / 2;
    match figures.len() % 2 {
        1 => figures[half],
        _ => (figures[half] * figures[half.saturating_sub(1)]).sqrt(),
    }
}

/// The name of a row, left of `left`; opens the group of its series.
fn row_name(svg: &mut String, style: Style, (left, y): (f64, f64), name: &str) {
    let (end, base) = (left - 8.0, y + 4.0);
    let _ = write!(
        svg,
        "<g {}><text class=\"e n\" x=\"{end:.1}\" y=\"{base:.1}\">{}</text>",
        style.group(),
        escape(name)
    );
}

/// Lines from `top` down to `bottom`, and their figures below.
fn lower_axis(svg: &mut String, x: &Scale, (top, bottom): (f64, f64)) {
    let mut free = f64::NEG_INFINITY;
    for tick in x.few(8) {
        let (at, base) = (x.at(tick), bottom + 15.0);
        let class = if tick == 0.0 { "x" } else { "g" };
        let _ = write!(
            svg,
            "<path class=\"{class}\" d=\"M{at:.1} {top:.1}V{bottom:.1}\"/>"
        );
        lines::tick(svg, &mut free, (at, base), tick);
    }
}
