//! docs/life-cycle.md: what comes of each request in each status, printed by running
//! the rules themselves.

use std::fmt::Write as _;
use std::path::Path;

use jiff::Timestamp;
use ocs_protocol::enumeration::{
    CallProgress, CallResult, CallbackType, ContactType, DialingMode, Enumeration as _,
    GroupStatus, OptimizeBy, RecordStatus, RecordType,
};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::Refusal;
use ocs_protocol::request::RequestName;

use super::{
    STATUSES, allowed, cancel, check, finish_with_chain, hand_out, handed_over, missed, no_call,
    processed, progressed, reject, reschedule, stale, update,
};
use crate::calling_list::{CallingList, DailyWindow};
use crate::campaign::{Campaign, CampaignGroup, WeightedList};
use crate::change::{Completion, OnRecord, Reschedule};
use crate::dialing::Progress;
use crate::fields::Fields;
use crate::group_state::{GroupCommand, GroupState, Settings, not_running};
use crate::objects::Objects;
use crate::options::Options;
use crate::record::{Contact, InHand, Record};
use crate::retrieval::why;
use crate::treatment::{Action, Interval, Treatment};
use crate::zone::{UTC, Zone, ZoneOrigin};

/// Set when the test is to write the document.
const WRITE: &str = "OCS_WRITE_LIFE_CYCLE";

/// 2026-11-22T10:00:00Z: within the daily window of every record here.
const NOW: i64 = 1_795_341_600;

/// The most attempts of the calling list.
const MOST: u32 = 10;

const LIST: u32 = 101;

/// What comes of a record: whether it changed, or why not.
type Came = Result<(), Refusal>;

/// A row of the table: its name, the record that it is about, and what is done to it.
struct Row {
    name: String,
    begin: Box<dyn Fn(&mut Record)>,
    rule: fn(&mut Record, &Objects) -> Came,
    /// Whether only records of this status are looked at; a dash for the others.
    only: Option<RecordStatus>,
}

fn row(name: impl Into<String>, rule: fn(&mut Record, &Objects) -> Came) -> Row {
    Row {
        name: name.into(),
        begin: Box::new(|_| {}),
        rule,
        only: None,
    }
}

fn requests() -> Vec<Row> {
    use RequestName as R;
    vec![
        Row {
            only: Some(RecordStatus::Ready),
            ..row(R::PreviewRecordRequest.name(), preview)
        },
        row(R::ChainedRecordRequest.name(), |record, objects| {
            check(record, &on(record), R::ChainedRecordRequest, objects).map(|_| ())
        }),
        row(R::UpdateCallCompletionStats.name(), |record, objects| {
            update(record, &completion(record), objects, NOW).map(|_| ())
        }),
        row(R::RecordProcessed.name(), |record, objects| {
            processed(record, &completion(record), objects, NOW).map(|_| ())
        }),
        Row {
            begin: Box::new(|record| record.attempt_guid = Some("0".repeat(32))),
            only: Some(RecordStatus::Ready),
            ..row(
                format!(
                    "{} after {} in the same attempt",
                    R::RecordProcessed.name(),
                    R::RecordReschedule.name()
                ),
                |record, objects| processed(record, &completion(record), objects, NOW).map(|_| ()),
            )
        },
        Row {
            begin: Box::new(|record| record.attempt_guid = Some("0".repeat(32))),
            ..row(R::CallProgress.name(), |record, objects| {
                let request = Progress {
                    on: on(record),
                    progress: CallProgress::Answered,
                    agent: None,
                };
                progressed(record, &request, None, objects, NOW).map(|_| ())
            })
        },
        row(R::RecordReject.name(), |record, objects| {
            reject(record, &on(record), objects)
        }),
        row(R::RecordReschedule.name(), |record, objects| {
            reschedule(record, &callback(record, false), objects, NOW)
        }),
        Row {
            begin: Box::new(|record| record.contact.record_type = RecordType::CampaignCallBack),
            ..row(
                format!("{}, of a callback", R::ScheduledRecordReschedule.name()),
                |record, objects| reschedule(record, &callback(record, true), objects, NOW),
            )
        },
        row(
            format!("{}, of another", R::ScheduledRecordReschedule.name()),
            |record, objects| reschedule(record, &callback(record, true), objects, NOW),
        ),
        row(R::RequestRecordCancel.name(), |record, objects| {
            check(record, &on(record), R::RequestRecordCancel, objects)?;
            cancel(record);
            Ok(())
        }),
        row(R::DoNotCall.name(), |record, objects| {
            check(record, &on(record), R::DoNotCall, objects)?;
            no_call(record);
            Ok(())
        }),
    ]
}

