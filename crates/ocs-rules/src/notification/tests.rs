//! Whose word counts, and what messages look like.

use serde_json::{Map, Value, json};

use super::*;
use crate::calling_list::{CallingList, Field, FieldKind};
use crate::fields::{FieldValue, Fields};
use crate::record::{InHand, Record};
use crate::retrieval::agreement;
use ocs_protocol::enumeration::{CallResult, RecordStatus};

const LIST: u32 = 101;
const GROUP: CampaignGroupId = 301;

fn options(text: &str) -> Options {
    Options::from_stored(text)
}

/// A calling list, its campaign and campaign group with these options each.
fn objects(list: &str, group: &str, campaign: &str) -> Objects {
    let mut objects = Objects::default();
    objects.put_list(CallingList {
        dbid: LIST,
        name: "Spring".to_owned(),
        fields: vec![Field {
            name: "balance".to_owned(),
            kind: FieldKind::Float,
            send_attribute: Some("Balance".to_owned()),
        }],
        options: options(list),
        ..agreement::list(LIST)
    });
    objects.put_campaign(crate::campaign::Campaign {
        dbid: 201,
        name: "C".to_owned(),
        description: String::new(),
        lists: vec![crate::campaign::WeightedList {
            list: LIST,
            weight: 1,
            filter: None,
        }],
        treatments: Vec::new(),
        options: options(campaign),
    });
    objects.put_group(crate::campaign::CampaignGroup {
        dbid: GROUP,
        campaign: 201,
        group: "G".to_owned(),
        description: String::new(),
        mode: ocs_protocol::enumeration::DialingMode::Preview,
        schedule: None,
        sequence: None,
        options: options(group),
    });
    objects
}

fn own(on: bool, uri: Option<&str>) -> Notifications {
    let told = Told {
        on,
        uri: uri.map(ToOwned::to_owned),
    };
    Notifications {
        tenant: "Environment".to_owned(),
        application: 101,
        call_reports: told.clone(),
        wait_threshold: 0,
        wait_recovery: 60,
        contact_processed: told,
        retries: 10,
        ..Notifications::default()
    }
}

#[test]
fn the_nearest_level_counts() {
    const ON: &str = r#"{"send-history":true}"#;
    const OFF: &str = r#"{"send-history":false}"#;
    const HERE: &str = r#"{"history-uri":"http://here/"}"#;
    const BOTH: &str = r#"{"send-history":true,"history-uri":"http://both/"}"#;
    for (list, group, campaign, own_word, right) in [
        ("{}", "{}", "{}", own(false, None), None),
        ("{}", "{}", "{}", own(true, None), None),
        (
            "{}",
            "{}",
            "{}",
            own(true, Some("http://own/")),
            Some("http://own/"),
        ),
        (OFF, ON, "{}", own(true, Some("http://own/")), None),
        (
            ON,
            OFF,
            "{}",
            own(false, Some("http://own/")),
            Some("http://own/"),
        ),
        ("{}", OFF, ON, own(true, Some("http://own/")), None),
        ("{}", "{}", BOTH, own(false, None), Some("http://both/")),
        ("{}", HERE, BOTH, own(false, None), Some("http://here/")),
        (HERE, BOTH, "{}", own(false, None), Some("http://here/")),
    ] {
        let objects = objects(list, group, campaign);
        let levels = Levels::of(&objects, LIST, Some(GROUP));
        let case = format!("{list} {group} {campaign} {own_word:?}");
        assert_eq!(own_word.call_reports(levels), right, "{case}");
        if right.is_some() {
            assert!(own_word.anywhere(&objects).call_reports, "{case}");
        }
    }
}

#[test]
fn conditions_and_retries() {
    let objects = objects(
        r#"{"history-wait-condition-threshold":5,"http-retry-max-attempts":3}"#,
        r#"{"history-wait-recovery-timeout":"2min"}"#,
        "{}",
    );
    let levels = Levels::of(&objects, LIST, Some(GROUP));
    let told = own(true, Some("http://own/"));
    let right = WaitCondition {
        uri: "http://own/",
        threshold: 5,
        recovery: 120,
    };
    assert_eq!(told.wait_condition(levels), Some(right));
    assert_eq!(
        told.wait_condition(Levels::default()),
        None,
        "0 is no limit"
    );
    assert_eq!(told.contact_processed(levels), Some(("http://own/", 3)));
    assert_eq!(
        told.contact_processed(Levels::default()),
        Some(("http://own/", 10))
    );
    assert_eq!(told.group_states(GROUP, &objects), None);
}

