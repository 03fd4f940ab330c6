//! The condition of a filter as SQL over `record`.
//!
//! What stands in a filter comes in as bound parameters alone; the text is made of our own
//! words and of the names of our own columns.

use ocs_rules::filter::condition::{Comparison, Condition, Constant, Term};
use ocs_rules::filter::{Column, Kind};
use rusqlite::types::Value;

/// A condition as SQL, and the values of its parameters, numbered after `before` others.
pub(crate) fn sql(condition: &Condition, before: usize) -> (String, Vec<Value>) {
    let mut writing = Writing {
        sql: String::new(),
        values: Vec::new(),
        before,
    };
    writing.condition(condition);
    (writing.sql, writing.values)
}

struct Writing {
    sql: String,
    values: Vec<Value>,
    before: usize,
}

impl Writing {
    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::All(sides) => self.joined(sides, " AND ", "1"),
            Condition::Any(sides) => self.joined(sides, " OR ", "0"),
            Condition::Not(inner) => {
                self.push("(NOT ");
                self.condition(inner);
                self.push(")");
            }
            Condition::Compare(left, how, right) => {
                self.push("(");
                self.term(left);
                self.push(operator(*how));
                self.term(right);
                self.push(")");
            }
            Condition::In(column, values) => {
                self.push("(");
                self.column(column);
                self.push(" IN (");
                for (at, value) in values.iter().enumerate() {
                    self.push(if at == 0 { "" } else { ", " });
                    self.constant(value);
                }
                self.push("))");
            }
            Condition::Like(column, pattern) => {
                self.push("(");
                self.column(column);
                self.push(" LIKE ");
                self.value(Value::Text(pattern.clone()));
                self.push(")");
            }
            Condition::IsNull(column) => {
                self.push("(");
                self.column(column);
                self.push(" IS NULL)");
            }
        }
    }

    fn joined(&mut self, sides: &[Condition], by: &str, none: &str) {
        self.push("(");
        if sides.is_empty() {
            self.push(none);
        }
        for (at, side) in sides.iter().enumerate() {
            self.push(if at == 0 { "" } else { by });
            self.condition(side);
        }
        self.push(")");
    }

    fn term(&mut self, term: &Term) {
        match term {
            Term::Column(column) => self.column(column),
            Term::Constant(constant) => self.constant(constant),
        }
    }

    fn column(&mut self, column: &Column) {
        match column {
            Column::Attribute(attribute) => self.push(attribute.name()),
            Column::Field(name, kind) => {
                let moment = *kind == Kind::DateTime;
                self.push(if moment { "rtrim(" } else { "" });
                self.push("json_extract(fields, ");
                // A name with a double quote is no column of a filter.
                self.value(Value::Text(format!("$.\"{name}\"")));
                self.push(if moment { "), 'Z')" } else { ")" });
            }
        }
    }

    fn constant(&mut self, constant: &Constant) {
        self.value(match constant {
            Constant::Int(number) => Value::Integer(*number),
            Constant::Float(number) => Value::Real(*number),
            Constant::Text(text) => Value::Text(text.clone()),
        });
    }

    fn value(&mut self, value: Value) {
        self.values.push(value);
        let number = self.before + self.values.len();
        self.push(&format!("?{number}"));
    }

    fn push(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }
}

const fn operator(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => " = ",
        Comparison::NotEqual => " <> ",
        Comparison::Less => " < ",
        Comparison::LessOrEqual => " <= ",
        Comparison::Greater => " > ",
        Comparison::GreaterOrEqual => " >= ",
    }
}
