use ocs_protocol::enumeration::{CallResult, ContactType, RecordStatus};
use ocs_rules::calling_list::{CallingList, DailyWindow, Field, FieldKind};
use ocs_rules::campaign::{Campaign, WeightedList};
use ocs_rules::fields::{FieldValue, Fields};
use ocs_rules::filter::Filter;
use ocs_rules::options::Options;
use ocs_rules::record::Contact;
use proptest::prelude::*;

use super::*;
use crate::sqlite::{records, schema};

const LIST: ListId = 101;
const NOON: i64 = 1_795_348_800;

fn memory() -> Connection {
    let mut connection = Connection::open_in_memory().expect("a database");
    schema::migrate(&mut connection).expect("the schema");
    connection
}

fn list() -> CallingList {
    let field = |name: &str, kind| Field {
        name: name.to_owned(),
        kind,
        send_attribute: None,
    };
    CallingList {
        dbid: LIST,
        name: "Spring".to_owned(),
        window: DailyWindow::default(),
        zone: 8,
        max_attempts: 10,
        region: None,
        fields: vec![
            field("balance", FieldKind::Float),
            field("n", FieldKind::Int),
            field("first-name", FieldKind::Varchar(40)),
            field("due", FieldKind::DateTime),
        ],
        treatments: Vec::new(),
        options: Options::default(),
    }
}

fn filter(condition: &str, order: &str) -> Filter {
    Filter {
        dbid: 1,
        name: "Big".to_owned(),
        condition: condition.to_owned(),
        order: order.to_owned(),
    }
}

/// The objects with the calling list, taken by a filter or not at all.
fn objects(filter: Option<Filter>) -> Objects {
    let mut objects = Objects::default();
    objects.put_list(list());
    let used = filter.as_ref().map(|filter| WeightedList {
        list: LIST,
        weight: 100,
        filter: Some(filter.dbid),
    });
    objects.put_campaign(Campaign {
        dbid: 1,
        name: "C".to_owned(),
        description: String::new(),
        lists: used.into_iter().collect(),
        treatments: Vec::new(),
        options: Options::default(),
    });
    if let Some(filter) = filter {
        objects.put_filter(filter);
    }
    objects
}

