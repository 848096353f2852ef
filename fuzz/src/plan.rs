use crate::{assert_is_a_sentence, wire};
use orlop::{Arguments, Bundle, Host, Plan, Problems, Severity, fuzzing};
use std::sync::OnceLock;

/// A `config.json`: for each kind of host a plan that init can read to its end, or an error with its place in the config.
pub fn plan(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if let Ok(bundle) = Bundle::parse("/bundle", text) {
        compile(&bundle);
    }
}

/// Plans a bundle for each kind of host; says for how many there was a plan.
pub(crate) fn compile(bundle: &Bundle) -> usize {
    static HOSTS: OnceLock<[Host; 2]> = OnceLock::new();
    let arguments = Arguments {
        id: "box".to_owned(),
        ..Arguments::default()
    };
    let mut planned = 0;
    for host in HOSTS.get_or_init(fuzzing::hosts) {
        let (plan, problems) = Plan::compile(bundle, host, &arguments);
        check_problems(&problems, plan.is_some());
        let Some(plan) = plan else {
            continue;
        };
        planned += 1;
        wire::all_steps(fuzzing::steps(&plan)).expect("init can read the plan");
        let explained = plan.explain(bundle);
        assert!(!explained.is_empty());
        for line in explained {
            assert!(!line.text.is_empty());
            assert!(!line.text.chars().any(char::is_control), "{:?}", line.text);
            assert!(line.path.is_none_or(|path| !path.as_str().is_empty()));
        }
        let (again, _) = Plan::compile(bundle, host, &arguments);
        let again = again.expect("a plan, as before");
        assert_eq!(
            fuzzing::steps(&plan),
            fuzzing::steps(&again),
            "the same bundle makes the same plan"
        );
    }
    planned
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