/// What else becomes of a record: with others of its chain, and by time.
fn events() -> Vec<Row> {
    let by = |request: RequestName, way: &str| format!("{} {way}", request.name());
    vec![
        row(
            by(
                RequestName::RecordProcessed,
                "of another record of its chain",
            ),
            |record, _| {
                finish_with_chain(record);
                Ok(())
            },
        ),
        row(
            by(
                RequestName::RequestRecordCancel,
                "of its phone, customer id or chain",
            ),
            |record, _| {
                cancel(record);
                Ok(())
            },
        ),
        row(
            by(RequestName::DoNotCall, "of its phone, customer id or chain"),
            |record, _| {
                no_call(record);
                Ok(())
            },
        ),
        Row {
            only: Some(RecordStatus::Retrieved),
            ..row("nobody named it for `stale_clean_timeout`", gone_stale)
        },
        Row {
            begin: Box::new(|record| record.attempts = MOST - 1),
            only: Some(RecordStatus::Retrieved),
            ..row("the same, in its last attempt", gone_stale)
        },
        Row {
            begin: Box::new(handed_over),
            only: Some(RecordStatus::Retrieved),
            ..row(
                "nobody reported its call for `call-timeout` (the attempt was counted when it was \
                 handed to the dialer)",
                gone_stale,
            )
        },
        Row {
            begin: Box::new(|record| record.contact.record_type = RecordType::CampaignCallBack),
            only: Some(RecordStatus::Ready),
            ..row(
                "a CampaignCallBack that nobody took within `callback-timeout`",
                not_taken,
            )
        },
        Row {
            begin: Box::new(|record| record.contact.record_type = RecordType::PersonalCallBack),
            only: Some(RecordStatus::Ready),
            ..row("a PersonalCallBack, the same", not_taken)
        },
    ]
}

/// What each treatment makes of a record whose call result it is for.
fn treated() -> Vec<Row> {
    let processed = |record: &mut Record, objects: &Objects| {
        processed(record, &completion(record), objects, NOW).map(|_| ())
    };
    treatments()
        .into_iter()
        .map(|treatment| {
            let result = treatment.result;
            Row {
                begin: Box::new(move |record| record.result = result),
                ..row(treatment.action.name(), processed)
            }
        })
        .collect()
}

/// A treatment of each action, each for a call result of its own.
fn treatments() -> Vec<Treatment> {
    let interval = Interval {
        minutes: 30,
        increment: 0,
    };
    let moment = || "2026-11-23T10:00:00Z".to_owned();
    let actions = [
        Action::Cycle(interval),
        Action::RetryIn(interval),
        Action::RetryAtDate(moment()),
        Action::NextInChain,
        Action::NextInChainAfter(interval),
        Action::NextInChainAtDate(moment()),
        Action::MarkAllChain,
        Action::MarkDb,
        Action::AssignToGroup("Campaign@specialists".to_owned()),
    ];
    let treatment = |(result, action): (&CallResult, Action)| Treatment {
        result: *result,
        action,
        attempt: None,
        cycles: None,
    };
    CallResult::ALL[5..]
        .iter()
        .zip(actions)
        .map(treatment)
        .collect()
}

fn gone_stale(record: &mut Record, objects: &Objects) -> Came {
    let _rest = stale(record, objects, NOW);
    Ok(())
}

fn not_taken(record: &mut Record, objects: &Objects) -> Came {
    let _rest = missed(record, objects, NOW);
    Ok(())
}

fn preview(record: &mut Record, objects: &Objects) -> Came {
    let list = objects.list(record.list).expect("the calling list");
    assert!(
        why::is_callable(record, &[&*record], list, objects, NOW),
        "a Ready record within its daily window is callable"
    );
    hand_out(record, held(), "1".repeat(32));
    Ok(())
}

fn objects() -> Objects {
    let mut objects = Objects::default();
    objects.put_zone(Zone {
        dbid: UTC,
        name: "UTC".to_owned(),
        zone: jiff::tz::TimeZone::UTC,
        origin: ZoneOrigin::BuiltIn,
    });
    objects.put_list(CallingList {
        dbid: LIST,
        name: "Spring".to_owned(),
        window: DailyWindow::default(),
        zone: UTC,
        max_attempts: MOST,
        region: None,
        fields: Vec::new(),
        treatments: treatments(),
        options: Options::default(),
    });
    objects.put_campaign(Campaign {
        dbid: 101,
        name: "Campaign".to_owned(),
        description: String::new(),
        lists: vec![WeightedList {
            list: LIST,
            weight: 100,
            filter: None,
        }],
        treatments: Vec::new(),
        options: Options::default(),
    });
    for (dbid, group) in [(101, "agents"), (102, "specialists")] {
        objects.put_group(CampaignGroup {
            dbid,
            campaign: 101,
            group: group.to_owned(),
            description: String::new(),
            mode: DialingMode::Preview,
            schedule: None,
            sequence: None,
            options: Options::default(),
        });
    }
    objects
}

