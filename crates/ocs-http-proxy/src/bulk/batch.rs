//! Items on their way into messages.

use ocs_protocol::outbound::bulk_item::Item;
use ocs_protocol::outbound::{BulkItem, BulkMessage};
use ocs_protocol::refusal::Refusal;
use ocs_protocol::request::RequestName;

use super::Wanted;
use super::convert::Conversion;
use super::passage::ItemLog;
use super::split::Splitter;
use crate::body::{self, malformed};
use crate::gateway::to_event;
use crate::idempotency;
use crate::route::{Route, Target};

/// The most items of a message.
const ITEMS: usize = 256;

/// Bytes of items after which a message takes no more: with the largest item on top,
/// it stays below the limit of a message.
const BYTES: usize = 256 << 10;

/// The items that were read and not sent yet.
pub(super) struct Batch {
    conversion: Conversion,
    splitter: Splitter,
    reader: Reader,
}

struct Reader {
    route: &'static Route,
    target: Target,
    limit: usize,
    /// Whether items come with what tells one from another.
    keyed: bool,
    log: ItemLog,
    /// Whole messages, and the one that is being filled.
    messages: Vec<Vec<BulkItem>>,
    /// The bytes of the last one.
    bytes: usize,
}

impl Batch {
    pub(super) fn new(
        route: &'static Route,
        target: Target,
        wanted: &Wanted,
        limit: usize,
        keyed: bool,
        log: ItemLog,
    ) -> Self {
        Self {
            conversion: Conversion::new(wanted.encoding),
            splitter: Splitter::new(wanted.says, limit),
            reader: Reader {
                route,
                target,
                limit,
                keyed,
                log,
                messages: Vec::new(),
                bytes: 0,
            },
        }
    }

    /// Takes the next piece of the body.
    ///
    /// # Errors
    /// It goes on as no list of items does.
    pub(super) fn feed(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        let Self {
            conversion,
            splitter,
            reader,
        } = self;
        let text = conversion.feed(piece);
        splitter.feed(&text, &mut |item| reader.take(item, conversion))
    }

    /// The body has ended.
    ///
    /// # Errors
    /// It is not whole.
    pub(super) fn finish(&mut self) -> Result<(), Refusal> {
        let Self {
            conversion,
            splitter,
            reader,
        } = self;
        let text = conversion.finish();
        let mut take = |item: Option<&[u8]>| reader.take(item, conversion);
        splitter.feed(&text, &mut take)?;
        splitter.finish(&mut take)
    }

    /// Whether items wait that are no whole message yet.
    pub(super) fn has_some(&self) -> bool {
        !self.reader.messages.is_empty()
    }

    /// The messages that are whole, and with `all`, the one that is not.
    pub(super) fn messages(&mut self, all: bool) -> Vec<BulkMessage> {
        let messages = &mut self.reader.messages;
        let goes_on = match messages.last() {
            Some(last) if !all && last.len() < ITEMS && self.reader.bytes < BYTES => messages.pop(),
            _ => {
                self.reader.bytes = 0;
                None
            }
        };
        let whole = std::mem::replace(messages, goes_on.into_iter().collect());
        let message = |items| BulkMessage {
            items,
            ..BulkMessage::default()
        };
        whole.into_iter().map(message).collect()
    }
}

impl Reader {
    fn take(&mut self, item: Option<&[u8]>, conversion: &Conversion) {
        let length = item.map_or(0, <[u8]>::len);
        let fingerprint = match (self.keyed, item) {
            (true, item) => idempotency::fingerprint_of_item(item.unwrap_or_default()),
            (false, _) => Vec::new(),
        };
        let item = match item {
            Some(item) => self.read(item, conversion),
            None => Item::Refused(
                malformed(format!(
                    "the item is over the limit of {} bytes that http-body-bytes sets",
                    self.limit
                ))
                .into_event(None),
            ),
        };
        let is_full = self.messages.last().is_none_or(|last| {
            last.len() >= ITEMS || (!last.is_empty() && self.bytes + length > BYTES)
        });
        if is_full {
            self.messages.push(Vec::with_capacity(ITEMS));
            self.bytes = 0;
        }
        if let Some(last) = self.messages.last_mut() {
            last.push(BulkItem {
                item: Some(item),
                fingerprint,
            });
            self.bytes += length;
        }
    }

    fn read(&self, item: &[u8], conversion: &Conversion) -> Item {
        let read = match conversion.refusal(item) {
            Some(refusal) => Err(refusal),
            None => body::read_item(item),
        };
        let pairs = match read {
            Ok(pairs) => pairs,
            Err(refusal) => return Item::Refused(refusal.into_event(None)),
        };
        let name = RequestName::AddRecord.name();
        match to_event(self.route, name, &self.target, pairs) {
            (Ok(event), _) => {
                self.log.asked(&event);
                Item::Request(event)
            }
            (Err(refusal), reference) => Item::Refused(refusal.into_event(reference)),
        }
    }
}
