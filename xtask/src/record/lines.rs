//! Lines: one figure over another, a line for each series.

use super::scale::{Kind, Scale, measured, named};
use super::style::{Style, escape};
use std::fmt::Write as _;

/// A series: its name, its looks, and its points.
#[derive(Clone, Debug)]
pub struct Series {
    /// The name.
    pub name: String,
    /// The looks.
    pub style: Style,
    /// Figure and figure.
    pub points: Vec<(f64, f64)>,
}

/// A part of a picture: left, top, width, height.
pub type Frame = (f64, f64, f64, f64);

/// Lines over one pair of axes.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    /// What it shows, if it stands in the picture.
    pub title: &'a str,
    /// What the lower axis counts.
    pub x: &'a str,
    /// What the left axis counts.
    pub y: &'a str,
    /// How the left axis counts.
    pub kind: Kind,
    /// The series.
    pub series: &'a [Series],
    /// Whether each line ends in its name; else a legend has to tell.
    pub labels: bool,
}

/// The name of a tick below an axis, unless it would touch the one before, which ends at `free`.
pub fn tick(svg: &mut String, free: &mut f64, (at, base): (f64, f64), tick: f64) {
    let name = named(tick);
    let half = name.chars().count() as f64 * 3.6;
    if at - half >= *free {
        *free = at + half + 5.0;
        let _ = write!(
            svg,
            "<text class=\"m\" x=\"{at:.1}\" y=\"{base:.1}\">{name}</text>"
        );
    }
}

/// The least distance of two lines of text.
const LINE: f64 = 14.0;

impl Lines<'_> {
    /// Draws it in the frame.
    pub fn draw(&self, svg: &mut String, frame: Frame) {
        let (left, top, width, height) = frame;
        let (x0, y0) = (
            left + 46.0,
            top + if self.title.is_empty() { 22.0 } else { 42.0 },
        );
        let longest = self.series.iter().map(|s| s.name.chars().count()).max();
        let names = longest.unwrap_or(0) as f64 * 6.9 + 22.0;
        let x1 = left + width - if self.labels { names } else { 10.0 };
        let y1 = top + height - 34.0;
        let points = || self.series.iter().flat_map(|s| &s.points);
        let xs: Vec<f64> = points().map(|p| p.0).collect();
        let few = {
            let mut all = xs.clone();
            all.sort_by(f64::total_cmp);
            all.dedup();
            all.len() <= 7
        };
        // A few figures are named as they are, many by round ones.
        let x = match few {
            true => Scale::of(&xs, x0 + 8.0, x1 - 8.0),
            false => Scale::around(Kind::Log, xs.iter().copied(), x0, x1),
        };
        let y = Scale::around(self.kind, points().map(|p| p.1), y1, y0);
        self.axes(svg, frame, (&x, &y), (x0, x1, y1));
        // Ours lie on top.
        let (ours, peers): (Vec<_>, Vec<_>) = self.series.iter().partition(|s| s.style.ours());
        for series in peers.into_iter().chain(ours) {
            self.line(svg, series, &x, &y);
        }
        if self.labels {
            self.names(svg, &x, &y, (x1, y0, y1));
        }
    }

    fn axes(&self, svg: &mut String, frame: Frame, (x, y): (&Scale, &Scale), to: (f64, f64, f64)) {
        let (left, top, _, height) = frame;
        let (x0, x1, y1) = to;
        let title_at = top + 16.0;
        if !self.title.is_empty() {
            let _ = write!(
                svg,
                "<text class=\"h\" x=\"{left:.0}\" y=\"{title_at:.0}\">{}</text>",
                escape(self.title)
            );
        }
        let unit_at = if self.title.is_empty() {
            top + 12.0
        } else {
            top + 32.0
        };
        let _ = write!(
            svg,
            "<text x=\"{left:.0}\" y=\"{unit_at:.0}\">{}</text>",
            escape(self.y)
        );
        for tick in y.few(8) {
            let at = y.at(tick);
            let class = if tick == 0.0 { "x" } else { "g" };
            let _ = write!(
                svg,
                "<path class=\"{class}\" d=\"M{x0:.1} {at:.1}H{x1:.1}\"/>"
            );
            let (end, middle) = (x0 - 6.0, at + 4.0);
            let _ = write!(
                svg,
                "<text class=\"e\" x=\"{end:.1}\" y=\"{middle:.1}\">{}</text>",
                named(tick)
            );
        }
        let mut free = left;
        for &tick in &x.ticks {
            let (at, below) = (x.at(tick), y1 + 16.0);
            let end = y1 + 4.0;
            let _ = write!(svg, "<path class=\"x\" d=\"M{at:.1} {y1:.1}V{end:.1}\"/>");
            self::tick(svg, &mut free, (at, below), tick);
        }
        let (middle, foot) = ((x0 + x1) / 2.0, top + height - 3.0);
        let _ = write!(
            svg,
            "<text class=\"m\" x=\"{middle:.1}\" y=\"{foot:.1}\">{}</text>",
            escape(self.x)
        );
    }

    fn line(&self, svg: &mut String, series: &Series, x: &Scale, y: &Scale) {
        let _ = write!(svg, "<g {}>", series.style.group());
        let mut path = String::new();
        for (i, point) in series.points.iter().enumerate() {
            let step = if i == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{step}{:.1} {:.1}", x.at(point.0), y.at(point.1));
        }
        let dash = series.style.dash();
        let _ = write!(svg, "<path class=\"l\" d=\"{path}\"{dash}/>");
        for point in &series.points {
            let means = format!(
                "{}, {} {}: {} {}",
                series.name,
                named(point.0),
                self.x,
                measured(point.1),
                self.y
            );
            series
                .style
                .mark(svg, (x.at(point.0), y.at(point.1)), &means);
        }
        svg.push_str("</g>");
    }

    /// The names right of the lines' ends, moved apart where lines end close together.
    fn names(&self, svg: &mut String, x: &Scale, y: &Scale, (x1, y0, y1): (f64, f64, f64)) {
        let last = |s: &Series| s.points.last().copied().unwrap_or_default();
        let mut ends: Vec<(&Series, f64)> =
            self.series.iter().map(|s| (s, y.at(last(s).1))).collect();
        ends.sort_by(|a, b| a.1.total_cmp(&b.1));
        let places = apart(ends.iter().map(|e| e.1), y0, y1);
        for ((series, end), place) in ends.into_iter().zip(places) {
            let (from, to) = (x.at(last(series).0) + 5.0, x1 + 12.0);
            let middle = place + 4.0;
            let _ = write!(
                svg,
                "<g {}><path class=\"lead\" d=\"M{from:.1} {end:.1}L{to:.1} {place:.1}\"/><text class=\"n\" x=\"{:.1}\" y=\"{middle:.1}\">{}</text></g>",
                series.style.group(),
                to + 3.0,
                escape(&series.name)
            );
        }
    }
}