fn held() -> InHand {
    InHand {
        group: 101,
        agent: Some("agent".to_owned()),
        touched: NOW,
    }
}

/// A record of a status.
fn record(status: RecordStatus) -> Record {
    let retrieved = status == RecordStatus::Retrieved;
    Record {
        handle: 1,
        list: LIST,
        chain: 1,
        chain_n: 0,
        contact: Contact {
            phone: "+16505550100".to_owned(),
            phone_type: ContactType::Mobile,
            customer_id: None,
            record_type: RecordType::General,
            scheduled: None,
            call_time: None,
            window: DailyWindow::default(),
            zone: UTC,
            campaign: None,
            agent: None,
            fields: Fields::default(),
        },
        status,
        result: CallResult::Unknown,
        attempts: 1,
        attempt_guid: retrieved.then(|| "0".repeat(32)),
        in_hand: retrieved.then(held),
        outside_window: false,
        assigned: None,
        attempt_counted: false,
    }
}

fn on(record: &Record) -> OnRecord {
    OnRecord {
        handle: record.handle,
        ..OnRecord::default()
    }
}

fn completion(record: &Record) -> Completion {
    Completion {
        on: on(record),
        ..Completion::default()
    }
}

fn callback(record: &Record, again: bool) -> Reschedule {
    let at = Timestamp::from_second(NOW + 3_600).expect("a moment");
    Reschedule {
        on: on(record),
        at: at.to_string(),
        callback: CallbackType::Campaign,
        agent: None,
        again,
    }
}

/// What stands in the table: the status that comes of it with what changes beside it,
/// or the error number.
fn cell(row: &Row, status: RecordStatus, objects: &Objects) -> String {
    if row.only.is_some_and(|only| only != status) {
        return "—".to_owned();
    }
    let mut record = record(status);
    (row.begin)(&mut record);
    let before = record.clone();
    match (row.rule)(&mut record, objects) {
        Err(refusal) => {
            assert_eq!(record, before, "refused, and yet changed: {}", row.name);
            error(refusal.number)
        }
        Ok(()) if record == before => "stays".to_owned(),
        Ok(()) => {
            let mut parts = vec![record.status.name().to_owned()];
            if record.contact.record_type != before.contact.record_type {
                parts.push(record.contact.record_type.name().to_owned());
            }
            if record.result != before.result {
                parts.push(format!("result {}", record.result.number()));
            }
            if record.attempts > before.attempts {
                parts.push("counted".to_owned());
            }
            parts.join(", ")
        }
    }
}

fn error(number: ErrorNumber) -> String {
    format!("[{}](errors/{}.md)", number.number(), number.page())
}

fn table(
    first: &str,
    columns: &[&str],
    rows: impl IntoIterator<Item = (String, Vec<String>)>,
) -> String {
    let mut text = format!("| {first} | {} |\n", columns.join(" | "));
    text.push('|');
    text.push_str(&"---|".repeat(columns.len() + 1));
    text.push('\n');
    for (name, cells) in rows {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
    }
    text
}

fn records(rows: &[Row]) -> String {
    let objects = objects();
    let columns: Vec<_> = STATUSES.iter().map(|status| status.name()).collect();
    let rows = rows.iter().map(|row| {
        let cells = STATUSES.iter().map(|status| cell(row, *status, &objects));
        (row.name.clone(), cells.collect())
    });
    table("", &columns, rows)
}

