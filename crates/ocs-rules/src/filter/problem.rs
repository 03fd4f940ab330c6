//! What is wrong with a filter, and where in its text.

/// A mistake in the text of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, and what would be right.
    pub sentence: String,
    /// Where; nowhere in particular where it is the whole.
    pub at: Option<At>,
}

/// A piece of a line of the text; all from 1, counted in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    /// The line.
    pub line: usize,
    /// Its first character.
    pub column: usize,
    /// How many characters, at least one.
    pub width: usize,
}

impl Problem {
    /// A mistake at a place.
    pub(super) fn at(at: At, sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
            at: Some(at),
        }
    }

    /// A mistake of the whole text.
    pub(super) fn whole(sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
            at: None,
        }
    }

    /// The sentence, and below it the line of the text with carets under the place.
    #[must_use]
    pub fn shown(&self, text: &str) -> String {
        let Some((at, line)) = self
            .at
            .and_then(|at| Some((at, text.lines().nth(at.line.checked_sub(1)?)?)))
        else {
            return self.sentence.clone();
        };
        // One column a character: a tab would move what is below it.
        let line = line.replace('\t', " ");
        let before = " ".repeat(at.column.saturating_sub(1));
        let carets = "^".repeat(at.width.max(1));
        format!("{}\n    {line}\n    {before}{carets}", self.sentence)
    }
}
