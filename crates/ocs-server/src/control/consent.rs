//! Statements of consent by file (docs/consent.md).

use jiff::Timestamp;
use ocs_protocol::control::consent_import::Body;
use ocs_protocol::control::{
    ConsentImport, ConsentImportStart, ExportBatch, ExportRow, ImportLine, ImportOutcome,
};
use ocs_protocol::enumeration::{ConsentScope, Enumeration as _};
use ocs_protocol::refusal::quoted;
use ocs_rules::change::Change;
use ocs_rules::consent::{PROOF_LENGTH, SOURCE_LENGTH, Says, Scope, Statement, Stating};
use ocs_rules::do_not_call::Subject;
use ocs_rules::objects::Objects;
use ocs_rules::record::{CUSTOMER_ID_LENGTH, PHONE_LENGTH};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::by_line::{self, Column as _, Sent, end_of_day, moment, shown};
use crate::core::Core;

/// Statements in one batch of an export: with the longest proofs, half of a message.
const BATCH: u32 = 200;

/// What a file may say of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Phone,
    CustomerId,
    Says,
    Scope,
    List,
    Campaign,
    Time,
    Expires,
    Source,
    Proof,
    By,
}

impl by_line::Column for Column {
    const ALL: &'static [Self] = &[
        Self::Phone,
        Self::CustomerId,
        Self::Says,
        Self::Scope,
        Self::List,
        Self::Campaign,
        Self::Time,
        Self::Expires,
        Self::Source,
        Self::Proof,
        Self::By,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::CustomerId => "customer_id",
            Self::Says => "says",
            Self::Scope => "consent_scope",
            Self::List => "calling_list",
            Self::Campaign => "campaign_name",
            Self::Time => "consent_time",
            Self::Expires => "consent_expires",
            Self::Source => "consent_source",
            Self::Proof => "consent_proof",
            Self::By => "by",
        }
    }

    fn longest(self) -> usize {
        match self {
            Self::Phone => PHONE_LENGTH,
            Self::CustomerId => CUSTOMER_ID_LENGTH,
            Self::Proof => PROOF_LENGTH,
            _ => SOURCE_LENGTH,
        }
    }
}

/// Keeps the statements that a stream brings.
pub(super) fn import(
    core: Core,
    messages: Streaming<ConsentImport>,
) -> ReceiverStream<Result<ImportOutcome, Status>> {
    let sent = messages.map(|message| {
        Some(match message.ok()?.body? {
            Body::Start(start) => Sent::Start(start),
            Body::Batch(batch) => Sent::Batch(batch),
        })
    });
    by_line::import::<Reading>(core, sent)
}

/// How the lines of a file are read.
struct Reading {
    columns: Vec<Column>,
    says: Option<Says>,
    source: Option<String>,
    by: String,
    dry_run: bool,
}

impl by_line::Reading for Reading {
    type Start = ConsentImportStart;

    fn of(start: &ConsentImportStart, _now: Timestamp) -> Result<Self, String> {
        let columns = by_line::columns(&start.columns, "consent")?;
        let says = match start.says.as_str() {
            "" => None,
            says => Some(read_says(says).map_err(|why| format!("--says {why}"))?),
        };
        if says.is_none() && !columns.contains(&Column::Says) {
            return Err(
                "what is said is not known: name a column says, with Consent or Revocation in \
                 each line, or give --says"
                    .to_owned(),
            );
        }
        if start.source.chars().count() > SOURCE_LENGTH {
            return Err(format!("--source has more than {SOURCE_LENGTH} characters"));
        }
        Ok(Self {
            columns,
            says,
            source: (!start.source.is_empty()).then(|| start.source.clone()),
            by: start.by.clone(),
            dry_run: start.dry_run,
        })
    }

    fn changes(
        &self,
        line: ImportLine,
        objects: &Objects,
        _now: Timestamp,
    ) -> Result<Vec<Change>, String> {
        let statements = self.statements(line, objects)?.into_iter();
        Ok(statements
            .map(|stating| Change::State(Box::new(stating)))
            .collect())
    }

    fn is_dry_run(&self) -> bool {
        self.dry_run
    }
}