fn record(handle: Handle, fields: Fields) -> Record {
    Record {
        handle,
        list: LIST,
        chain: handle,
        chain_n: 0,
        contact: Contact {
            phone: format!("+1650{handle:07}"),
            phone_type: ContactType::Mobile,
            customer_id: None,
            record_type: RecordType::General,
            scheduled: None,
            call_time: None,
            window: DailyWindow::default(),
            zone: 8,
            campaign: None,
            agent: None,
            fields,
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

fn insert(connection: &Connection, records: &[Record]) {
    let rows = records.iter().map(|record| (record, Some(1)));
    records::insert(connection, rows, |_, written| written).expect("they are written");
}

/// The records of the view's class, as they are handed out.
fn in_order(connection: &Connection, view: ViewId) -> Vec<Handle> {
    let slot = Slot {
        list: LIST,
        view: Some(view),
        class: 1,
        record_type: RecordType::General,
    };
    let mut after = None;
    let mut handles = Vec::new();
    while let Some(found) = in_class(connection, view, slot, after.as_ref()).expect("rows") {
        handles.push(found.handle);
        after = Some(found.position);
    }
    handles
}

#[test]
fn every_question_is_one_seek() {
    let connection = memory();
    let order = "SEARCH view_record USING COVERING INDEX view_record_order (view_id=? AND \
                 ready_class=? AND record_type=?";
    let agent = "SEARCH view_record USING COVERING INDEX view_record_agent (view_id=? AND \
                 agent_id=?";
    for (sql, plan) in [
        (super::in_order(IN_CLASS, ""), format!("{order})")),
        (
            super::in_order(
                IN_CLASS,
                "AND (place, scheduled, chain_id, chain_n) > (?4, ?5, ?6, ?7)",
            ),
            format!("{order} AND (place,scheduled,chain_id,chain_n)>(?,?,?,?))"),
        ),
        (super::in_order(OF_AGENT, ""), format!("{agent})")),
        (
            super::in_order(
                OF_AGENT,
                "AND (scheduled, chain_id, chain_n) > (?3, ?4, ?5)",
            ),
            format!("{agent} AND (scheduled,chain_id,chain_n)>(?,?,?))"),
        ),
        (
            DUE.to_owned(),
            format!("{order} AND place=? AND scheduled<?)"),
        ),
        (
            of_range("(n = ?5)").replace("(n = ?5)", "1"),
            "SEARCH record USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)".to_owned(),
        ),
    ] {
        let explained = format!("EXPLAIN QUERY PLAN {sql}");
        let mut statement = connection.prepare(&explained).expect("SQL");
        let mut rows = statement.raw_query();
        let mut found = Vec::new();
        while let Some(row) = rows.next().expect("a plan") {
            found.push(row.get::<_, String>(3).expect("a line"));
        }
        assert_eq!(found, [plan], "{sql}");
    }
}

#[test]
fn made_in_steps_changed_and_removed() {
    let connection = memory();
    let scored = |handle: Handle| {
        let balance = f64::from(handle % 1_000);
        record(
            handle,
            Fields::of([("balance", FieldValue::Float(balance))]),
        )
    };
    let records: Vec<_> = (1..=10_000).map(scored).collect();
    insert(&connection, &records);
    let right = |from: f64| {
        let mut right: Vec<_> = records.iter().map(|record| record.handle).collect();
        right.retain(|handle| f64::from(handle % 1_000) >= from);
        right.sort_by_key(|handle| (std::cmp::Reverse(handle % 1_000), *handle));
        right
    };
    let steps = |views: &Views| {
        let mut fronts = Fronts::default();
        let mut steps = 0;
        for view in views.iter() {
            while !step(&connection, &mut fronts, view, NOON).expect("a step") {
                steps += 1;
                // What the store knows is enough to go on with.
                let again = sync(
                    &connection,
                    &objects(Some(filter("balance >= 990", "balance desc"))),
                    NOON,
                );
                assert_eq!(again.expect("views").iter().count(), 1);
            }
        }
        steps
    };
    let few = objects(Some(filter("balance >= 990", "balance desc")));
    let views = sync(&connection, &few, NOON).expect("views");
    let view = views.with(LIST, 1).expect("a view");
    assert!(!view.whole);
    assert_eq!(steps(&views), 1, "two steps more of 4,000 records each");
    assert_eq!(in_order(&connection, view.id), right(990.0));
    // The same again is whole at once, and said otherwise it means the same.
    let same = objects(Some(filter("(balance) >=  990", "balance  DESC")));
    let again = sync(&connection, &same, NOON).expect("views");
    assert_eq!(
        again.with(LIST, 1).map(|view| (view.id, view.whole)),
        Some((view.id, true))
    );

    // A record that changes comes and goes.
    let mut fronts = Fronts::default();
    let mut first = records[0].clone();
    for (balance, scheduled, there) in [
        (5_000.0, None, true),
        (5_000.0, Some(NOON + 1), false),
        (5_000.0, Some(NOON), true),
        (1.0, None, false),
    ] {
        first.contact.fields = Fields::of([("balance", FieldValue::Float(balance))]);
        first.contact.scheduled = scheduled;
        put(&connection, &mut fronts, view, &first, Some(1), NOON).expect("it is put");
        let found = in_order(&connection, view.id);
        assert_eq!(found.first() == Some(&1), there, "{balance} {scheduled:?}");
    }
    first.contact.fields = Fields::of([("balance", FieldValue::Float(5_000.0))]);
    first.contact.scheduled = Some(NOON + 60);
    put(&connection, &mut fronts, view, &first, Some(1), NOON).expect("it is put");
    for (now, waits) in [(NOON + 59, 0), (NOON + 60, 1)] {
        let due = due(&connection, view.id, now, 10).expect("rows");
        assert_eq!(due.len(), waits, "{now}");
    }
    put(&connection, &mut fronts, view, &first, None, NOON).expect("it is put");
    assert_eq!(in_order(&connection, view.id), right(990.0));

    // Another filter is another view; the rows of the former go.
    let other = objects(Some(filter("", "balance desc")));
    let views = sync(&connection, &other, NOON).expect("views");
    let former = view.id;
    let view = views.with(LIST, 1).expect("a view");
    assert_ne!(view.id, former);
    let mut taken = 0;
    while !step(&connection, &mut fronts, view, NOON).expect("a step") {
        taken += 1;
    }
    assert!(taken > 20, "{taken} steps of 400 rows");
    assert_eq!(in_order(&connection, view.id), right(0.0));
    while remove_gone(&connection).expect("a step") {}
    let none = sync(&connection, &objects(None), NOON).expect("views");
    assert_eq!(none.iter().count(), 0);
    while remove_gone(&connection).expect("a step") {}
    let rows = |table: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        connection
            .query_row(&sql, [], |row| row.get(0))
            .expect("a count")
    };
    assert_eq!((rows("view"), rows("view_record")), (0, 0));
}

/// Some value of a field, and texts that make the store and the rules disagree if
/// anything does.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "", "a", "A", "ab", "aB%", "_", "ä", "日本", "a\0b", "'; --", "\"x\"", "\\"
        ])
        .prop_map(str::to_owned),
        "[abAB%_ä]{0,6}",
    ]
}

