//! `explain`: what running a bundle will do.

use super::bundle_named::bundle_named;
use super::exec::ProcessFile;
use super::exec_process::read_process;
use crate::call::Call;
use crate::command::{Command, Count, Offer, Verb};
use crate::flag::Declared;
use crate::matches::Given;
use crate::output::print;
use crate::refusal::Outcome;
use crate::shared_flags::{Bundle, ConfigFile, Help, Json};
use orlop::{Arguments, ExecArguments, ExplainedAct, Host, Id, Plan, Severity};
use std::fmt::Write;

/// Longer sentences do not push the paths of the others to the right.
const WIDEST: usize = 88;

#[derive(Debug)]
pub(crate) struct Explain;

impl Verb for Explain {
    const COMMAND: Command = Command {
        name: "explain",
        summary: "tell, step by step, what running a bundle will do, without doing it",
        arguments: "[bundle]",
        count: Count::Between(0, 1),
        offers: &[Offer::Folders],
        flags: &[
            Bundle::FLAG,
            ConfigFile::FLAG,
            ProcessFile::FLAG,
            Json::FLAG,
            Help::FLAG,
        ],
        description: "Each step stands with the place in config.json that asks for it. Warnings and notices, as `orlop check` has them,\nfollow on standard error.\n\
                      With --process it is told what `exec --process` will do with that file in a container of the bundle.",
        ..Command::of::<Self>()
    };

    fn run(call: &mut Call<'_>, flags: &Given<'_, Self>) -> Outcome {
        let named = bundle_named(call, flags)?;
        let bundle = named.load()?;
        let mut arguments = Arguments::new(Id::new("ID")?);
        arguments.cgroup_manager = call.cgroup_manager()?;
        arguments.insists_on_cgroup = call.insists_on_cgroup();
        let (plan, warnings) = Plan::for_this_host(&bundle, &arguments)?;
        let acts = match flags.path(ProcessFile) {
            None => plan.explain(),
            Some(file) => {
                let (process, told) = read_process(&file)?;
                told.iter().for_each(|problem| call.warn(problem));
                let (exec, problems) = plan.exec(&process, &ExecArguments::default(), &Host::look(&bundle)?);
                let told = problems.into_warnings().map_err(orlop::Error::from)?;
                told.iter().for_each(|problem| call.warn(problem));
                exec.map(|exec| exec.explain()).unwrap_or_default()
            }
        };
        print(&if flags.is_on(Json) {
            serde_json::to_string_pretty(&acts).map_err(|error| error.to_string())? + "\n"
        } else {
            table(&acts)
        })?;
        if flags.text(ProcessFile).is_some() {
            return Ok(0);
        }
        warnings.iter().for_each(|warning| call.warn(warning));
        let problems = orlop::check_config_for(&named.folder, named.config(), arguments.cgroup_manager)?;
        let notices = problems
            .all()
            .iter()
            .filter(|problem| problem.severity == Severity::Notice);
        notices.for_each(|notice| call.log.notice(call.verb, &notice.to_string()));
        Ok(0)
    }
}

fn table(acts: &[ExplainedAct]) -> String {
    let widest = |width: fn(&ExplainedAct) -> usize| acts.iter().map(width).max().unwrap_or(0);
    let phase = widest(|act| act.phase.len());
    let by = widest(|act| hand(act).len());
    let sentence = widest(|act| {
        Some(act.text.chars().count())
            .filter(|width| *width <= WIDEST)
            .unwrap_or(0)
    });
    let number = acts.len().to_string().len();
    let mut text = String::new();
    for (at, act) in (1..).zip(acts) {
        let path = act.path.as_ref().map(ToString::to_string).unwrap_or_default();
        let line = format!(
            "{at:number$}  {:phase$}  {:by$}  {:sentence$}  {path}",
            act.phase,
            hand(act),
            act.text
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// Who does it, and at which place.
fn hand(act: &ExplainedAct) -> String {
    match &act.place {
        Some(place) => format!("{} {place}", act.by),
        None => act.by.to_owned(),
    }
}
