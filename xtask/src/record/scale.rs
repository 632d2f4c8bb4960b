//! Where a figure lies on an axis, and which figures the axis names.

/// How an axis counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// From zero.
    Linear,
    /// Equal ratios are equal distances.
    Log,
    /// From each named figure to the next it is equally far.
    Even,
}

/// An axis: from one figure to another, along pixels.
#[derive(Clone, Debug)]
pub struct Scale {
    kind: Kind,
    from: f64,
    to: f64,
    start: f64,
    end: f64,
    /// The figures that are named.
    pub ticks: Vec<f64>,
}

impl Scale {
    /// An axis that shows all of `figures` between the pixels `start` and `end`. A logarithmic one
    /// shows only those above zero.
    pub fn around(kind: Kind, figures: impl Iterator<Item = f64>, start: f64, end: f64) -> Scale {
        let usable = |f: &f64| f.is_finite() && (kind != Kind::Log || *f > 0.0);
        let all: Vec<f64> = figures.filter(usable).collect();
        let least = all.iter().copied().fold(f64::INFINITY, f64::min);
        let most = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let ticks = match (all.is_empty(), kind) {
            (true, Kind::Log) => vec![1.0, 10.0],
            (true, _) => vec![0.0, 1.0],
            (false, Kind::Log) => ratios(least, most),
            (false, _) => even(most),
        };
        let (from, to) = (ticks[0], ticks[ticks.len() - 1]);
        Scale {
            kind,
            from,
            to,
            start,
            end,
            ticks,
        }
    }

    /// An axis from the least of these figures to the largest, which names them all. It is
    /// logarithmic unless one is zero.
    pub fn of(figures: &[f64], start: f64, end: f64) -> Scale {
        let mut ticks = figures.to_vec();
        ticks.sort_by(f64::total_cmp);
        ticks.dedup();
        let kind = if ticks[0] > 0.0 {
            Kind::Log
        } else {
            Kind::Even
        };
        Scale {
            kind,
            from: ticks[0],
            to: ticks[ticks.len() - 1],
            start,
            end,
            ticks,
        }
    }

    /// The pixel of a figure.
    pub fn at(&self, figure: f64) -> f64 {
        let place = match self.kind {
            Kind::Linear => (figure - self.from) / (self.to - self.from),
            Kind::Log => (figure / self.from).ln() / (self.to / self.from).ln(),
            Kind::Even => {
                let index = self.ticks.iter().position(|t| *t >= figure);
                index.unwrap_or_default() as f64 / (self.ticks.len() - 1) as f64
            }
        };
        let place = if place.is_finite() { place } else { 0.5 };
        self.start + place * (self.end - self.start)
    }

    /// At most `count` of the ticks: the powers of ten if there are enough of them, else some evenly
    /// chosen.
    pub fn few(&self, count: usize) -> Vec<f64> {
        if self.ticks.len() <= count {
            return self.ticks.clone();
        }
        let power = |t: &f64| (t.log10() - t.log10().round()).abs() < 1e-9;
        let powers: Vec<f64> = self.ticks.iter().copied().filter(power).collect();
        if self.kind == Kind::Log && (2..=count).contains(&powers.len()) {
            return powers;
        }
        let step = self.ticks.len().div_ceil(count.max(1));
        self.ticks.iter().copied().step_by(step).collect()
    }
}

/// Zero and four or five round figures up to `most` or a little more.
fn even(most: f64) -> Vec<f64> {
    let rough = most.max(f64::MIN_POSITIVE) / 4.0;
    let power = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|s| s * power);
    let step = steps.into_iter().find(|s| *s >= rough * 0.999);
    let step = step.unwrap_or(10.0 * power);
    let count = (most / step - 1e-9).ceil().max(1.0) as u32;
    (0..=count).map(|i| f64::from(i) * step).collect()
}

