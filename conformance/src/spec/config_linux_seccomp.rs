//! config-linux.md, the part on seccomp.

use super::register::{Section, partly, tested};

const NO_TRACER: &str = "a tracer that answers is not among the tests";

pub(super) const SECCOMP: Section = Section {
    anchor: "seccomp",
    entries: &[
        tested(
            "defaultAction",
            &[
                "seccomp_words: every_action_can_be_the_default",
                "seccomp_filters: allow_list_that_is_just_enough_works",
            ],
        ),
        tested(
            "defaultAction: required",
            &["seccomp_words: profile_without_a_default_action_is_refused"],
        ),
        tested("defaultErrnoRet", &["seccomp_filters: default_errno_is_used"]),
        tested(
            "defaultErrnoRet: an action without one is an error",
            &["seccomp_words: default_errno_of_an_action_that_has_none_is_refused"],
        ),
        tested(
            "architectures",
            &[
                "seccomp_words: architectures_of_the_machines_family_are_taken",
                "seccomp_words: architecture_of_another_machine_is_no_error",
                "seccomp_words: missing_architectures_mean_the_machines_own",
                "seccomp_words: own_architecture_is_filtered_though_it_is_not_listed",
            ],
        ),
        tested(
            "architectures: unknown ones are an error",
            &["seccomp_filters: unknown_architecture_is_refused"],
        ),
        tested(
            "flags: SECCOMP_FILTER_FLAG_TSYNC",
            &["seccomp_words: tsync_flag_is_taken"],
        ),
        tested("flags: SECCOMP_FILTER_FLAG_LOG", &["seccomp_words: log_flag_is_taken"]),
        tested(
            "flags: SECCOMP_FILTER_FLAG_SPEC_ALLOW",
            &["seccomp_words: spec_allow_flag_is_taken"],
        ),
        tested(
            "flags: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
            &["seccomp_agent: killable_wait_is_taken"],
        ),
        tested(
            "flags: unknown ones are an error",
            &["seccomp_words: unknown_flag_is_refused"],
        ),
        tested(
            "listenerPath: one connection, one state",
            &["seccomp_agent: agent_gets_the_container_process_state"],
        ),
        tested(
            "listenerPath: a failure to send is an error",
            &[
                "seccomp_agent: missing_agent_is_an_error",
                "seccomp_agent: agent_that_hangs_up_leaves_no_running_container",
            ],
        ),
        tested(
            "listenerPath: ignored without SCMP_ACT_NOTIFY",
            &["seccomp_words: agents_path_without_notifications_is_ignored"],
        ),
        tested("listenerMetadata", &["seccomp_agent: agent_with_metadata_gets_it"]),
        tested(
            "listenerMetadata: not without listenerPath",
            &["seccomp_words: metadata_without_an_agents_path_is_refused"],
        ),
        tested("names", &["seccomp_filters: denied_call_gets_eperm"]),
        tested("names: at least one", &["seccomp_words: rule_without_names_is_refused"]),
        tested(
            "action: required",
            &["seccomp_words: rule_without_an_action_is_refused"],
        ),
        tested("SCMP_ACT_KILL", &["seccomp_words: kill_action_kills"]),
        tested("SCMP_ACT_KILL_PROCESS", &["seccomp_words: kill_process_action_kills"]),
        tested("SCMP_ACT_KILL_THREAD", &["seccomp_words: kill_thread_action_kills"]),
        tested("SCMP_ACT_TRAP", &["seccomp_words: trap_action_sends_a_signal"]),
        tested("SCMP_ACT_ERRNO", &["seccomp_words: errno_action_refuses"]),
        partly(
            "SCMP_ACT_TRACE",
            &["seccomp_words: trace_action_without_a_tracer_gives_enosys"],
            NO_TRACER,
        ),
        tested("SCMP_ACT_ALLOW", &["seccomp_words: allowing_action_lets_through"]),
        tested("SCMP_ACT_LOG", &["seccomp_words: log_action_lets_through"]),
        tested("SCMP_ACT_NOTIFY", &["seccomp_agent: agent_answers_for_a_call"]),
        tested(
            "other actions are an error",
            &["seccomp_filters: unknown_action_is_refused"],
        ),
        tested("errnoRet", &["seccomp_filters: denied_call_gets_the_errno_of_its_rule"]),
        tested(
            "errnoRet: unset means EPERM",
            &["seccomp_filters: denied_call_gets_eperm"],
        ),
        tested(
            "errnoRet: an action without one is an error",
            &["seccomp_words: errno_of_a_rule_whose_action_has_none_is_refused"],
        ),
        tested("args: index", &["seccomp_words: every_argument_can_be_compared"]),
        tested(
            "args: index beyond the sixth is an error",
            &["seccomp_words: argument_beyond_the_sixth_is_refused"],
        ),
        tested(
            "args: value, of 64 bits",
            &["seccomp_filters: argument_comparison_holds"],
        ),
        tested("args: valueTwo", &["seccomp_filters: masked_comparison_holds"]),
        tested(
            "args: all must hold",
            &["seccomp_filters: all_comparisons_of_a_rule_must_hold"],
        ),
        tested("SCMP_CMP_NE", &["seccomp_words: not_equal_operator_holds"]),
        tested("SCMP_CMP_LT", &["seccomp_words: less_operator_holds"]),
        tested("SCMP_CMP_LE", &["seccomp_words: less_or_equal_operator_holds"]),
        tested("SCMP_CMP_EQ", &["seccomp_words: equal_operator_holds"]),
        tested("SCMP_CMP_GE", &["seccomp_words: greater_or_equal_operator_holds"]),
        tested("SCMP_CMP_GT", &["seccomp_words: greater_operator_holds"]),
        tested("SCMP_CMP_MASKED_EQ", &["seccomp_words: masked_equal_operator_holds"]),
        tested(
            "other operators are an error",
            &["seccomp_words: unknown_operator_is_an_error"],
        ),
        tested(
            "several rules of one call are alternatives",
            &[
                "seccomp_words: rules_of_one_call_are_alternatives",
                "seccomp_words: comparisons_of_one_argument_in_a_rule_are_alternatives",
            ],
        ),
        tested(
            "names that nobody knows are no error",
            &["seccomp_filters: unknown_call_in_the_profile_is_no_error"],
        ),
    ],
};
