use crate::{acts, assert_is_a_sentence, step};
use orlop::fuzzing::{self, Kept};
use orlop::{Arguments, Bundle, ExecArguments, ExplainedAct, Host, Id, Plan, Problems, Severity};
use orlop_init::wire::{Header, Message, Reader};
use std::sync::OnceLock;

/// A `config.json`: for each kind of host a plan that init can read to its end, or an error with its place in the
/// config.
pub fn plan(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if let Ok(bundle) = Bundle::parse("/bundle", text) {
        compile(&bundle);
    }
}

/// Plans a bundle for each kind of host, on one of them with all that a caller can choose; says for how many there was
/// a plan.
pub(crate) fn compile(bundle: &Bundle) -> usize {
    static HOSTS: OnceLock<[(Host, Arguments); 2]> = OnceLock::new();
    let mut planned = 0;
    for (host, arguments) in HOSTS.get_or_init(hosts) {
        let (plan, problems) = Plan::compile(bundle, host, arguments);
        check_problems(&problems, plan.is_some());
        let Some(plan) = plan else {
            continue;
        };
        planned += 1;
        check(&plan, false);
        kept(&plan);
        if let Some(process) = &bundle.config().process {
            let (exec, problems) = plan.exec(process, &ExecArguments::default(), host);
            check_problems(&problems, exec.is_some());
            if let Some(exec) = exec {
                check(fuzzing::plan_of(&exec), true);
                check_explained(&exec.explain());
            }
        }
        let (again, _) = Plan::compile(bundle, host, arguments);
        let again = again.expect("a plan, as before");
        assert_eq!(
            fuzzing::sent(&plan, &[]),
            fuzzing::sent(&again, &[]),
            "the same bundle makes the same plan"
        );
        assert!(
            fuzzing::acts(&plan).eq(fuzzing::acts(&again)),
            "the same bundle makes the same plan"
        );
    }
    planned
}

fn hosts() -> [(Host, Arguments); 2] {
    let [hybrid, v2] = fuzzing::hosts();
    let usual = Arguments::new(Id::new("box").expect("an id"));
    let mut chosen = usual.clone();
    chosen.no_pivot = true;
    chosen.no_new_keyring = true;
    chosen.preserve_fds = 2;
    chosen.listen_fds = 1;
    chosen.notify_folder = Some("/run/orlop/box/notify".into());
    [(hybrid, usual), (v2, chosen)]
}

/// Init can read the plan, a person too, and each act finds what it refers to.
fn check(plan: &Plan, is_exec: bool) {
    let count = step::all(fuzzing::steps(plan)).expect("init can read the plan");
    let sent = fuzzing::sent(plan, &[4, 5]);
    let mut reader = Reader::new(&sent);
    let header = Header::take(&mut reader).expect("init can read the header");
    assert_eq!(header.held, fuzzing::held(plan));
    assert_eq!(header.filter.len(), 8 * fuzzing::instructions(plan) as usize);
    assert_eq!(reader.bytes(fuzzing::steps(plan).len()), Ok(fuzzing::steps(plan)));
    assert!(reader.is_at_end());
    acts::check(plan, is_exec);
    check_explained(&plan.explain());
    failures(plan, count);
}

fn check_explained(explained: &[ExplainedAct]) {
    assert!(!explained.is_empty());
    for line in explained {
        assert!(!line.text.is_empty());
        assert!(!line.text.chars().any(char::is_control), "{:?}", line.text);
        assert!(line.path.as_ref().is_none_or(|path| !path.as_str().is_empty()));
    }
}

/// Whichever step init tells of, its failure has words; of one that is not in the plan, too.
fn failures(plan: &Plan, count: usize) {
    let mut message = Message {
        kind: Message::FAILED,
        step: 0,
        errno: 1,
        part: 0,
        detail: 0,
        length: 0,
    };
    assert!(fuzzing::find_step(plan, count).is_none());
    for number in [0, count / 3, count / 2, count - 1, count] {
        message.step = u32::try_from(number).expect("few steps");
        message.part = message.step % 27;
        let error = fuzzing::failure(plan, &message, "words").to_string();
        assert!(!error.is_empty());
        assert!(!error.chars().any(char::is_control), "{error:?}");
        assert_eq!(fuzzing::find_step(plan, number).is_some(), number < count);
    }
}

/// What is kept of the plan reads as it was written.
fn kept(plan: &Plan) {
    assert_eq!(fuzzing::keeps_what_exec_needs(plan), Ok(true));
    let bytes = Kept::bytes_of(plan).expect("it can be written");
    let kept = Kept::parse(&bytes).expect("it can be read");
    let (first, _, count) = fuzzing::start(plan);
    assert_eq!(kept.first(), first);
    for number in first..first + count {
        let (step, path) = fuzzing::find_step(plan, number).expect("a step of the start");
        assert_eq!(kept.step(number), Some(step));
        assert_eq!(kept.origin(number), path);
    }
    assert_eq!(kept.step(first + count), None);
}

fn check_problems(problems: &Problems, planned: bool) {
    let mut errors = 0;
    for problem in problems.all() {
        assert!(!problem.path.as_str().is_empty(), "{problem}: no place in the config");
        assert_is_a_sentence(&problem.to_string());
        errors += usize::from(problem.severity == Severity::Error);
    }
    assert_eq!(planned, errors == 0, "a plan if, and only if, there is no error");
}
