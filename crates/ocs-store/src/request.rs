//! A change on its way to the store, with what must be written beside it: its line in
//! the request log, and its answer under an Idempotency-Key.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ocs_protocol::refusal::Refusal;
use ocs_protocol::request::{Protocol, RequestName};
use ocs_rules::access::Binding;
use ocs_rules::calling_list::ListId;
use ocs_rules::change::{Change, Outcome};
use ocs_rules::record::Handle;

/// A change, and what is to be written beside it.
pub struct Request {
    /// The change.
    pub change: Change,
    /// Who asks for what; `None` for what leaves no line in the request log.
    pub asked: Option<Asked>,
    /// Set where the client wants the change made once, however often it asks.
    pub once: Option<Once>,
    /// The calling lists and campaign groups that the client is bound to.
    pub bound: Option<Arc<Binding>>,
}

impl From<Change> for Request {
    fn from(change: Change) -> Self {
        Self {
            change,
            asked: None,
            once: None,
            bound: None,
        }
    }
}

/// Who asks for what (records.md, section 3).
#[derive(Debug, Clone)]
pub struct Asked {
    /// The client: its address, or the name of its application.
    pub client: Arc<str>,
    /// The protocol and the code of the request in it.
    pub request: RequestName,
    /// The calling list, where the request itself names one.
    pub list: Option<ListId>,
    /// The record, where the request itself names one.
    pub handle: Option<Handle>,
}

impl Asked {
    /// The code that the request log shows, and the letter of its protocol. What reaches
    /// records by phone or customer id is the Third Party protocol's.
    #[must_use]
    pub fn code(&self) -> (char, u8) {
        let other = THIRD_PARTY
            .iter()
            .find(|(_, request)| *request == self.request);
        match other {
            Some((code, _)) if self.handle.is_none() => ('T', *code),
            _ => (letter(self.request.protocol()), self.request.code()),
        }
    }
}

fn letter(protocol: Protocol) -> char {
    match protocol {
        Protocol::Desktop => 'D',
        Protocol::ThirdParty => 'T',
        Protocol::Read => 'R',
    }
}

/// A request that was refused before it came to the store, or that needs nothing of it;
/// it leaves a line all the same.
#[derive(Debug, Clone)]
pub struct Noted {
    /// Who asked for what.
    pub asked: Asked,
    /// GSW_ERROR_NUMBER of the refusal; 0 when it was carried out.
    pub outcome: i64,
    /// The Idempotency-Key of an AddRecords, for which its items may refuse it.
    pub key: Option<Arc<OnceKey>>,
}

/// Requests that the Third Party protocol has too, with their codes in it
/// (outbound-protocols.md, section 4).
const THIRD_PARTY: [(u8, RequestName); 2] = [
    (30, RequestName::RequestRecordCancel),
    (32, RequestName::DoNotCall),
];

/// The request that a line of the request log speaks of, by the letter of its protocol
/// and its code.
#[must_use]
pub fn request_of_code(protocol: char, code: u8) -> Option<RequestName> {
    let own = RequestName::ALL
        .iter()
        .map(|own| (letter(own.protocol()), own.code(), *own));
    let other = THIRD_PARTY
        .iter()
        .map(|(code, request)| ('T', *code, *request));
    own.chain(other)
        .find(|known| (known.0, known.1) == (protocol, code))
        .map(|known| known.2)
}

/// Encodes the answer of a request as it is kept for the next time.
pub type Encode = Box<dyn FnOnce(&Result<Outcome, Refusal>) -> Vec<u8> + Send>;

/// A change that is made once under an Idempotency-Key (http-interface.md, section 3).
pub struct Once {
    /// The key and the request that it stands for.
    pub key: Arc<OnceKey>,
    /// What of that request the change is.
    pub part: Part,
}

/// An Idempotency-Key with what it stands for.
#[derive(Debug)]
pub struct OnceKey {
    /// Whose key it is.
    pub scope: String,
    /// The key.
    pub key: String,
    /// What tells this request from every other; of an AddRecords, without its items.
    pub fingerprint: Vec<u8>,
    /// Set when a part of an AddRecords was found to be of another one: what is still
    /// on its way of it is refused too.
    refused: AtomicBool,
}

impl OnceKey {
    /// A key with what it stands for.
    #[must_use]
    pub const fn new(scope: String, key: String, fingerprint: Vec<u8>) -> Self {
        Self {
            scope,
            key,
            fingerprint,
            refused: AtomicBool::new(false),
        }
    }

    pub(crate) fn refuse(&self) {
        self.refused.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }
}

/// What a change is of the request under an Idempotency-Key.
pub enum Part {
    /// All of it, and how its answer is encoded.
    Whole(Encode),
    /// One item of an AddRecords.
    Item {
        /// Its place, from 0.
        place: u32,
        /// What tells it from every other.
        fingerprint: Vec<u8>,
        /// How its answer is encoded.
        encode: Encode,
    },
    /// The end of an AddRecords, after so many items.
    End(u32),
}

/// What came of changes, in their order: of each its outcome or its refusal.
pub type Outcomes = Vec<Result<Outcome, Refusal>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        let code = |request, handle| {
            let asked = Asked {
                client: "crm".into(),
                request,
                list: None,
                handle,
            };
            asked.code()
        };
        for (request, by_handle, without) in [
            (RequestName::AddRecord, ('D', 3), ('D', 3)),
            (RequestName::RequestRecordCancel, ('D', 12), ('T', 30)),
            (RequestName::DoNotCall, ('D', 15), ('T', 32)),
            (RequestName::StartDialing, ('T', 9), ('T', 9)),
        ] {
            assert_eq!(code(request, Some(1)), by_handle, "{request:?}");
            assert_eq!(code(request, None), without, "{request:?}");
        }
        let logged = |request: &&RequestName| request.protocol() != Protocol::Read;
        for request in RequestName::ALL.iter().filter(logged) {
            for handle in [Some(1), None] {
                let (letter, code) = code(*request, handle);
                assert_eq!(request_of_code(letter, code), Some(*request));
            }
        }
        assert_eq!(request_of_code('T', 99), None);
    }
}