fn any_float() -> impl Strategy<Value = f64> {
    prop_oneof![
        (-400..400_i32).prop_map(|quarters| f64::from(quarters) / 4.0),
        (-10_000..10_000_i32).prop_map(|cents| f64::from(cents) / 100.0),
        prop::sample::select(vec![
            0.0,
            -0.0,
            1e300,
            -1e300,
            1e-300,
            9.007_199_254_740_993e15,
            9.223_372_036_854_776e18,
            0.1,
            0.3
        ]),
        prop::num::f64::NORMAL,
    ]
}

fn any_int() -> impl Strategy<Value = i64> {
    prop_oneof![
        -5..5_i64,
        prop::sample::select(vec![
            i64::MIN,
            i64::MAX,
            9_007_199_254_740_993,
            -9_007_199_254_740_993
        ]),
    ]
}

fn any_moment() -> impl Strategy<Value = String> {
    (-3..3_i64, 0..4_i32).prop_map(|(seconds, quarters)| {
        let moment = jiff::Timestamp::new(NOON + seconds, quarters * 250_000_000);
        moment.expect("a moment").to_string()
    })
}

fn any_record() -> impl Strategy<Value = Record> {
    (
        (prop::option::of(any_float()), prop::option::of(any_int())),
        (prop::option::of(any_text()), prop::option::of(any_moment())),
        (any_text(), prop::option::of(any_text()), 0..3_u32),
        prop::option::of(-2..2_i64),
        prop::sample::select(ContactType::ALL.to_vec()),
    )
        .prop_map(
            |((balance, n), (name, due), (phone, customer, attempts), at, kind)| {
                let fields = Fields::of(
                    balance
                        .map(|balance| ("balance", FieldValue::Float(balance)))
                        .into_iter()
                        .chain(n.map(|n| ("n", FieldValue::Int(n))))
                        .chain(name.map(|name| ("first-name", FieldValue::Text(name))))
                        .chain(due.map(|due| ("due", FieldValue::DateTime(due)))),
                );
                let mut new = record(0, fields);
                new.contact.phone = phone;
                new.contact.customer_id = customer;
                new.contact.scheduled = at.map(|at| NOON + at);
                new.contact.phone_type = kind;
                new.attempts = attempts;
                new
            },
        )
}

