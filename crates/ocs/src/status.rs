//! `ocs status`: every OCS of the store.

use std::path::Path;
use std::process::ExitCode;

use ocs_protocol::control::StatusReply;
use ocs_server::OfOcs;
use serde_json::{Value, json};

use crate::terminal::{DONE, FAILED, complain, counted, end, say};
use crate::{cli, config, run};

/// Shows every OCS of the store.
pub(crate) fn status(file: Option<&Path>, asked: &cli::Status) -> ExitCode {
    let config = match config::load(file) {
        Ok(config) => config,
        Err(status) => return status,
    };
    let all = match run::block_on(async { Ok(ocs_server::statuses(&config).await?) }) {
        Ok(all) => all,
        Err(error) => return end(FAILED, format!("{error:#}")),
    };
    if asked.json {
        say(json!({ "ocs": all.iter().map(as_json).collect::<Vec<_>>() }));
    } else if all.is_empty() {
        complain("no OCS of this store runs");
    } else {
        for ocs in &all {
            for line in lines(ocs) {
                say(line);
            }
        }
    }
    let mut answered = all.iter().filter_map(|ocs| ocs.status.as_ref());
    match answered.any(|ocs| ocs.role == "primary") {
        true => DONE,
        false => ExitCode::from(FAILED),
    }
}

fn as_json(ocs: &OfOcs) -> Value {
    let Some(status) = &ocs.status else {
        return json!({ "process": ocs.process, "role": "does not answer" });
    };
    let ports = status.ports.iter();
    let groups = status.groups.iter();
    let mut object = json!({
        "process": status.process, "role": status.role, "version": status.version,
        "application": status.application, "dbid": status.dbid, "tenant": status.tenant,
        "holder": { "name": status.holder, "process": status.holder_process },
        "epoch": status.epoch, "lease_ms": status.lease_ms,
        "calling_lists": status.calling_lists,
        "campaign_groups": groups
            .map(|group| json!({ "name": group.name, "status": group.status }))
            .collect::<Vec<_>>(),
        "do_not_call": status.do_not_call,
    });
    if status.role == "backup" {
        object["silent_ms"] = status.silent_ms.into();
        object["problem"] = match status.problem.as_str() {
            "" => Value::Null,
            problem => problem.into(),
        };
    } else {
        object["primary_for_ms"] = status.primary_for_ms.into();
        object["ready"] = status.ready.into();
        object["ports"] = ports
            .map(|port| json!({ "id": port.id, "uri": port.uri }))
            .collect();
    }
    object
}

fn lines(ocs: &OfOcs) -> Vec<String> {
    let Some(status) = &ocs.status else {
        return vec![format!("process {}: does not answer", ocs.process)];
    };
    let mut lines = vec![format!(
        "process {}: {} (OCS {}, application \"{}\", DBID {}, tenant \"{}\")",
        status.process, status.role, status.version, status.application, status.dbid, status.tenant
    )];
    if let Some(epoch) = status.epoch {
        lines.push(lease(status, epoch));
    }
    for port in &status.ports {
        lines.push(format!(
            "  HTTP Proxy on {} (port \"{}\")",
            port.uri, port.id
        ));
    }
    if status.role == "primary" && !status.ready {
        lines.push("  HTTP Proxy does not serve".to_owned());
    }
    lines.push(format!(
        "  {}; Do Not Call list: {}",
        counted(status.calling_lists, "calling list"),
        status.do_not_call.map_or_else(
            || "not in memory yet".to_owned(),
            |entries| if entries == 1 {
                "1 entry".to_owned()
            } else {
                format!("{entries} entries")
            }
        )
    ));
    for group in &status.groups {
        lines.push(format!("  campaign group {}: {}", group.name, group.status));
    }
    if !status.problem.is_empty() {
        lines.push(format!("  does not follow the store: {}", status.problem));
    }
    lines
}

fn lease(status: &StatusReply, epoch: i64) -> String {
    match status.role.as_str() {
        "backup" => format!(
            "  lease of {} ms: epoch {epoch}, held by {} (process {}), which gave a sign of life \
             {} ms ago",
            status.lease_ms, status.holder, status.holder_process, status.silent_ms
        ),
        _ => format!(
            "  lease of {} ms: epoch {epoch}, held for {} s",
            status.lease_ms,
            status.primary_for_ms / 1000
        ),
    }
}
