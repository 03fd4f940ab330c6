//! Objects files that are right, and what they mean.

use ocs_config::objects::{
    CampaignList, DialingMode, FieldType, TreatmentAction, is_iana_zone, parse,
};
use ocs_protocol::enumeration::CallResult;

/// The sample of configuration.md, section 1, without what is not built yet.
const SAMPLE: &str = r#"[[calling-list]]
name = "Spring"
dbid = 201
time-from = "08:00"
time-until = "18:30"
time-zone = "America/New_York"
max-attempts = 10
options = { channels = 3, duplicates = "refuse", stale_clean_timeout = "1h" }
[[calling-list.field]]
name = "balance"
type = "float"
send-attribute = "Balance"
[[calling-list.field]]
name = "client-id"
type = "varchar"
[[calling-list.field]]
name = "Balance2"
type = "char"
length = 8
send-attribute = "Balance2"
[[calling-list.treatment]]
call-result = "NoAnswer"
action = "RetryIn"
attempt = 1
interval = 30

[[campaign]]
name = "SpringCampaign"
description = """
One
two"""
calling-lists = [{ name = "Spring", weight = 40, filter = "Big" }, "Summer", { name = "Autumn" }]
[[campaign.treatment]]
call-result = "9"
action = "AssignToGroup"
cycles = 3
campaign-group = "SpringCampaign@Night"

[[campaign-group]]
dbid = 301
campaign = "SpringCampaign"
group = "Agents"
dialing-mode = "Preview"
options = { channels = 30, dialer-uri = "http://127.0.0.1:9000/dial" }

[[campaign-group]]
campaign = "SpringCampaign"
group = "Night"
dialing-mode = 9

[[time-zone]]
name = "AKT"
zone = "america/anchorage"

[[filter]]
name = "Big"

where = "balance > 100 and contact_info_type = Mobile"
order = "balance desc"

[[schedule]]
name = "Office"
time-zone = "AKT"
load-before = "10min"
[[schedule.hours]]
days = ["Mon", "Sun"]
from = "22:00"
until = "06:00"
dialing-mode = "Preview"
[[schedule.exception]]
date = "2026-12-25"
[[schedule.exception]]
date = "2026-12-24"
from = "09:00"
until = "12:00"
"#;

