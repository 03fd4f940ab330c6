//! A line of commands as words: what stands in quotation marks is one.

/// The words of a line. Within `"…"`, `\"` and `\\` stand for themselves.
pub(super) fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            '\\' if quoted => match characters.next() {
                Some(escaped @ ('"' | '\\')) => word.get_or_insert_default().push(escaped),
                _ => return Err("after \\, only \" or \\ may stand".to_owned()),
            },
            _ if character.is_whitespace() && !quoted => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    if quoted {
        return Err("a quotation mark is not closed".to_owned());
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn lines() {
        for (line, expected) in [
            ("", Some(&[][..])),
            ("  \t ", Some(&[])),
            ("ready  5 ", Some(&["ready", "5"])),
            (
                "reschedule 7 \"12/31/2026 10:00\" personal",
                Some(&["reschedule", "7", "12/31/2026 10:00", "personal"]),
            ),
            (
                "update 1 name=\"say \\\"a\\\\b\\\"\"",
                Some(&["update", "1", "name=say \"a\\b\""]),
            ),
            ("a \"\" b", Some(&["a", "", "b"])),
            ("it's a\\b", Some(&["it's", "a\\b"])),
            ("a \"b", None),
            ("\"a\\n\"", None),
        ] {
            let expected = expected.map(|words| words.iter().map(ToString::to_string).collect());
            assert_eq!(words(line).ok(), expected, "{line:?}");
        }
    }
}
