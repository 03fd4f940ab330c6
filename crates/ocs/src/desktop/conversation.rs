//! A session from its hello to its end: commands go out, events come in.

use std::collections::HashMap;
use std::io::{BufRead as _, Read as _};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{anyhow, bail};
use ocs_protocol::attribute::{GSW_AGENT_REQ_TYPE, GSW_REFERENCE_ID, GSW_USER_EVENT};
use ocs_protocol::outbound::client_message::Body;
use ocs_protocol::outbound::outbound_client::OutboundClient;
use ocs_protocol::outbound::server_message::Body as ServerBody;
use ocs_protocol::outbound::{ClientMessage, Hello, Role, ServerMessage, UserEvent};
use ocs_protocol::refusal::ERROR_MESSAGE;
use ocs_protocol::request::RequestName;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Status, Streaming};

use super::command::Command;
use super::{command, shown, words};
use crate::cli;
use crate::terminal::{DONE, FAILED, PARTLY, complain, end, say};

/// Requests without an answer; the next command waits for one.
const IN_FLIGHT: usize = 1_000;
/// Lines that are read ahead.
const LINES: usize = 64;
/// The longest line, in bytes.
const LINE: u64 = 1 << 20;
/// How long OCS may take with its hello.
const HELLO_WITHIN: Duration = Duration::from_secs(15);
/// How long the last answers may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// A session.
struct Conversation {
    /// To OCS; it has room for every request that may be in flight.
    requests: mpsc::Sender<ClientMessage>,
    /// Requests without their last answer, by number.
    unanswered: HashMap<u64, Option<RequestName>>,
    /// Commands that were sent or were wrong.
    commands: u64,
    /// Commands that were wrong or refused.
    refused: u64,
    /// Events that came unasked and were not waited for, by name.
    unasked: HashMap<String, u64>,
    /// The event that is waited for before the next command.
    waits: Option<String>,
}

/// Says hello, sends the one command or those of standard input, and prints every
/// event, until all is answered.
pub(super) async fn hold(
    mut client: OutboundClient<Channel>,
    desktop: &cli::Desktop,
    secret: String,
    single: Option<UserEvent>,
) -> anyhow::Result<ExitCode> {
    let (requests, outgoing) = mpsc::channel(IN_FLIGHT + 1);
    let hello = Hello {
        secret,
        agent: desktop.agent.clone().unwrap_or_default(),
        ..Hello::in_role(Role::Desktop, &desktop.application)
    };
    requests.try_send(message(0, Body::Hello(hello)))?;
    let opened = tokio::time::timeout(HELLO_WITHIN, async {
        let mut events = client
            .session(ReceiverStream::new(outgoing))
            .await?
            .into_inner();
        let first = events.message().await?;
        Ok::<_, Status>((events, first))
    });
    let opened = opened.await;
    let opened = opened.map_err(|_| anyhow!("OCS did not answer the hello in time"))?;
    let (events, first) = opened.map_err(|status| refused(&status))?;
    match first.and_then(|first| first.body) {
        Some(ServerBody::Hello(hello)) => hello.check_version()?,
        _ => bail!("OCS did not begin with a hello"),
    }
    let mut conversation = Conversation {
        requests,
        unanswered: HashMap::new(),
        commands: 0,
        refused: 0,
        unasked: HashMap::new(),
        waits: None,
    };
    let lines = match single {
        Some(request) => {
            conversation.send(request)?;
            None
        }
        None => Some(read_lines()?),
    };
    let one = lines.is_none();
    conversation.run(events, lines, one).await
}

fn message(number: u64, body: Body) -> ClientMessage {
    ClientMessage {
        number,
        body: Some(body),
        ..ClientMessage::default()
    }
}

fn refused(status: &Status) -> anyhow::Error {
    anyhow!("OCS refused the session: {}", said(status))
}

/// What a status says; some have no sentence of their own.
fn said(status: &Status) -> String {
    match status.message() {
        "" => status.code().to_string(),
        message => message.to_owned(),
    }
}

/// The lines of standard input. A thread reads them, which nobody has to wait for at
/// the end.
fn read_lines() -> anyhow::Result<mpsc::Receiver<std::io::Result<String>>> {
    let (send, lines) = mpsc::channel(LINES);
    let reading = std::thread::Builder::new().name("commands".to_owned());
    reading.spawn(move || {
        let mut stdin = std::io::stdin().lock();
        loop {
            let mut line = String::new();
            let read = match stdin.by_ref().take(LINE).read_line(&mut line) {
                Ok(0) => return,
                Ok(_) if line.len() as u64 == LINE && !line.ends_with('\n') => Err(
                    std::io::Error::other(format!("a line has more than {LINE} bytes")),
                ),
                Ok(_) => Ok(line),
                Err(error) => Err(error),
            };
            let last = read.is_err();
            if send.blocking_send(read).is_err() || last {
                return;
            }
        }
    })?;
    Ok(lines)
}

