//! A request's line in the log (configuration.md, section 5).
//!
//! `target` and `attributes` see to it that phones, customer ids and the values of user
//! fields are masked wherever they stand.

mod attributes;
mod target;

use std::time::Instant;

use bytes::Bytes;
use hyper::Response;
use hyper::http::request::Parts;
use ocs_log::Log;
use ocs_protocol::attribute::GSW_ERROR_NUMBER;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::wire::WireEvent;
use tracing::level_filters::LevelFilter;

use crate::gateway::Client;

pub(crate) use attributes::attributes;
pub(crate) use target::target;

/// What is known of a request so far. A request that is given up, because its client is
/// gone, leaves a line without a status.
pub(crate) struct Entry<'a> {
    log: &'a Log,
    client: &'a Client,
    head: &'a Parts,
    pub(crate) started: Instant,
    /// What the client was let in by; empty while it is not, or needs nothing.
    pub(crate) credential: &'a str,
    pub(crate) request: Option<&'static str>,
    pub(crate) reference: Option<i64>,
    /// Bytes of the body.
    pub(crate) received: usize,
    /// The request's attributes, where they are written.
    asked: Option<String>,
    is_open: bool,
}

/// How a request was answered.
#[derive(Clone, Copy)]
struct Answer<'a> {
    reply: &'a Response<Bytes>,
    event: Option<&'a WireEvent>,
}

impl<'a> Entry<'a> {
    pub(crate) fn begin(log: &'a Log, client: &'a Client, head: &'a Parts) -> Self {
        Self {
            log,
            client,
            head,
            started: Instant::now(),
            credential: "",
            request: None,
            reference: None,
            received: 0,
            asked: None,
            is_open: true,
        }
    }

    /// This is what is asked.
    pub(crate) fn asked(&mut self, event: &UserEvent) {
        if self.log.writes(LevelFilter::DEBUG) {
            let event = WireEvent::from(event);
            self.asked = Some(attributes(&event, self.log.contact_info()));
        }
    }

    /// The request has its reply: an event, or something else.
    pub(crate) fn answered(mut self, reply: &Response<Bytes>, event: Option<&WireEvent>) {
        self.is_open = false;
        self.write(Some(Answer { reply, event }));
    }

    /// Somebody else writes the line of this request.
    pub(crate) fn left_to_others(mut self) {
        self.is_open = false;
    }

    fn write(&self, answer: Option<Answer<'_>>) {
        let Some(line) = self.log.line(LevelFilter::INFO, "request") else {
            return;
        };
        let contact_info = self.log.contact_info();
        let mut line = line.text("client", &self.client.address);
        if !self.credential.is_empty() {
            line = line.text("by", self.credential);
        }
        let mut line = line
            .text("method", self.head.method.as_str())
            .text("target", &target(&self.head.uri, contact_info));
        if let Some(Answer { reply, .. }) = answer {
            line = line.number("status", reply.status().as_u16());
        }
        line = line.number("received", self.received as u64);
        if let Some(Answer { reply, .. }) = answer {
            line = line.number("sent", reply.body().len() as u64);
        }
        let took = self.started.elapsed().as_micros();
        line = line.number("us", u64::try_from(took).unwrap_or(u64::MAX));
        if let Some(request) = self.request {
            line = line.text("request", request);
        }
        if let Some(subject) = &self.client.certificate_subject {
            line = line.text("certificate", subject);
        }
        if let Some(reference) = self.reference {
            line = line.number("reference", reference);
        }
        if let Some(Answer { reply, event }) = answer
            && !reply.status().is_success()
            && let Some(error) = event.and_then(|event| event.integer(GSW_ERROR_NUMBER))
        {
            line = line.number("error", error);
        }
        if let Some(asked) = &self.asked {
            line = line.text("asked", asked);
        }
        if self.log.writes(LevelFilter::DEBUG)
            && let Some(event) = answer.and_then(|answer| answer.event)
        {
            line = line.text("answered", &attributes(event, contact_info));
        }
        self.log.write(line);
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        if self.is_open {
            self.write(None);
        }
    }
}