impl Reading {
    /// The statements of a line: one of its phone, one of its customer id.
    fn statements(&self, line: ImportLine, objects: &Objects) -> Result<Vec<Stating>, String> {
        let mut subjects = Vec::new();
        let (mut says, mut scope, mut list, mut campaign) = (self.says, None, None, None);
        let mut stating = Stating {
            statement: Statement {
                subject: Subject::Phone(String::new()),
                says: Says::Revocation,
                scope: Scope::All,
                at: 0,
                expires: None,
                source: self.source.clone(),
                proof: None,
                by: self.by.clone(),
            },
            told: None,
        };
        for (column, value) in self.columns.iter().zip(line.values) {
            let name = column.name();
            let Some(text) = column.value(&value)? else {
                continue;
            };
            let wrong = |right: &str| format!("{name} is {}; it must be {right}", quoted(&text));
            match column {
                Column::Phone => {
                    if !text.contains(|sign: char| sign == '@' || sign.is_ascii_digit()) {
                        return Err(wrong("a number, or an address with an @"));
                    }
                    subjects.push(Subject::Phone(text));
                }
                Column::CustomerId => subjects.push(Subject::CustomerId(text)),
                Column::Says => {
                    says = Some(read_says(&text).map_err(|why| format!("{name} {why}"))?);
                }
                Column::Scope => {
                    let read = ConsentScope::from_name(&text);
                    scope = Some(read.ok_or_else(|| wrong("All, CallingList or Campaign"))?);
                }
                Column::List => {
                    let found = objects.list_named(&text);
                    let found = found.ok_or_else(|| wrong("the name of a calling list"))?;
                    list = Some(found.dbid);
                }
                Column::Campaign => {
                    let found = objects.campaign_named(&text);
                    let found = found.ok_or_else(|| wrong("the name of a campaign"))?;
                    campaign = Some(found.dbid);
                }
                Column::Time => {
                    let read = moment(&text);
                    let right = "a moment such as 2026-07-01T13:00:00Z";
                    stating.told = Some(read.ok_or_else(|| wrong(right))?);
                }
                Column::Expires => {
                    let read = end_of_day(&text).or_else(|| moment(&text));
                    let right = "a day such as 2031-12-31, or a moment such as \
                                 2031-12-31T12:00:00Z";
                    stating.statement.expires = Some(read.ok_or_else(|| wrong(right))?);
                }
                Column::Source => stating.statement.source = Some(text),
                Column::Proof => stating.statement.proof = Some(text),
                // Whoever brings the file answers for it.
                Column::By => stating.statement.by = format!("{text}, by {}", self.by),
            }
        }
        if subjects.is_empty() {
            return Err("it names neither a phone nor a customer_id".to_owned());
        }
        stating.statement.says = says.ok_or("it does not say Consent or Revocation")?;
        if stating.statement.says == Says::Revocation && stating.statement.expires.is_some() {
            return Err("a revocation has no end; leave consent_expires empty".to_owned());
        }
        stating.statement.scope = match (scope, list, campaign) {
            (Some(ConsentScope::All), ..) | (None, None, None) => Scope::All,
            (Some(ConsentScope::CallingList) | None, Some(list), None) => Scope::List(list),
            (Some(ConsentScope::CallingList), Some(list), Some(_)) => Scope::List(list),
            (Some(ConsentScope::Campaign) | None, None, Some(campaign)) => {
                Scope::Campaign(campaign)
            }
            (Some(ConsentScope::Campaign), Some(_), Some(campaign)) => Scope::Campaign(campaign),
            (Some(ConsentScope::CallingList), None, _) => {
                return Err("consent_scope is CallingList, and no calling_list is named".to_owned());
            }
            (Some(ConsentScope::Campaign), _, None) => {
                return Err("consent_scope is Campaign, and no campaign_name is named".to_owned());
            }
            (None, Some(_), Some(_)) => {
                return Err(
                    "it names a calling list and a campaign; consent_scope must say which of the \
                     two is meant"
                        .to_owned(),
                );
            }
        };
        Ok(subjects
            .into_iter()
            .map(|subject| Stating {
                statement: Statement {
                    subject,
                    ..stating.statement.clone()
                },
                ..stating.clone()
            })
            .collect())
    }
}

fn read_says(text: &str) -> Result<Says, String> {
    [Says::Consent, Says::Revocation]
        .into_iter()
        .find(|says| says.name().eq_ignore_ascii_case(text))
        .ok_or_else(|| format!("is {}; it must be Consent or Revocation", quoted(text)))
}

