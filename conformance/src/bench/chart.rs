//! The medians as bars, in SVG.

use std::fmt::Write;

use super::measure::{Results, VERBS};
use super::report::{PARTS, figures};

const COLOURS: [&str; 6] = ["#1b6ca8", "#e07a1f", "#7a8b2c", "#9b3d6b", "#4a4a4a", "#20a39e"];
const BAR: usize = 14;
const LABEL: usize = 70;
const WIDTH: usize = 330;
const PANEL: usize = LABEL + WIDTH + 70;

/// Two panels, wall and CPU time; a group of bars per verb, each group with a scale of its own.
pub(crate) fn svg(results: &Results) -> String {
    let group = results.series.len() * BAR + 12;
    let height = 60 + VERBS.len() * group + 24;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{height}\" font-family=\"sans-serif\" \
         font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        2 * PANEL
    );
    for (index, series) in results.series.iter().enumerate() {
        let x = 10 + index * 130;
        let colour = COLOURS[index % COLOURS.len()];
        let _ = writeln!(
            text,
            "<rect x=\"{x}\" y=\"10\" width=\"12\" height=\"12\" fill=\"{colour}\"/><text x=\"{}\" y=\"20\">{}</text>",
            x + 17,
            series.name.replace('&', "&amp;").replace('<', "&lt;")
        );
    }
    for (panel, (name, part)) in PARTS.iter().enumerate() {
        let left = panel * PANEL;
        let _ = writeln!(
            text,
            "<text x=\"{}\" y=\"45\" font-weight=\"bold\">{name} time, median ms (config {}, {} rounds)</text>",
            left + LABEL,
            results.config,
            results.rounds
        );
        for (row, verb) in VERBS.iter().enumerate() {
            let top = 56 + row * group;
            let medians: Vec<Option<f64>> = results
                .series
                .iter()
                .map(|series| figures(results, series, verb, *part).map(|figures| figures.median))
                .collect();
            let most = medians.iter().flatten().copied().fold(0.0_f64, f64::max).max(0.001);
            let _ = writeln!(
                text,
                "<text x=\"{}\" y=\"{}\" font-weight=\"bold\">{verb}</text>",
                left + 10,
                top + 11
            );
            for (index, median) in medians.iter().enumerate() {
                let Some(median) = median else { continue };
                let length = median / most * 330.0;
                let y = top + index * BAR;
                let _ = writeln!(
                    text,
                    "<rect x=\"{}\" y=\"{y}\" width=\"{length:.1}\" height=\"{}\" fill=\"{}\"/>\
                     <text x=\"{:.1}\" y=\"{}\">{median:.2}</text>",
                    left + LABEL,
                    BAR - 2,
                    COLOURS[index % COLOURS.len()],
                    length + 4.0 + f64::from(u32::try_from(left + LABEL).unwrap_or(0)),
                    y + 10
                );
            }
        }
    }
    text.push_str("</svg>\n");
    text
}
