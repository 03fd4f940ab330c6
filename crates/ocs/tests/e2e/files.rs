//! `ocs import` and `ocs export`, with and without a running OCS.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::export::count_by;
use crate::home::Home;
use crate::server::Server;

/// A store that nobody has, and one that a running OCS has.
#[track_caller]
fn both(check: impl Fn(&Home)) {
    check(&Home::new());
    let server = Server::start();
    check(&server.home);
    server.stop();
}

/// `ocs import`, which ends so and says so.
#[track_caller]
pub(crate) fn import(home: &Home, arguments: &[&str], status: i32, parts: &[&str]) {
    home.ocs(&[&["import"], arguments].concat())
        .expect(status, parts);
}

/// The row whose phone this is.
#[track_caller]
fn of_phone<'a>(rows: &'a [Value], phone: &str) -> &'a Value {
    let mut of_phone = rows.iter().filter(|row| row["GSW_PHONE"] == phone);
    let row = of_phone
        .next()
        .unwrap_or_else(|| panic!("{phone} is not there: {rows:#?}"));
    assert!(of_phone.next().is_none(), "{phone} is there twice");
    row
}

#[test]
fn values() {
    both(|home| {
        // A mark at the beginning, line ends of another system, values with
        // everything in them.
        home.write(
            "people.csv",
            "\u{feff}GSW_PHONE,GSW_PHONE_TYPE,GSW_TZ_NAME,GSW_FROM,GSW_DATE_TIME,CONTACT_LAST_NAME,\
             visits,balance,last-visit\r\n\
             +4915112345678,mobile,CET,32400,11/22/2031 09:30,\"Müller, \"\"Lü\"\"\",7,12.5,2026-07-01T13:00:00Z\r\n\
             \r\n\
             2,,,,,\"two\r\nlines\",,,\r\n\
             3,4,Asia/Tokyo,,,,,,",
        );
        import(
            home,
            &["people.csv", "--list", "Spring", "--dry-run"],
            0,
            &["3 records would be added"],
        );
        assert_eq!(home.export("Spring").len(), 0);
        import(
            home,
            &["people.csv", "--list", "Spring"],
            0,
            &["3 records were added to \"Spring\""],
        );
        let rows = home.export("Spring");
        for (phone, right) in [
            (
                "+4915112345678",
                json!({
                    "GSW_PHONE_TYPE": "Mobile", "GSW_TZ_NAME": "CET", "GSW_FROM": "32400",
                    "GSW_UNTIL": "64800", "GSW_DATE_TIME": "11/22/2031 09:30", "visits": "7",
                    "CONTACT_LAST_NAME": "Müller, \"Lü\"", "Balance": "12.5",
                    "last-visit": "2026-07-01T13:00:00Z", "GSW_RECORD_STATUS": "Ready",
                    "GSW_CALL_RESULT": "28", "GSW_CHAIN_N": "0",
                }),
            ),
            (
                "2",
                json!({
                    "GSW_PHONE_TYPE": "NoContactType", "GSW_TZ_NAME": "America/New_York",
                    "GSW_FROM": "28800", "visits": "", "Balance": "", "GSW_DATE_TIME": "",
                }),
            ),
            (
                "3",
                json!({ "GSW_PHONE_TYPE": "Mobile", "GSW_TZ_NAME": "Asia/Tokyo" }),
            ),
        ] {
            let row = of_phone(&rows, phone);
            for (column, right) in right.as_object().expect("columns") {
                assert_eq!(row[column], *right, "{column} of {phone}");
            }
        }
        let name = of_phone(&rows, "2")["CONTACT_LAST_NAME"]
            .as_str()
            .expect("a name");
        assert_eq!(name.lines().collect::<Vec<_>>(), ["two", "lines"]);
        // Without a key, a second time is a second record each.
        home.write("semicolons.csv", "GSW_PHONE;client-id\n4;a,b\n5;\"c;d\"\n");
        let semicolons = ["semicolons.csv", "--list", "Spring", "--delimiter", ";"];
        import(home, &semicolons, 0, &["2 records"]);
        import(home, &semicolons, 0, &["2 records"]);
        let rows = home.export("Spring");
        assert_eq!(rows.len(), 7);
        let ids = count_by(&rows, "client-id");
        assert_eq!((ids["a,b"], ids["c;d"]), (2, 2));
        assert!(!home.path().join("semicolons.csv.rejects.csv").exists());
    });
}

