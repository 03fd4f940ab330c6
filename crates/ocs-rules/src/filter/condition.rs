//! What a filter says of one record.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::cmp::Ordering;

use serde_json::Map;

use super::{Column, Kind};
use crate::record::Record;

/// A condition over the columns of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// All hold; nothing at all always holds.
    All(Vec<Self>),
    /// One holds at least.
    Any(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// Two values compare so.
    Compare(Term, Comparison, Term),
    /// A column has one of these values.
    In(Column, Vec<Constant>),
    /// A text matches a pattern: `%` stands for anything, `_` for one character, and the
    /// letters A to Z are the same in both cases.
    Like(Column, String),
    /// A column has no value.
    IsNull(Column),
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub enum Term {
    /// A column.
    Column(Column),
    /// A value.
    Constant(Constant),
}

/// A value that stands in the filter.
#[derive(Debug, Clone, PartialEq)]
pub enum Constant {
    /// A whole number, a moment in UTC seconds, or the number of a value that has a name.
    Int(i64),
    /// A number with a fraction; finite.
    Float(f64),
    /// A text, or a moment as datetime fields hold it, without its last letter.
    Text(String),
}

/// How two values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are what they are called")]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A record with its fields, which are taken apart once, when the first is asked for.
pub(super) struct Row<'r> {
    record: &'r Record,
    fields: OnceCell<Map<String, serde_json::Value>>,
}

/// A value of a record.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'r> {
    Int(i64),
    Float(f64),
    Text(Cow<'r, str>),
}

impl<'r> Value<'r> {
    pub(super) fn text(text: &'r str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'r> Row<'r> {
    pub(super) const fn new(record: &'r Record) -> Self {
        Self {
            record,
            fields: OnceCell::new(),
        }
    }

    pub(super) const fn record(&self) -> &'r Record {
        self.record
    }

    /// The value of a column; `None` where it has none.
    pub(super) fn value(&self, column: &Column) -> Option<Value<'_>> {
        let (name, kind) = match column {
            Column::Attribute(attribute) => return attribute.of(self.record),
            Column::Field(name, kind) => (name, *kind),
        };
        let fields = self.fields.get_or_init(|| self.record.contact.fields.map());
        match fields.get(name)? {
            serde_json::Value::Number(number) => number
                .as_i64()
                .map(Value::Int)
                .or_else(|| number.as_f64().map(Value::Float)),
            serde_json::Value::String(text) if kind == Kind::DateTime => {
                // Without its last letter, a fraction of a second sorts after the second.
                Some(Value::text(text.trim_end_matches('Z')))
            }
            serde_json::Value::String(text) => Some(Value::text(text)),
            _ => None,
        }
    }
}

impl Condition {
    /// Whether it holds; `None` where a value that it needs is not there.
    pub(super) fn of(&self, row: &Row<'_>) -> Option<bool> {
        match self {
            Self::All(all) => joined(all, row, false),
            Self::Any(any) => joined(any, row, true),
            Self::Not(inner) => inner.of(row).map(|holds| !holds),
            Self::Compare(left, how, right) => {
                let (left, right) = (left.of(row)?, right.of(row)?);
                Some(how.takes(compare(&left, &right)))
            }
            Self::In(column, values) => {
                let value = row.value(column)?;
                let same = |constant: &Constant| compare(&value, &constant.value()).is_eq();
                Some(values.iter().any(same))
            }
            Self::Like(column, pattern) => match row.value(column)? {
                Value::Text(text) => Some(matches(&text, pattern)),
                Value::Int(_) | Value::Float(_) => None,
            },
            Self::IsNull(column) => Some(row.value(column).is_none()),
        }
    }
}

/// *And*, which one false side decides, or *or*, which one true side decides.
fn joined(sides: &[Condition], row: &Row<'_>, decides: bool) -> Option<bool> {
    let mut unknown = false;
    for side in sides {
        match side.of(row) {
            Some(holds) if holds == decides => return Some(decides),
            Some(_) => {}
            None => unknown = true,
        }
    }
    (!unknown).then_some(!decides)
}

impl Term {
    fn of<'v>(&'v self, row: &'v Row<'_>) -> Option<Value<'v>> {
        match self {
            Self::Column(column) => row.value(column),
            Self::Constant(constant) => Some(constant.value()),
        }
    }
}

impl Constant {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Int(number) => Value::Int(*number),
            Self::Float(number) => Value::Float(*number),
            Self::Text(text) => Value::text(text),
        }
    }
}

impl Comparison {
    const fn takes(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }

    /// The same with its sides exchanged.
    pub(super) const fn turned(self) -> Self {
        match self {
            Self::Equal | Self::NotEqual => self,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }
}

/// Numbers come before texts, as in the store; what is checked never compares the two.
fn compare(left: &Value<'_>, right: &Value<'_>) -> Ordering {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => left.cmp(right),
        (Value::Float(left), Value::Float(right)) => {
            left.partial_cmp(right).unwrap_or(Ordering::Equal)
        }
        (Value::Int(left), Value::Float(right)) => compare_mixed(*left, *right),
        (Value::Float(left), Value::Int(right)) => compare_mixed(*right, *left).reverse(),
        (Value::Text(left), Value::Text(right)) => left.as_bytes().cmp(right.as_bytes()),
        (Value::Int(_) | Value::Float(_), Value::Text(_)) => Ordering::Less,
        (Value::Text(_), Value::Int(_) | Value::Float(_)) => Ordering::Greater,
    }
}

/// Exactly: most large whole numbers are no floats.
fn compare_mixed(whole: i64, float: f64) -> Ordering {
    const ABOVE: f64 = 9_223_372_036_854_775_808.0;
    if float >= ABOVE {
        return Ordering::Less;
    }
    if float < -ABOVE {
        return Ordering::Greater;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is within an i64's range"
    )]
    let cut = float as i64;
    let fraction = float.fract();
    whole
        .cmp(&cut)
        .then(0.0_f64.partial_cmp(&fraction).unwrap_or(Ordering::Equal))
}

/// Whether a text matches a pattern of `%` and `_`; up to a NUL, as in the store.
fn matches(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().take_while(|c| *c != '\0').collect();
    let pattern: Vec<char> = pattern.chars().collect();
    let (mut at, mut in_pattern) = (0, 0);
    // Where to go on when what follows the last `%` does not fit.
    let mut again: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(in_pattern) {
            Some('%') => {
                again = Some((at, in_pattern + 1));
                in_pattern += 1;
            }
            Some(wanted) if *wanted == '_' || wanted.eq_ignore_ascii_case(&text[at]) => {
                at += 1;
                in_pattern += 1;
            }
            _ => {
                let Some((begun, after)) = again else {
                    return false;
                };
                again = Some((begun + 1, after));
                at = begun + 1;
                in_pattern = after;
            }
        }
    }
    pattern[in_pattern..].iter().all(|rest| *rest == '%')
}