/// The states of a campaign group, and what its requests make of them.
fn groups() -> String {
    const STATES: [GroupStatus; 3] = [
        GroupStatus::NotLoaded,
        GroupStatus::Active,
        GroupStatus::Running,
    ];
    let none = Settings::default();
    let power = Settings {
        mode: Some(DialingMode::Power),
        ..none
    };
    let state = |status| GroupState {
        status,
        mode: DialingMode::Preview,
        optimize_by: OptimizeBy::None,
        optimize_goal: 0,
        auto_completion: false,
    };
    let engaged = Settings {
        mode: Some(DialingMode::EngagedPower),
        ..none
    };
    let in_mode =
        |request: RequestName, mode: DialingMode| format!("{}, {}", request.name(), mode.name());
    let commands = [
        (
            RequestName::LoadCampaign.name().to_owned(),
            GroupCommand::Load(none),
        ),
        (
            RequestName::StartDialing.name().to_owned(),
            GroupCommand::Start(none),
        ),
        (
            in_mode(RequestName::StartDialing, DialingMode::Power),
            GroupCommand::Start(power),
        ),
        (
            in_mode(RequestName::StartDialing, DialingMode::EngagedPower),
            GroupCommand::Start(engaged),
        ),
        (
            RequestName::SetDialingMode.name().to_owned(),
            GroupCommand::SetMode(none),
        ),
        (
            in_mode(RequestName::SetDialingMode, DialingMode::Power),
            GroupCommand::SetMode(power),
        ),
        (
            in_mode(RequestName::SetDialingMode, DialingMode::EngagedPower),
            GroupCommand::SetMode(engaged),
        ),
        (
            RequestName::StopDialing.name().to_owned(),
            GroupCommand::Stop,
        ),
        (
            format!(
                "{}, {}",
                RequestName::UnloadCampaign.name(),
                RequestName::ForceUnloadCampaign.name()
            ),
            GroupCommand::Unload,
        ),
        (
            RequestName::GetCampaignStatus.name().to_owned(),
            GroupCommand::Status,
        ),
    ];
    let mut rows: Vec<(String, Vec<String>)> = commands
        .into_iter()
        .map(|(name, command)| {
            let cells = STATES.map(|status| match state(status).after(command) {
                Ok(after) if after == state(status) => "stays".to_owned(),
                Ok(after) => {
                    let mut cell = after.status.name().to_owned();
                    if after.mode != DialingMode::Preview {
                        let _ = write!(cell, ", {}", after.mode.name());
                    }
                    cell
                }
                Err(refusal) => error(refusal.number),
            });
            (name, cells.to_vec())
        })
        .collect();
    let preview = STATES.map(|status| {
        let state = state(status);
        if state.is_running() {
            "hands out".to_owned()
        } else {
            error(not_running(&state).number)
        }
    });
    rows.push((
        RequestName::PreviewRecordRequest.name().to_owned(),
        preview.to_vec(),
    ));
    table("", &STATES.map(GroupStatus::name), rows)
}

fn document() -> String {
    format!(
        "<!-- Printed from the rules. `cargo xtask life-cycle` writes it. -->\n\
         \n\
         # Life cycle\n\
         \n\
         What comes of a record in each status, and of a campaign group in each state. A cell\n\
         says the status afterwards, and beside it a new record type, a new call result, and\n\
         whether an attempt is counted; or the error number of the refusal, which changes\n\
         nothing. `stays` is taken, and the status is as it was; a dash is not looked at.\n\
         \n\
         A record whose type is NoCall is final, whatever its status. What a client sends with\n\
         a request (call result, fields) is set besides.\n\
         \n\
         ## Requests that name a record\n\
         \n\
         {requests}\n\
         RecordProcessed is shown for a call result that has no treatment. It finishes the chain\n\
         with the record, unless the record was put off in this attempt. ChainedRecordRequest leaves the record that it names and makes the other\n\
         open ones of its chain Retrieved. Another attempt's GSW_CALL_ATTEMPT_GUID is\n\
         {other_attempt} wherever the status alone would not refuse.\n\
         \n\
         ## RecordProcessed with a treatment for the call result\n\
         \n\
         {treated}\n\
         NextInChain, NextInChainAfter and NextInChainAtDate leave the chain to its next record.\n\
         MarkAllChain and MarkDB finish it, as no treatment does; MarkAllChain gives all of it the\n\
         record's call result. A treatment that would call the record again does not apply once\n\
         the calling list's maximum of attempts is reached. The treatments for 46, 47 and 48 take\n\
         the place of what the time does to a record below.\n\
         \n\
         ## What others and the time do to a record\n\
         \n\
         {events}\n\
         ## Campaign groups\n\
         \n\
         {groups}",
        requests = records(&requests()),
        other_attempt = error(ErrorNumber::OtherAttempt),
        treated = records(&treated()),
        events = records(&events()),
        groups = groups(),
    )
}

#[test]
fn the_committed_document_is_this_one() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/life-cycle.md");
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&file, document()).expect("docs/life-cycle.md can be written");
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == document(),
        "docs/life-cycle.md is not what the rules do; `cargo xtask life-cycle` writes it"
    );
}

/// What [`allowed`] says is what the rules do.
#[test]
fn the_table_of_statuses_agrees_with_the_rules() {
    let objects = objects();
    let rows = requests();
    for request in RequestName::ALL {
        let taken = allowed(*request);
        let Some(row) = rows.iter().find(|row| row.name == request.name()) else {
            // ScheduledRecordReschedule stands with what it is of.
            continue;
        };
        if taken.is_empty() {
            continue;
        }
        for status in STATUSES {
            let mut record = record(*status);
            (row.begin)(&mut record);
            let came = (row.rule)(&mut record, &objects).is_ok();
            assert_eq!(came, taken.contains(status), "{} {status:?}", row.name);
        }
    }
}
