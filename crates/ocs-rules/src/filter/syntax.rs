//! From the text of a filter to the few kinds of nodes that are taken.
//!
//! The library's grammar knows all of SQL. What is taken of it is listed here; whatever
//! is not is refused where it stands, so that nothing comes into a filter by a new version
//! of the library.

use sqlparser::ast::{BinaryOperator, Expr, InTarget, OrderBySort, Spanned as _, UnaryOperator};
use sqlparser::dialect::Dialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Span, Token};

use super::condition::Comparison;
use super::order::Direction;
use super::problem::{At, Problem};

/// The most characters of a text.
const LENGTH: usize = 4_096;

/// How deeply expressions may stand in one another.
const DEPTH: usize = 50;

/// The most comparisons and values of a condition.
const NODES: usize = 500;

/// The most columns of an order.
const KEYS: usize = 4;

/// A condition, its names not resolved.
#[derive(Debug)]
pub(super) enum Parsed {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Compare(Operand, Comparison, Operand),
    In(Operand, Vec<Operand>),
    Like(Operand, Operand),
    IsNull(Operand),
}

/// A name or a value, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Operand {
    pub(super) what: What,
    pub(super) at: At,
}

/// What an operand is.
#[derive(Debug, Clone)]
pub(super) enum What {
    /// A name, and whether it stands in double quotes.
    Name(String, bool),
    Int(i64),
    Float(f64),
    Text(String),
}

/// Names as standard SQL has them, with letters of every script.
#[derive(Debug)]
struct FilterDialect;

impl Dialect for FilterDialect {
    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        ch == '"'
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_alphabetic() || ch == '_'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_alphanumeric() || ch == '_'
    }
}

/// Reads a condition; an empty text takes every record.
pub(super) fn condition(text: &str) -> Result<Parsed, Problem> {
    let Some(expression) = parse(text, |parser| parser.parse_expr())? else {
        return Ok(Parsed::All(Vec::new()));
    };
    Reading { nodes: 0 }.condition(&expression)
}

/// Reads an order: columns and their directions; an empty text has none.
pub(super) fn order(text: &str) -> Result<Vec<(Operand, Direction)>, Problem> {
    let keys = parse(text, |parser| {
        parser.parse_comma_separated(|parser| parser.parse_order_by_expr())
    })?;
    let mut order = Vec::new();
    for key in keys.unwrap_or_default() {
        let at = at(key.expr.span());
        if order.len() == KEYS {
            return Err(Problem::at(
                at,
                format!("an order has at most {KEYS} columns"),
            ));
        }
        let direction = match key.options.sort {
            None | Some(OrderBySort::Asc) => Direction::Ascending,
            Some(OrderBySort::Desc) => Direction::Descending,
            Some(OrderBySort::Using(_)) => {
                return Err(Problem::at(
                    at,
                    "write asc or desc after a column, or nothing",
                ));
            }
        };
        if key.options.nulls_first.is_some() || key.with_fill.is_some() {
            return Err(Problem::at(
                at,
                "after a column stands asc or desc at most; records without a value always come \
                 last",
            ));
        }
        let column = Reading { nodes: 0 }.operand(&key.expr)?;
        if !matches!(column.what, What::Name(..)) {
            return Err(Problem::at(column.at, "records are sorted by columns only"));
        }
        order.push((column, direction));
    }
    Ok(order)
}

