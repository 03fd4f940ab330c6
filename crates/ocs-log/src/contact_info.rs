//! What a log may say of people (configuration.md, section 5): phones, customer ids and
//! the values of user fields stand in it by their last 4 characters.

use std::borrow::Cow;

/// Characters of a value that stay.
const SHOWN: usize = 4;

/// Digits from which on a name is taken for a phone.
const DIGITS: usize = 5;

/// How phones, customer ids and the values of user fields stand in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ContactInfo {
    /// By their last 4 characters; a value that has no more is not shown at all.
    #[default]
    Masked,
    /// As they are.
    Full,
}

impl ContactInfo {
    /// A phone, a customer id, or the value of a user field.
    #[must_use]
    pub fn value(self, value: &str) -> Cow<'_, str> {
        if self == Self::Full {
            return Cow::Borrowed(value);
        }
        let mut last = value.char_indices().rev().skip(SHOWN - 1);
        match (last.next(), last.next()) {
            (Some((at, _)), Some(_)) => Cow::Owned(format!("…{}", &value[at..])),
            _ => Cow::Borrowed("…"),
        }
    }

    /// A name that a client chose, which is shown unless it looks like a phone or an
    /// address: some put a value where a name belongs.
    #[must_use]
    pub fn name(self, name: &str) -> Cow<'_, str> {
        let digits = name.bytes().filter(u8::is_ascii_digit).count();
        if digits >= DIGITS || name.contains('@') {
            self.value(name)
        } else {
            Cow::Borrowed(name)
        }
    }

    /// A sentence for a person that may repeat values: what stands in quotation marks
    /// is masked, or between backquotes.
    #[must_use]
    pub fn sentence(self, sentence: &str) -> Cow<'_, str> {
        self.marked(sentence, |value| self.value(value))
    }

    /// A sentence that names what is no contact, such as a calling list: what stands in
    /// marks is shown unless it looks like a phone or an address.
    #[must_use]
    pub fn sentence_of_names(self, sentence: &str) -> Cow<'_, str> {
        self.marked(sentence, |name| self.name(name))
    }

    fn marked<'a>(
        self,
        sentence: &'a str,
        shown_as: impl Fn(&'a str) -> Cow<'a, str>,
    ) -> Cow<'a, str> {
        let is_mark = |character| matches!(character, '"' | '`');
        if self == Self::Full || !sentence.contains(is_mark) {
            return Cow::Borrowed(sentence);
        }
        let mut shown = String::with_capacity(sentence.len());
        let mut rest = sentence;
        while let Some(at) = rest.find(is_mark) {
            let (before, marked) = rest.split_at(at);
            let (mark, value) = marked.split_at(1);
            shown.push_str(before);
            shown.push_str(mark);
            let end = end_of(value, mark);
            shown.push_str(&shown_as(&value[..end]));
            rest = match value.get(end..) {
                Some(end) if end.starts_with(mark) => {
                    shown.push_str(mark);
                    &end[1..]
                }
                _ => "",
            };
        }
        shown.push_str(rest);
        Cow::Owned(shown)
    }
}

/// Where a value in quotation marks ends: at the mark that no backslash stands before.
fn end_of(value: &str, mark: &str) -> usize {
    let mut escaped = false;
    for (at, character) in value.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            character if mark.starts_with(character) => return at,
            _ => {}
        }
    }
    value.len()
}

#[cfg(test)]
mod tests {
    use super::ContactInfo::{Full, Masked};

    #[test]
    fn values() {
        for (value, masked) in [
            ("+16505550100", "…0100"),
            ("12345", "…2345"),
            // Four characters would be all of it.
            ("1234", "…"),
            ("", "…"),
            ("Müller-Lüdenscheidt", "…eidt"),
            ("日本語の名前", "…語の名前"),
        ] {
            assert_eq!(Masked.value(value), masked, "{value}");
            assert_eq!(Full.value(value), value);
        }
    }

    #[test]
    fn names() {
        for (name, masked) in [
            ("GSW_PHONE", "GSW_PHONE"),
            ("VAR_005", "VAR_005"),
            ("Spring 2026", "Spring 2026"),
            ("+16505550100", "…0100"),
            ("a@example.com", "….com"),
        ] {
            assert_eq!(Masked.name(name), masked, "{name}");
            assert_eq!(Full.name(name), name);
        }
    }

    #[test]
    fn sentences() {
        for (sentence, masked) in [
            ("nothing in marks", "nothing in marks"),
            (
                "GSW_FROM is \"+16505550100\"; it must be a number",
                "GSW_FROM is \"…0100\"; it must be a number",
            ),
            (r#"x is "a\"bcdefgh" and "y""#, r#"x is "…efgh" and "…""#),
            (
                "integer `16505550100`, expected",
                "integer `…0100`, expected",
            ),
            ("\"never ended", "\"…nded"),
            ("ends in \"", "ends in \"…"),
            ("\"\\\\\" next", "\"…\" next"),
        ] {
            assert_eq!(Masked.sentence(sentence), masked);
            assert_eq!(Full.sentence(sentence), sentence);
        }
        for (sentence, masked) in [
            ("the list \"Spring\"; no", "the list \"Spring\"; no"),
            ("the list \"+16505550100\"; no", "the list \"…0100\"; no"),
        ] {
            assert_eq!(Masked.sentence_of_names(sentence), masked);
            assert_eq!(Full.sentence_of_names(sentence), sentence);
        }
    }
}