/// Places in order, moved as little as it takes to be a line of text apart, from `low` to `high` if
/// there is room.
fn apart(wanted: impl Iterator<Item = f64>, low: f64, high: f64) -> Vec<f64> {
    let mut places: Vec<f64> = wanted.collect();
    // Groups of neighbours that touch share the middle of what they want.
    let mut groups: Vec<(f64, usize)> = Vec::new();
    for place in places.drain(..) {
        groups.push((place, 1));
        while let [.., before, last] = &mut groups[..] {
            let touch = (before.1 + last.1) as f64 / 2.0 * LINE;
            if last.0 - before.0 >= touch {
                break;
            }
            let count = before.1 + last.1;
            before.0 = (before.0 * before.1 as f64 + last.0 * last.1 as f64) / count as f64;
            before.1 = count;
            groups.pop();
        }
    }
    for (middle, count) in groups {
        let first = middle - (count - 1) as f64 / 2.0 * LINE;
        places.extend((0..count).map(|i| first + i as f64 * LINE));
    }
    // Pushed down from the top, and then up from the bottom.
    let mut least = low;
    for place in &mut places {
        *place = place.max(least);
        least = *place + LINE;
    }
    let mut most = high;
    for place in places.iter_mut().rev() {
        *place = place.min(most);
        most = *place - LINE;
    }
    places
}

/// A row of lines, marks and names, for pictures whose lines have no names at their ends.
pub fn legend(svg: &mut String, series: &[Series], (left, y): (f64, f64)) {
    let mut x = left;
    for one in series {
        let dash = one.style.dash();
        let (middle, end) = (x + 14.0, x + 28.0);
        let _ = write!(
            svg,
            "<g {}><path class=\"l\" d=\"M{x:.1} {y:.1}H{end:.1}\"{dash}/>",
            one.style.group()
        );
        one.style.mark(svg, (middle, y), &one.name);
        let (text, base) = (end + 5.0, y + 4.0);
        let _ = write!(
            svg,
            "<text class=\"n\" x=\"{text:.1}\" y=\"{base:.1}\">{}</text></g>",
            escape(&one.name)
        );
        x = text + one.name.chars().count() as f64 * 6.6 + 14.0;
    }
}

#[cfg(test)]
mod tests {
    use super::{LINE, apart};

    #[test]
    fn names_do_not_overlap_and_move_little() {
        let places = apart([10.0, 11.0, 12.0, 100.0].into_iter(), 0.0, 200.0);
        assert!(
            places.windows(2).all(|p| p[1] - p[0] >= LINE - 1e-9),
            "{places:?}"
        );
        assert_eq!(places[3], 100.0);
        assert!(places[0] >= 0.0);
    }

    #[test]
    fn names_stay_inside_where_there_is_room() {
        let places = apart([99.0, 100.0].into_iter(), 0.0, 100.0);
        assert_eq!(places, [86.0, 100.0]);
    }
}
