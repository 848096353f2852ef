//! Figures from samples, as a table and as JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use super::measure::{Results, Sample, Series, VERBS};

/// A value's distribution, and how it compares with the first runtime in the same rounds.
pub(crate) struct Figures {
    pub(crate) minimum: f64,
    pub(crate) median: f64,
    pub(crate) p95: f64,
    /// Median of the rounds' ratios to the first runtime; none where that has no such verb.
    pub(crate) ratio: Option<f64>,
}

/// Which part of a sample.
pub(crate) type Part = fn(&Sample) -> f64;

/// The parts that are shown, with their unit.
pub(crate) const PARTS: [(&str, Part); 2] = [("wall", |sample| sample.wall), ("cpu", |sample| sample.cpu)];

fn quantile(values: &[f64], part: usize, of: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    let (low, rest) = (last * part / of, last * part % of);
    let at = |index: usize| sorted.get(index.min(last)).copied().unwrap_or(f64::NAN);
    if rest == 0 {
        at(low)
    } else {
        f64::midpoint(at(low), at(low + 1))
    }
}

/// The figures of one runtime's verb.
pub(crate) fn figures(results: &Results, series: &Series, verb: &str, part: Part) -> Option<Figures> {
    let values: Vec<f64> = series.samples.get(verb)?.iter().map(part).collect();
    let first = results.series.first().and_then(|first| first.samples.get(verb));
    let ratios = first.map(|first| {
        values
            .iter()
            .zip(first)
            .map(|(own, first)| own / part(first))
            .collect::<Vec<_>>()
    });
    Some(Figures {
        minimum: quantile(&values, 0, 1),
        median: quantile(&values, 1, 2),
        p95: quantile(&values, 19, 20),
        ratio: ratios.map(|ratios| quantile(&ratios, 1, 2)),
    })
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    quantile(&values.collect::<Vec<_>>(), 1, 2)
}

/// Median of the peak of `create`, and of the waiting init, in KiB.
pub(crate) fn memory(series: &Series) -> Option<(f64, f64)> {
    let create = series.samples.get("create")?;
    Some((
        median(create.iter().map(|sample| sample.peak)),
        median(series.waiting.iter().copied()),
    ))
}

/// The table for a person.
pub(crate) fn table(results: &Results) -> String {
    let mut text = format!(
        "{} rounds, config {}, milliseconds; ratio: median of the rounds' ratios to {}\n\n",
        results.rounds,
        results.config,
        results.series.first().map_or("", |first| &first.name),
    );
    let _ = writeln!(
        text,
        "{:7} {:16} {:>8} {:>8} {:>8} {:>6}   {:>8} {:>8} {:>6}",
        "verb", "runtime", "wall min", "median", "p95", "ratio", "cpu min", "median", "ratio"
    );
    let times = |ratio: Option<f64>| ratio.map_or(String::new(), |ratio| format!("{ratio:.2}"));
    for verb in VERBS {
        for series in &results.series {
            let [wall, cpu] = PARTS.map(|(_, part)| figures(results, series, verb, part));
            if let (Some(wall), Some(cpu)) = (wall, cpu) {
                let _ = writeln!(
                    text,
                    "{verb:7} {:16} {:8.2} {:8.2} {:8.2} {:>6}   {:8.2} {:8.2} {:>6}",
                    series.name,
                    wall.minimum,
                    wall.median,
                    wall.p95,
                    times(wall.ratio),
                    cpu.minimum,
                    cpu.median,
                    times(cpu.ratio)
                );
            }
        }
    }
    let _ = writeln!(
        text,
        "\n{:24} {:>20} {:>20}",
        "memory, KiB", "peak RSS of create", "Pss of waiting init"
    );
    for series in &results.series {
        if let Some((peak, waiting)) = memory(series) {
            let _ = writeln!(text, "{:24} {peak:20.0} {waiting:20.0}", series.name);
        }
    }
    text
}

/// Everything, with every sample.
pub(crate) fn json(results: &Results) -> String {
    let series = results.series.iter().map(|series| {
        let verbs = VERBS.iter().filter_map(|verb| {
            let samples = series.samples.get(verb)?;
            let parts = PARTS.iter().filter_map(|(name, part)| {
                let figures = figures(results, series, verb, *part)?;
                let all: Vec<f64> = samples.iter().map(part).collect();
                let value = json!({"min": figures.minimum, "median": figures.median, "p95": figures.p95,
                    "ratio": figures.ratio, "samples": all});
                Some(((*name).to_owned(), value))
            });
            Some(((*verb).to_owned(), Value::Object(parts.collect())))
        });
        let verbs = Value::Object(verbs.collect());
        let memory =
            memory(series).map(|(peak, waiting)| json!({"create_peak_kib": peak, "waiting_init_pss_kib": waiting}));
        json!({"name": series.name, "milliseconds": verbs, "memory": memory})
    });
    let all = json!({"rounds": results.rounds, "config": results.config,
        "runtimes": series.collect::<Vec<_>>()});
    format!("{all:#}\n")
}