/// Reads the whole of a text; `None` where it is empty.
fn parse<T>(
    text: &str,
    read: impl FnOnce(&mut Parser<'_>) -> Result<T, ParserError>,
) -> Result<Option<T>, Problem> {
    let length = text.chars().count();
    if length > LENGTH {
        return Err(Problem::whole(format!(
            "it has {length} characters; at most {LENGTH} are allowed"
        )));
    }
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.contains(control) {
        return Err(Problem::whole("it holds a control character; remove it"));
    }
    if text.trim().is_empty() {
        return Ok(None);
    }
    let mut parser = Parser::new(&FilterDialect)
        .with_recursion_limit(DEPTH)
        .try_with_sql(text)
        .map_err(|error| of_parser(&error, text))?;
    let parsed = read(&mut parser).map_err(|error| of_parser(&error, text))?;
    let next = parser.peek_token();
    if next.token == Token::EOF {
        Ok(Some(parsed))
    } else {
        let found = next.token.to_string();
        Err(Problem::at(
            at(next.span),
            format!("{found} cannot follow here; write and, or, or nothing"),
        ))
    }
}

/// The library says where in its sentence.
fn of_parser(error: &ParserError, text: &str) -> Problem {
    let sentence = match error {
        ParserError::RecursionLimitExceeded => {
            return Problem::whole(format!(
                "its parentheses are too deep; at most some {DEPTH} levels are allowed"
            ));
        }
        ParserError::TokenizerError(sentence) | ParserError::ParserError(sentence) => sentence,
    };
    let Some((what, place)) = sentence.rsplit_once(" at Line: ") else {
        // The end of the text has no place.
        let line = text.lines().count().max(1);
        let column = text.lines().last().map_or(0, |last| last.chars().count()) + 1;
        let at = At {
            line,
            column,
            width: 1,
        };
        return Problem::at(at, lower(sentence));
    };
    let numbers = place
        .split_once(", Column: ")
        .and_then(|(line, column)| Some((line.parse().ok()?, column.parse().ok()?)));
    match numbers {
        Some((line, column)) => Problem::at(
            At {
                line,
                column,
                width: 1,
            },
            lower(what),
        ),
        None => Problem::whole(lower(sentence)),
    }
}

/// A sentence of the library's, as the rest of one of ours.
fn lower(sentence: &str) -> String {
    let mut characters = sentence.chars();
    let first = characters.next().map(|first| first.to_ascii_lowercase());
    let sentence: String = first.into_iter().chain(characters).collect();
    sentence.replace("found: EOF", "found the end")
}

fn at(span: Span) -> At {
    let number = |number: u64| usize::try_from(number).unwrap_or(1).max(1);
    let Location { line, column } = span.start;
    let width = if span.end.line == line {
        number(span.end.column.saturating_sub(column))
    } else {
        1
    };
    At {
        line: number(line),
        column: number(column),
        width,
    }
}

/// What is read of a condition so far.
struct Reading {
    nodes: usize,
}

impl Reading {
    fn condition(&mut self, expression: &Expr) -> Result<Parsed, Problem> {
        Ok(match expression {
            Expr::Nested(inner) => self.condition(inner)?,
            Expr::UnaryOp {
                op: UnaryOperator::Not,
                expr,
            } => Parsed::Not(Box::new(self.condition(expr)?)),
            Expr::BinaryOp {
                op: op @ (BinaryOperator::And | BinaryOperator::Or),
                ..
            } => {
                let mut sides = Vec::new();
                self.sides(expression, op, &mut sides)?;
                if *op == BinaryOperator::And {
                    Parsed::All(sides)
                } else {
                    Parsed::Any(sides)
                }
            }
            Expr::BinaryOp { left, op, right } => {
                let how = comparison(op).ok_or_else(|| not_taken(expression))?;
                Parsed::Compare(self.operand(left)?, how, self.operand(right)?)
            }
            Expr::Between {
                expr,
                negated,
                low,
                high,
            } => {
                let column = self.operand(expr)?;
                let low = self.operand(low)?;
                let high = self.operand(high)?;
                let both = Parsed::All(vec![
                    Parsed::Compare(column.clone(), Comparison::GreaterOrEqual, low),
                    Parsed::Compare(column, Comparison::LessOrEqual, high),
                ]);
                negate(both, *negated)
            }
            Expr::In {
                expr,
                target: InTarget::List(list),
                negated,
                global: false,
            } => {
                let column = self.operand(expr)?;
                let values = list.iter().map(|value| self.operand(value));
                let values = values.collect::<Result<Vec<_>, _>>()?;
                negate(Parsed::In(column, values), *negated)
            }
            Expr::Like {
                negated,
                any: false,
                expr,
                pattern,
                escape_char: None,
            } => {
                let like = Parsed::Like(self.operand(expr)?, self.operand(pattern)?);
                negate(like, *negated)
            }
            Expr::IsNull(expr) => Parsed::IsNull(self.operand(expr)?),
            Expr::IsNotNull(expr) => negate(Parsed::IsNull(self.operand(expr)?), true),
            _ => return Err(not_taken(expression)),
        })
    }

    /// The sides of a row of *and*s, or of *or*s: they lean to the left.
    fn sides(
        &mut self,
        expression: &Expr,
        joined_by: &BinaryOperator,
        sides: &mut Vec<Parsed>,
    ) -> Result<(), Problem> {
        match expression {
            Expr::BinaryOp { left, op, right } if op == joined_by => {
                self.sides(left, joined_by, sides)?;
                sides.push(self.condition(right)?);
            }
            other => sides.push(self.condition(other)?),
        }
        Ok(())
    }

    fn operand(&mut self, expression: &Expr) -> Result<Operand, Problem> {
        use sqlparser::ast::Value;
        let place = at(expression.span());
        self.nodes += 1;
        if self.nodes > NODES {
            return Err(Problem::at(
                place,
                format!("it has more than {NODES} names and values; take fewer"),
            ));
        }
        let what = match expression {
            Expr::Nested(inner) => return self.operand(inner),
            Expr::Identifier(name) => What::Name(name.value.clone(), name.quote_style.is_some()),
            Expr::UnaryOp {
                op: sign @ (UnaryOperator::Minus | UnaryOperator::Plus),
                expr,
            } => match expr.as_ref() {
                Expr::Value(value) => match &value.value {
                    Value::Number(digits, _) => {
                        let minus = *sign == UnaryOperator::Minus;
                        let sign = if minus { "-" } else { "" };
                        number(&format!("{sign}{digits}"), at(value.span))?
                    }
                    _ => return Err(not_taken(expression)),
                },
                _ => return Err(not_taken(expression)),
            },
            Expr::Value(value) => match &value.value {
                Value::Number(digits, _) => number(digits, place)?,
                Value::SingleQuotedString(text) => What::Text(text.clone()),
                Value::Null => {
                    return Err(Problem::at(
                        place,
                        "nothing compares with null; write is null or is not null",
                    ));
                }
                _ => return Err(not_taken(expression)),
            },
            _ => return Err(not_taken(expression)),
        };
        Ok(Operand { what, at: place })
    }
}

fn number(digits: &str, at: At) -> Result<What, Problem> {
    if let Ok(number) = digits.parse() {
        return Ok(What::Int(number));
    }
    match digits.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(What::Float(number)),
        _ => Err(Problem::at(at, "this is no number, or too great for one")),
    }
}