#[test]
fn pauses_grow() {
    let pauses: Vec<_> = [0, 1, 2, 3, 9, 10, 100].map(pause).to_vec();
    assert_eq!(pauses, [1, 1, 2, 4, 256, 300, 300]);
}

fn record() -> Record {
    let mut record = agreement::record(7, 7, 0);
    record.status = RecordStatus::Retrieved;
    record.attempt_guid = Some("a".repeat(32));
    record.in_hand = Some(InHand {
        group: GROUP,
        agent: Some("ann".to_owned()),
        touched: 90,
    });
    record.contact.phone = "+16505550123".to_owned();
    record.contact.customer_id = Some("C-1".to_owned());
    record.contact.fields = Fields::of([
        ("balance", FieldValue::Float(12.5)),
        ("GSW_PHONE", FieldValue::Text("no attribute".to_owned())),
    ]);
    record
}

/// What of a message is under these keys.
fn of(message: &str, keys: &[&str]) -> Value {
    let message: Map<String, Value> = serde_json::from_str(message).expect("an object");
    keys.iter()
        .map(|key| message.get(*key).cloned().unwrap_or_default())
        .collect()
}

#[test]
fn call_reports_say() {
    let objects = objects("{}", "{}", "{}");
    let (record, told) = (record(), own(true, None));
    let guid = "a".repeat(32);
    let report = |end| CallReport {
        record: &record,
        guid: &guid,
        group: GROUP,
        agent: Some("ann"),
        begun: 80,
        end,
    };
    let keys = [
        "GSW_USER_EVENT",
        "GSW_HIST_SEQUENCE_NUM",
        "GSW_CALL_ATTEMPT_GUID",
        "GSW_TENANT_NAME",
        "GSW_CAMPAIGN_NAME",
        "GSW_CAMPAIGN_GROUP_NAME",
        "GSW_CALLING_LIST",
        "GSW_RECORD_HANDLE",
        "GSW_CHAIN_ID",
        "GSW_PHONE",
        "GSW_AGENT_ID",
        "GSW_ATTEMPT_BEGUN",
        "GSW_ATTEMPT_ENDED",
        "GSW_CALL_RESULT",
        "GSW_ATTEMPT_REJECTED",
        "Balance",
    ];
    let end = |rejected| End {
        at: 99,
        result: CallResult::Busy,
        rejected,
    };
    let none = Value::Null;
    for (reported, sequence, ended, result, rejected) in [
        (None, 0, none.clone(), none.clone(), none.clone()),
        (Some(end(false)), 1, json!(99), json!(6), none.clone()),
        (Some(end(true)), 1, json!(99), json!(6), json!(1)),
    ] {
        let message = report(reported).message(&told, &objects);
        let right = json!([
            "CallReport",
            sequence,
            guid,
            "Environment",
            "C",
            "C@G",
            "Spring",
            7,
            7,
            "+16505550123",
            "ann",
            80,
            ended,
            result,
            rejected,
            none
        ]);
        assert_eq!(of(&message, &keys), right);
    }
}

#[test]
fn processed_chains_say() {
    let objects = objects("{}", "{}", "{}");
    let told = own(true, None);
    let mut first = record();
    first.status = RecordStatus::Updated;
    first.result = CallResult::Answer;
    let mut second = first.clone();
    second.handle = 8;
    second.chain_n = 1;
    second.status = RecordStatus::ChainUpdated;
    let chain = [first, second];
    for (group, name) in [(Some(GROUP), json!("C@G")), (None, Value::Null)] {
        let processed = Processed {
            primary: &chain[0],
            group,
            chain: &chain,
            at: 99,
        };
        let message = processed.message(&told, &objects);
        let keys = [
            "GSW_USER_EVENT",
            "GSW_CAMPAIGN_NAME",
            "GSW_CAMPAIGN_GROUP_NAME",
            "GSW_RECORD_HANDLE",
            "GSW_CALL_RESULT",
            "GSW_PHONE",
            "Balance",
        ];
        let right = json!(["ContactProcessed", "C", name, 7, 33, "+16505550123", "12.5"]);
        assert_eq!(of(&message, &keys), right);
        let records = of(&message, &["GSW_CHAIN_RECORDS"]);
        let statuses = records[0].as_array().expect("records").iter();
        let statuses: Vec<_> = statuses.map(|one| &one["GSW_RECORD_STATUS"]).collect();
        assert_eq!(statuses, ["Updated", "ChainUpdated"]);
    }
}
