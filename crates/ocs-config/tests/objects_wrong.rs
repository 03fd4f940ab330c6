//! Objects files that are wrong, and everything that is said of them.

use ocs_config::objects::parse;

type Row = (&'static str, &'static [&'static str]);

/// What the file says, and the problems, a line each.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("[[calling-list]\n", &[
        "objects.toml, line 1: not valid TOML: unclosed array table, expected `]`",
    ]),
    ("[[calling-lists]]\nname = \"A\"\n", &[
        "objects.toml, line 1: calling-lists: unknown key; did you mean `calling-list`? Allowed here: calling-list, campaign, campaign-group, filter, frequency-cap, holiday, legal-hours, schedule, time-zone",
    ]),
    ("[[calling-list]]\n", &[
        "objects.toml, line 1: calling-list[0].name: this key is needed; write a string in quotes",
    ]),
    ("[[calling-list]]\nname = \"\"\n", &[
        "objects.toml, line 2: calling-list[0].name: found \"\"; allowed: 1 to 128 characters; these are 0",
    ]),
    ("[[calling-list]]\nname = \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"\n", &[
        "objects.toml, line 2: calling-list[0].name: found \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"…; allowed: 1 to 128 characters; these are 129",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\n[[calling-list]]\nname = \"Spring\"\n", &[
        "objects.toml, line 4: calling-list[1].name: found \"Spring\"; calling-list[0], line 1, has it already; it must be unique",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\ndbid = 7\n[[calling-list]]\nname = \"Other\"\ndbid = 7\n", &[
        "objects.toml, line 6: calling-list[1].dbid: found 7; calling-list[0], line 1, has it already; it must be unique",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\ndbid = 0\n", &[
        "objects.toml, line 3: calling-list[0].dbid: found 0; allowed: 1 to 2147483647",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\ntime-form = \"08:00\"\n", &[
        "objects.toml, line 3: calling-list[0].time-form: unknown key; did you mean `time-from`? Allowed here: dbid, field, max-attempts, name, options, region, time-from, time-until, time-zone, treatment",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\ntime-from = \"8:00\"\n", &[
        "objects.toml, line 3: calling-list[0].time-from: found \"8:00\"; write a time from \"00:00\" to \"23:59\"",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\ntime-until = \"24:00\"\n", &[
        "objects.toml, line 3: calling-list[0].time-until: found \"24:00\"; write a time from \"00:00\" to \"23:59\"",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\ntime-from = 480\n", &[
        "objects.toml, line 3: calling-list[0].time-from: found 480; write a time from \"00:00\" to \"23:59\"",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\ntime-from = \"18:00\"\n", &[
        "objects.toml, line 1: calling-list[0].time-until: the daily window would be empty: time-from and time-until must differ",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\nmax-attempts = 0\n", &[
        "objects.toml, line 3: calling-list[0].max-attempts: found 0; allowed: 1 to 10000",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\nregion = \"usa\"\n", &[
        "objects.toml, line 3: calling-list[0].region: found \"usa\"; allowed: a country's two capital letters, such as \"US\"",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\noptions = { chanels = 3 }\n", &[
        "objects.toml, line 3: calling-list[0].options.chanels: unknown key; did you mean `channels`? Allowed here: abandoned-limit, call-timeout, callback-timeout, campaigngroup-states-interval, campaigngroup-states-uri, channels, consent-required, contact-processed-notification, contact-processed-notification-uri, dialer-uri, dialing-rate, duplicates, history-uri, history-wait-condition-threshold, history-wait-recovery-timeout, http-retry-max-attempts, legal-hours, pre-dial-validation, priority-campaign-callback, priority-campaign-rescheduled, priority-general, priority-personal-callback, priority-personal-rescheduled, retention-days, send-campaigngroup-states, send-history, stale_clean_timeout, unknown-attributes, validation-fail-mode, validation-timeout-call-result, validation-uri",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\noptions = { channels = \"3\" }\n", &[
        "objects.toml, line 3: calling-list[0].options.channels: found \"3\"; write a whole number from 1 to 100000",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\noptions = { http-idle-timeout = 3 }\n", &[
        "objects.toml, line 3: calling-list[0].options.http-idle-timeout: unknown key; allowed here: abandoned-limit, call-timeout, callback-timeout, campaigngroup-states-interval, campaigngroup-states-uri, channels, consent-required, contact-processed-notification, contact-processed-notification-uri, dialer-uri, dialing-rate, duplicates, history-uri, history-wait-condition-threshold, history-wait-recovery-timeout, http-retry-max-attempts, legal-hours, pre-dial-validation, priority-campaign-callback, priority-campaign-rescheduled, priority-general, priority-personal-callback, priority-personal-rescheduled, retention-days, send-campaigngroup-states, send-history, stale_clean_timeout, unknown-attributes, validation-fail-mode, validation-timeout-call-result, validation-uri",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\n[[calling-list.field]]\nname = \"balance\"\n", &[
        "objects.toml, line 3: calling-list[0].field[0].type: this key is needed; allowed: \"int\", \"float\", \"char\", \"varchar\", \"datetime\"",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\n[[calling-list.field]]\nname = \"balance\"\ntype = \"double\"\n", &[
        "objects.toml, line 5: calling-list[0].field[0].type: found \"double\"; allowed: \"int\", \"float\", \"char\", \"varchar\", \"datetime\"",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\n[[calling-list.field]]\nname = \"balance\"\ntype = \"Float\"\n", &[
        "objects.toml, line 5: calling-list[0].field[0].type: found \"Float\"; did you mean \"float\"? Allowed: \"int\", \"float\", \"char\", \"varchar\", \"datetime\"",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\n[[calling-list.field]]\nname = \"GSW_PHONE\"\ntype = \"int\"\n", &[
        "objects.toml, line 4: calling-list[0].field[0].name: found \"GSW_PHONE\"; names that begin with GSW_, InteractionType and InteractionSubtype are reserved for the protocols; choose another",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\n[[calling-list.field]]\nname = \"InteractionType\"\ntype = \"int\"\n", &[
        "objects.toml, line 4: calling-list[0].field[0].name: found \"InteractionType\"; names that begin with GSW_, InteractionType and InteractionSubtype are reserved for the protocols; choose another",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\n[[calling-list.field]]\nname = \"fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\"\ntype = \"int\"\n", &[
        "objects.toml, line 4: calling-list[0].field[0].name: found \"fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\"; allowed: 1 to 64 characters; these are 65",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\n[[calling-list.field]]\nname = \"a\"\ntype = \"int\"\n[[calling-list.field]]\nname = \"a\"\ntype = \"char\"\n", &[
        "objects.toml, line 7: calling-list[0].field[1].name: found \"a\"; field[0] has this name already; names must differ",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\n[[calling-list.field]]\nname = \"a\"\ntype = \"int\"\n[[calling-list.field]]\nname = \"b\"\ntype = \"int\"\nsend-attribute = \"a\"\n", &[
        "objects.toml, line 9: calling-list[0].field[1].send-attribute: found \"a\"; field[0] goes by this name already; names must differ",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\n[[calling-list.field]]\nname = \"a\"\ntype = \"int\"\nsend-attribute = \"c\"\n[[calling-list.field]]\nname = \"b\"\ntype = \"int\"\nsend-attribute = \"c\"\n", &[
        "objects.toml, line 10: calling-list[0].field[1].send-attribute: found \"c\"; field[0] goes by this name already; names must differ",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\n[[calling-list.field]]\nname = \"a\"\ntype = \"int\"\nsend-attribute = \"GSW_X\"\n", &[
        "objects.toml, line 6: calling-list[0].field[0].send-attribute: found \"GSW_X\"; names that begin with GSW_, InteractionType and InteractionSubtype are reserved for the protocols; choose another",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\n[[calling-list.field]]\nname = \"a\"\ntype = \"int\"\nlength = 3\n", &[
        "objects.toml, line 6: calling-list[0].field[0].length: found 3; only char and varchar fields have a length",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\n[[calling-list.field]]\nname = \"a\"\ntype = \"char\"\nlength = 4097\n", &[
        "objects.toml, line 6: calling-list[0].field[0].length: found 4097; allowed: 1 to 4096",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\n[[calling-list.treatment]]\ncall-result = \"NoAnwser\"\naction = \"RetryIn\"\ninterval = 30\n\n[[calling-list.treatment]]\nwhatever = 1\n", &[
        "objects.toml, line 4: calling-list[0].treatment[0].call-result: found \"NoAnwser\"; did you mean \"NoAnswer\"? Write a call result's name or number, such as \"NoAnswer\" (7), \"Busy\" (6) or \"AnsweringMachine\" (9)",
        "objects.toml, line 8: calling-list[0].treatment[1].call-result: this key is needed; write a call result's name or number, such as \"NoAnswer\" (7), \"Busy\" (6) or \"AnsweringMachine\" (9)",
        "objects.toml, line 8: calling-list[0].treatment[1].action: this key is needed; allowed: \"Cycle\", \"RetryIn\", \"RetryAtDate\", \"NextInChain\", \"NextInChainAfter\", \"NextInChainAtDate\", \"MarkAllChain\", \"MarkDB\", \"AssignToGroup\"",
        "objects.toml, line 9: calling-list[0].treatment[1].whatever: unknown key; allowed here: action, attempt, call-result, campaign-group, cycles, date-time, increment, interval",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\n[[calling-list.treatment]]\ncall-result = 54\naction = \"Retryin\"\nattempt = 0\ninterval = 0\n", &[
        "objects.toml, line 4: calling-list[0].treatment[0].call-result: found 54; write a call result's name or number, such as \"NoAnswer\" (7), \"Busy\" (6) or \"AnsweringMachine\" (9)",
        "objects.toml, line 5: calling-list[0].treatment[0].action: found \"Retryin\"; did you mean \"RetryIn\"? Allowed: \"Cycle\", \"RetryIn\", \"RetryAtDate\", \"NextInChain\", \"NextInChainAfter\", \"NextInChainAtDate\", \"MarkAllChain\", \"MarkDB\", \"AssignToGroup\"",
        "objects.toml, line 6: calling-list[0].treatment[0].attempt: found 0; allowed: 1 to 10000",
        "objects.toml, line 7: calling-list[0].treatment[0].interval: found 0; allowed: 1 to 525600",
    ]),
    ("[[calling-list]]\nname = \"Spring\"\n[[calling-list.treatment]]\ncall-result = 7\naction = \"RetryIn\"\ndate-time = \"01/01/2027 08:00\"\nincrement = 5\n", &[
        "objects.toml, line 3: calling-list[0].treatment[0].interval: RetryIn needs this key",
        "objects.toml, line 6: calling-list[0].treatment[0].date-time: found \"01/01/2027 08:00\"; RetryIn takes no date-time; remove it",
    ]),
    ("[[campaign]]\nname = \"C\"\n[[campaign.treatment]]\ncall-result = 7\naction = \"MarkDB\"\nincrement = 5\ncampaign-group = \"C@G\"\n[[campaign.treatment]]\ncall-result = 7\naction = \"AssignToGroup\"\n", &[
        "objects.toml, line 6: campaign[0].treatment[0].increment: found 5; MarkDB takes no increment; remove it",
        "objects.toml, line 7: campaign[0].treatment[0].campaign-group: found \"C@G\"; MarkDB takes no campaign-group; remove it",
        "objects.toml, line 8: campaign[0].treatment[1].campaign-group: AssignToGroup needs this key",
    ]),
    ("[[schedule]]\nname = \"S\"\n[[schedule]]\nname = \"S\"\n", &[
        "objects.toml, line 4: schedule[1].name: found \"S\"; schedule[0], line 1, has it already; it must be unique",
    ]),
    ("[[schedule]]\nname = \"S\"\nload-before = \"13h\"\n", &[
        "objects.toml, line 3: schedule[0].load-before: found \"13h\"; allowed: 0s to 12h",
    ]),
    ("[[schedule]]\nname = \"S\"\n[[schedule.hours]]\ndays = [\"Mon\", \"Tus\"]\nfrom = \"08:00\"\nuntil = \"18:00\"\n", &[
        "objects.toml, line 4: schedule[0].hours[0].days[1]: found \"Tus\"; did you mean \"Tue\"? Allowed: \"Mon\", \"Tue\", \"Wed\", \"Thu\", \"Fri\", \"Sat\", \"Sun\"",
    ]),
    ("[[schedule]]\nname = \"S\"\n[[schedule.hours]]\ndays = []\nfrom = \"08:00\"\nuntil = \"08:00\"\n", &[
        "objects.toml, line 4: schedule[0].hours[0].days: hours on no day are none; name days, such as [\"Mon\", \"Tue\"]",
        "objects.toml, line 6: schedule[0].hours[0].until: found \"08:00\"; from and until are the same; write \"00:00\" for both where the whole day is meant",
    ]),
    ("[[schedule]]\nname = \"S\"\n[[schedule.exception]]\ndate = \"25.12.2026\"\n[[schedule.exception]]\ndate = \"2026-02-30\"\n", &[
        "objects.toml, line 4: schedule[0].exception[0].date: found \"25.12.2026\"; write a date such as \"2026-12-25\", in quotes",
        "objects.toml, line 6: schedule[0].exception[1].date: found \"2026-02-30\"; write a date such as \"2026-12-25\", in quotes",
    ]),
    ("[[schedule]]\nname = \"S\"\n[[schedule.exception]]\ndate = \"2026-12-24\"\nfrom = \"08:00\"\n[[schedule.exception]]\ndate = \"2026-12-25\"\ndialing-mode = 3\n", &[
        "objects.toml, line 5: schedule[0].exception[0].from: found \"08:00\"; write from and until, or neither for a date that is closed",
        "objects.toml, line 8: schedule[0].exception[1].dialing-mode: found 3; the date is closed, as it has neither from nor until; write both, or leave this out",
    ]),
    ("[[campaign-group]]\ncampaign = \"C\"\ngroup = \"G\"\nsequence = 1\n", &[
        "objects.toml, line 4: campaign-group[0].sequence: found 1; only a campaign group that runs by a schedule is part of a sequence; give it the key `schedule`",
    ]),
    ("[[campaign-group]]\ncampaign = \"C\"\ngroup = \"G\"\nschedule = \"S\"\nsequence = 1\n[[campaign-group]]\ncampaign = \"C\"\ngroup = \"H\"\nschedule = \"S\"\nsequence = 1\n", &[
        "objects.toml, line 10: campaign-group[1].sequence: found 1; campaign-group[0], line 1, has it already; it must be unique",
    ]),
    ("[[filter]]\nwhere = \"balance > 100\"\norder = 7\n", &[
        "objects.toml, line 1: filter[0].name: this key is needed; write a string in quotes",
        "objects.toml, line 3: filter[0].order: found 7; write a string in quotes",
    ]),
    ("[[filter]]\nname = \"Big\"\nwere = \"balance > 100\"\n", &[
        "objects.toml, line 3: filter[0].were: unknown key; did you mean `where`? Allowed here: dbid, name, order, where",
    ]),
    ("[[filter]]\nname = \"Big\"\n[[filter]]\nname = \"Big\"\n", &[
        "objects.toml, line 4: filter[1].name: found \"Big\"; filter[0], line 1, has it already; it must be unique",
    ]),
    ("[[campaign]]\nname = \"C\"\ncalling-lists = [{ name = \"Spring\", weight = 50, filter = true }]\n", &[
        "objects.toml, line 3: campaign[0].calling-lists[0].filter: found true; write a string in quotes",
    ]),
    ("[[campaign]]\nname = \"C\"\ncalling-lists = [{ name = \"Spring\", weight = 0 }]\n", &[
        "objects.toml, line 3: campaign[0].calling-lists[0].weight: found 0; allowed: 1 to 100",
    ]),
    ("[[campaign]]\nname = \"C\"\ncalling-lists = [{ nam = \"Spring\" }]\n", &[
        "objects.toml, line 3: campaign[0].calling-lists[0].nam: unknown key; did you mean `name`? Allowed here: filter, name, weight",
        "objects.toml, line 3: campaign[0].calling-lists[0].name: this key is needed; write a string in quotes",
    ]),
    ("[[campaign]]\nname = \"C\"\ncalling-lists = [\"Spring\", { name = \"Spring\" }]\n", &[
        "objects.toml, line 3: campaign[0].calling-lists[1]: the calling list \"Spring\" stands there twice",
    ]),
    ("[[campaign]]\nname = \"C\"\ncalling-lists = [7]\n", &[
        "objects.toml, line 3: campaign[0].calling-lists[0]: found 7; write a string in quotes or a table, { … }",
    ]),
    ("[[campaign]]\nname = \"C\"\ncalling-lists = \"Spring\"\n", &[
        "objects.toml, line 3: campaign[0].calling-lists: found \"Spring\"; write an array, [ … ]",
    ]),
    ("[[campaign]]\nname = \"C@D\"\n", &[
        "objects.toml, line 2: campaign[0].name: found \"C@D\"; a campaign's name holds no @: it stands between campaign and group in a campaign group's full name",
    ]),
    ("[[campaign]]\nname = \"C\"\n[[campaign]]\nname = \"C\"\n", &[
        "objects.toml, line 4: campaign[1].name: found \"C\"; campaign[0], line 1, has it already; it must be unique",
    ]),
    ("[[campaign-group]]\ncampaign = \"C\"\n", &[
        "objects.toml, line 1: campaign-group[0].group: this key is needed; write a string in quotes",
    ]),
    ("[[campaign-group]]\ncampaign = \"C\"\ngroup = \"G\"\ndialing-mode = \"Previw\"\n", &[
        "objects.toml, line 4: campaign-group[0].dialing-mode: found \"Previw\"; did you mean \"Preview\"? Write a dialing mode's name or number: Predictive (1), Progressive (2), Preview (3), EngagedProgressive (4), EngagedPredictive (5), Power (6), EngagedPower (7), PushPreview (8), ProgressiveGVP (9), PredictiveGVP (10), PowerGVP (11)",
    ]),
    ("[[campaign-group]]\ncampaign = \"C\"\ngroup = \"G\"\ndialing-mode = 12\n", &[
        "objects.toml, line 4: campaign-group[0].dialing-mode: found 12; write a dialing mode's name or number: Predictive (1), Progressive (2), Preview (3), EngagedProgressive (4), EngagedPredictive (5), Power (6), EngagedPower (7), PushPreview (8), ProgressiveGVP (9), PredictiveGVP (10), PowerGVP (11)",
    ]),
    ("[[campaign-group]]\ncampaign = \"C\"\ngroup = \"G\"\ndialing-mode = true\n", &[
        "objects.toml, line 4: campaign-group[0].dialing-mode: found true; write a dialing mode's name or number: Predictive (1), Progressive (2), Preview (3), EngagedProgressive (4), EngagedPredictive (5), Power (6), EngagedPower (7), PushPreview (8), ProgressiveGVP (9), PredictiveGVP (10), PowerGVP (11)",
    ]),
    ("[[campaign-group]]\ncampaign = \"C\"\ngroup = \"G\"\n[[campaign-group]]\ncampaign = \"C\"\ngroup = \"G\"\n", &[
        "objects.toml, line 6: campaign-group[1].group: found \"G\"; campaign-group[0], line 1, has it already; it must be unique",
    ]),
    ("[[campaign-group]]\ncampaign = \"C\"\ngroup = \"G\"\ndbid = 3\n[[campaign-group]]\ncampaign = \"D\"\ngroup = \"G\"\ndbid = 3\n", &[
        "objects.toml, line 8: campaign-group[1].dbid: found 3; campaign-group[0], line 1, has it already; it must be unique",
    ]),
    ("[[frequency-cap]]\nname = \"week\"\nattempts = 0\ndays = 400\nper = \"person\"\n", &[
        "objects.toml, line 3: frequency-cap[0].attempts: found 0; allowed: 1 to 1000",
        "objects.toml, line 4: frequency-cap[0].days: found 400; allowed: 1 to 366",
        "objects.toml, line 5: frequency-cap[0].per: found \"person\"; allowed: \"phone\", \"customer\"",
    ]),
    ("[[frequency-cap]]\nname = \"week\"\nattempts = 3\n[[frequency-cap]]\nname = \"week\"\nattempts = 3\ndays = 7\nhours = 7\n", &[
        "objects.toml, line 1: frequency-cap[0]: a cap counts attempts in days or in hours: write one of the two keys",
        "objects.toml, line 4: frequency-cap[1]: a cap counts attempts in days or in hours: write one of the two keys",
        "objects.toml, line 5: frequency-cap[1].name: found \"week\"; frequency-cap[0], line 1, has it already; it must be unique",
    ]),
    ("[[time-zone]]\nname = \"AKT\"\nzone = \"America/Anchorag\"\n", &[
        "objects.toml, line 3: time-zone[0].zone: found \"America/Anchorag\"; did you mean \"America/Anchorage\"? Write a zone of the IANA database, such as \"America/Anchorage\"",
    ]),
    ("[[time-zone]]\nname = \"AKT\"\nzone = \"Etc/Unknown\"\n", &[
        "objects.toml, line 3: time-zone[0].zone: found \"Etc/Unknown\"; write a zone of the IANA database, such as \"America/Anchorage\"",
    ]),
    ("[[time-zone]]\nname = \"AKT\"\n", &[
        "objects.toml, line 1: time-zone[0].zone: this key is needed; write a zone of the IANA database, such as \"America/Anchorage\"",
    ]),
    ("[[time-zone]]\nname = \"AKT\"\nzone = \"America/Anchorage\"\n[[time-zone]]\nname = \"AKT\"\nzone = \"UTC\"\n", &[
        "objects.toml, line 5: time-zone[1].name: found \"AKT\"; time-zone[0], line 1, has it already; it must be unique",
    ]),
    ("[[calling-list]]\nname = \"A\"\nmax-attempts = 0\n[[campaign]]\nname = \"C@\"\n[[time-zone]]\nname = \"Z\"\nzone = \"Nowhere\"\n", &[
        "objects.toml, line 3: calling-list[0].max-attempts: found 0; allowed: 1 to 10000",
        "objects.toml, line 5: campaign[0].name: found \"C@\"; a campaign's name holds no @: it stands between campaign and group in a campaign group's full name",
        "objects.toml, line 8: time-zone[0].zone: found \"Nowhere\"; write a zone of the IANA database, such as \"America/Anchorage\"",
    ]),
];

#[test]
fn every_mistake_is_named_with_line_key_value_and_what_is_allowed() {
    for (index, (text, expected)) in ROWS.iter().enumerate() {
        let said = match parse(text, "objects.toml") {
            Ok(objects) => panic!("{text}\nwas taken: {objects:?}"),
            Err(error) => error.to_string(),
        };
        let said: Vec<&str> = said.lines().collect();
        assert_eq!(said, *expected, "row {index}:\n{text}");
    }
}
