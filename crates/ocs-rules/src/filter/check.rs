//! What the names and values of a filter mean in one calling list.

use jiff::tz::TimeZone;
use ocs_protocol::refusal::quoted;

use super::attribute::{Attribute, Names};
use super::condition::{Comparison, Condition, Constant, Term};
use super::order::{Direction, Order};
use super::problem::Problem;
use super::syntax::{Operand, Parsed, What};
use super::{Column, Kind};
use crate::calling_list::{CallingList, FieldKind};
use crate::date_time;

/// The forms of a moment in a filter.
const MOMENT: &str = "write a moment in single quotes, such as '2026-11-22T09:30:00Z', or \
                      '11/22/2026 09:30' in UTC";

pub(super) fn condition(parsed: Parsed, list: &CallingList) -> Result<Condition, Problem> {
    let all = |sides: Vec<Parsed>| -> Result<Vec<Condition>, Problem> {
        sides
            .into_iter()
            .map(|side| condition(side, list))
            .collect()
    };
    Ok(match parsed {
        Parsed::All(sides) => Condition::All(all(sides)?),
        Parsed::Any(sides) => Condition::Any(all(sides)?),
        Parsed::Not(inner) => Condition::Not(Box::new(condition(*inner, list)?)),
        Parsed::Compare(left, how, right) => compare(&left, how, &right, list)?,
        Parsed::In(of, values) => {
            let column = column(&of, list)?;
            let values = values.iter().map(|value| constant(value, column.kind()));
            let values = values.collect::<Result<_, _>>()?;
            Condition::In(column, values)
        }
        Parsed::Like(of, pattern) => {
            let column = column(&of, list)?;
            if column.kind() != Kind::Text {
                return Err(Problem::at(of.at, "like compares texts, and this is none"));
            }
            let What::Text(pattern) = pattern.what else {
                return Err(Problem::at(
                    pattern.at,
                    "after like stands a pattern in single quotes, such as '+1212%'",
                ));
            };
            Condition::Like(column, pattern)
        }
        Parsed::IsNull(of) => Condition::IsNull(column(&of, list)?),
    })
}

pub(super) fn order(
    parsed: Vec<(Operand, Direction)>,
    list: &CallingList,
) -> Result<Order, Problem> {
    let key = |(of, direction): (Operand, Direction)| Ok((column(&of, list)?, direction));
    parsed
        .into_iter()
        .map(key)
        .collect::<Result<_, _>>()
        .map(Order)
}

fn compare(
    left: &Operand,
    how: Comparison,
    right: &Operand,
    list: &CallingList,
) -> Result<Condition, Problem> {
    // The side that is a column says what the other may be.
    let (of, how, other) = if column(left, list).is_ok() || is_name(left) && !is_name(right) {
        (left, how, right)
    } else if is_name(right) {
        (right, how.turned(), left)
    } else {
        return Err(Problem::at(
            left.at,
            "one side of a comparison must be an attribute or a field",
        ));
    };
    let column = column(of, list)?;
    let kind = column.kind();
    let sorted = !matches!(how, Comparison::Equal | Comparison::NotEqual);
    if sorted && matches!(kind, Kind::Named(_)) {
        return Err(Problem::at(
            of.at,
            "its values have names and no order; write =, <> or in",
        ));
    }
    let other = match (&other.what, kind) {
        // A name beside values that have names is one of theirs, where there is one.
        (What::Name(name, false), Kind::Named(names)) if names.number(name).is_some() => {
            Term::Constant(constant(other, kind)?)
        }
        (What::Name(name, quoted), _) => {
            let Some(second) = find(name, *quoted, list) else {
                return Err(match kind {
                    Kind::Named(names) => no_value(other, names),
                    _ => unknown(other, name, list),
                });
            };
            if second.kind() != kind {
                return Err(Problem::at(
                    other.at,
                    "it cannot be compared with the other side: its values are of another type",
                ));
            }
            Term::Column(second)
        }
        _ => Term::Constant(constant(other, kind)?),
    };
    Ok(Condition::Compare(Term::Column(column), how, other))
}

const fn is_name(operand: &Operand) -> bool {
    matches!(operand.what, What::Name(..))
}

impl Column {
    /// What its values are.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Attribute(attribute) => attribute.kind(),
            Self::Field(_, kind) => *kind,
        }
    }
}

