//! Explain: everything that decides about one record, and what would become of it after
//! call results. Nothing is written.

use std::sync::Arc;

use jiff::Timestamp;
use ocs_log::ContactInfo;
use ocs_protocol::control::{ExplainLine, ExplainReply, ExplainRequest, ExplainSection};
use ocs_protocol::enumeration::{CallResult, Enumeration as _, RecordStatus};
use ocs_protocol::refusal::quoted;
use ocs_rules::calling_list::CallingList;
use ocs_rules::campaign::CampaignGroup;
use ocs_rules::consent::standing::{Last, Standing, standing};
use ocs_rules::consent::{Call, Scope};
use ocs_rules::legal_hours::territory::Territory;
use ocs_rules::life_cycle::no_such_record;
use ocs_rules::objects::Objects;
use ocs_rules::policy::Levels;
use ocs_rules::record::{Handle, InHand, Record};
use ocs_rules::retrieval::why::Reason;
use ocs_rules::treatment::forecast::{Step, Supposed, forecast};
use ocs_rules::treatment::{self, Level};
use ocs_store::{GroupStates, Surroundings};

use crate::core::Core;
use crate::decision;
use crate::outlook::Outlook;

/// Call results that are followed at most.
const RESULTS: usize = 1_000;

/// Explains a record.
pub(super) async fn explain(core: &Core, request: ExplainRequest) -> ExplainReply {
    match sections(core, request).await {
        Ok(sections) => ExplainReply {
            sections,
            problem: String::new(),
        },
        Err(problem) => ExplainReply {
            sections: Vec::new(),
            problem,
        },
    }
}

async fn sections(core: &Core, request: ExplainRequest) -> Result<Vec<ExplainSection>, String> {
    let results = results(&request.results)?;
    let now = (core.clock)().as_second();
    let found = decision::surroundings(core, request.handle, now)
        .await
        .map_err(|error| error.to_string())?;
    let found = found.ok_or_else(|| no_such_record(&request.handle.to_string()).sentence)?;
    let objects = core.store.objects();
    let list = objects
        .list(found.record.list)
        .map(AsRef::as_ref)
        .ok_or_else(|| "the record's calling list is gone".to_owned())?;
    let groups = core.store.group_states();
    let shown = Shown {
        objects: &objects,
        contacts: if request.contact_info {
            ContactInfo::Full
        } else {
            core.contact_info
        },
        now,
    };
    let caller = caller(&request.campaign_group, &found.record, &groups, &objects)?;
    let decided = decision::of(core, &found, list, &objects, now)
        .await
        .map_err(|error| error.to_string())?;
    let mut sections = vec![
        shown.record(&found.record, list),
        shown.chain(&found),
        shown.groups(&found.record, &groups),
        shown.decision(&found, list, &decided),
        shown.treatments(&found.record, list, caller.as_deref()),
    ];
    if results.is_empty() {
        return Ok(sections);
    }
    let Some(caller) = caller else {
        let name = list.name.as_str();
        return Err(format!(
            "no campaign group uses the calling list {}, so no call has a result",
            quoted(name)
        ));
    };
    let outlook = Outlook::of(core, (&found, list), &objects, caller.dbid, now)
        .await
        .map_err(|error| error.to_string())?;
    let campaign = objects.campaign(caller.campaign).map(AsRef::as_ref);
    let levels = Levels {
        list: Some(list),
        group: Some(caller.as_ref()),
        campaign,
    };
    let supposed = Supposed {
        objects: &objects,
        group: caller.dbid,
        stale_after: core.policy.stale_after(levels).unwrap_or(0),
        missed_after: core.policy.missed_after(levels).unwrap_or(0),
    };
    let callable = |record: &Record, chain: &[&Record], from, calls: &[(Handle, i64)]| {
        outlook.callable(record, chain, from, calls)
    };
    let chain = found.chain.clone();
    let steps = forecast(chain, request.handle, &results, supposed, now, callable)
        .map_err(|refusal| refusal.sentence)?;
    let out = core.policy.one_at_once && found.contact_out;
    let supposes_back = out && found.record.status != RecordStatus::Retrieved;
    let forecast = shown.forecast(&found.record, &steps, &results, &caller, &outlook);
    sections.push(forecast.supposing(supposes_back));
    Ok(sections)
}

fn results(texts: &[String]) -> Result<Vec<CallResult>, String> {
    if texts.len() > RESULTS {
        return Err(format!("at most {RESULTS} call results are followed"));
    }
    let read = |text: &String| {
        let number = || CallResult::from_number(text.parse().ok()?);
        CallResult::from_name(text).or_else(number).ok_or_else(|| {
            let names: Vec<_> = CallResult::names().collect();
            let names = names.join(", ");
            format!(
                "{} is no call result; write a number or a name of {names}",
                quoted(text)
            )
        })
    };
    texts.iter().map(read).collect()
}

