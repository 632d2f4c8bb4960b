//! How each series looks: a colour, a dash and a mark, so that a picture is read without colours.

use std::fmt::Write as _;

/// What all pictures have in common but for the colours.
const SHAPES: &str = "\
.pic{font:12px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif}
.pic text{font-variant-numeric:tabular-nums}.pic .t{font-weight:600;font-size:14px}.pic .h{font-weight:600}
.pic .e{text-anchor:end}.pic .m{text-anchor:middle}.pic .g,.pic .x{fill:none}
.pic .l{fill:none;stroke-width:1.6;stroke-linejoin:round}.pic .k{stroke-width:1.2}.pic .v{stroke-width:1.4}
.pic .lead{stroke-width:.7;opacity:.6;fill:none}.pic .w{stroke-width:1.6}.pic .d{stroke-width:2.2}
.pic .faint .k,.pic .faint .v{fill-opacity:.3;stroke-opacity:.75}
.pic .us .l{stroke-width:2.8}.pic .us .n{font-weight:700}
";

/// The colours for light or for dark.
struct Palette {
    ink: &'static str,
    soft: &'static str,
    grid: &'static str,
    back: &'static str,
    ours: [&'static str; 4],
    peers: [&'static str; 8],
}

const LIGHT: Palette = Palette {
    ink: "#1f2328",
    soft: "#59636e",
    grid: "#d8dee4",
    back: "#fff",
    ours: ["#0b57d0", "#4a86e8", "#00308f", "#7aa7f0"],
    peers: [
        "#c2410c", "#a16207", "#15803d", "#8b3fa8", "#57606a", "#0e7490", "#9f1239", "#5b4636",
    ],
};

const DARK: Palette = Palette {
    ink: "#e6edf3",
    soft: "#9aa4af",
    grid: "#343b44",
    back: "#0d1117",
    ours: ["#6cb0ff", "#a5ccff", "#3d8bff", "#cfe3ff"],
    peers: [
        "#ff9a5c", "#e3b341", "#56d364", "#d2a8ff", "#b1bac4", "#4fd1e0", "#ff8fa3", "#d6b38c",
    ],
};

/// The style sheet. No variables: what turns a picture into paper does not know them.
pub fn css() -> String {
    format!(
        "{SHAPES}{}@media(prefers-color-scheme:dark){{{}}}\n",
        colours(&LIGHT),
        colours(&DARK)
    )
}

fn colours(palette: &Palette) -> String {
    let Palette {
        ink,
        soft,
        grid,
        back,
        ours,
        peers,
    } = palette;
    let mut css = format!(
        ".pic text{{fill:{soft}}}.pic .t,.pic .h{{fill:{ink}}}.pic .g{{stroke:{grid}}}.pic .x{{stroke:{soft}}}\
         .pic .d{{stroke:{ink}}}.pic .v,.pic .back{{fill:{back}}}.pic .w{{stroke:{back}}}\n"
    );
    for (letter, colours) in [('o', &ours[..]), ('p', &peers[..])] {
        for (i, colour) in colours.iter().enumerate() {
            let own = |what: &str| format!(".pic .{letter}{i} .{what}");
            let [line, lead, mark, hollow, bar, name] = ["l", "lead", "k", "v", "b", "n"].map(own);
            let _ = writeln!(
                css,
                "{line},{lead},{hollow}{{stroke:{colour}}}{mark}{{fill:{colour};stroke:{colour}}}{bar},{name}{{fill:{colour}}}"
            );
        }
    }
    css
}

const DASHES: [&str; 8] = ["", "7 3", "2 2.5", "8 3 2 3", "4 2", "1 3", "10 3", "3 1.5"];

/// The looks of one series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    ours: bool,
    index: usize,
}

/// The peers that are in many figures look the same in all.
const KNOWN: [(&str, usize); 8] = [
    ("parking_lot 0.13", 0),
    ("parking_lot 0.12", 1),
    ("std", 2),
    ("CPython", 4),
    ("usync", 3),
    ("spin", 6),
    ("bumpalo", 0),
    ("typed-arena", 3),
];

/// A style for each of the names. The first is ours, and so is each that is named after
/// a crate of ours or as ours.
pub fn of(names: &[&str]) -> Vec<Style> {
    let mut taken = [false; 8];
    let mut styles: Vec<Option<Style>> = vec![None; names.len()];
    let mut own = 0;
    for (style, name) in styles.iter_mut().zip(names) {
        let known = KNOWN.iter().find(|(known, _)| name.starts_with(known));
        if own == 0 || name.starts_with("py-") || name.ends_with(", ours") {
            let index = own;
            *style = Some(Style { ours: true, index });
            own += 1;
        } else if let Some(&(_, index)) = known.filter(|(_, i)| !taken[*i]) {
            taken[index] = true;
            *style = Some(Style { ours: false, index });
        }
    }
    let mut free = (0..8)
        .filter(|i| !taken[*i])
        .collect::<Vec<_>>()
        .into_iter();
    let mut rest = || Style {
        ours: false,
        index: free.next().unwrap_or(7),
    };
    styles
        .into_iter()
        .map(|s| s.unwrap_or_else(&mut rest))
        .collect()
}

impl Style {
    /// The attribute of the group that holds the series.
    pub fn group(self) -> String {
        match self.ours {
            true => format!("class=\"us o{}\"", self.index % LIGHT.ours.len()),
            false => format!("class=\"p{}\"", self.index % LIGHT.peers.len()),
        }
    }