#[test]
fn the_sample_of_the_specification_is_read() {
    let objects = parse(SAMPLE, "objects.toml").expect("objects");
    let list = &objects.calling_lists[0];
    assert_eq!(
        (list.name.as_str(), list.dbid, list.line),
        ("Spring", Some(201), 1)
    );
    assert_eq!(list.time_from.seconds(), 28_800);
    assert_eq!(list.time_until.seconds(), 66_600);
    assert_eq!(list.time_zone.as_deref(), Some("America/New_York"));
    assert_eq!(list.options.channels, Some(3));
    assert_eq!(list.options.dialing_rate, None);
    let fields: Vec<_> = list
        .fields
        .iter()
        .map(|field| (field.wire_name(), field.kind, field.max_length()))
        .collect();
    assert_eq!(
        fields,
        [
            ("Balance", FieldType::Float, None),
            ("client-id", FieldType::Varchar, Some(255)),
            ("Balance2", FieldType::Char, Some(8)),
        ]
    );
    let treatment = &list.treatments[0];
    assert_eq!(treatment.call_result.0, CallResult::NoAnswer);
    assert_eq!(treatment.action, TreatmentAction::RetryIn);
    assert_eq!((treatment.attempt, treatment.cycles), (Some(1), None));
    assert_eq!((treatment.interval, treatment.increment), (Some(30), None));
    assert_eq!(treatment.line, 21);
    let campaign = &objects.campaigns[0];
    assert_eq!((campaign.dbid, campaign.line), (None, 27));
    let treatment = &campaign.treatments[0];
    assert_eq!(treatment.call_result.0, CallResult::AnsweringMachine);
    assert_eq!((treatment.attempt, treatment.cycles), (None, Some(3)));
    let group = treatment.campaign_group.as_deref();
    assert_eq!((group, treatment.line), (Some("SpringCampaign@Night"), 33));
    assert_eq!(campaign.description, "One\ntwo");
    let weighted = |name: &str, weight, filter: Option<&str>| CampaignList {
        name: name.to_owned(),
        weight,
        filter: filter.map(str::to_owned),
    };
    let lists = [
        weighted("Spring", 40, Some("Big")),
        weighted("Summer", 100, None),
        weighted("Autumn", 100, None),
    ];
    assert_eq!(campaign.calling_lists, lists);
    let groups = &objects.campaign_groups;
    assert_eq!(groups[0].full_name(), "SpringCampaign@Agents");
    assert_eq!(groups[0].dialing_mode, DialingMode::Preview);
    assert_eq!(groups[1].dialing_mode, DialingMode::ProgressiveGvp);
    assert_eq!((groups[0].line, groups[1].line), (39, 46));
    let zone = &objects.time_zones[0];
    assert_eq!(
        (zone.name.as_str(), zone.zone.as_str(), zone.line),
        ("AKT", "America/Anchorage", 51)
    );
    let filter = &objects.filters[0];
    assert_eq!(filter.name, "Big");
    assert_eq!(
        filter.condition,
        "balance > 100 and contact_info_type = Mobile"
    );
    assert_eq!(filter.order, "balance desc");
    assert_eq!((filter.line, filter.lines), (55, [58, 59]));
    let schedule = &objects.schedules[0];
    let (hours, exceptions) = (&schedule.hours[0], &schedule.exceptions);
    assert_eq!((schedule.line, hours.days.len()), (61, 2));
    assert_eq!(schedule.load_before.as_duration().as_secs(), 600);
    assert_eq!(schedule.unload_after.as_duration().as_secs(), 0);
    assert_eq!(hours.dialing_mode, Some(DialingMode::Preview));
    assert_eq!((exceptions[0].from, exceptions[0].until), (None, None));
    assert_eq!(exceptions[1].date.to_string(), "2026-12-24");
    assert_eq!(
        exceptions[1].until.map(|until| until.seconds()),
        Some(43_200)
    );
}

#[test]
fn what_is_left_out_has_its_default() {
    let text = "[[calling-list]]\nname = \"A\"\n[[campaign]]\nname = \"C\"\n\
                [[campaign-group]]\ncampaign = \"C\"\ngroup = \"G\"\n";
    let objects = parse(text, "objects.toml").expect("objects");
    let list = &objects.calling_lists[0];
    assert_eq!(list.dbid, None);
    assert_eq!(
        (list.time_from.seconds(), list.time_until.seconds()),
        (28_800, 64_800)
    );
    assert_eq!((list.max_attempts, list.time_zone.as_deref()), (10, None));
    assert!(objects.campaigns[0].calling_lists.is_empty());
    assert_eq!(
        objects.campaign_groups[0].dialing_mode,
        DialingMode::Preview
    );
    assert_eq!(
        parse("", "objects.toml").expect("nothing"),
        Default::default()
    );
}

#[test]
fn dialing_modes_are_taken_by_name_and_number() {
    for mode in DialingMode::ALL {
        let name = mode.name();
        let spellings = [
            format!("\"{name}\""),
            format!("\"{}\"", name.to_lowercase()),
            mode.number().to_string(),
            format!("\"{}\"", mode.number()),
        ];
        for spelling in spellings {
            let text = format!(
                "[[campaign-group]]\ncampaign = \"C\"\ngroup = \"G\"\ndialing-mode = {spelling}\n"
            );
            let objects = parse(&text, "objects.toml").expect("objects");
            assert_eq!(objects.campaign_groups[0].dialing_mode, mode, "{spelling}");
        }
    }
}

#[test]
fn zones_are_those_of_the_iana_database() {
    for (name, known) in [
        ("America/Anchorage", true),
        ("UTC", true),
        ("EST", true),
        ("Mars/Olympus", false),
        ("", false),
        ("Etc/Unknown", false),
    ] {
        assert_eq!(is_iana_zone(name), known, "{name}");
    }
}