#[test]
fn keys_and_chains() {
    both(|home| {
        let csv = "GSW_PHONE,person,id\n1,Ada,a\n2,Ada,b\n3,Bob,c\n4,,d\n5,,e\n";
        home.write("people.csv", csv);
        let arguments = [
            "people.csv",
            "--list",
            "Spring",
            "--chain",
            "person",
            "--key",
            "id",
        ];
        import(home, &arguments, 0, &["5 records were added"]);
        import(
            home,
            &arguments,
            0,
            &["0 records were added", "5 lines were there already"],
        );
        // More of the same file, another day: chains go on.
        home.write("people.csv", csv.to_owned() + "6,Ada,f\n7,Bob,g\n8,Ada,a\n");
        import(
            home,
            &arguments,
            0,
            &["2 records were added", "6 lines were there already"],
        );
        let rows = home.export("Spring");
        assert_eq!(rows.len(), 7);
        let chain = |phone| of_phone(&rows, phone)["GSW_CHAIN_ID"].clone();
        let place = |phone| of_phone(&rows, phone)["GSW_CHAIN_N"].clone();
        assert_eq!(
            [chain("1"), chain("2"), chain("6")],
            [chain("1"), chain("1"), chain("1")]
        );
        assert_eq!(
            ["1", "2", "6", "3", "7", "4", "5"].map(place),
            ["0", "1", "2", "0", "1", "0", "0"]
        );
        let all: BTreeSet<_> = ["1", "3", "4", "5"]
            .map(|phone| chain(phone).to_string())
            .into();
        assert_eq!(all.len(), 4);
        // A key of another calling list is another key.
        home.write("others.csv", "GSW_PHONE,id\n1,a\n");
        import(
            home,
            &["others.csv", "--list", "Autumn", "--key", "id"],
            0,
            &["1 record was added"],
        );
    });
}

/// One bad line spoils no other: it is named with its number and reason.
#[test]
fn rejects() {
    let lines: &[(&[u8], Option<&str>)] = &[
        (b"1,PST,1", None),
        (
            b"\"2,PST,2",
            Some("a quotation mark is opened and not closed"),
        ),
        (
            b"3,PST",
            Some("it has 2 values, and the first line names 3 columns"),
        ),
        (b"4,Mars/Olympus,4", Some("GSW_TZ_NAME is \"Mars/Olympus\"")),
        (b"\xff5,PST,5", Some("it is not UTF-8")),
        (b"6,PST,six", Some("visits is \"six\"")),
        (b",PST,7", Some("GSW_PHONE is missing")),
        (b"8,,8", None),
        (b"9,PST,9,9", Some("it has 4 values")),
        (b"10,PST,\"10\"", None),
    ];
    let mut csv = b"GSW_PHONE,GSW_TZ_NAME,visits\n".to_vec();
    for (line, _) in lines {
        csv.extend_from_slice(line);
        csv.push(b'\n');
    }
    both(|home| {
        home.write("people.csv", &csv);
        let arguments = ["people.csv", "--list", "Spring"];
        import(
            home,
            &[&arguments[..], &["--dry-run", "--rejects", "dry.csv"]].concat(),
            3,
            &[
                "3 records would be added",
                "7 lines were rejected",
                "dry.csv",
            ],
        );
        assert_eq!(home.export("Spring").len(), 0);
        import(
            home,
            &arguments,
            3,
            &[
                "3 records were added",
                "7 lines were rejected",
                "people.csv.rejects.csv",
            ],
        );
        assert_eq!(
            count_by(&home.export("Spring"), "GSW_PHONE")
                .into_keys()
                .collect::<Vec<_>>(),
            ["1", "10", "8"]
        );
        let rejects = fs::read(home.path().join("people.csv.rejects.csv")).expect("the rejects");
        assert_eq!(
            rejects,
            fs::read(home.path().join("dry.csv")).expect("the rejects")
        );
        let mut reader = csv::Reader::from_reader(rejects.as_slice());
        let mut rejected = reader.byte_records().map(|row| row.expect("a whole row"));
        for (number, (line, reason)) in (2..).zip(lines) {
            let Some(reason) = reason else { continue };
            let row = rejected.next().expect("a rejected line");
            assert_eq!(row[0], *number.to_string().as_bytes(), "{row:?}");
            let said = String::from_utf8_lossy(&row[1]);
            assert!(said.contains(reason), "line {number}: {said}");
            assert_eq!(&row[2], *line, "line {number}");
        }
        assert!(rejected.next().is_none());
    });
}

