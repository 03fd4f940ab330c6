//! One line of a log that is written for every request: built by hand, because it
//! stands on the hot path.

use std::cell::RefCell;
use std::fmt::Write as _;

use jiff::Timestamp;
use tracing::level_filters::LevelFilter;

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `key=value`, values in quotation marks where they need them.
    Text,
    /// One JSON object a line.
    Json,
}

/// A line that is being written.
pub struct Line {
    form: Form,
    text: String,
}

impl Line {
    pub(crate) fn begin(form: Form, now: Timestamp, level: LevelFilter, name: &str) -> Self {
        let mut text = String::with_capacity(320);
        let level = padded(level);
        match form {
            Form::Text => {
                push_stamp(&mut text, now);
                text.push(' ');
                text.push_str(level);
                text.push(' ');
                text.push_str(name);
            }
            Form::Json => {
                text.push_str("{\"timestamp\":\"");
                push_stamp(&mut text, now);
                text.push_str("\",\"level\":\"");
                text.push_str(level.trim_start());
                text.push_str("\",\"message\":\"");
                text.push_str(name);
                text.push('"');
            }
        }
        Self { form, text }
    }

    /// Adds a number.
    #[must_use]
    pub fn number(mut self, key: &str, value: impl Into<i128>) -> Self {
        self.push_key(key);
        self.text.push_str(itoa::Buffer::new().format(value.into()));
        self
    }

    fn push_key(&mut self, key: &str) {
        match self.form {
            Form::Text => {
                self.text.push(' ');
                self.text.push_str(key);
                self.text.push('=');
            }
            Form::Json => {
                self.text.push_str(",\"");
                self.text.push_str(key);
                self.text.push_str("\":");
            }
        }
    }

    /// Adds a text from anywhere: whatever is in it, it stays one value on one line.
    #[must_use]
    pub fn text(mut self, key: &str, value: &str) -> Self {
        self.push_key(key);
        let plain = !value.is_empty() && value.bytes().all(is_plain);
        if self.form == Form::Text && plain {
            self.text.push_str(value);
        } else {
            push_quoted(&mut self.text, value);
        }
        self
    }

    pub(crate) fn finish(mut self) -> String {
        self.text.push_str(match self.form {
            Form::Text => "\n",
            Form::Json => "}\n",
        });
        self.text
    }
}

fn padded(level: LevelFilter) -> &'static str {
    match level {
        LevelFilter::ERROR => "ERROR",
        LevelFilter::WARN => " WARN",
        LevelFilter::INFO => " INFO",
        LevelFilter::DEBUG => "DEBUG",
        _ => "TRACE",
    }
}

/// `2026-11-22T09:30:00.500000Z`. Date and time of day are the same for thousands
/// of lines, and are formatted once a second.
fn push_stamp(text: &mut String, now: Timestamp) {
    thread_local! {
        static SECOND: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
    }
    let second = now.as_second();
    SECOND.with_borrow_mut(|(last, formatted)| {
        if *last != second {
            *last = second;
            formatted.clear();
            let whole = Timestamp::from_second(second).unwrap_or(now);
            let _ = write!(formatted, "{whole:.0}");
            // What stands before the Z.
            formatted.pop();
        }
        text.push_str(formatted);
    });
    let micros = now.subsec_nanosecond().unsigned_abs() / 1_000;
    let mut buffer = itoa::Buffer::new();
    // The seventh digit keeps the zeros before the others, and is cut off.
    text.push('.');
    text.push_str(&buffer.format(1_000_000 + micros % 1_000_000)[1..]);
    text.push('Z');
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\')
}

/// A JSON string: both forms quote alike. All control characters are escaped,
/// those beyond ASCII too, so that no terminal obeys them.
fn push_quoted(text: &mut String, value: &str) {
    text.push('"');
    for character in value.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            control if control.is_control() => {
                let _ = write!(text, "\\u{:04x}", u32::from(control));
            }
            plain => text.push(plain),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_on_their_line() {
        let now: Timestamp = "2026-11-22T09:30:00.5Z".parse().expect("a moment");
        let line = |form, value| {
            Line::begin(form, now, LevelFilter::INFO, "request")
                .text("target", value)
                .number("status", 200)
                .finish()
        };
        for (value, text, json) in [
            ("/lists/a", "/lists/a", "\"/lists/a\""),
            ("", "\"\"", "\"\""),
            ("a b", "\"a b\"", "\"a b\""),
            ("a\r\nb", "\"a\\r\\nb\"", "\"a\\r\\nb\""),
            (
                "\u{1b}[31m\u{85}",
                "\"\\u001b[31m\\u0085\"",
                "\"\\u001b[31m\\u0085\"",
            ),
            (
                "say \"x\"\\",
                "\"say \\\"x\\\"\\\\\"",
                "\"say \\\"x\\\"\\\\\"",
            ),
        ] {
            let stamp = "2026-11-22T09:30:00.500000Z";
            assert_eq!(
                line(Form::Text, value),
                format!("{stamp}  INFO request target={text} status=200\n")
            );
            assert_eq!(
                line(Form::Json, value),
                format!(
                    "{{\"timestamp\":\"{stamp}\",\"level\":\"INFO\",\"message\":\"request\",\
                     \"target\":{json},\"status\":200}}\n"
                )
            );
        }
    }
}
