//! The commands, and the requests that they mean (outbound-protocols.md, section 3).

use ocs_protocol::attribute::{
    GSW_AGENT_STATE, GSW_CALL_RESULT, GSW_CALLBACK_TYPE, GSW_CALLING_LIST, GSW_CAMPAIGN_GROUP_DBID,
    GSW_CUSTOMER_ID, GSW_DATE_TIME, GSW_PHONE, GSW_READY_TIME, GSW_RECORD_HANDLE,
};
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::request::RequestName;

/// What may be said, for `--help` and for whoever said something else.
pub(crate) const COMMANDS: &str = "\
Commands; without one, they are read from standard input, one a line:
  preview GROUP_DBID               take the next record
  chained HANDLE                   take the other records of its chain
  reject HANDLE                    give a record back uncalled
  reschedule HANDLE DATE-TIME [personal]
                                   make a callback of it (MM/dd/yyyy HH:mm or RFC 3339)
  update HANDLE                    set fields, or GSW_CALL_RESULT
  complete HANDLE RESULT           end work on a record
  add LIST PHONE                   add a record to a calling list
  cancel HANDLE|PHONE              cancel a record, or what is open with a phone
  dnc HANDLE|PHONE                 put a phone on the Do Not Call list
  ready SECONDS [GROUP_DBID]       say when the agent will be ready, for a campaign group
  state GROUP_DBID STATE           say what the agent does: Ready, NotReady, Busy, AfterCall
                                   or LoggedOut
  status                           ask for the campaign groups' present state
  logout                           the agent leaves
  wait EVENT                       do nothing more before this event comes unasked
  request NAME                     any request by its name
Each takes attributes and fields after it: KEY=VALUE. A phone of digits only is written
phone=DIGITS, a customer id customer=ID. In a line, \"…\" holds words together.";

/// What a command comes to.
#[derive(Debug)]
pub(super) enum Command {
    Ask(UserEvent),
    /// Wait for an event of this name.
    Wait(String),
}

/// Reads a command.
pub(super) fn read(words: &[String]) -> Result<Command, String> {
    match words {
        [wait, event] if wait == "wait" => Ok(Command::Wait(event.clone())),
        [wait, ..] if wait == "wait" => Err("wait: one EVENT, by its name".to_owned()),
        _ => request(words).map(Command::Ask),
    }
}

/// The request of a command.
pub(super) fn request(words: &[String]) -> Result<UserEvent, String> {
    let mut words = Words::of(words);
    let command = words.next("a command")?;
    let mut request = match command {
        "preview" => {
            let mut request = named(RequestName::PreviewRecordRequest);
            request.push(GSW_CAMPAIGN_GROUP_DBID, words.number("GROUP_DBID")?.into());
            request
        }
        "chained" => words.on_record(RequestName::ChainedRecordRequest)?,
        "reject" => words.on_record(RequestName::RecordReject)?,
        "reschedule" => {
            let mut request = words.on_record(RequestName::RecordReschedule)?;
            request.push(GSW_DATE_TIME, words.next("DATE-TIME")?.into());
            let personal = words.next_if("personal");
            let callback = if personal { "Personal" } else { "Campaign" };
            request.push(GSW_CALLBACK_TYPE, callback.into());
            request
        }
        "update" => words.on_record(RequestName::UpdateCallCompletionStats)?,
        "complete" => {
            let mut request = words.on_record(RequestName::RecordProcessed)?;
            request.push(GSW_CALL_RESULT, words.next("RESULT")?.into());
            request
        }
        "add" => {
            let mut request = named(RequestName::AddRecord);
            request.push(GSW_CALLING_LIST, words.next("LIST")?.into());
            request.push(GSW_PHONE, words.next("PHONE")?.into());
            request
        }
        "cancel" => words.on_someone(RequestName::RequestRecordCancel)?,
        "dnc" => words.on_someone(RequestName::DoNotCall)?,
        "ready" => {
            let mut request = named(RequestName::ReadyTime);
            request.push(GSW_READY_TIME, words.number("SECONDS")?.into());
            if words.rest.peek().is_some_and(|word| !word.contains('=')) {
                request.push(GSW_CAMPAIGN_GROUP_DBID, words.number("GROUP_DBID")?.into());
            }
            request
        }
        "state" => {
            let mut request = named(RequestName::AgentState);
            request.push(GSW_CAMPAIGN_GROUP_DBID, words.number("GROUP_DBID")?.into());
            request.push(GSW_AGENT_STATE, words.next("STATE")?.into());
            request
        }
        "status" => named(RequestName::CampaignStatusRequest),
        "logout" => named(RequestName::LogOut),
        "request" => UserEvent::request(words.next("NAME")?),
        "wait" => return Err("wait: it stands among lines of standard input".to_owned()),
        other => return Err(format!("\"{other}\" is no command\n{COMMANDS}")),
    };
    for pair in words.rest {
        let (key, value) = pair
            .split_once('=')
            .filter(|(key, _)| !key.is_empty())
            .ok_or_else(|| format!("{command}: \"{pair}\" is not KEY=VALUE"))?;
        let key = match key {
            "phone" => GSW_PHONE,
            "customer" => GSW_CUSTOMER_ID,
            key => key,
        };
        request.set(key, value.into());
    }
    Ok(request)
}

