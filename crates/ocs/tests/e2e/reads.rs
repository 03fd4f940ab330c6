//! What can be read: records, calling lists, pages of them, phones, customers and
//! campaign groups (http-interface.md, section 2).

use serde_json::{Value, json};

use crate::campaigns::{CALLING, running};
use crate::replies::has;
use crate::server::Server;

/// The handles of a page, and where the next one begins.
#[track_caller]
fn page(server: &Server, query: &str) -> (Vec<u64>, Value) {
    let event = server.get(&format!("/lists/Calls/records{query}"));
    has(&event, &json!({ "GSW_USER_EVENT": "Records" }));
    let records = event["records"].as_array().expect("records").iter();
    let handle = |record: &Value| record["GSW_RECORD_HANDLE"].as_u64().expect("a handle");
    (records.map(handle).collect(), event["next"].clone())
}

#[test]
fn pages_of_a_calling_list() {
    let server = running(&[]);
    let mut handles = Vec::new();
    for number in 0_u32..25 {
        let handle = server.add_to(
            "Calls",
            &json!({
                "GSW_PHONE": format!("+1650555010{}", number % 10),
                "GSW_CUSTOMER_ID": format!("C {}/ü", number % 4),
                "GSW_RECORD_STATUS": if number % 5 == 0 { "Updated" } else { "Ready" },
            }),
        );
        handles.push(handle.as_u64().expect("a handle"));
        server.add_to("More", &json!({ "GSW_PHONE": "+16505550100" }));
    }
    let of = |is: &dyn Fn(usize) -> bool| {
        let mut chosen = handles.clone();
        let mut number = 0;
        chosen.retain(|_| {
            number += 1;
            is(number - 1)
        });
        chosen
    };
    for (query, right) in [
        ("", of(&|_| true)),
        ("?status=Updated", of(&|n| n % 5 == 0)),
        ("?status=updated", of(&|n| n % 5 == 0)),
        ("?status=3", of(&|n| n % 5 == 0)),
        ("?status=Cancelled", vec![]),
        ("?phone=%2B16505550103", of(&|n| n % 10 == 3)),
        // Compared as the Do Not Call list compares.
        ("?phone=1+(650)+555-0103", of(&|n| n % 10 == 3)),
        ("?customer_id=C%201%2F%C3%BC", of(&|n| n % 4 == 1)),
        ("?customer_id=c%201%2F%C3%BC", vec![]),
        ("?phone=%2B16505550105&status=Ready", vec![]),
        ("?phone=%2B16505550105&status=Updated", of(&|n| n % 10 == 5)),
        (
            "?customer_id=C+3/%C3%BC&status=Ready",
            of(&|n| n % 4 == 3 && n % 5 != 0),
        ),
    ] {
        assert_eq!(
            page(&server, query),
            (right.clone(), Value::Null),
            "{query}"
        );
        // Page by page it is the same, whatever the page's size.
        for limit in [1, 4, 25] {
            let (mut all, mut after) = (Vec::new(), json!(0));
            while after.is_number() {
                let sign = if query.is_empty() { "?" } else { "&" };
                let next = format!("{query}{sign}limit={limit}&after={after}");
                let (some, next) = page(&server, &next);
                assert!(some.len() <= limit, "{some:?}");
                all.extend(some);
                after = next;
            }
            assert_eq!(all, right, "{query} by {limit}");
        }
    }
    // Each as the record itself reads.
    let entry = &server.get("/lists/Calls/records?limit=1")["records"][0];
    has(&server.record(&json!(handles[0])), entry);
    server.stop();
}

#[test]
fn contacts() {
    let server = running(&[CALLING]);
    let one = server.add_to(
        "Calls",
        &json!({ "GSW_PHONE": "+16505550101", "GSW_CUSTOMER_ID": "C-1" }),
    );
    let other = server.add_to("More", &json!({ "GSW_PHONE": "1 650 555 0101" }));
    let third = server.add_to(
        "More",
        &json!({ "GSW_PHONE": "ada@example.org", "GSW_CUSTOMER_ID": "C-1" }),
    );
    let check =
        |target: &str, event: &str, key: &str, value: &str, restricted: u32, right: &[&Value]| {
            let read = server.get(target);
            has(
                &read,
                &json!({ "GSW_USER_EVENT": event, key: value, "do_not_call": restricted }),
            );
            let handles: Vec<_> = read["records"]
                .as_array()
                .expect("records")
                .iter()
                .map(|record| &record["GSW_RECORD_HANDLE"])
                .collect();
            assert_eq!(handles, right, "{target}");
        };
    let phone = |target: &str, value: &str, restricted, right: &[&Value]| {
        check(target, "Phone", "GSW_PHONE", value, restricted, right);
    };
    let customer = |target: &str, value: &str, restricted, right: &[&Value]| {
        check(
            target,
            "CustomerId",
            "GSW_CUSTOMER_ID",
            value,
            restricted,
            right,
        );
    };
    phone("/phones/+16505550101", "+16505550101", 0, &[&one, &other]);
    phone(
        "/phones/%2B1%20650-555-0101",
        "+1 650-555-0101",
        0,
        &[&one, &other],
    );
    phone("/phones/ada@example.org", "ada@example.org", 0, &[&third]);
    phone("/phones/999", "999", 0, &[]);
    customer("/customer_ids/C-1", "C-1", 0, &[&one, &third]);
    customer("/customerids/C-1", "C-1", 0, &[&one, &third]);
    customer("/customer_ids/c-1", "c-1", 0, &[]);
    server
        .post("/phones/6505550101?req=DoNotCall", &json!({}))
        .expect(200);
    server
        .post("/phones/ada@example.org?req=DoNotCall", &json!({}))
        .expect(200);
    server
        .post("/customer_ids/C-7?req=DoNotCall", &json!({}))
        .expect(200);
    phone("/phones/ada@example.org", "ada@example.org", 1, &[&third]);
    phone("/phones/6505550101", "6505550101", 1, &[]);
    customer("/customerids/C-7", "C-7", 1, &[]);
    customer("/customerids/C-1", "C-1", 0, &[&one, &third]);
    server.stop();
}

/// HEAD is answered as GET is, without the body.
#[test]
fn heads() {
    let server = running(&[CALLING]);
    let handle = server.add_to("Calls", &json!({ "GSW_PHONE": "1" }));
    let mut connection = server.connect();
    for (target, status) in [
        ("/lists", 200),
        ("/lists/Calls", 200),
        ("/lists/Calls/records?limit=1", 200),
        ("/lists/Calls/records?limit=0", 400),
        ("/campaigngroups", 200),
        ("/campaigngroups/401", 200),
        ("/campaigngroups/499", 404),
        ("/phones/1", 200),
        ("/customer_ids/1", 200),
        ("/openapi.json", 200),
        ("/lists/Winter", 404),
        (&format!("/records/{handle}"), 200),
        ("/records/99", 404),
    ] {
        let head = connection.ask("HEAD", target, &[], b"").expect("a reply");
        let get = connection.ask("GET", target, &[], b"").expect("a reply");
        assert_eq!((head.status, get.status), (status, status), "{target}");
        for name in ["content-type", "content-length", "x-frame-options"] {
            assert_eq!(head.header(name), get.header(name), "{name} of {target}");
        }
    }
    server.stop();
}
