//! `ocs apply`, with and without a running OCS (configuration.md, section 1).

use serde_json::json;

use crate::home::{Home, OBJECTS};
use crate::server::Server;

const PORT: &str = "[[server-info.port]]\nid = \"http\"\nport = 0\n";

/// A store that a running OCS has, or nobody.
enum Place {
    Running(Server),
    Alone(Home),
}

impl Place {
    /// Both, with no objects yet.
    fn both() -> [Self; 2] {
        let home = || Home::with(PORT, "");
        [Self::Running(home().start()), Self::Alone(home())]
    }

    fn home(&self) -> &Home {
        match self {
            Self::Running(server) => &server.home,
            Self::Alone(home) => home,
        }
    }

    /// Applies objects; the status and what was said must be so.
    #[track_caller]
    fn apply(&self, objects: &str, options: &[&str], status: i32, parts: &[&str]) -> String {
        self.home().write("objects.toml", objects);
        let arguments = [&["apply", "objects.toml"], options].concat();
        let applied = self.home().ocs(&arguments);
        applied.expect(status, parts);
        applied.stdout
    }

    /// The same OCS, or one that runs from now on.
    fn running(self) -> Server {
        match self {
            Self::Running(server) => server,
            Self::Alone(home) => home.start(),
        }
    }
}

#[test]
fn from_nothing_to_changed() {
    let wider = OBJECTS.replacen("length = 64", "length = 65", 1);
    let more = OBJECTS.replace(
        "time-zone = \"America/New_York\"\n",
        "time-zone = \"PST\"\ntime-from = \"22:00\"\ntime-until = \"06:00\"\nmax-attempts = 5\n\
         [[calling-list.field]]\nname = \"shoe-size\"\ntype = \"int\"\n",
    );
    // Which file, which options, what is said; `dry` says it and does nothing.
    let steps: &[(&str, &[&str], &[&str])] = &[
        (
            OBJECTS,
            &["--dry-run"],
            &["\"Spring\" (DBID 201): added", "dry run"],
        ),
        (
            OBJECTS,
            &[],
            &[
                "calling list \"Spring\" (DBID 201): added",
                "calling list \"Frühling 2026\" (DBID 202): added",
                "calling list \"Strict\" (DBID 203): added",
                "campaign \"SpringCampaign\" (DBID 101): added",
                "time zone \"AKT\" (DBID ",
            ],
        ),
        (
            OBJECTS,
            &[],
            &["\"Spring\" (DBID 201): unchanged", "\"AKT\""],
        ),
        (&more, &["--dry-run"], &["max-attempts 10 → 5", "dry run"]),
        (
            &more,
            &[],
            &[
                "calling list \"Spring\" (DBID 201): ",
                "time-from 08:00 → 22:00",
                "time-until 18:00 → 06:00",
                "max-attempts 10 → 5",
                "field \"shoe-size\" added",
                "\"Autumn\" (DBID 204): unchanged",
            ],
        ),
        (&more, &[], &["\"Spring\" (DBID 201): unchanged"]),
        (
            &wider,
            &[],
            &["field \"client-id\" changed", "field \"shoe-size\" removed"],
        ),
        (
            &more,
            &[],
            &["field \"client-id\" changed", "field \"shoe-size\" added"],
        ),
        ("", &[], &["names no objects"]),
    ];
    for place in Place::both() {
        for (objects, options, parts) in steps {
            let said = place.apply(objects, options, 0, parts);
            let wants_unchanged = parts[0].ends_with("(DBID 201): unchanged");
            assert!(
                !wants_unchanged || said.lines().all(|line| line.ends_with("unchanged")),
                "{said}"
            );
        }
        let server = place.running();
        let list = server.get("/lists/Spring");
        for (key, right) in [
            ("max_attempts", json!(5)),
            ("GSW_FROM", json!(79_200)),
            ("GSW_UNTIL", json!(21_600)),
            ("GSW_TZ_NAME", json!("PST")),
            ("GSW_CALLING_LIST_DBID", json!(201)),
        ] {
            assert_eq!(list[key], right, "{list}");
        }
        let first = &list["fields"][0];
        assert_eq!(*first, json!({ "name": "shoe-size", "type": "int" }));
        server.add(
            &json!({ "GSW_PHONE": "1", "shoe-size": 42, "GSW_CAMPAIGN_NAME": "SpringCampaign" }),
        );
        server.stop();
    }
}