const fn comparison(operator: &BinaryOperator) -> Option<Comparison> {
    Some(match operator {
        BinaryOperator::Eq => Comparison::Equal,
        BinaryOperator::NotEq => Comparison::NotEqual,
        BinaryOperator::Lt => Comparison::Less,
        BinaryOperator::LtEq => Comparison::LessOrEqual,
        BinaryOperator::Gt => Comparison::Greater,
        BinaryOperator::GtEq => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

fn negate(parsed: Parsed, negated: bool) -> Parsed {
    if negated {
        Parsed::Not(Box::new(parsed))
    } else {
        parsed
    }
}

fn not_taken(expression: &Expr) -> Problem {
    let what = match expression {
        Expr::Function(_) => "functions are not taken",
        Expr::Subquery(_) | Expr::Exists { .. } => "queries are not taken",
        Expr::BinaryOp { .. } | Expr::UnaryOp { .. } => "this operator is not taken",
        Expr::Identifier(_) | Expr::Value(_) => "a condition is needed here, such as a comparison",
        _ => "this is not taken",
    };
    Problem::at(
        at(expression.span()),
        format!(
            "{what}; a condition is made of =, <>, <, <=, >, >=, between, in, like, is null, and, \
             or, not and parentheses, of columns and values"
        ),
    )
}