/// Who calls: the campaign group that is named, else the one that has the record, the one it
/// is assigned to, or, of those that hand it out, the first that runs.
fn caller(
    named: &str,
    record: &Record,
    states: &GroupStates,
    objects: &Objects,
) -> Result<Option<Arc<CampaignGroup>>, String> {
    if !named.is_empty() {
        let by_number = || objects.group(named.parse().ok()?);
        let found = objects.group_of_full_name(named).or_else(by_number);
        return match found {
            Some(group) if !hands_out(group, record, objects) => Err(format!(
                "the campaign group {} does not hand out the record {}: its campaign does not use \
                 the calling list, or the record is assigned to another",
                quoted(&objects.full_name(group)),
                record.handle
            )),
            Some(group) => Ok(Some(group.clone())),
            None => Err(format!(
                "there is no campaign group {}; it is named <campaign>@<group> or by its DBID",
                quoted(named)
            )),
        };
    }
    let holder = record.in_hand.as_ref().map(|in_hand| in_hand.group);
    if let Some(holder) = holder.and_then(|dbid| objects.group(dbid)) {
        return Ok(Some(holder.clone()));
    }
    let groups = objects.groups_of(record);
    let running = |group: &&Arc<CampaignGroup>| {
        states
            .get(&group.dbid)
            .is_some_and(|state| state.is_running())
    };
    Ok(groups
        .iter()
        .find(running)
        .or_else(|| groups.first())
        .cloned())
}

/// Whether a campaign group has a record, or may get it.
fn hands_out(group: &CampaignGroup, record: &Record, objects: &Objects) -> bool {
    let has = |in_hand: &InHand| in_hand.group == group.dbid;
    let own = objects.groups_of(record);
    record.in_hand.as_ref().is_some_and(has) || own.iter().any(|own| own.dbid == group.dbid)
}

/// How things are said.
struct Shown<'a> {
    objects: &'a Objects,
    contacts: ContactInfo,
    /// UTC seconds.
    now: i64,
}

/// A section in the making.
struct Lines(ExplainSection);

impl Lines {
    fn titled(title: impl Into<String>) -> Self {
        Self(ExplainSection {
            title: title.into(),
            lines: Vec::new(),
        })
    }

    fn line(&mut self, name: impl Into<String>, text: impl Into<String>) {
        self.0.lines.push(ExplainLine {
            name: name.into(),
            text: text.into(),
        });
    }

    /// What is out now of the same phone or customer id is back by then, which nobody knows.
    fn supposing(mut self, back: bool) -> ExplainSection {
        if back {
            let out = "the record that is out now with its phone or customer id is back by then";
            self.line("supposing", out);
        }
        self.0
    }

    fn some(&mut self, name: &str, text: Option<String>) {
        if let Some(text) = text {
            self.line(name, text);
        }
    }
}