/// 1, 2 and 5 of each power of ten.
fn ratios(least: f64, most: f64) -> Vec<f64> {
    let powers = least.log10().floor() as i32..=most.log10().ceil() as i32;
    let all: Vec<f64> = powers
        .flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10_f64.powi(power)))
        .collect();
    // The last that is below all figures, and the first that is above.
    let first = all.iter().rposition(|t| *t <= least * 1.0001).unwrap_or(0);
    let last = all.iter().position(|t| *t >= most * 0.9999);
    let last = last.unwrap_or(all.len() - 1).max(first + 1);
    all[first..=last].to_vec()
}

/// A measured figure, with three digits or all that stand before the point.
pub fn measured(figure: f64) -> String {
    let decimals = match figure.abs() {
        f if f >= 99.95 || f == 0.0 => 0,
        f if f >= 9.995 => 1,
        f if f >= 0.1 => 2,
        _ => 3,
    };
    let text = format!("{figure:.decimals$}");
    match text.split_once('.') {
        Some(_) => text,
        None => thousands(&text),
    }
}

/// A round figure, as an axis names it.
pub fn named(figure: f64) -> String {
    let text = format!("{figure:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    match text.split_once('.') {
        Some(_) => text.to_owned(),
        None => thousands(text),
    }
}

/// `1234567` as `1,234,567`.
fn thousands(digits: &str) -> String {
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .map(|group| std::str::from_utf8(group).unwrap_or_default())
        .collect();
    groups.into_iter().rev().collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::{Kind, Scale, measured, named};

    fn ticks(kind: Kind, figures: &[f64]) -> Vec<String> {
        let scale = Scale::around(kind, figures.iter().copied(), 0.0, 100.0);
        scale.ticks.iter().map(|t| named(*t)).collect()
    }

    #[test]
    fn ticks_are_round_and_hold_all_figures() {
        assert_eq!(
            ticks(Kind::Linear, &[3.0, 38.0]),
            ["0", "10", "20", "30", "40"]
        );
        assert_eq!(
            ticks(Kind::Linear, &[0.7]),
            ["0", "0.2", "0.4", "0.6", "0.8"]
        );
        assert_eq!(ticks(Kind::Log, &[3.0, 38.0]), ["2", "5", "10", "20", "50"]);
        let far = ticks(Kind::Log, &[2.0, 1900.0]);
        assert_eq!((far.len(), far.last().unwrap().as_str()), (10, "2,000"));
        assert_eq!(ticks(Kind::Log, &[4.0, 4.0]), ["2", "5"]);
        assert_eq!(ticks(Kind::Log, &[]), ["1", "10"]);
    }

    #[test]
    fn where_room_is_small_the_powers_of_ten_are_named() {
        let scale = Scale::around(Kind::Log, [2.0, 400.0].into_iter(), 0.0, 100.0);
        assert_eq!(scale.few(20).len(), 8);
        assert_eq!(scale.few(6), [10.0, 100.0]);
    }

    #[test]
    fn equal_ratios_are_equal_distances() {
        let scale = Scale::of(&[2.0, 8.0, 4.0, 16.0], 0.0, 300.0);
        assert_eq!(scale.ticks, [2.0, 4.0, 8.0, 16.0]);
        let places: Vec<f64> = scale.ticks.iter().map(|t| scale.at(*t).round()).collect();
        assert_eq!(places, [0.0, 100.0, 200.0, 300.0]);
        let even = Scale::of(&[0.0, 1.0, 1000.0], 0.0, 300.0);
        assert_eq!([0.0, 1.0, 1000.0].map(|f| even.at(f)), [0.0, 150.0, 300.0]);
        let one = Scale::of(&[4.0], 0.0, 300.0);
        assert_eq!(one.at(4.0), 150.0);
    }

    #[test]
    fn a_tick_is_named_as_it_is_and_a_figure_with_three_digits() {
        let named = [0.0, 0.025, 2.5, 34.0, 10000.0].map(named);
        assert_eq!(named, ["0", "0.025", "2.5", "34", "10,000"]);
        let measured = [0.024, 0.25, 9.83, 10.03, 99.97, 1436177.3].map(measured);
        assert_eq!(
            measured,
            ["0.024", "0.25", "9.83", "10.0", "100", "1,436,177"]
        );
    }
}
