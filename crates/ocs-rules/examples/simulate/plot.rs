//! The plot: every seed as a point, and the course of the simulated time.

use std::fmt::Write as _;

use crate::simulation::{HIT_RATES, Outcome, PART, Part, STEP};
use crate::{Case, LIMIT};

const WIDTH: f64 = 900.0;
const LEFT: f64 = 60.0;
const INSIDE: f64 = WIDTH - LEFT - 30.0;
const COLORS: [&str; 4] = ["#1f77b4", "#d62728", "#7fb2d9", "#e8a0a0"];

/// A rectangle that values are drawn in.
struct Panel {
    top: f64,
    height: f64,
    x: (f64, f64),
    y: (f64, f64),
}

impl Panel {
    fn x(&self, value: f64) -> f64 {
        LEFT + (value - self.x.0) / (self.x.1 - self.x.0) * INSIDE
    }

    fn y(&self, value: f64) -> f64 {
        let share = (value.clamp(self.y.0, self.y.1) - self.y.0) / (self.y.1 - self.y.0);
        self.top + self.height * (1.0 - share)
    }

    /// The frame, its title, and lines at values of y.
    fn frame(&self, svg: &mut String, title: &str, lines: &[(f64, &str)]) {
        let (top, height) = (self.top, self.height);
        let _ = writeln!(
            svg,
            r##"<rect x="{LEFT}" y="{top}" width="{INSIDE}" height="{height}" fill="none" stroke="#888"/>
<text x="{LEFT}" y="{:.1}" font-weight="bold">{title}</text>"##,
            top - 6.0
        );
        for (value, label) in lines {
            let y = self.y(*value);
            let _ = writeln!(
                svg,
                r##"<line x1="{LEFT}" x2="{:.1}" y1="{y:.1}" y2="{y:.1}" stroke="#ddd"/>
<text x="{:.1}" y="{:.1}" text-anchor="end">{label}</text>"##,
                LEFT + INSIDE,
                LEFT - 5.0,
                y + 4.0
            );
        }
    }

    fn curve(&self, svg: &mut String, points: impl Iterator<Item = (f64, f64)>, color: &str) {
        let points = points.map(|(x, y)| format!("{:.1},{:.1}", self.x(x), self.y(y)));
        let points = points.collect::<Vec<_>>().join(" ");
        let _ = writeln!(
            svg,
            r#"<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.5"/>"#
        );
    }
}

/// The whole picture.
pub(crate) fn svg(results: &[(&Case, Vec<Outcome>)]) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} 1000\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"1000\" fill=\"white\"/>\n"
    );
    legend(&mut svg, results);
    seeds(&mut svg, results);
    let hours = results.first().map_or(1.0, |(_, outcomes)| {
        let parts = outcomes.first().map_or(0, |outcome| outcome.parts.len());
        parts as f64 * PART / 3_600.0
    });
    let panel = |top, y| Panel {
        top,
        height: 190.0,
        x: (0.0, hours),
        y,
    };
    let busy = panel(490.0, (0.3, 1.0));
    busy.frame(
        &mut svg,
        "busy factor in the course of time, all seeds together",
        &[(0.4, "0.4"), (0.6, "0.6"), (0.8, "0.8"), (0.88, "0.88")],
    );
    let abandoned = panel(740.0, (0.0, 0.06));
    abandoned.frame(
        &mut svg,
        "abandoned in the course of time, all seeds together",
        &[(0.0, "0 %"), (LIMIT, "3 %"), (0.06, "6 %")],
    );
    steps(&mut svg, &abandoned, hours);
    for (color, (_, outcomes)) in COLORS.iter().zip(results) {
        let course = course(outcomes);
        let at = |part: usize| (part as f64 + 0.5) * PART / 3_600.0;
        let parts = || course.iter().enumerate();
        busy.curve(
            &mut svg,
            parts().map(|(part, sum)| (at(part), sum.busy_factor())),
            color,
        );
        abandoned.curve(
            &mut svg,
            parts().map(|(part, sum)| (at(part), sum.abandoned_rate())),
            color,
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn legend(svg: &mut String, results: &[(&Case, Vec<Outcome>)]) {
    for (place, (color, (case, _))) in COLORS.iter().zip(results).enumerate() {
        let x = LEFT + place as f64 * 200.0;
        let _ = writeln!(
            svg,
            r#"<circle cx="{x}" cy="20" r="5" fill="{color}"/><text x="{}" y="24">{}, {} agents</text>"#,
            x + 10.0,
            case.mode,
            case.agents
        );
    }
}

/// Every seed as a point.
fn seeds(svg: &mut String, results: &[(&Case, Vec<Outcome>)]) {
    let panel = Panel {
        top: 70.0,
        height: 350.0,
        x: (0.0, 0.04),
        y: (0.5, 1.0),
    };
    panel.frame(
        svg,
        "every seed: busy factor over the abandoned rate",
        &[
            (0.5, "0.5"),
            (0.6, "0.6"),
            (0.7, "0.7"),
            (0.8, "0.8"),
            (0.88, "0.88"),
        ],
    );
    for percent in 0..=4 {
        let x = panel.x(f64::from(percent) / 100.0);
        let _ = writeln!(
            svg,
            r#"<text x="{x:.1}" y="437" text-anchor="middle">{percent} %</text>"#
        );
    }
    let limit = panel.x(LIMIT);
    let _ = writeln!(
        svg,
        r##"<line x1="{limit:.1}" x2="{limit:.1}" y1="70" y2="420" stroke="#d62728" stroke-dasharray="4"/>"##
    );
    for (color, (_, outcomes)) in COLORS.iter().zip(results) {
        for outcome in outcomes {
            let sum = outcome.sum();
            let _ = writeln!(
                svg,
                r#"<circle cx="{:.1}" cy="{:.1}" r="3" fill="{color}" fill-opacity="0.6"/>"#,
                panel.x(sum.abandoned_rate().min(0.04)),
                panel.y(sum.busy_factor())
            );
        }
    }
}

/// Where the hit rate steps.
fn steps(svg: &mut String, panel: &Panel, hours: f64) {
    let mut step = 0;
    while (step as f64) * STEP / 3_600.0 < hours {
        let x = panel.x(step as f64 * STEP / 3_600.0);
        let rate = HIT_RATES[step % HIT_RATES.len()] * 100.0;
        let _ = writeln!(
            svg,
            r##"<line x1="{x:.1}" x2="{x:.1}" y1="490" y2="930" stroke="#bbb" stroke-dasharray="2"/>
<text x="{:.1}" y="946">hit rate {rate:.0} %</text>"##,
            x + 3.0
        );
        step += 1;
    }
}

/// All seeds together, part by part.
fn course(outcomes: &[Outcome]) -> Vec<Part> {
    let parts = outcomes.first().map_or(0, |outcome| outcome.parts.len());
    let mut sums = vec![Part::default(); parts];
    for outcome in outcomes {
        for (sum, part) in sums.iter_mut().zip(&outcome.parts) {
            sum.add(part);
        }
    }
    sums
}
