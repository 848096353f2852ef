//! `process.scheduler`, `process.ioPriority`, `linux.personality`, `linux.memoryPolicy`.

use super::{config, explained, first_error, hybrid, merge};
use serde_json::{Value, json};

fn with(change: &Value) -> String {
    explained(&config(|config| merge(config, change)), &hybrid())
}

#[test]
fn each_attribute_of_the_process_is_a_step_with_its_path() {
    for (change, phrase) in [
        (
            json!({"process": {"scheduler": {"policy": "SCHED_BATCH", "nice": 5, "flags": ["SCHED_FLAG_RESET_ON_FORK"]}}}),
            "set the scheduling policy SCHED_BATCH (nice 5, SCHED_FLAG_RESET_ON_FORK)  <- process.scheduler\n",
        ),
        (
            json!({"process": {"scheduler": {"policy": "SCHED_DEADLINE", "runtime": 1, "deadline": 2, "period": 3}}}),
            "set the scheduling policy SCHED_DEADLINE (1 ns of each 3 ns, within 2 ns)  <- process.scheduler\n",
        ),
        (
            json!({"process": {"scheduler": {"policy": "SCHED_RR", "priority": 7}}}),
            "set the scheduling policy SCHED_RR (priority 7)  <- process.scheduler\n",
        ),
        (
            json!({"process": {"ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 6}}}),
            "set the I/O priority IOPRIO_CLASS_BE 6  <- process.ioPriority\n",
        ),
        (
            json!({"linux": {"personality": {"domain": "LINUX32"}}}),
            "set the personality LINUX32  <- linux.personality\n",
        ),
        (
            json!({"linux": {"memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0,2-3", "flags": ["MPOL_F_STATIC_NODES"]}}}),
            "set the memory policy MPOL_BIND with MPOL_F_STATIC_NODES on nodes 0,2,3  <- linux.memoryPolicy\n",
        ),
        (
            json!({"linux": {"memoryPolicy": {"mode": "MPOL_LOCAL"}}}),
            "set the memory policy MPOL_LOCAL  <- linux.memoryPolicy\n",
        ),
    ] {
        let text = with(&change);
        assert!(text.contains(phrase), "{phrase}{text}");
        let before = text.split("become user").next().unwrap_or_default();
        assert!(
            before.contains(phrase),
            "it needs rights that the user may not have: {text}"
        );
    }
}

#[test]
fn the_cpus_of_exec_are_accepted_and_change_nothing_for_the_first_process() {
    let affinity = json!({"process": {"execCPUAffinity": {"initial": "0", "final": "0-1"}}});
    assert_eq!(with(&affinity), with(&json!({})));
}

#[test]
fn a_memory_policy_that_the_kernel_would_refuse_is_an_error_in_the_words_of_runc() {
    let error = |policy: Value| first_error(|config| config["linux"]["memoryPolicy"] = policy);
    assert_eq!(
        error(json!({"mode": "MPOL_DEFAULT", "nodes": "0-7"})),
        "linux.memoryPolicy.nodes: MPOL_DEFAULT: mode requires 0 nodes but got 8"
    );
    assert_eq!(
        error(json!({"mode": "MPOL_BIND"})),
        "linux.memoryPolicy.nodes: MPOL_BIND: mode requires at least 1 node but got 0"
    );
    let beyond = error(json!({"mode": "MPOL_BIND", "nodes": "0-4000000000"}));
    assert!(
        beyond.starts_with("linux.memoryPolicy.nodes: invalid memory policy node"),
        "{beyond}"
    );
}

#[test]
fn a_deadline_process_that_would_have_to_fork_for_its_hooks_is_refused() {
    let change = json!({
        "process": {"scheduler": {"policy": "SCHED_DEADLINE", "runtime": 1, "deadline": 2, "period": 3}},
        "hooks": {"startContainer": [{"path": "/hook"}]}
    });
    let error = first_error(|config| merge(config, &change));
    assert!(error.starts_with("process.scheduler.policy: "), "{error}");
}