/// What is wrong with the whole file, or with the command, and adds nothing.
#[test]
fn wrong_files() {
    let table: &[(&str, &[&str], &[&str])] = &[
        (
            "GSW_PHONE,shoe-size\n1,42\n",
            &[],
            &[
                "the column \"shoe-size\"",
                "client-id, VAR_005",
                "rename or remove",
            ],
        ),
        (
            "GSW_PHONE,GSW_PHONE\n1,1\n",
            &[],
            &["the column \"GSW_PHONE\" is there twice"],
        ),
        ("GSW_PHONE,\n1,1\n", &[], &["line 1: column 2 has no name"]),
        ("", &[], &["it is empty"]),
        (
            "GSW_PHONE\n1\n",
            &["--key", "id"],
            &["--key: the file has no column \"id\""],
        ),
        (
            "GSW_PHONE\n1\n",
            &["--chain", "id"],
            &["--chain: the file has no column \"id\""],
        ),
        (
            "GSW_PHONE\n1\n",
            &["--delimiter", "§"],
            &["--delimiter must be one ASCII character"],
        ),
        (
            "GSW_PHONE,GSW_CALLING_LIST\n1,Spring\n",
            &[],
            &["the column \"GSW_CALLING_LIST\""],
        ),
    ];
    both(|home| {
        for (csv, options, parts) in table {
            home.write("people.csv", csv);
            let arguments = [&["people.csv", "--list", "Spring"], *options].concat();
            import(home, &arguments, 1, parts);
        }
        import(
            home,
            &["people.csv", "--list", "Winter"],
            1,
            &["no calling list \"Winter\""],
        );
        import(
            home,
            &["nothing.csv", "--list", "Spring"],
            1,
            &["nothing.csv cannot be read"],
        );
        import(home, &["people.csv"], 2, &["--list"]);
        assert_eq!(home.export("Spring").len(), 0);
    });
}

/// What was exported can be imported into another calling list: the same records,
/// in the same chains, under handles of their own.
#[test]
fn there_and_back() {
    both(|home| {
        let fields = ["client-id", "VAR_005"]
            .map(|name| format!("[[calling-list.field]]\nname = \"{name}\"\ntype = \"varchar\"\n"));
        home.apply(&format!(
            "[[calling-list]]\nname = \"From\"\n{0}[[calling-list]]\nname = \"To\"\n{0}",
            fields.concat()
        ));
        let csv = "GSW_PHONE,person,GSW_TZ_NAME,GSW_CUSTOMER_ID,client-id,VAR_005\n\
                   1,Ada,PST,c1,\"a \"\"quoted\"\" word\",\n\
                   2,Ada,Asia/Tokyo,c1,\"two\nlines\",\"ä, ö\"\n\
                   3,Bob,PST,c2,,\n\
                   4,,PST,,,\n";
        home.write("people.csv", csv);
        import(
            home,
            &["people.csv", "--list", "From", "--chain", "person"],
            0,
            &["4 records"],
        );
        home.ocs(&["export", "out.csv", "--list", "From"])
            .expect(0, &["4 records of \"From\""]);
        let printed = home.ocs(&["export", "--list", "From"]);
        assert_eq!(printed.stdout, home.read("out.csv"));
        let arguments = [
            "out.csv",
            "--list",
            "To",
            "--chain",
            "GSW_CHAIN_ID",
            "--key",
            "GSW_RECORD_HANDLE",
        ];
        import(home, &arguments, 0, &["4 records were added"]);
        import(
            home,
            &arguments,
            0,
            &["0 records", "4 lines were there already"],
        );
        let (from, to) = (home.export("From"), home.export("To"));
        assert_eq!(to.len(), 4);
        for row in &from {
            let phone = row["GSW_PHONE"].as_str().expect("a phone");
            let copy = of_phone(&to, phone);
            for (column, value) in row.as_object().expect("columns") {
                if ["GSW_RECORD_HANDLE", "GSW_CHAIN_ID"].contains(&column.as_str()) {
                    assert_ne!(copy[column], *value, "{column} of {phone}");
                } else {
                    assert_eq!(copy[column], *value, "{column} of {phone}");
                }
            }
        }
        let chain = |phone| &of_phone(&to, phone)["GSW_CHAIN_ID"];
        assert_eq!(chain("1"), chain("2"));
        assert_ne!(chain("1"), chain("3"));
        assert_ne!(chain("3"), chain("4"));
    });
}
