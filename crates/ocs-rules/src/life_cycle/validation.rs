//! What the answer of a web server makes of a record that waits for it (notifications.md).

use jiff::tz::TimeZone;
use ocs_protocol::enumeration::{CallResult, RecordStatus};
use ocs_protocol::outbound::Pair;

use super::dialing;
use crate::field_values;
use crate::objects::Objects;
use crate::record::Record;
use crate::treatment::{self, Rest};

/// It may be called: it is in the hands of whoever asked for it from now on, `now` in UTC
/// seconds. Returns the keys whose values no field takes.
pub fn passed(record: &mut Record, fields: &[Pair], objects: &Objects, now: i64) -> Vec<String> {
    if let Some(in_hand) = &mut record.in_hand {
        in_hand.touched = now;
    }
    take_fields(record, fields, objects)
}

/// It is not to be called: the attempt is over and counted, and the treatment for its call
/// result is carried out, as after RecordProcessed; without one the record is finished.
/// Returns what becomes of the rest of its chain. `now` is in UTC seconds.
pub fn refused(
    record: &mut Record,
    result: Option<CallResult>,
    fields: &[Pair],
    objects: &Objects,
    now: i64,
) -> Rest {
    take_fields(record, fields, objects);
    record.result = result.unwrap_or(record.result);
    over(record, objects, now).unwrap_or_else(|| finish(record))
}

/// Nobody knows whether it may be called: the same, but that without a treatment it is
/// Ready again until that was its last attempt.
pub fn unanswered(record: &mut Record, result: CallResult, objects: &Objects, now: i64) -> Rest {
    record.result = result;
    over(record, objects, now).unwrap_or_else(|| {
        let list = objects.list(record.list);
        if record.attempts < list.map_or(0, |list| list.max_attempts) {
            record.status = RecordStatus::Ready;
            Rest::Stays
        } else {
            finish(record)
        }
    })
}

/// It goes back uncalled, and no attempt is counted.
pub fn put_back(record: &mut Record) {
    record.status = RecordStatus::Ready;
    record.attempt_guid = None;
    record.in_hand = None;
    dialing::take_back_count(record);
}

fn over(record: &mut Record, objects: &Objects, now: i64) -> Option<Rest> {
    dialing::count(record);
    record.attempt_guid = None;
    let had = record.in_hand.take();
    treatment::treat(record, had.as_ref(), None, objects, now)
}

fn finish(record: &mut Record) -> Rest {
    record.status = RecordStatus::Updated;
    Rest::Finishes(None)
}

/// Each value that its field takes; what came with a wrong one is no worse for it.
fn take_fields(record: &mut Record, fields: &[Pair], objects: &Objects) -> Vec<String> {
    let Some(list) = objects.list(record.list) else {
        return Vec::new();
    };
    let zone = objects.zone(record.contact.zone).map(|zone| &zone.zone);
    let utc = TimeZone::UTC;
    let zone = zone.unwrap_or(&utc);
    let mut ignored = Vec::new();
    for pair in fields {
        match field_values::read(list, zone, [pair], false) {
            Ok((taken, unknown)) => {
                record.contact.fields = record.contact.fields.overlaid(&taken);
                ignored.extend(unknown);
            }
            Err(_) => ignored.push(pair.key.clone()),
        }
    }
    ignored
}

#[cfg(test)]
mod tests {
    use ocs_protocol::event::Value;

    use super::*;
    use crate::objects::ObjectChange;
    use crate::record::InHand;
    use crate::retrieval::agreement::{list, objects};

    const NOW: i64 = 1_795_341_600;

    fn taken(attempts: u32) -> Record {
        let mut record = crate::retrieval::agreement::record(7, 7, 0);
        record.status = RecordStatus::Retrieved;
        record.attempts = attempts;
        record.attempt_guid = Some("a".repeat(32));
        record.in_hand = Some(InHand {
            group: 301,
            agent: None,
            touched: 1,
        });
        record
    }

    #[test]
    fn what_becomes_of_it() {
        let mut objects = objects();
        objects.change(ObjectChange::PutList(list(101)));
        let most = list(101).max_attempts;
        type Rule = fn(&mut Record, &Objects) -> Rest;
        let no: Rule = |record, objects| refused(record, None, &[], objects, NOW);
        let busy: Rule =
            |record, objects| refused(record, Some(CallResult::Busy), &[], objects, NOW);
        let silent: Rule =
            |record, objects| unanswered(record, CallResult::GeneralError, objects, NOW);
        for (rule, attempts, status, result, rest) in [
            (no, 0, "Updated", CallResult::Unknown, Rest::Finishes(None)),
            (busy, 0, "Updated", CallResult::Busy, Rest::Finishes(None)),
            (silent, 0, "Ready", CallResult::GeneralError, Rest::Stays),
            (
                silent,
                most - 1,
                "Updated",
                CallResult::GeneralError,
                Rest::Finishes(None),
            ),
        ] {
            let mut record = taken(attempts);
            assert_eq!(rule(&mut record, &objects), rest, "{status}");
            assert_eq!(record.status.name(), status);
            assert_eq!((record.result, record.attempts), (result, attempts + 1));
            assert_eq!((record.attempt_guid, record.in_hand), (None, None));
        }
        let mut record = taken(3);
        put_back(&mut record);
        assert_eq!((record.status, record.attempts), (RecordStatus::Ready, 3));
        let mut record = taken(3);
        let unknown = Pair {
            key: "nobody".to_owned(),
            value: Some(Value::Integer(1)),
        };
        assert_eq!(passed(&mut record, &[unknown], &objects, NOW), ["nobody"]);
        assert_eq!(record.in_hand.map(|in_hand| in_hand.touched), Some(NOW));
    }
}
