//! The audit's chain: each row's hash is made of the one before it, so that no row can be
//! changed, left out or put in without all that follow saying so.
//!
//! A hash is SHA-256 of the hash before (32 bytes; zeros before the first row), the row's
//! number and its moment (8 bytes each, big-endian, UTC seconds), and its lines, byte for
//! byte as they are written: a JSON array. What is cut off at the end leaves no trace in
//! the rest; whoever notes the last number and hash elsewhere finds that too.

use std::fmt;

use ring::digest::{Context, SHA256};

/// SHA-256.
pub type Hash = [u8; 32];

/// A row of the audit: what one transaction handed out, blocked or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number; the first is 1, and none is left out.
    pub id: i64,
    /// When it was written, UTC seconds.
    pub at: i64,
    /// A JSON array of objects.
    pub lines: String,
    /// The chain's hash up to here.
    pub hash: Hash,
}

/// Where the chain stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Head {
    /// The last row; 0 where there is none.
    pub id: i64,
    /// Its hash.
    pub hash: Hash,
}

/// The first place where the chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// Rows are missing, or in another order.
    Missing {
        /// The row that should come.
        wanted: i64,
        /// The one that did.
        found: i64,
    },
    /// A row's hash is not that of what it says and of the row before it.
    Changed(i64),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { wanted, found } => write!(
                f,
                "row {wanted} of the audit is missing: row {found} stands in its place"
            ),
            Self::Changed(id) => write!(
                f,
                "row {id} of the audit was changed, or a row before it: its hash is not that \
                 of what stands there"
            ),
        }
    }
}

impl Head {
    /// The head after one more row.
    #[must_use]
    pub fn after(self, at: i64, lines: &str) -> Self {
        let id = self.id + 1;
        let mut context = Context::new(&SHA256);
        context.update(&self.hash);
        context.update(&id.to_be_bytes());
        context.update(&at.to_be_bytes());
        context.update(lines.as_bytes());
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        Self { id, hash }
    }

    /// Goes on to the next row of a chain that is checked.
    ///
    /// # Errors
    /// The chain does not hold there.
    pub fn check(&mut self, row: &AuditRow) -> Result<(), Broken> {
        let next = self.after(row.at, &row.lines);
        if row.id != next.id {
            return Err(Broken::Missing {
                wanted: next.id,
                found: row.id,
            });
        }
        if row.hash != next.hash {
            return Err(Broken::Changed(row.id));
        }
        *self = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(rows: i64) -> Vec<AuditRow> {
        let mut head = Head::default();
        (1..=rows)
            .map(|id| {
                let lines = format!("[{{\"record\":{id}}}]");
                head = head.after(id * 10, &lines);
                AuditRow {
                    id,
                    at: id * 10,
                    lines,
                    hash: head.hash,
                }
            })
            .collect()
    }

    fn checked(rows: &[AuditRow]) -> Result<Head, Broken> {
        let mut head = Head::default();
        rows.iter().try_for_each(|row| head.check(row))?;
        Ok(head)
    }

    #[test]
    fn what_was_done_to_it_is_found() {
        type Tamper = fn(&mut Vec<AuditRow>);
        let table: &[(&str, Tamper, Broken)] = &[
            (
                "another record",
                |rows| rows[1].lines = "[{\"record\":9}]".to_owned(),
                Broken::Changed(2),
            ),
            ("another moment", |rows| rows[2].at += 1, Broken::Changed(3)),
            (
                "left out",
                |rows| drop(rows.remove(1)),
                Broken::Missing {
                    wanted: 2,
                    found: 3,
                },
            ),
            (
                "left out and counted anew",
                |rows| {
                    rows.remove(1);
                    rows[1].id = 2;
                },
                Broken::Changed(2),
            ),
            (
                "the beginning left out",
                |rows| drop(rows.remove(0)),
                Broken::Missing {
                    wanted: 1,
                    found: 2,
                },
            ),
            (
                "put in another order",
                |rows| rows.swap(2, 3),
                Broken::Missing {
                    wanted: 3,
                    found: 4,
                },
            ),
            (
                "made anew from there",
                |rows| {
                    let head = Head {
                        id: 1,
                        hash: rows[0].hash,
                    };
                    rows[1].lines = "[]".to_owned();
                    rows[1].hash = head.after(rows[1].at, "[]").hash;
                },
                Broken::Changed(3),
            ),
        ];
        let right = chain(5);
        let head = checked(&right).expect("it holds");
        assert_eq!((head.id, head.hash), (5, right[4].hash));
        for (case, tamper, broken) in table {
            let mut rows = right.clone();
            tamper(&mut rows);
            assert_eq!(checked(&rows), Err(broken.clone()), "{case}");
        }
        // Nothing in the rest tells of an end that was cut off: the head does.
        assert_ne!(checked(&right[..4]), Ok(head));
    }
}
