//! `linux.intelRdt`.

use super::{config, explained, hybrid, merge};
use crate::host::Host;
use serde_json::json;

#[test]
fn the_resource_director_is_the_runtimes_work_and_refused_where_there_is_none() {
    let change = json!({"linux": {"intelRdt": {"closID": "gold", "enableMonitoring": true, "enableCMT": true}}});
    let text = |resctrl: bool| {
        let host = Host {
            has_resctrl: resctrl,
            ..hybrid()
        };
        explained(&config(|config| merge(config, &change)), &host)
    };
    let planned = text(true);
    for line in [
        "create runtime before: make or check the resctrl group \"/sys/fs/resctrl/gold\", monitored as \"/sys/fs/resctrl/gold/mon_groups/box\"  <- linux.intelRdt\n",
        "create runtime beside: put init into the resctrl group \"/sys/fs/resctrl/gold\"  <- linux.intelRdt\n",
        "delete runtime: remove what was made of the resctrl group \"/sys/fs/resctrl/gold\"\n",
    ] {
        assert!(planned.contains(line), "{planned}");
    }
    assert!(
        planned.contains("Warning: linux.intelRdt.enableCMT: ignored"),
        "{planned}"
    );
    let refused = text(false);
    assert!(
        refused.contains("Error: linux.intelRdt: Intel RDT: no resctrl is mounted on /sys/fs/resctrl\n"),
        "{refused}"
    );
}