fn column(operand: &Operand, list: &CallingList) -> Result<Column, Problem> {
    let What::Name(name, in_quotes) = &operand.what else {
        return Err(Problem::at(
            operand.at,
            "an attribute or a field is needed here, not a value",
        ));
    };
    find(name, *in_quotes, list).ok_or_else(|| unknown(operand, name, list))
}

/// The attribute of this name, in any case, else the field; in double quotes always the
/// field.
fn find(name: &str, in_quotes: bool, list: &CallingList) -> Option<Column> {
    let named = |attribute: &Attribute| attribute.name().eq_ignore_ascii_case(name);
    if !in_quotes && let Some(attribute) = Attribute::ALL.into_iter().find(named) {
        return Some(Column::Attribute(attribute));
    }
    let field = list.fields.iter().find(|field| field.name == name)?;
    // The store finds a field by its name in double quotes.
    if name.contains(['"', '\\']) {
        return None;
    }
    let kind = match field.kind {
        FieldKind::Int | FieldKind::Float => Kind::Number,
        FieldKind::Char(_) | FieldKind::Varchar(_) => Kind::Text,
        FieldKind::DateTime => Kind::DateTime,
    };
    Some(Column::Field(name.to_owned(), kind))
}

fn unknown(operand: &Operand, name: &str, list: &CallingList) -> Problem {
    let attributes = Attribute::ALL.iter().map(|attribute| attribute.name());
    let fields = list.fields.iter().map(|field| field.name.as_str());
    let known: Vec<&str> = attributes.chain(fields).collect();
    let near = known
        .iter()
        .map(|known| {
            (
                strsim::damerau_levenshtein(&name.to_lowercase(), &known.to_lowercase()),
                *known,
            )
        })
        .filter(|(distance, known)| *distance <= 1 + known.len() / 4)
        .min();
    // A name with a dash is a difference to SQL; that is what is meant most often.
    let with_dash = list.fields.iter().find(|field| {
        field
            .name
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .next()
            == Some(name)
            && field.name != name
    });
    let hint = match (with_dash, near) {
        (Some(field), _) => format!(
            "if the field {0} is meant, write it in double quotes, \"{0}\"",
            field.name
        ),
        (None, Some((_, near))) => format!("did you mean {near}?"),
        (None, None) => format!("there are: {}", known.join(", ")),
    };
    Problem::at(
        operand.at,
        format!(
            "{} is neither an attribute of a record nor a field of the calling list {}; {hint}",
            quoted(name),
            quoted(&list.name)
        ),
    )
}

fn no_value(operand: &Operand, names: Names) -> Problem {
    Problem::at(
        operand.at,
        format!("it has no such value; it has: {}", names.all().join(", ")),
    )
}

/// A value as one of a kind.
fn constant(operand: &Operand, kind: Kind) -> Result<Constant, Problem> {
    let wrong = |sentence: &str| Err(Problem::at(operand.at, sentence));
    Ok(match (kind, &operand.what) {
        (Kind::Number | Kind::Moment, What::Int(number)) => Constant::Int(*number),
        (Kind::Number, What::Float(number)) => Constant::Float(*number),
        (Kind::Text, What::Text(text)) => Constant::Text(text.clone()),
        (Kind::Moment, What::Text(text)) => match date_time::parse(text, &TimeZone::UTC) {
            Some(moment) if moment.subsec_nanosecond() == 0 => Constant::Int(moment.as_second()),
            Some(_) => return wrong("its times are whole seconds"),
            None => return wrong(MOMENT),
        },
        (Kind::DateTime, What::Text(text)) => match date_time::parse(text, &TimeZone::UTC) {
            Some(moment) => Constant::Text(moment.to_string().trim_end_matches('Z').to_owned()),
            None => return wrong(MOMENT),
        },
        (Kind::Named(names), What::Name(name, false) | What::Text(name)) => {
            match names.number(name) {
                Some(number) => Constant::Int(number),
                None => return Err(no_value(operand, names)),
            }
        }
        (Kind::Named(names), What::Int(number)) if names.has(*number) => Constant::Int(*number),
        (Kind::Named(names), _) => return Err(no_value(operand, names)),
        (Kind::Number, _) => return wrong("a number is needed here"),
        (Kind::Text, _) => return wrong("a text in single quotes is needed here"),
        (Kind::Moment | Kind::DateTime, _) => return wrong(MOMENT),
    })
}