    /// The attribute that dashes its line.
    pub fn dash(self) -> String {
        match DASHES[self.index % DASHES.len()] {
            "" => String::new(),
            dash => format!(" stroke-dasharray=\"{dash}\""),
        }
    }

    /// Whether it is one of ours.
    pub fn ours(self) -> bool {
        self.ours
    }

    /// Its mark, around this pixel; its meaning is shown where the pointer rests on it.
    pub fn mark(self, svg: &mut String, (x, y): (f64, f64), means: &str) {
        let r = if self.ours { 3.8 } else { 3.2 };
        let d = 2.0 * r;
        let path = match (self.ours, self.index % 4) {
            (true, 0 | 1) => format!(
                "M{:.1} {y:.1}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0z",
                x - r
            ),
            (true, 2) => format!("M{:.1} {:.1}l{d} {d}m0 -{d}l-{d} {d}", x - r, y - r),
            (true, _) => format!("M{:.1} {y:.1}h{d}m-{r} -{r}v{d}", x - r),
            (false, 0) => format!("M{:.1} {:.1}h{d}v{d}h-{d}z", x - r, y - r),
            (false, 1) => format!("M{x:.1} {:.1}l{r} {}h-{d}z", y - r, 1.9 * r),
            (false, 2) => format!("M{x:.1} {:.1}l{r} {r}l-{r} {r}l-{r} -{r}z", y - r),
            (false, _) => format!("M{x:.1} {:.1}l{r} -{}h-{d}z", y + r, 1.9 * r),
        };
        let hollow = if self.ours {
            self.index > 0
        } else {
            self.index > 3
        };
        let filled = if hollow { "v" } else { "k" };
        let means = escape(means);
        let _ = write!(
            svg,
            "<path class=\"{filled}\" d=\"{path}\"><title>{means}</title></path>"
        );
    }
}

/// The text as it may stand in SVG and HTML.
pub fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn every_series_of_a_figure_looks_different() {
        let names = [
            "py-arena growing",
            "py-arena claim",
            "bumpalo",
            "bump-scope",
            "stumpalo",
            "typed-arena",
            "Box, glibc",
            "Box, mimalloc",
            "CPython _PyArena_Malloc",
        ];
        let styles = of(&names);
        for (i, style) in styles.iter().enumerate() {
            assert!(!styles[..i].contains(style), "{}", names[i]);
        }
        assert_eq!(styles.iter().filter(|s| s.ours()).count(), 2);
    }

    #[test]
    fn a_known_peer_looks_the_same_in_every_figure() {
        let mutex = of(&["py-sync", "spin", "std"]);
        let other = of(&[
            "with_critical_section",
            "std Mutex<u64>",
            "parking_lot 0.13",
        ]);
        assert_eq!(mutex[2], other[1]);
    }
}
