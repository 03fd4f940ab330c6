//! Reads that are wrong.

use super::{Wrong, wrong};

pub(super) fn reads() -> Vec<Wrong> {
    let page = "/lists/Spring/records";
    let mut all = vec![
        wrong(
            "a list",
            "GET",
            "/lists/Winter/records",
            404,
            1002,
            "\"Winter\"",
        )
        .at("GSW_CALLING_LIST"),
        wrong("a group", "GET", "/campaigngroups/499", 404, 9, "\"499\"")
            .at("GSW_CAMPAIGN_GROUP_DBID"),
        wrong(
            "a group's name",
            "GET",
            "/campaigngroups/Agents",
            404,
            9,
            "Agents",
        )
        .at("GSW_CAMPAIGN_GROUP_DBID"),
        wrong("no group", "GET", "/campaigngroups/0", 404, 9, "\"0\"")
            .at("GSW_CAMPAIGN_GROUP_DBID"),
        wrong("a sign", "GET", "/campaigngroups/+401", 404, 9, "+401")
            .at("GSW_CAMPAIGN_GROUP_DBID"),
        wrong(
            "another tenant",
            "GET",
            "/campaigngroups?tenant=Other",
            400,
            1012,
            "Environment",
        ),
        wrong(
            "limit twice",
            "GET",
            &format!("{page}?limit=5&limit=5"),
            400,
            1012,
            "twice",
        ),
        wrong("a page of another origin", "GET", page, 403, 1020, "evil")
            .header("Origin", "https://evil.example"),
    ];
    for (query, attribute, part) in [
        ("status=Gone", "GSW_RECORD_STATUS", "Ready"),
        ("status=", "GSW_RECORD_STATUS", "Ready"),
        ("status=11", "GSW_RECORD_STATUS", "Ready"),
        ("limit=0", "limit", "from 1 to 1000"),
        ("limit=1001", "limit", "from 1 to 1000"),
        ("limit=-1", "limit", "from 1 to 1000"),
        ("limit=all", "limit", "an integer"),
        ("limit=", "limit", "an integer"),
        ("after=-1", "after", "an integer"),
        ("after=2147483648", "after", "an integer"),
        ("after=x", "after", "an integer"),
        ("phone=", "GSW_PHONE", "1 to 128"),
        ("customer_id=", "GSW_CUSTOMER_ID", "1 to 64"),
        ("phone=1%0A2", "GSW_PHONE", "control characters"),
    ] {
        let target = format!("{page}?{query}");
        all.push(wrong("a query", "GET", &target, 400, 10, part).attribute(attribute));
        // The query before the object.
        let target = format!("/lists/Winter/records?{query}");
        all.push(wrong("a query", "GET", &target, 400, 10, part).attribute(attribute));
    }
    for (target, attribute) in [
        (format!("/phones/{}", "5".repeat(129)), "GSW_PHONE"),
        (
            format!("/customer_ids/{}", "c".repeat(65)),
            "GSW_CUSTOMER_ID",
        ),
        ("/phones/1%0A2".to_owned(), "GSW_PHONE"),
    ] {
        all.push(wrong("too long", "GET", &target, 400, 10, "").attribute(attribute));
    }
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
        for target in [
            "/lists",
            "/lists/Spring",
            page,
            "/records/1",
            "/phones/1",
            "/customer_ids/1",
            "/campaigngroups",
            "/campaigngroups/401",
            "/openapi.json",
        ] {
            all.push(wrong("a method", method, target, 405, 1010, method));
        }
    }
    for target in ["/lists", page, "/campaigngroups", "/openapi.json"] {
        all.push(wrong("only read", "POST", target, 405, 1010, "POST").body("{}"));
    }
    for target in [
        "/phones",
        "/phones/",
        "/customer_ids",
        "/customerids/",
        "/campaigngroups/",
        "/lists/Spring/record",
        "/lists/Spring/records/1",
        "/records/1/attempts",
        "/openapi.json/1",
        "/customer-ids/1",
        "/campaignGroups/401",
    ] {
        all.push(wrong("no resource", "GET", target, 404, 1001, "/lists"));
    }
    all
}
