//! The tables' notation.

/// One case of a table.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) section: String,
    pub(super) steps: Vec<Step>,
    /// Whether another request can follow.
    pub(super) open: bool,
}

/// What happens next.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    Send(Vec<u8>),
    /// The client ends its sending.
    End,
    /// The word to go on comes.
    Continue,
    Reply {
        status: u16,
        head: bool,
    },
}

impl Case {
    /// Whether the server was not to know that its reply would be the last, or had no
    /// way to say so.
    pub(super) fn is_ended_by_client(&self) -> bool {
        let last_of_old =
            |step: &Step| matches!(step, Step::Send(bytes) if contains(bytes, b" HTTP/1.0\r\n"));
        self.steps.contains(&Step::End) || self.steps.iter().any(last_of_old)
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Reads a table.
#[track_caller]
pub(super) fn read(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some((name, section)) = line.split_once(" -- ") {
            cases.push(Case {
                name: name.to_owned(),
                section: section.to_owned(),
                steps: Vec::new(),
                open: false,
            });
            continue;
        }
        let case = cases.last_mut().expect("a case has its name first");
        if let Some(line) = line.strip_prefix('>') {
            let line = bytes(line.strip_prefix(' ').unwrap_or(line));
            match case.steps.last_mut() {
                Some(Step::Send(sent)) => sent.extend(line),
                _ => case.steps.push(Step::Send(line)),
            }
        } else {
            let words = line.strip_prefix('<').expect("< or >").split_whitespace();
            expect(case, words);
        }
    }
    cases
}

fn expect<'a>(case: &mut Case, words: impl Iterator<Item = &'a str>) {
    for word in words {
        match word {
            "open" => case.open = true,
            "closed" => case.open = false,
            "end" => case.steps.push(Step::End),
            "100" => case.steps.push(Step::Continue),
            "head" => match case.steps.last_mut() {
                Some(Step::Reply { head, .. }) => *head = true,
                _ => panic!("{}: head of what?", case.name),
            },
            status => case.steps.push(Step::Reply {
                status: status
                    .parse()
                    .unwrap_or_else(|_| panic!("{}: {status}", case.name)),
                head: false,
            }),
        }
    }
}

/// The bytes of a line to send.
fn bytes(line: &str) -> Vec<u8> {
    let (line, end) = match line.strip_suffix('\\') {
        Some(line) => (line, ""),
        None => (line, "\r\n"),
    };
    let mut bytes = Vec::new();
    let mut rest = line;
    while let Some(begin) = rest.find('{') {
        let repeated = rest[begin..].find('}').and_then(|length| {
            let (what, times) = rest[begin + 1..begin + length].rsplit_once('*')?;
            Some((what, times.parse().ok()?, begin + length + 1))
        });
        let (what, times, next) = repeated.unwrap_or(("{", 1, begin + 1));
        bytes.extend(plain(&rest[..begin]));
        bytes.extend(plain(what).repeat(times));
        rest = &rest[next..];
    }
    bytes.extend(plain(rest));
    bytes.extend(end.bytes());
    bytes
}

/// Text with its escapes undone.
fn plain(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut parts = text.split('\\');
    bytes.extend(parts.next().unwrap_or_default().bytes());
    for part in parts {
        let (byte, length) = match part.as_bytes() {
            [b'0', ..] => (0, 1),
            [b'r', ..] => (b'\r', 1),
            [b'n', ..] => (b'\n', 1),
            [b't', ..] => (b'\t', 1),
            [b'x', ..] => (u8::from_str_radix(&part[1..3], 16).expect("\\xNN"), 3),
            _ => panic!("\\{part} is no escape"),
        };
        bytes.push(byte);
        bytes.extend(part[length..].bytes());
    }
    bytes
}