/// A comparison, as it is written.
fn any_comparison() -> impl Strategy<Value = String> {
    let operator = || prop::sample::select(vec!["=", "<>", "<", "<=", ">", ">="]);
    let numbers = || prop::sample::select(vec!["balance", "n", "attempt", "record_id"]);
    let texts = || prop::sample::select(vec!["\"first-name\"", "contact_info", "customer_id"]);
    let number = || {
        prop_oneof![
            any_float().prop_map(|number| number.to_string()),
            any_int().prop_map(|number| number.to_string()),
        ]
    };
    let text =
        || any_text().prop_map(|text| format!("'{}'", text.replace('\0', "").replace('\'', "''")));
    let moment = || any_moment().prop_map(|moment| format!("'{moment}'"));
    let seconds = || (-2..2_i64).prop_map(|at| (NOON + at).to_string());
    let not = || prop::sample::select(vec!["", "not "]);
    let kind =
        || prop::sample::select(ContactType::ALL.to_vec()).prop_map(|kind| kind.name().to_owned());
    prop_oneof![
        (numbers(), operator(), number()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        (number(), operator(), numbers()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        (numbers(), operator(), numbers()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        (texts(), operator(), text()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        (texts(), operator(), texts()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        (operator(), moment()).prop_map(|(op, b)| format!("due {op} {b}")),
        (operator(), seconds()).prop_map(|(op, b)| format!("dial_sched_time {op} {b}")),
        (not(), kind(), kind())
            .prop_map(|(not, a, b)| format!("contact_info_type {not}in ({a}, {b})")),
        (texts(), not(), text()).prop_map(|(a, not, b)| format!("{a} {not}like {b}")),
        (texts(), not(), text(), text())
            .prop_map(|(a, not, b, c)| format!("{a} {not}in ({b}, {c})")),
        (numbers(), not(), number(), number())
            .prop_map(|(a, not, b, c)| format!("{a} {not}between {b} and {c}")),
        (prop_oneof![numbers(), texts(), Just("due")], not())
            .prop_map(|(a, not)| format!("{a} is {not}null")),
    ]
}

fn any_condition() -> impl Strategy<Value = String> {
    any_comparison().prop_recursive(4, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|all| all.join(" and ")),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|any| any.join(" or ")),
            inner.prop_map(|inner| format!("not ({inner})")),
        ]
    })
}

/// Cases that are tried where PROPTEST_CASES says nothing else; each is a store.
fn config() -> ProptestConfig {
    let set = ProptestConfig::default();
    ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").map_or(96, |_| set.cases),
        failure_persistence: None,
        ..set
    }
}

proptest! {
    #![proptest_config(config())]

    /// The store and the rules take the same records.
    #[test]
    fn the_store_takes_what_the_rules_take(
        conditions in prop::collection::vec(any_condition(), 1..6),
        mut records in prop::collection::vec(any_record(), 1..12),
    ) {
        let connection = memory();
        for (handle, record) in (1..).zip(&mut records) {
            record.handle = handle;
            record.chain = handle;
        }
        insert(&connection, &records);
        for condition in conditions {
            let read = filter(&condition, "").for_list(&list());
            let says = read.unwrap_or_else(|problems| panic!("{condition}: {problems:?}"));
            let (sql, values) = condition::sql(&says.condition, 4);
            let own = [0, 100, LIST, 100].map(|own| Value::Integer(own.into()));
            let stored: Vec<Handle> = connection
                .prepare(&of_range(&sql))
                .expect("SQL")
                .query_map(params_from_iter(own.into_iter().chain(values)), |row| row.get(0))
                .expect("rows")
                .collect::<Result<_, _>>()
                .expect("handles");
            let ruled: Vec<_> = records.iter().filter(|record| says.takes(record)).map(|record| record.handle).collect();
            prop_assert_eq!(stored, ruled, "{}: {}\n{:?}", condition, sql, records);
        }
    }
}
