//! What becomes of a record: a row for a list of treatments, the attempt and its result.

use ocs_protocol::enumeration::{
    CallResult, ContactType, DialingMode, Enumeration as _, RecordStatus, RecordTreatment,
    RecordType,
};

use super::{Action, Interval, Rest, Treatment, loops, treat};
use crate::calling_list::{CallingList, DailyWindow};
use crate::campaign::{Campaign, CampaignGroup, CampaignGroupId, WeightedList};
use crate::fields::Fields;
use crate::objects::Objects;
use crate::options::Options;
use crate::record::{Contact, Handle, InHand, Record};
use crate::zone::{UTC, Zone, ZoneOrigin};

/// 2026-11-22T10:00:00Z.
pub(super) const NOW: i64 = 1_795_341_600;

/// The most attempts of the calling list.
pub(super) const MOST: u32 = 5;

pub(super) const LIST: u32 = 101;

/// The campaign group that has the record, its sister, and one whose campaign has treatments
/// of its own.
pub(super) const AGENTS: CampaignGroupId = 301;
pub(super) const SPECIALISTS: CampaignGroupId = 302;
pub(super) const OTHERS: CampaignGroupId = 303;

/// `NoAnswer[ FIRST][ xCYCLES] ACTION[ MINUTES[+INCREMENT] | WORD]`.
pub(super) fn treatment(text: &str) -> Treatment {
    let mut words = text.split(' ').peekable();
    let result = words.next().and_then(CallResult::from_name);
    let attempt = words.next_if(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    let cycles = words.next_if(|word| word.starts_with('x'));
    let action = words.next().expect("an action");
    let takes: Vec<_> = words.collect();
    let takes = (!takes.is_empty()).then(|| takes.join(" "));
    let number = |text: &str| text.parse::<u32>().expect("a number");
    let interval = takes.as_deref().and_then(|text| {
        let (minutes, increment) = text.split_once('+').unwrap_or((text, "0"));
        Some(Interval {
            minutes: minutes.parse().ok()?,
            increment: number(increment),
        })
    });
    Treatment {
        result: result.expect("a call result"),
        attempt: attempt.map(number),
        cycles: cycles.map(|cycles| number(&cycles[1..])),
        action: Action::from_parts(action, interval, takes.clone(), takes).expect("an action"),
    }
}

pub(super) fn treatments(texts: &[&str]) -> Vec<Treatment> {
    texts.iter().map(|text| treatment(text)).collect()
}

/// A calling list of two campaigns, with these treatments at it and at the first of them.
pub(super) fn objects(of_list: &[&str], of_campaign: &[&str]) -> Objects {
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
        treatments: treatments(of_list),
        options: Options::default(),
    });
    for (dbid, name, own) in [(201, "C", of_campaign), (202, "D", &[][..])] {
        objects.put_campaign(Campaign {
            dbid,
            name: name.to_owned(),
            description: String::new(),
            lists: vec![WeightedList {
                list: LIST,
                weight: 100,
                filter: None,
            }],
            treatments: treatments(own),
            options: Options::default(),
        });
    }
    for (dbid, campaign, group) in [
        (AGENTS, 201, "agents"),
        (SPECIALISTS, 201, "specialists"),
        (OTHERS, 202, "agents"),
    ] {
        objects.put_group(CampaignGroup {
            dbid,
            campaign,
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

pub(super) fn record(handle: Handle, chain_n: u32) -> Record {
    Record {
        handle,
        list: LIST,
        chain: 1,
        chain_n,
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
        status: RecordStatus::Ready,
        result: CallResult::Unknown,
        attempts: 0,
        attempt_guid: None,
        in_hand: None,
        outside_window: false,
        assigned: None,
        attempt_counted: false,
    }
}

/// What became of a record, in words: when it is called again, in minutes from now, or what
/// it is; and then the others of its chain.
fn became(record: &Record, rest: Option<&Rest>) -> String {
    let Some(rest) = rest else {
        return "untreated".to_owned();
    };
    let minutes = |at: i64| (at - NOW) / 60;
    let mut words = vec![record.status.name().to_owned()];
    if record.contact.record_type != RecordType::General {
        words.push(record.contact.record_type.name().to_owned());
    }
    if let Some(at) = record.contact.scheduled {
        words.push(format!("in {}", minutes(at)));
    }
    words.extend(record.assigned.map(|group| format!("by {group}")));
    match rest {
        Rest::Stays => {}
        Rest::Finishes(None) => words.push("chain ends".to_owned()),
        Rest::Finishes(Some(result)) => words.push(format!("chain ends with {}", result.name())),
        Rest::Waits { until, .. } => words.push(format!("next in {}", minutes(*until))),
    }
    words.join(" ")
}

#[test]
fn what_becomes_of_a_record() {
    use CallResult::{Answer, Busy, NoAnswer};
    /// Treatments, the attempts after this one, its result, and what becomes of the record.
    type Row = (&'static [&'static str], u32, CallResult, &'static str);
    const RETRY: &[&str] = &["NoAnswer RetryIn 30"];
    const CYCLE: &[&str] = &["NoAnswer x2 Cycle 10+5", "NoAnswer NextInChain"];
    const ONE_BY_ONE: &[&str] = &[
        "NoAnswer 1 RetryIn 30",
        "Busy 1 RetryIn 5",
        "NoAnswer 2 x2 RetryIn 60+30",
        "NoAnswer NextInChainAfter 15+5",
    ];
    const DATES: &[&str] = &[
        "NoAnswer RetryAtDate 11/22/2026 09:59",
        "NoAnswer RetryAtDate 2026-11-22T11:00:00+01:00",
        "NoAnswer 1 RetryAtDate 11/22/2026 12:00",
        "NoAnswer 2 RetryAtDate 2026-11-22T12:00:00+01:00",
        "NoAnswer 3 NextInChainAtDate 11/23/2026 10:00",
        "NoAnswer 4 NextInChainAtDate 11/21/2026 10:00",
    ];
    const MARKS: &[&str] = &["Answer MarkDB", "Busy MarkAllChain"];
    const ASSIGNS: &[&str] = &[
        "NoAnswer AssignToGroup C@nobody",
        "NoAnswer AssignToGroup C@agents",
        "NoAnswer AssignToGroup C@specialists",
        "NoAnswer RetryIn 7",
    ];
    const CALLED_AGAIN_LAST: &[&str] = &["NoAnswer Cycle 1", "NoAnswer MarkAllChain"];
    let table: &[Row] = &[
        (&[], 1, NoAnswer, "untreated"),
        (RETRY, 1, Busy, "untreated"),
        (RETRY, 1, NoAnswer, "Ready CampaignRescheduled in 30"),
        (RETRY, 0, NoAnswer, "Ready CampaignRescheduled in 30"),
        (RETRY, MOST - 1, NoAnswer, "Ready CampaignRescheduled in 30"),
        // The maximum of attempts always wins.
        (RETRY, MOST, NoAnswer, "untreated"),
        (RETRY, MOST + 1, NoAnswer, "untreated"),
        (CYCLE, 1, NoAnswer, "Ready in 10"),
        (CYCLE, 2, NoAnswer, "Ready in 15"),
        (CYCLE, 3, NoAnswer, "Updated"),
        (CYCLE, MOST, NoAnswer, "Updated"),
        (ONE_BY_ONE, 1, NoAnswer, "Ready CampaignRescheduled in 30"),
        (ONE_BY_ONE, 1, Busy, "Ready CampaignRescheduled in 5"),
        (ONE_BY_ONE, 2, Busy, "untreated"),
        (ONE_BY_ONE, 2, NoAnswer, "Ready CampaignRescheduled in 60"),
        (ONE_BY_ONE, 3, NoAnswer, "Ready CampaignRescheduled in 90"),
        (ONE_BY_ONE, 4, NoAnswer, "Updated next in 30"),
        (ONE_BY_ONE, MOST, NoAnswer, "Updated next in 35"),
        // A moment that has passed is passed over.
        (DATES, 1, NoAnswer, "Ready CampaignRescheduled in 120"),
        (DATES, 2, NoAnswer, "Ready CampaignRescheduled in 60"),
        (DATES, 3, NoAnswer, "Updated next in 1440"),
        (DATES, 4, NoAnswer, "Updated"),
        (DATES, 5, NoAnswer, "untreated"),
        (MARKS, 1, Answer, "Updated chain ends"),
        (MARKS, 1, Busy, "Updated chain ends with Busy"),
        (MARKS, MOST, Busy, "Updated chain ends with Busy"),
        // Not to nobody, and not to those who have it.
        (ASSIGNS, 1, NoAnswer, "Ready by 302"),
        (ASSIGNS, MOST, NoAnswer, "untreated"),
        (CALLED_AGAIN_LAST, MOST - 1, NoAnswer, "Ready in 1"),
        (
            CALLED_AGAIN_LAST,
            MOST,
            NoAnswer,
            "Updated chain ends with NoAnswer",
        ),
    ];
    for (of_list, attempts, result, right) in table {
        // At the campaign they say the same.
        for objects in [objects(of_list, &[]), objects(&[], of_list)] {
            let mut record = record(1, 0);
            (record.attempts, record.result) = (*attempts, *result);
            let rest = treat(&mut record, Some(&had()), None, &objects, NOW);
            let case = format!("{of_list:?}, attempt {attempts}, {}", result.name());
            assert_eq!(became(&record, rest.as_ref()), *right, "{case}");
        }
    }
}

fn had() -> InHand {
    InHand {
        group: AGENTS,
        agent: Some("ann".to_owned()),
        touched: NOW,
    }
}

/// Those of the calling list come first, then those of the campaign that called.
#[test]
fn whose_treatments_count() {
    let of_list = &["NoAnswer 1 RetryIn 1"][..];
    let of_campaign = &["NoAnswer RetryIn 2"][..];
    type Make = fn(&mut Record);
    let table: &[(&str, Make, Option<CampaignGroupId>, u32, &str)] = &[
        ("the list's", |_| {}, Some(AGENTS), 1, "in 1"),
        ("the campaign's", |_| {}, Some(AGENTS), 2, "in 2"),
        ("of its sister", |_| {}, Some(SPECIALISTS), 2, "in 2"),
        ("of another campaign", |_| {}, Some(OTHERS), 2, "untreated"),
        ("of nobody", |_| {}, None, 2, "untreated"),
        (
            "its own campaign's",
            |r| r.contact.campaign = Some(201),
            None,
            2,
            "in 2",
        ),
        (
            "of the campaign group that it is assigned to",
            |r| r.assigned = Some(SPECIALISTS),
            None,
            2,
            "in 2 by 302",
        ),
        (
            "who called comes before its own",
            |r| r.contact.campaign = Some(201),
            Some(OTHERS),
            2,
            "untreated",
        ),
    ];
    for (case, make, group, attempts, right) in table {
        let mut record = record(1, 0);
        make(&mut record);
        (record.attempts, record.result) = (*attempts, CallResult::NoAnswer);
        let had = group.map(|group| InHand { group, ..had() });
        let objects = objects(of_list, of_campaign);
        let rest = treat(&mut record, had.as_ref(), None, &objects, NOW);
        let became = became(&record, rest.as_ref());
        assert!(became.ends_with(right), "{case}: {became}");
    }
    // Where but one campaign uses the calling list, it is that one's.
    let mut objects = objects(&[], of_campaign);
    objects.remove_campaign(202);
    let mut record = record(1, 0);
    record.result = CallResult::NoAnswer;
    let rest = treat(&mut record, None, None, &objects, NOW);
    assert_eq!(
        became(&record, rest.as_ref()),
        "Ready CampaignRescheduled in 2"
    );
}

/// For whom a record is rescheduled: its agent, or the campaign.
#[test]
fn personal_and_campaign() {
    use RecordTreatment::{RecordTreatCampaign as Campaign, RecordTreatPersonal as Personal};
    use RecordType::{
        CampaignCallBack, CampaignRescheduled, General, PersonalCallBack, PersonalRescheduled,
    };
    let table = [
        ("RetryIn 1", General, None, CampaignRescheduled, None),
        (
            "RetryIn 1",
            General,
            Some(Personal),
            PersonalRescheduled,
            Some("ann"),
        ),
        (
            "RetryIn 1",
            PersonalCallBack,
            None,
            PersonalRescheduled,
            Some("bob"),
        ),
        (
            "RetryIn 1",
            PersonalRescheduled,
            None,
            PersonalRescheduled,
            Some("bob"),
        ),
        (
            "RetryIn 1",
            PersonalCallBack,
            Some(Campaign),
            CampaignRescheduled,
            None,
        ),
        (
            "RetryIn 1",
            CampaignCallBack,
            None,
            CampaignRescheduled,
            None,
        ),
        // What is cycled stays what it is, but for callbacks: they would be missed again.
        ("Cycle 1", General, None, General, None),
        (
            "Cycle 1",
            CampaignRescheduled,
            None,
            CampaignRescheduled,
            None,
        ),
        (
            "Cycle 1",
            PersonalCallBack,
            None,
            PersonalRescheduled,
            Some("bob"),
        ),
        ("Cycle 1", CampaignCallBack, None, CampaignRescheduled, None),
        (
            "Cycle 1",
            General,
            Some(Personal),
            PersonalRescheduled,
            Some("ann"),
        ),
        ("AssignToGroup C@specialists", General, None, General, None),
        (
            "AssignToGroup C@specialists",
            PersonalCallBack,
            None,
            CampaignRescheduled,
            None,
        ),
    ];
    for (action, was, meant, is, agent) in table {
        let mut record = record(1, 0);
        record.contact.record_type = was;
        record.result = CallResult::NoAnswer;
        record.outside_window = true;
        if matches!(was, PersonalCallBack | PersonalRescheduled) {
            record.contact.agent = Some("bob".to_owned());
        }
        let objects = objects(&[&format!("NoAnswer {action}")], &[]);
        let rest = treat(&mut record, Some(&had()), meant, &objects, NOW);
        let case = format!("{action} of {} with {meant:?}", was.name());
        assert_eq!(rest, Some(Rest::Stays), "{case}");
        let contact = &record.contact;
        assert_eq!(
            (contact.record_type, contact.agent.as_deref()),
            (is, agent),
            "{case}"
        );
        assert!(!record.outside_window, "{case}");
    }
}

/// What the others of a chain hear of it.
#[test]
fn the_rest_of_the_chain() {
    let until = NOW + 60;
    let waits = |personal: Option<&str>| Rest::Waits {
        after: 1,
        until,
        personal: personal.map(str::to_owned),
    };
    type Make = fn(&mut [Record; 4]);
    /// How others change, which rest there is, and which of them change: their places, and
    /// what they are then.
    type Row = (&'static str, Make, Rest, &'static [(u32, &'static str)]);
    let table: &[Row] = &[
        ("stays", |_| {}, Rest::Stays, &[]),
        (
            "finishes",
            |chain| chain[3].status = RecordStatus::Cancelled,
            Rest::Finishes(None),
            &[(0, "ChainUpdated Unknown"), (2, "ChainUpdated Unknown")],
        ),
        (
            "finishes with a result",
            |chain| chain[2].status = RecordStatus::Retrieved,
            Rest::Finishes(Some(CallResult::Busy)),
            &[
                (0, "ChainUpdated Busy"),
                (2, "ChainUpdated Busy"),
                (3, "ChainUpdated Busy"),
            ],
        ),
        (
            "waits",
            |_| {},
            waits(None),
            &[(2, "Ready CampaignRescheduled in 60")],
        ),
        (
            "for its agent",
            |_| {},
            waits(Some("ann")),
            &[(2, "Ready PersonalRescheduled in 60")],
        ),
        (
            "the next that is open",
            |chain| chain[2].status = RecordStatus::Updated,
            waits(None),
            &[(3, "Ready CampaignRescheduled in 60")],
        ),
        (
            "a callback stays one, and its time",
            |chain| {
                chain[2].contact.record_type = RecordType::CampaignCallBack;
                chain[2].contact.scheduled = Some(NOW + 600);
            },
            waits(None),
            &[(2, "Ready CampaignCallBack in 600")],
        ),
        (
            "one that somebody has is left alone",
            |chain| chain[2].status = RecordStatus::Retrieved,
            waits(None),
            &[],
        ),
    ];
    for (case, make, rest, right) in table {
        let mut chain = [0, 1, 2, 3].map(|n| record(n + 1, n));
        make(&mut chain);
        let mut rest = rest.clone();
        let mut changed = Vec::new();
        for other in chain.iter_mut().filter(|other| other.chain_n != 1) {
            if rest.reaches(other) {
                let contact = &other.contact;
                let is = match contact.scheduled {
                    Some(at) => format!("{} in {}", contact.record_type.name(), at - NOW),
                    None => other.result.name().to_owned(),
                };
                changed.push((other.chain_n, format!("{} {is}", other.status.name())));
            }
        }
        let changed: Vec<_> = changed.iter().map(|(n, is)| (*n, is.as_str())).collect();
        assert_eq!(changed, *right, "{case}");
    }
}

/// Treatments that send records nowhere, or to and fro.
#[test]
fn assignments_that_are_refused() {
    type Row = (
        &'static [&'static str],
        &'static [&'static str],
        &'static [&'static str],
    );
    let table: &[Row] = &[
        (
            &["NoAnswer RetryIn 1", "Busy Cycle 1"],
            &["NoAnswer Cycle 1"],
            &[],
        ),
        (&["NoAnswer AssignToGroup C@specialists"], &[], &[]),
        (
            &["NoAnswer AssignToGroup D@agents"],
            &["Busy AssignToGroup D@agents"],
            &[],
        ),
        (&["NoAnswer AssignToGroup C@night"], &[], &["there is not"]),
        (
            &[
                "NoAnswer AssignToGroup C@agents",
                "NoAnswer AssignToGroup C@specialists",
            ],
            &[],
            &["loops"],
        ),
        (
            &["NoAnswer AssignToGroup D@agents"],
            &["NoAnswer AssignToGroup C@specialists"],
            &[],
        ),
        (
            &[
                "NoAnswer 1 AssignToGroup C@agents",
                "NoAnswer 2 AssignToGroup D@agents",
            ],
            &[],
            &[],
        ),
        (
            &[
                "NoAnswer 1 RetryIn 1",
                "NoAnswer 2 x9 AssignToGroup C@specialists",
                "NoAnswer 2 x9 AssignToGroup D@agents",
            ],
            &[],
            &["loops"],
        ),
    ];
    for (of_list, of_campaign, parts) in table {
        let mut objects = objects(of_list, of_campaign);
        let mut list = (**objects.list(LIST).expect("it is there")).clone();
        // So many that it can be seen where they would go to and fro.
        list.max_attempts = 10;
        objects.put_list(list);
        let problems = loops::problems(&objects).join("\n");
        assert_eq!(
            problems.is_empty(),
            parts.is_empty(),
            "{of_list:?}: {problems}"
        );
        for part in *parts {
            assert!(problems.contains(part), "{of_list:?}: {problems}");
        }
    }
    let mut objects = objects(&["NoAnswer AssignToGroup D@agents"], &[]);
    let mut campaign = (**objects.campaign(202).expect("it is there")).clone();
    campaign.lists.clear();
    objects.put_campaign(campaign);
    let problems = loops::problems(&objects).join("\n");
    assert!(problems.contains("does not use it"), "{problems}");
}

#[test]
fn in_words() {
    for (text, words) in [
        ("NoAnswer RetryIn 30", "NoAnswer: RetryIn 30 min"),
        (
            "Busy 2 x3 Cycle 10+5",
            "Busy, attempts 2 to 4: Cycle 10 min, each time 5 min more",
        ),
        ("Busy x3 NextInChain", "Busy, attempts 1 to 3: NextInChain"),
        ("Busy 2 MarkDB", "Busy, attempt 2: MarkDB"),
        (
            "Busy RetryAtDate 11/22/2026 12:00",
            "Busy: RetryAtDate 11/22/2026 12:00",
        ),
        (
            "Busy AssignToGroup C@agents",
            "Busy: AssignToGroup C@agents",
        ),
    ] {
        assert_eq!(treatment(text).to_string(), words);
    }
}
