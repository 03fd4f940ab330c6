//! Requests that the state of a record or of a campaign group forbids, and those that
//! reach nobody.

use serde_json::{Value, json};

use super::{Wrong, report, wrong};

/// `open` is Ready, `closed` final; the campaign group 401 is not loaded, 402 is
/// loaded, 403 is not loaded and Predictive, 404 runs.
pub(super) fn states(open: &Value, closed: &Value) -> Vec<Wrong> {
    let mut all = Vec::new();
    let soon = json!({ "GSW_DATE_TIME": "01/01/2038 00:00", "GSW_CALL_RESULT": 33 }).to_string();
    for req in [
        "UpdateCallCompletionStats",
        "RecordProcessed",
        "RecordReject",
        "RequestRecordCancel",
        "RecordCancel",
        "CancelRecord",
        "DoNotCall",
        "RecordReschedule",
        "ScheduledRecordReschedule",
        "ChainedRecordRequest",
        "ChainedRecordsRequest",
    ] {
        all.push(
            report("a final record", closed, req, 409, 1030)
                .body(&soon)
                .at("GSW_RECORD_HANDLE"),
        );
    }
    for req in [
        "RecordReject",
        "ChainedRecordRequest",
        "ScheduledRecordReschedule",
    ] {
        all.push(
            report("a record that is Ready", open, req, 409, 1031)
                .body(&soon)
                .at("GSW_RECORD_HANDLE"),
        );
    }
    for req in [
        "UpdateCallCompletionStats",
        "RecordProcessed",
        "CancelRecord",
        "DoNotCall",
    ] {
        let body = json!({
            "GSW_CALL_ATTEMPT_GUID": "0123456789abcdef0123456789abcdef", "GSW_CALL_RESULT": 33,
        });
        all.push(
            report("no attempt is under way", open, req, 409, 1032)
                .body(body.to_string())
                .at("GSW_CALL_ATTEMPT_GUID"),
        );
    }
    let mode = "{\"GSW_DIAL_MODE\":3}";
    for (dbid, req, number) in [
        (401, "UnloadCampaign", 4),
        (401, "ForceUnloadCampaign", 4),
        (401, "StartDialing", 4),
        (401, "StopDialing", 4),
        (401, "SetDialingMode", 4),
        (401, "PreviewRecordRequest", 4),
        (401, "GetRecord", 4),
        (402, "LoadCampaign", 5),
        (402, "StopDialing", 6),
        (402, "PreviewRecordRequest", 6),
        (402, "GetRecord", 6),
        (404, "LoadCampaign", 5),
        (404, "StartDialing", 7),
    ] {
        let target = format!("/campaigngroups/{dbid}?req={req}");
        all.push(
            wrong(
                "its state",
                "POST",
                &target,
                409,
                number,
                "the campaign group is",
            )
            .body(mode),
        );
    }
    for (dbid, req, mode) in [
        (402, "StartDialing", json!("EngagedPredictive")),
        (402, "StartDialing", json!(5)),
        (404, "SetDialingMode", json!("EngagedProgressive")),
        (404, "SetDialingMode", json!(7)),
    ] {
        let target = format!("/campaigngroups/{dbid}?req={req}");
        let body = json!({ "GSW_DIAL_MODE": mode }).to_string();
        all.push(
            wrong("a mode", "POST", &target, 400, 11, "in the dialing modes")
                .body(body)
                .at("GSW_DIAL_MODE"),
        );
    }
    for (target, attribute) in [
        ("/phones/999", "GSW_PHONE"),
        ("/phones/2", "GSW_PHONE"),
        ("/customer_ids/999", "GSW_CUSTOMER_ID"),
        ("/customerids/999", "GSW_CUSTOMER_ID"),
    ] {
        let target = format!("{target}?req=RequestRecordCancel");
        all.push(
            wrong("nobody", "POST", &target, 404, 1003, "no open record").attribute(attribute),
        );
    }
    all
}