impl Conversation {
    async fn run(
        mut self,
        mut events: Streaming<ServerMessage>,
        mut lines: Option<mpsc::Receiver<std::io::Result<String>>>,
        one: bool,
    ) -> anyhow::Result<ExitCode> {
        let mut stopped = false;
        while lines.is_some() || !self.unanswered.is_empty() {
            let may_send =
                lines.is_some() && self.waits.is_none() && self.unanswered.len() < IN_FLIGHT;
            let all_said = lines.is_none();
            tokio::select! {
                line = next(&mut lines), if may_send => match line {
                    Some(line) => self.command(&line?)?,
                    None => lines = None,
                },
                came = events.message() => match came {
                    Ok(Some(message)) => {
                        if self.hear(&message) {
                            complain("OCS is stopping");
                            stopped = true;
                            lines = None;
                        }
                    }
                    Ok(None) => return self.cut_off(stopped),
                    Err(status) => bail!("OCS ended the session: {}", said(&status)),
                },
                () = tokio::time::sleep(ANSWER_WITHIN), if all_said => {
                    bail!("{} of the requests were not answered within {ANSWER_WITHIN:?}",
                        self.unanswered.len());
                }
            }
        }
        let Self {
            requests,
            refused,
            commands,
            ..
        } = self;
        // OCS ends the session when nothing more will come.
        drop(requests);
        let ended = tokio::time::timeout(ANSWER_WITHIN, async {
            while let Ok(Some(message)) = events.message().await {
                show(&message);
            }
        });
        let _ = ended.await;
        if stopped {
            return Ok(end(FAILED, "OCS stopped, and the session ended with it"));
        }
        Ok(match refused {
            0 => DONE,
            _ if one => ExitCode::from(FAILED),
            _ => end(
                PARTLY,
                format!("{refused} of {commands} commands were refused"),
            ),
        })
    }

    /// The session ended while something was still waited for.
    fn cut_off(&self, stopped: bool) -> anyhow::Result<ExitCode> {
        let why = if stopped {
            "OCS stopped"
        } else {
            "OCS ended the session"
        };
        match self.unanswered.len() {
            0 => bail!("{why}"),
            unanswered => bail!("{why}; requests without an answer: {unanswered}"),
        }
    }

    /// Sends the request of a line. One that is wrong is said to be, and the next is
    /// read.
    fn command(&mut self, line: &str) -> anyhow::Result<()> {
        let words = words::words(line);
        if words.as_ref().is_ok_and(Vec::is_empty) {
            return Ok(());
        }
        match words.and_then(|words| command::read(&words)) {
            Ok(Command::Ask(request)) => self.send(request),
            Ok(Command::Wait(event)) => {
                self.commands += 1;
                if !self.came(&event) {
                    self.waits = Some(event);
                }
                Ok(())
            }
            Err(sentence) => {
                self.commands += 1;
                self.refused += 1;
                complain(format!("command {}: {sentence}", self.commands));
                Ok(())
            }
        }
    }

    /// Sends a request; its reference is its number where it has none of its own, so
    /// that its answer is known again.
    fn send(&mut self, mut request: UserEvent) -> anyhow::Result<()> {
        self.commands += 1;
        let number = self.commands;
        if request.get(GSW_REFERENCE_ID).is_none() {
            request.push(GSW_REFERENCE_ID, i64::try_from(number)?.into());
        }
        let name = request.text(GSW_AGENT_REQ_TYPE);
        let name = name.and_then(RequestName::from_name);
        self.unanswered.insert(number, name);
        let sent = self
            .requests
            .try_send(message(number, Body::Request(request)));
        sent.map_err(|_| anyhow!("the session has ended"))
    }

    /// Whether an event has come that was not waited for; then it was now.
    fn came(&mut self, event: &str) -> bool {
        let came = self.unasked.get_mut(event).filter(|came| **came > 0);
        came.map(|came| *came -= 1).is_some()
    }

    /// Prints an event and notes what it answers. Answers whether OCS is stopping.
    fn hear(&mut self, message: &ServerMessage) -> bool {
        show(message);
        match &message.body {
            Some(ServerBody::Event(event)) => {
                let name = event.text(GSW_USER_EVENT).unwrap_or_default();
                if let Some(request) = self.unanswered.get(&message.number)
                    && is_last(*request, name)
                {
                    self.unanswered.remove(&message.number);
                    self.refused += u64::from(name == ERROR_MESSAGE);
                }
                if message.number == 0 {
                    if self.waits.as_deref() == Some(name) {
                        self.waits = None;
                    } else {
                        *self.unasked.entry(name.to_owned()).or_default() += 1;
                    }
                }
                false
            }
            Some(ServerBody::Stop(_)) => true,
            _ => false,
        }
    }
}

/// The next line, once there are lines.
async fn next(
    lines: &mut Option<mpsc::Receiver<std::io::Result<String>>>,
) -> Option<std::io::Result<String>> {
    lines.as_mut()?.recv().await
}

fn show(message: &ServerMessage) {
    if let Some(ServerBody::Event(event)) = &message.body {
        say(shown::shown(event));
    }
}

/// Whether an event is the last that answers a request: two requests are answered by
/// several.
fn is_last(request: Option<RequestName>, event: &str) -> bool {
    match request {
        Some(
            request @ (RequestName::ChainedRecordRequest | RequestName::CampaignStatusRequest),
        ) => event == request.answer() || event == ERROR_MESSAGE,
        _ => true,
    }
}
