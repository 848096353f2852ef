//! What was found, counted.

use super::scenario::Scenario;
use super::world::Findings;

/// The counts of one scenario.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) injections: usize,
    pub(super) not_reached: usize,
    pub(super) aborted: usize,
    pub(super) hangs: usize,
    pub(super) panics: usize,
    pub(super) leftovers: usize,
    pub(super) stuck: usize,
}

impl Tally {
    pub(super) fn add(&mut self, findings: &Findings) {
        self.injections += usize::from(findings.was_reached);
        self.not_reached += usize::from(!findings.was_reached);
        self.aborted += usize::from(findings.aborted);
        self.hangs += usize::from(findings.hang);
        self.panics += usize::from(findings.panic.is_some());
        self.leftovers += usize::from(!findings.leftovers.is_empty());
        self.stuck += usize::from(findings.stuck.is_some());
    }

    fn columns(self) -> [usize; 7] {
        [
            self.injections,
            self.hangs,
            self.panics,
            self.leftovers,
            self.stuck,
            self.aborted,
            self.not_reached,
        ]
    }

    fn is_well(self) -> bool {
        self.hangs + self.panics + self.leftovers + self.stuck == 0
    }
}

/// The table of all scenarios, and whether all is well.
pub(super) fn table(scenarios: &[&Scenario], tallies: &[Tally]) -> (String, bool) {
    let heads = [
        "injections",
        "hang",
        "panic",
        "leftover",
        "stuck",
        "aborted",
        "not reached",
    ];
    let row = |name: &str, cells: [String; 7]| {
        let cells = cells
            .iter()
            .zip(heads)
            .map(|(cell, head)| format!("  {cell:>0$}", head.len()));
        format!("{name:<20}{}\n", cells.collect::<String>())
    };
    let mut text = row("", heads.map(str::to_owned));
    let mut sum = [0; 7];
    for (scenario, tally) in scenarios.iter().zip(tallies) {
        let columns = tally.columns();
        for (sum, column) in sum.iter_mut().zip(columns) {
            *sum += column;
        }
        text += &row(scenario.name, columns.map(|column| column.to_string()));
    }
    text += &row("all", sum.map(|column| column.to_string()));
    (text, sum[0] > 0 && tallies.iter().all(|tally| tally.is_well()))
}
