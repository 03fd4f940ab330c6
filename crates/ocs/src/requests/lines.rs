//! Lines of the request log, written for people and for programs.

use std::io::{self, Write};

use jiff::Timestamp;
use ocs_protocol::control::RequestLine;
use serde_json::json;

use crate::cli::Format;

/// The columns of CSV, which are the keys of JSON.
const COLUMNS: [&str; 10] = [
    "time", "client", "protocol", "code", "request", "list", "handle", "chain", "outcome", "error",
];

/// Writes lines as they come.
pub(super) struct Lines<W: Write> {
    to: W,
    format: Format,
}

impl<W: Write> Lines<W> {
    /// Writes what stands before the first line.
    pub(super) fn begin(mut to: W, format: Format) -> io::Result<Self> {
        if matches!(format, Format::Csv) {
            writeln!(to, "{}", COLUMNS.join(","))?;
        }
        Ok(Self { to, format })
    }

    pub(super) fn write(&mut self, line: &RequestLine) -> io::Result<()> {
        match self.format {
            Format::Text => writeln!(self.to, "{}", text(line)),
            Format::Json => writeln!(self.to, "{}", object(line)),
            Format::Csv => {
                let mut row = csv::WriterBuilder::new().from_writer(&mut self.to);
                row.write_record(values(line))?;
                row.flush()
            }
        }
    }

    pub(super) fn end(mut self) -> io::Result<()> {
        self.to.flush()
    }
}

fn values(line: &RequestLine) -> [String; 10] {
    [
        time(line.at),
        line.client.clone(),
        protocol(line).to_owned(),
        line.code.to_string(),
        line.request.clone(),
        line.calling_list.clone(),
        or(line.handle, ""),
        or(line.chain, ""),
        line.outcome.to_string(),
        line.outcome_name.clone(),
    ]
}

/// An object; what a line does not name is null.
fn object(line: &RequestLine) -> serde_json::Value {
    let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    json!({
        "time": time(line.at),
        "client": line.client,
        "protocol": protocol(line),
        "code": line.code,
        "request": named(&line.request),
        "list": named(&line.calling_list),
        "handle": line.handle,
        "chain": line.chain,
        "outcome": line.outcome,
        "error": named(&line.outcome_name),
    })
}

/// A line for a person, in columns that do not move while lines come.
fn text(line: &RequestLine) -> String {
    let code = format!("{}{}", line.protocol, line.code);
    let dash = |text: &str| if text.is_empty() { "-" } else { text }.to_owned();
    let outcome = match line.outcome {
        0 => line.outcome_name.clone(),
        number => format!("{number} {}", line.outcome_name),
    };
    format!(
        "{}  {:<15}  {:>3} {:<26}  {:>10}  {:>10}  {:<16}  {}",
        time(line.at),
        printable(&line.client),
        code,
        dash(&line.request),
        or(line.handle, "-"),
        or(line.chain, "-"),
        dash(&printable(&line.calling_list)),
        outcome.trim_end(),
    )
}

/// What a terminal would obey is not shown to it.
fn printable(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

fn protocol(line: &RequestLine) -> &str {
    match line.protocol.as_str() {
        "D" => "Desktop",
        "T" => "Third Party",
        other => other,
    }
}

fn time(at: i64) -> String {
    let moment = Timestamp::from_second(at);
    moment.map_or_else(|_| at.to_string(), |moment| moment.to_string())
}

fn or(number: Option<u32>, none: &str) -> String {
    number.map_or_else(|| none.to_owned(), |number| number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: Format) -> String {
        let done = RequestLine {
            at: 1_782_910_800,
            client: "127.0.0.1".to_owned(),
            protocol: "D".to_owned(),
            code: 3,
            request: "AddRecord".to_owned(),
            calling_list: "Spring, \"2026\"".to_owned(),
            handle: Some(17),
            chain: Some(16),
            outcome: 0,
            outcome_name: "NoError".to_owned(),
        };
        let refused = RequestLine {
            client: "crm\u{1b}[2J".to_owned(),
            protocol: "T".to_owned(),
            code: 32,
            request: "DoNotCall".to_owned(),
            calling_list: String::new(),
            handle: None,
            chain: None,
            outcome: 10,
            outcome_name: "InvalidParameter".to_owned(),
            ..done
        };
        let mut text = Vec::new();
        let mut lines = Lines::begin(&mut text, format).expect("it is written");
        for line in [done, refused] {
            lines.write(&line).expect("it is written");
        }
        lines.end().expect("it is written");
        String::from_utf8(text).expect("text")
    }

    #[test]
    fn formats() {
        for (format, right) in [
            (
                Format::Text,
                "2026-07-01T13:00:00Z  127.0.0.1         D3 AddRecord                           \
                 17          16  Spring, \"2026\"    NoError\n\
                 2026-07-01T13:00:00Z  crm\u{fffd}[2J          T32 DoNotCall                            \
                 -           -  -                 10 InvalidParameter\n",
            ),
            (
                Format::Json,
                "{\"chain\":16,\"client\":\"127.0.0.1\",\"code\":3,\"error\":\"NoError\",\
                 \"handle\":17,\"list\":\"Spring, \\\"2026\\\"\",\"outcome\":0,\
                 \"protocol\":\"Desktop\",\"request\":\"AddRecord\",\
                 \"time\":\"2026-07-01T13:00:00Z\"}\n\
                 {\"chain\":null,\"client\":\"crm\\u001b[2J\",\"code\":32,\
                 \"error\":\"InvalidParameter\",\"handle\":null,\"list\":null,\"outcome\":10,\
                 \"protocol\":\"Third Party\",\"request\":\"DoNotCall\",\
                 \"time\":\"2026-07-01T13:00:00Z\"}\n",
            ),
            (
                Format::Csv,
                "time,client,protocol,code,request,list,handle,chain,outcome,error\n\
                 2026-07-01T13:00:00Z,127.0.0.1,Desktop,3,AddRecord,\"Spring, \"\"2026\"\"\",17,\
                 16,0,NoError\n\
                 2026-07-01T13:00:00Z,crm\u{1b}[2J,Third Party,32,DoNotCall,,,,10,\
                 InvalidParameter\n",
            ),
        ] {
            assert_eq!(written(format), right);
        }
    }
}