/// One problem, and nothing of the file is done; each problem has its line.
#[test]
fn all_or_nothing() {
    let good = "[[calling-list]]\nname = \"Good\"\n";
    let table: &[(&str, &[&str])] = &[
        (
            "[[campaign]]\nname = \"C\"\ncalling-lists = [\"Nowhere\"]\n",
            &[
                "objects.toml, line 3",
                "campaign \"C\"",
                "no calling list \"Nowhere\"",
            ],
        ),
        (
            "[[campaign-group]]\ncampaign = \"Nowhere\"\ngroup = \"G\"\n",
            &["line 3", "Nowhere@G", "no campaign \"Nowhere\""],
        ),
        (
            "[[calling-list]]\nname = \"Z\"\ntime-zone = \"Mars\"\n",
            &["line 3", "\"Z\"", "\"Mars\" is neither"],
        ),
        (
            "[[calling-list]]\nname = \"Spring\"\ndbid = 999\n",
            &["line 3", "DBID is 201", "never changes"],
        ),
        (
            "[[calling-list]]\nname = \"D\"\ndbid = 7\n[[calling-list]]\nname = \"E\"\ndbid = 7\n",
            &["line 8", "dbid", "7", "unique"],
        ),
        (
            "[[calling-list]]\nname = \"Good\"\n",
            &["line 4", "name", "\"Good\"", "unique"],
        ),
        (
            "[[calling-list]]\nnme = \"x\"\n",
            &["line 4", "nme", "name"],
        ),
        (
            "[[calling-list]]\nname = \"x\"\ntime-from = \"25:00\"\n",
            &["line 5", "25:00", "23:59"],
        ),
        (
            "[[calling-list]]\nname = \"x\"\nmax-attempts = 0\n",
            &["line 5", "max-attempts"],
        ),
        (
            "[[calling-list]]\nname = \"x\"\n[[calling-list.field]]\nname = \"GSW_X\"\ntype = \"int\"\n",
            &["line 6", "GSW_X", "reserved"],
        ),
        (
            "[[calling-list]]\nname = \"x\"\n[[calling-list.treatment]]\ncall-result = \"NoAnswer\"\n",
            &["line 5", "action", "this key is needed"],
        ),
        (
            "[[filter]]\nname = \"Big\"\nwhere = \"balance >\"\norder = \"a b\"\n",
            &[
                "objects.toml, line 5: filter \"Big\": where: expected: an expression, found the end",
                "    balance >\n             ^\n",
                "objects.toml, line 6: filter \"Big\": order: b cannot follow here",
                "    a b\n      ^\n",
            ],
        ),
        (
            "[[campaign]]\nname = \"C\"\ncalling-lists = [{ name = \"Good\", filter = \"Big\" }]\n",
            &["line 3", "there is no filter \"Big\""],
        ),
        (
            "[[filter]]\nname = \"Big\"\norder = \"balanc\"\n\
             where = \"balance > 100 and contact_info_type = Mobile\"\n\
             [[campaign]]\nname = \"C\"\n\
             calling-lists = [{ name = \"Good\", filter = \"Big\" }]\n",
            &[
                "line 6: filter \"Big\": where: \"balance\" is neither an attribute of a record nor a \
                 field of the calling list \"Good\"",
                "    balance > 100 and contact_info_type = Mobile\n    ^^^^^^^\n",
                "line 5: filter \"Big\": order: \"balanc\"",
            ],
        ),
        (
            "[[filter]]\nname = \"Big\"\nwhere = \"contact_info = '1'; drop table record\"\n",
            &["line 5: filter \"Big\": where: ; cannot follow here"],
        ),
        (
            "[[time-zone]]\nname = \"EST\"\nzone = \"Asia/Tokyo\"\n",
            &["line 3", "built in"],
        ),
        ("[[calling-list]\n", &["line 3"]),
    ];
    for place in Place::both() {
        place.apply(OBJECTS, &[], 0, &[]);
        for (bad, parts) in table {
            let objects = format!("{good}{bad}");
            let mut parts = parts.to_vec();
            parts.push("nothing was changed");
            place.apply(&objects, &[], 2, &parts);
            place.apply(&objects, &["--dry-run"], 2, &parts);
            place
                .home()
                .ocs(&["export", "--list", "Good"])
                .expect(1, &["no calling list"]);
        }
        place.apply(OBJECTS, &[], 0, &["\"Spring\" (DBID 201): unchanged"]);
        // Numbers that were planned and not given are given to the next.
        place.apply(good, &[], 0, &["calling list \"Good\" (DBID 205): added"]);
    }
}