fn named(name: RequestName) -> UserEvent {
    UserEvent::request(name.name())
}

/// The words of a command that are not taken yet.
struct Words<'a> {
    command: &'a str,
    rest: std::iter::Peekable<std::slice::Iter<'a, String>>,
}

impl<'a> Words<'a> {
    fn of(words: &'a [String]) -> Self {
        Self {
            command: words.first().map_or("", String::as_str),
            rest: words.iter().peekable(),
        }
    }

    fn next(&mut self, what: &str) -> Result<&'a str, String> {
        let word = self.rest.next().filter(|word| !word.is_empty());
        let missing = || format!("{}: {what} is missing\n{COMMANDS}", self.command);
        word.map(String::as_str).ok_or_else(missing)
    }

    fn next_if(&mut self, word: &str) -> bool {
        self.rest.next_if(|next| *next == word).is_some()
    }

    fn number(&mut self, what: &str) -> Result<i64, String> {
        let word = self.next(what)?;
        word.parse()
            .map_err(|_| format!("{}: {what} is a number, not \"{word}\"", self.command))
    }

    fn on_record(&mut self, name: RequestName) -> Result<UserEvent, String> {
        let mut request = named(name);
        request.push(GSW_RECORD_HANDLE, self.number("HANDLE")?.into());
        Ok(request)
    }

    /// On a record by its handle, or on a phone, or on what the pairs name.
    fn on_someone(&mut self, name: RequestName) -> Result<UserEvent, String> {
        let mut request = named(name);
        if self.rest.peek().is_some_and(|word| word.contains('=')) {
            return Ok(request);
        }
        let word = self.next("HANDLE|PHONE")?;
        match word.parse::<u32>() {
            Ok(handle) if word.bytes().all(|byte| byte.is_ascii_digit()) => {
                request.push(GSW_RECORD_HANDLE, handle.into());
            }
            _ => request.push(GSW_PHONE, word.into()),
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::super::shown::shown;
    use super::super::words::words;
    use super::*;

    #[test]
    fn commands() {
        for (line, expected) in [
            (
                "preview 301",
                r#"{"GSW_AGENT_REQ_TYPE":"PreviewRecordRequest","GSW_CAMPAIGN_GROUP_DBID":301}"#,
            ),
            (
                "reject 7",
                r#"{"GSW_AGENT_REQ_TYPE":"RecordReject","GSW_RECORD_HANDLE":7}"#,
            ),
            (
                "reschedule 7 \"12/31/2026 10:00\"",
                r#"{"GSW_AGENT_REQ_TYPE":"RecordReschedule","GSW_RECORD_HANDLE":7,"GSW_DATE_TIME":"12/31/2026 10:00","GSW_CALLBACK_TYPE":"Campaign"}"#,
            ),
            (
                "reschedule 7 2026-12-31T10:00:00Z personal GSW_AGENT_ID=Ann",
                r#"{"GSW_AGENT_REQ_TYPE":"RecordReschedule","GSW_RECORD_HANDLE":7,"GSW_DATE_TIME":"2026-12-31T10:00:00Z","GSW_CALLBACK_TYPE":"Personal","GSW_AGENT_ID":"Ann"}"#,
            ),
            (
                "complete 7 Answer Balance=12.5 note=a=b",
                r#"{"GSW_AGENT_REQ_TYPE":"RecordProcessed","GSW_RECORD_HANDLE":7,"GSW_CALL_RESULT":"Answer","Balance":"12.5","note":"a=b"}"#,
            ),
            (
                "add Spring 16505550123 GSW_PHONE_TYPE=Mobile",
                r#"{"GSW_AGENT_REQ_TYPE":"AddRecord","GSW_CALLING_LIST":"Spring","GSW_PHONE":"16505550123","GSW_PHONE_TYPE":"Mobile"}"#,
            ),
            (
                "cancel 7",
                r#"{"GSW_AGENT_REQ_TYPE":"RequestRecordCancel","GSW_RECORD_HANDLE":7}"#,
            ),
            (
                "cancel +1650",
                r#"{"GSW_AGENT_REQ_TYPE":"RequestRecordCancel","GSW_PHONE":"+1650"}"#,
            ),
            (
                "dnc phone=1650",
                r#"{"GSW_AGENT_REQ_TYPE":"DoNotCall","GSW_PHONE":"1650"}"#,
            ),
            (
                "dnc customer=C-1 GSW_CHAIN_ATTR=AllChain",
                r#"{"GSW_AGENT_REQ_TYPE":"DoNotCall","GSW_CUSTOMER_ID":"C-1","GSW_CHAIN_ATTR":"AllChain"}"#,
            ),
            (
                "ready 30",
                r#"{"GSW_AGENT_REQ_TYPE":"ReadyTime","GSW_READY_TIME":30}"#,
            ),
            (
                "ready 0 301 note=x",
                r#"{"GSW_AGENT_REQ_TYPE":"ReadyTime","GSW_READY_TIME":0,"GSW_CAMPAIGN_GROUP_DBID":301,"note":"x"}"#,
            ),
            (
                "state 301 AfterCall",
                r#"{"GSW_AGENT_REQ_TYPE":"AgentState","GSW_CAMPAIGN_GROUP_DBID":301,"GSW_AGENT_STATE":"AfterCall"}"#,
            ),
            (
                "status",
                r#"{"GSW_AGENT_REQ_TYPE":"CampaignStatusRequest"}"#,
            ),
            ("logout", r#"{"GSW_AGENT_REQ_TYPE":"LogOut"}"#),
            (
                "request LoadCampaign GSW_CAMPAIGN_GROUP_DBID=301",
                r#"{"GSW_AGENT_REQ_TYPE":"LoadCampaign","GSW_CAMPAIGN_GROUP_DBID":"301"}"#,
            ),
        ] {
            let words = words(line).expect(line);
            let request = request(&words).unwrap_or_else(|sentence| panic!("{line}: {sentence}"));
            assert_eq!(shown(&request), expected, "{line}");
        }
        for (line, part) in [
            ("dance", "\"dance\" is no command"),
            ("ready 0 Agents", "GROUP_DBID is a number"),
            ("state 301", "STATE is missing"),
            ("preview", "GROUP_DBID is missing"),
            ("preview Agents", "GROUP_DBID is a number"),
            ("reject x", "HANDLE is a number"),
            ("complete 7", "RESULT is missing"),
            ("add Spring", "PHONE is missing"),
            ("cancel", "HANDLE|PHONE is missing"),
            ("update 7 visits", "\"visits\" is not KEY=VALUE"),
            ("status =1", "\"=1\" is not KEY=VALUE"),
        ] {
            let sentence = request(&words(line).expect(line)).expect_err(line);
            assert!(sentence.contains(part), "{line}: {sentence}");
        }
    }

    #[test]
    fn what_is_waited_for() {
        for (line, right) in [
            ("wait PreviewRecord", true),
            ("wait", false),
            ("wait PreviewRecord ScheduledCall", false),
        ] {
            let read = read(&words(line).expect(line));
            assert_eq!(
                matches!(read, Ok(Command::Wait(_))),
                right,
                "{line}: {read:?}"
            );
        }
    }
}