/// Every statement, batch by batch, in the order in which they came.
pub(super) fn export(core: Core) -> ReceiverStream<Result<ExportBatch, Status>> {
    by_line::export::<Column, _>(move |after| {
        let core = core.clone();
        async move {
            let read = core.store.reader().statements_after(after, BATCH).await?;
            let objects = core.store.objects();
            let rows = read.iter().map(|(id, said)| (*id, row(said, &objects)));
            Ok(rows.collect())
        }
    })
}

fn row(statement: &Statement, objects: &Objects) -> ExportRow {
    let gone = |kind: &str, dbid| format!("({kind} {dbid}, which is gone)");
    by_line::row(
        |column| match (column, &statement.subject, statement.scope) {
            (Column::Phone, Subject::Phone(text), _)
            | (Column::CustomerId, Subject::CustomerId(text), _) => text.clone(),
            (Column::Says, ..) => statement.says.name().to_owned(),
            (Column::Scope, _, Scope::All) => ConsentScope::All.name().to_owned(),
            (Column::Scope, _, Scope::List(_)) => ConsentScope::CallingList.name().to_owned(),
            (Column::Scope, _, Scope::Campaign(_)) => ConsentScope::Campaign.name().to_owned(),
            // One that is gone is not imported as another, and never as all.
            (Column::List, _, Scope::List(dbid)) => objects
                .list(dbid)
                .map_or_else(|| gone("calling list", dbid), |list| list.name.clone()),
            (Column::Campaign, _, Scope::Campaign(dbid)) => objects
                .campaign(dbid)
                .map_or_else(|| gone("campaign", dbid), |known| known.name.clone()),
            (Column::Time, ..) => shown(statement.at),
            (Column::Expires, ..) => statement.expires.map(shown).unwrap_or_default(),
            (Column::Source, ..) => statement.source.clone().unwrap_or_default(),
            (Column::Proof, ..) => statement.proof.clone().unwrap_or_default(),
            (Column::By, ..) => statement.by.clone(),
            (Column::Phone | Column::CustomerId | Column::List | Column::Campaign, ..) => {
                String::new()
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use ocs_rules::calling_list::{CallingList, DailyWindow};
    use ocs_rules::campaign::Campaign;
    use ocs_rules::options::Options;

    use super::*;

    fn reading(columns: &[&str], says: &str) -> Result<Reading, String> {
        let start = ConsentImportStart {
            columns: columns.iter().map(ToString::to_string).collect(),
            says: says.to_owned(),
            source: "a file".to_owned(),
            by: "ada".to_owned(),
            dry_run: false,
        };
        by_line::Reading::of(&start, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn files() {
        for (columns, says, part) in [
            (&["phone"][..], "Consent", ""),
            (&["GSW_PHONE", "GSW_CONSENT_PROOF", "says"], "", ""),
            (&["customer_id", "Says"], "revocation", ""),
            (&["phone"], "", "--says"),
            (&["phone"], "maybe", "--says is \"maybe\""),
            (&["says"], "", "must name the column phone"),
            (&["phone", "shoe-size"], "Consent", "\"shoe-size\""),
            (&["phone", "gsw_phone"], "Consent", "is there twice"),
        ] {
            match reading(columns, says) {
                Ok(_) => assert_eq!(part, "", "{columns:?} {says}"),
                Err(said) => assert!(!part.is_empty() && said.contains(part), "{said}"),
            }
        }
    }

    fn objects() -> Objects {
        let mut objects = Objects::default();
        objects.put_list(CallingList {
            dbid: 101,
            name: "Spring".to_owned(),
            window: DailyWindow::default(),
            zone: 0,
            max_attempts: 10,
            region: None,
            fields: Vec::new(),
            treatments: Vec::new(),
            options: Options::default(),
        });
        objects.put_campaign(Campaign {
            dbid: 201,
            name: "Calling".to_owned(),
            description: String::new(),
            lists: Vec::new(),
            treatments: Vec::new(),
            options: Options::default(),
        });
        objects
    }

    #[test]
    fn lines() {
        let columns = [
            "phone",
            "customer_id",
            "says",
            "consent_scope",
            "calling_list",
            "campaign_name",
            "consent_time",
            "consent_expires",
        ];
        let reading = reading(&columns, "Consent").expect("columns");
        let objects = objects();
        let long = "1".repeat(129);
        type Right<'a> = Result<(usize, Says, Scope, Option<i64>, Option<i64>), &'a str>;
        const YES: Says = Says::Consent;
        const NO: Says = Says::Revocation;
        let table: &[([&str; 8], Right<'_>)] = &[
            (
                ["+1650", "", "", "", "", "", "", ""],
                Ok((1, YES, Scope::All, None, None)),
            ),
            (
                ["+1650", "C-1", "Revocation", "", "", "", "", ""],
                Ok((2, NO, Scope::All, None, None)),
            ),
            (
                [
                    "",
                    "C-1",
                    "consent",
                    "",
                    "Spring",
                    "",
                    "2026-07-01T12:00:00Z",
                    "2026-12-31",
                ],
                Ok((
                    1,
                    YES,
                    Scope::List(101),
                    Some(1_782_907_200),
                    Some(1_798_761_600),
                )),
            ),
            (
                ["", "C-1", "", "Campaign", "", "Calling", "1782907200", ""],
                Ok((1, YES, Scope::Campaign(201), Some(1_782_907_200), None)),
            ),
            (
                ["", "C-1", "", "", "", "Calling", "", ""],
                Ok((1, YES, Scope::Campaign(201), None, None)),
            ),
            (
                ["", "C-1", "", "CallingList", "Spring", "Calling", "", ""],
                Ok((1, YES, Scope::List(101), None, None)),
            ),
            (
                ["", "C-1", "", "All", "Spring", "Calling", "", ""],
                Ok((1, YES, Scope::All, None, None)),
            ),
            (
                ["", "C-1", "", "", "Spring", "Calling", "", ""],
                Err("which of the two"),
            ),
            (
                ["", "C-1", "", "CallingList", "", "Calling", "", ""],
                Err("no calling_list"),
            ),
            (
                ["", "C-1", "", "Campaign", "Spring", "", "", ""],
                Err("no campaign_name"),
            ),
            (
                ["", "C-1", "", "", "Autumn", "", "", ""],
                Err("calling_list is \"Autumn\""),
            ),
            (
                [
                    "",
                    "C-1",
                    "",
                    "",
                    "(calling list 7, which is gone)",
                    "",
                    "",
                    "",
                ],
                Err("which is gone"),
            ),
            (
                ["", "C-1", "", "", "", "Autumn", "", ""],
                Err("campaign_name is \"Autumn\""),
            ),
            (
                ["", "C-1", "", "Some", "", "", "", ""],
                Err("consent_scope is \"Some\""),
            ),
            (
                ["", "C-1", "yes", "", "", "", "", ""],
                Err("says is \"yes\""),
            ),
            (
                ["", "C-1", "", "", "", "", "soon", ""],
                Err("consent_time is \"soon\""),
            ),
            (
                ["", "C-1", "", "", "", "", "", "soon"],
                Err("consent_expires is \"soon\""),
            ),
            (
                ["", "C-1", "Revocation", "", "", "", "", "2031-12-31"],
                Err("has no end"),
            ),
            (
                ["number", "", "", "", "", "", "", ""],
                Err("phone is \"number\""),
            ),
            (
                [&long, "", "", "", "", "", "", ""],
                Err("more than 128 characters"),
            ),
            (
                [" ", "", "", "", "", "", "", ""],
                Err("neither a phone nor"),
            ),
        ];
        for (values, right) in table {
            let line = ImportLine {
                number: 2,
                values: values.iter().map(ToString::to_string).collect(),
            };
            match (reading.statements(line, &objects), right) {
                (Ok(all), Ok((count, says, scope, told, expires))) => {
                    assert_eq!(all.len(), *count, "{values:?}");
                    for stating in all {
                        let said = &stating.statement;
                        assert_eq!(
                            (said.says, said.scope, stating.told, said.expires),
                            (*says, *scope, *told, *expires),
                            "{values:?}"
                        );
                        assert_eq!(said.source.as_deref(), Some("a file"));
                        assert_eq!(said.by, "ada");
                    }
                }
                (Err(said), Err(part)) => assert!(said.contains(part), "{said}"),
                (made, _) => panic!("{values:?}: {made:?}"),
            }
        }
    }
}