#[test]
fn dbids() {
    let explicit = "
[[calling-list]]
name = \"One\"
dbid = 500
[[calling-list]]
name = \"Two\"
[[campaign]]
name = \"C\"
dbid = 700
calling-lists = [\"One\"]
[[campaign-group]]
campaign = \"C\"
group = \"G\"
dbid = 300
";
    for place in Place::both() {
        place.apply(
            explicit,
            &[],
            0,
            &[
                "\"One\" (DBID 500)",
                "\"Two\" (DBID 501)",
                "\"C@G\" (DBID 300)",
            ],
        );
        // A DBID says which object it is, when the name is another.
        let renamed = explicit.replace("\"One\"", "\"Uno\"");
        place.apply(
            &renamed,
            &[],
            0,
            &[
                "(DBID 500): name One → Uno",
                "\"Two\" (DBID 501): unchanged",
            ],
        );
        let without = renamed.replace("dbid = 500\n", "");
        place.apply(&without, &[], 0, &["\"Uno\" (DBID 500): unchanged"]);
        // What was removed leaves no number for the next one.
        place.apply(
            "[[calling-list]]\nname = \"Uno\"\n",
            &["--prune"],
            0,
            &["\"Two\": removed"],
        );
        place.apply(
            "[[calling-list]]\nname = \"Three\"\n",
            &[],
            0,
            &["\"Three\" (DBID 502): added"],
        );
    }
}

#[test]
fn pruning() {
    for place in Place::both() {
        place.apply(OBJECTS, &[], 0, &[]);
        let person = place.home().write("people.csv", "GSW_PHONE\n1\n");
        let import = [
            "import",
            "--list",
            "Autumn",
            person.to_str().expect("a path"),
        ];
        place.home().ocs(&import).expect(0, &[]);
        let less = "[[calling-list]]\nname = \"Strict\"\n";
        // Without --prune, what is not named stays; the option it had goes.
        place.apply(less, &[], 0, &["\"Strict\" (DBID 203): options changed"]);
        place.apply(
            less,
            &["--prune"],
            2,
            &[
                "\"Autumn\"",
                "cannot be removed",
                "1 record",
                "nothing was changed",
            ],
        );
        place.apply(OBJECTS, &[], 0, &["\"Spring\" (DBID 201): unchanged"]);
        let kept = "[[calling-list]]\nname = \"Autumn\"\n";
        let removed = [
            "calling list \"Spring\": removed",
            "calling list \"Strict\": removed",
            "campaign \"SpringCampaign\": removed",
            "campaign \"AutumnCampaign\": removed",
            "\"Autumn\" (DBID 204): unchanged",
        ];
        place.apply(kept, &["--prune", "--dry-run"], 0, &removed);
        place.apply(kept, &["--prune"], 0, &removed);
        place.apply(kept, &["--prune"], 0, &["\"Autumn\" (DBID 204): unchanged"]);
        // A field with values is not taken from under them.
        let shorter = "[[calling-list]]\nname = \"Autumn\"\n[[calling-list.field]]\nname = \"f\"\ntype = \"varchar\"\n";
        place.apply(shorter, &[], 0, &["field \"f\" added"]);
        place.apply(
            kept,
            &[],
            2,
            &["line 1", "\"f\"", "while the calling list holds 1 record\n"],
        );
        let server = place.running();
        assert_eq!(
            server.get("/lists")["lists"].as_array().map(Vec::len),
            Some(1)
        );
        server.request("GET", "/lists/Spring", &[], b"").expect(404);
        assert_eq!(server.get("/lists/Autumn")["records"], 1);
    }
}

/// What a running OCS is told holds for the next request.
#[test]
fn at_once() {
    let server = Server::start();
    let mut connection = server.connect();
    let target = "/lists/New?req=AddRecord";
    let body = b"{\"GSW_PHONE\":\"1\",\"f\":\"x\"}";
    let mut add = |status| {
        connection
            .ask("POST", target, &[], body)
            .expect("a reply")
            .expect(status)
    };
    add(404);
    let list = format!("{OBJECTS}[[calling-list]]\nname = \"New\"\n");
    server.home.apply(&list).expect(
        0,
        &[
            "\"New\" (DBID 205): added",
            "\"Spring\" (DBID 201): unchanged",
        ],
    );
    assert_eq!(add(200)["GSW_IGNORED"], "f");
    let field =
        format!("{list}[[calling-list.field]]\nname = \"f\"\ntype = \"char\"\nlength = 1\n");
    server.home.apply(&field).expect(0, &["field \"f\" added"]);
    let event = add(200);
    assert_eq!(event.get("GSW_IGNORED"), None);
    assert_eq!(server.record(&event["GSW_RECORD_HANDLE"])["f"], "x");
    server.stop();
}