impl Shown<'_> {
    fn record(&self, record: &Record, list: &CallingList) -> ExplainSection {
        let contact = &record.contact;
        let mut lines = Lines::titled(format!("Record {}", record.handle));
        lines.line(
            "calling list",
            format!("{} (DBID {})", list.name, list.dbid),
        );
        let phone = self.contacts.value(&contact.phone);
        lines.line("phone", format!("{phone} ({})", contact.phone_type.name()));
        let customer = contact.customer_id.as_deref();
        lines.some(
            "customer id",
            customer.map(|id| self.contacts.value(id).into_owned()),
        );
        lines.line("status", record.status.name());
        lines.line("type", contact.record_type.name());
        let result = record.result;
        lines.line(
            "call result",
            format!("{} ({})", result.name(), result.number()),
        );
        let most = list.max_attempts;
        lines.line("attempts", format!("{} of at most {most}", record.attempts));
        lines.some("last call", contact.call_time.map(moment));
        lines.some("not before", contact.scheduled.map(moment));
        lines.line("daily window", self.window(record));
        let campaign = contact
            .campaign
            .and_then(|dbid| self.objects.campaign(dbid));
        lines.some("campaign", campaign.map(|campaign| campaign.name.clone()));
        lines.some("agent", contact.agent.clone());
        if let Some(in_hand) = &record.in_hand {
            let agent = in_hand.agent.as_deref().unwrap_or("nobody that is named");
            let group = self.group(in_hand.group);
            let since = moment(in_hand.touched);
            lines.line(
                "in the hands of",
                format!("{agent}, for {group}, last named at {since}"),
            );
        }
        lines.some(
            "assigned to",
            record.assigned.map(|group| self.group(group)),
        );
        lines.0
    }

    /// The hours in which a record is called, and what time it is there.
    fn window(&self, record: &Record) -> String {
        let clock = |seconds: u32| {
            let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
            let seconds = if rest == 0 {
                String::new()
            } else {
                format!(":{rest:02}")
            };
            format!("{hours:02}:{minutes:02}{seconds}")
        };
        let window = record.contact.window;
        let hours = format!("{} to {}", clock(window.from), clock(window.till));
        let outside = if record.outside_window {
            ", which its callback need not heed"
        } else {
            ""
        };
        let Some(zone) = self.objects.zone(record.contact.zone) else {
            let zone = record.contact.zone;
            return format!("{hours} in the time zone {zone}, which is not configured{outside}");
        };
        let there = Timestamp::from_second(self.now)
            .map(|now| now.to_zoned(zone.zone.clone()))
            .map(|there| there.strftime("%H:%M").to_string());
        let there = there.unwrap_or_default();
        format!("{hours} in {}, where it is {there}{outside}", zone.name)
    }

    /// Which rules the law has for a record's phone.
    fn legal_hours(&self, record: &Record, list: &CallingList) -> String {
        if !self.objects.guards(list) {
            return "the calling list's or the application's option legal-hours is false"
                .to_owned();
        }
        let territory = self.objects.territory(list, &record.contact.phone);
        let area = match territory {
            Territory::Anywhere => return "it is called at no phone".to_owned(),
            Territory::Unknown => return "nobody knows in which country its phone is".to_owned(),
            Territory::In(area) => area,
        };
        let rules = self.objects.legal_hours().rules_for(territory);
        let rules: Vec<_> = rules.map(ToString::to_string).collect();
        if rules.is_empty() {
            return format!("no rule holds for phones of {area}");
        }
        format!("for phones of {area}: {}", rules.join("; "))
    }

    fn chain(&self, found: &Surroundings) -> ExplainSection {
        let mut lines = Lines::titled(format!("Chain {}", found.record.chain));
        for record in &found.chain {
            let mut words = vec![
                format!("record {}", record.handle),
                record.status.name().to_owned(),
                record.contact.record_type.name().to_owned(),
                format!("attempts {}", record.attempts),
                self.window(record),
            ];
            let later = record.contact.scheduled.filter(|at| *at > self.now);
            words.extend(later.map(|at| format!("not before {}", moment(at))));
            if record.handle == found.record.handle {
                words.push("this one".to_owned());
            }
            lines.line(record.chain_n.to_string(), words.join(", "));
        }
        lines.0
    }

    /// Who hands it out, and who does not.
    fn groups(&self, record: &Record, states: &GroupStates) -> ExplainSection {
        let mut lines = Lines::titled("Campaign groups");
        let own = self.objects.groups_of(record);
        for group in self.objects.groups() {
            let campaign = self.objects.campaign(group.campaign);
            if !campaign.is_some_and(|campaign| campaign.uses(record.list)) {
                continue;
            }
            let state = states.get(&group.dbid);
            let state = state.map_or("NotLoaded", |state| state.status.name());
            let hands_out = own.iter().any(|own| own.dbid == group.dbid);
            let but = if hands_out {
                ""
            } else {
                ", and does not get it: it is assigned to another"
            };
            lines.line(self.group(group.dbid), format!("{state}{but}"));
        }
        if lines.0.lines.is_empty() {
            lines.line(
                "none",
                "no campaign with a campaign group uses its calling list",
            );
        }
        lines.0
    }

    fn decision(
        &self,
        found: &Surroundings,
        list: &CallingList,
        (why, next): &(Vec<Reason>, Option<i64>),
    ) -> ExplainSection {
        let mut lines = Lines::titled(format!("Now, at {}", moment(self.now)));
        let restricted = if found.do_not_call {
            "its phone or its customer id is on the list"
        } else {
            "neither its phone nor its customer id is on the list"
        };
        lines.line("Do Not Call", restricted);
        lines.line("legal hours", self.legal_hours(&found.record, list));
        for (whose, said) in [
            ("phone", &found.consent.phone),
            ("customer id", &found.consent.customer),
        ] {
            lines.some("consent", self.consent(whose, said, &found.record));
        }
        if why.is_empty() {
            lines.line("callable", "nothing stands against a call");
        }
        for reason in why {
            lines.line(reason.code(), reason.to_string());
        }
        let next = next.map_or_else(|| "not known, or never".to_owned(), moment);
        lines.line("next callable", next);
        lines.0
    }

    /// What a record's phone or customer id said of being called, for its calling list and
    /// each campaign that was spoken of.
    fn consent(&self, whose: &str, said: &[Last], record: &Record) -> Option<String> {
        let list = Some(record.list);
        let call = |campaign| Call { list, campaign };
        let stands = |call: Call| match standing(said, call, self.now) {
            Standing::Given { until: Some(until) } => format!("given until {}", moment(until)),
            Standing::Given { until: None } => "given".to_owned(),
            Standing::Revoked => "revoked".to_owned(),
            Standing::Unsaid => "none".to_owned(),
        };
        if said.is_empty() {
            return None;
        }
        let mut words = vec![format!("of the {whose}: {}", stands(call(None)))];
        let mut campaigns: Vec<_> = said
            .iter()
            .filter_map(|last| match last.scope {
                Scope::Campaign(campaign) => Some(campaign),
                Scope::All | Scope::List(_) => None,
            })
            .collect();
        campaigns.sort_unstable();
        campaigns.dedup();
        words.extend(campaigns.into_iter().map(|dbid| {
            let name = self.objects.campaign(dbid);
            let name = name.map_or_else(
                || format!("{dbid}, which is gone"),
                |campaign| campaign.name.clone(),
            );
            format!("for the campaign {name}: {}", stands(call(Some(dbid))))
        }));
        Some(words.join("; "))
    }

    /// Every treatment that may apply, in order.
    fn treatments(
        &self,
        record: &Record,
        list: &CallingList,
        caller: Option<&CampaignGroup>,
    ) -> ExplainSection {
        let group = caller.map(|group| group.dbid);
        let campaign = treatment::campaign_of(record, group, self.objects);
        let by = group.map_or_else(String::new, |group| {
            format!(", called by {}", self.group(group))
        });
        let mut lines = Lines::titled(format!("Treatments{by}"));
        let counted = record.attempts.saturating_add(1);
        for (level, treatment) in treatment::of(list, campaign) {
            let applies = if treatment.applies_to(counted) {
                "for the next attempt"
            } else {
                "not for the next attempt"
            };
            let whose = whose(level);
            lines.line(treatment.to_string(), format!("of the {whose}, {applies}"));
        }
        let finished = "RecordProcessed finishes the record, and its chain with it";
        lines.line("else", finished);
        lines.0
    }

    fn forecast(
        &self,
        record: &Record,
        steps: &[Step],
        results: &[CallResult],
        caller: &CampaignGroup,
        outlook: &Outlook<'_>,
    ) -> Lines {
        let caller = self.group(caller.dbid);
        let left_out = |record: &Record| {
            let filter = outlook.left_out_by(record).filter(|_| record.is_open())?;
            Some(format!("the filter {} does not take it", quoted(filter)))
        };
        let mut lines = Lines::titled(format!("What would come of it, called by {caller}"));
        for step in steps {
            let record = &step.record;
            let mut words = vec![match &step.treatment {
                Some((level, treatment)) => format!("{treatment} (of the {})", whose(*level)),
                None => "no treatment applies".to_owned(),
            }];
            words.push(format!(
                "record {} is {}, {}, attempts {}",
                record.handle,
                record.status.name(),
                record.contact.record_type.name(),
                record.attempts
            ));
            words.extend(
                record
                    .assigned
                    .map(|group| format!("assigned to {}", self.group(group))),
            );
            words.extend(step.reached.iter().map(|(handle, status)| match status {
                RecordStatus::Ready => format!("record {handle} waits"),
                status => format!("record {handle} is {}", status.name()),
            }));
            words.push(match step.next {
                Some((handle, at)) => format!("next: record {handle} at {}", moment(at)),
                None => "next: nobody is called any more".to_owned(),
            });
            words.extend(left_out(record));
            let at = moment(step.at);
            lines.line(format!("{at} {}", step.result.name()), words.join("; "));
        }
        if steps.is_empty() {
            let why = left_out(record).unwrap_or_else(|| "see above why".to_owned());
            lines.line("no call", format!("the record is not called: {why}"));
        }
        let left = &results[steps.len().min(results.len())..];
        if !left.is_empty() {
            let names: Vec<_> = left.iter().map(|result| result.name()).collect();
            lines.line("no calls for", names.join(", "));
        }
        lines
    }

    /// A campaign group by its full name.
    fn group(&self, dbid: u32) -> String {
        match self.objects.group(dbid) {
            Some(group) => format!("{} (DBID {dbid})", self.objects.full_name(group)),
            None => format!("the campaign group {dbid}, which is gone"),
        }
    }
}

const fn whose(level: Level) -> &'static str {
    match level {
        Level::CallingList => "calling list",
        Level::Campaign => "campaign",
    }
}

/// A moment in UTC seconds, in RFC 3339.
fn moment(at: i64) -> String {
    Timestamp::from_second(at).map_or_else(|_| format!("second {at}"), |at| at.to_string())
}
