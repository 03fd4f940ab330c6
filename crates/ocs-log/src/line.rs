//! One line of a log that is written for every request: built by hand, because it
//! stands on the hot path.

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
        let mut text = String::with_capacity(256);
        let _ = match form {
            Form::Text => {
                let level = level.to_string().to_uppercase();
                write!(text, "{now:.6} {level:>5} {name}")
            }
            Form::Json => {
                let level = level.to_string().to_uppercase();
                write!(
                    text,
                    "{{\"timestamp\":\"{now:.6}\",\"level\":\"{level}\",\"message\":\"{name}\""
                )
            }
        };
        Self { form, text }
    }

    /// Adds a number.
    #[must_use]
    pub fn number(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        let _ = match self.form {
            Form::Text => write!(self.text, " {key}={value}"),
            Form::Json => write!(self.text, ",\"{key}\":{value}"),
        };
        self
    }

    /// Adds a text from anywhere: whatever is in it, it stays one value on one line.
    #[must_use]
    pub fn text(mut self, key: &str, value: &str) -> Self {
        match self.form {
            Form::Text => {
                let _ = write!(self.text, " {key}=");
                if !value.is_empty() && value.bytes().all(is_plain) {
                    self.text.push_str(value);
                } else {
                    push_quoted(&mut self.text, value);
                }
            }
            Form::Json => {
                let _ = write!(self.text, ",\"{key}\":");
                push_quoted(&mut self.text, value);
            }
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
