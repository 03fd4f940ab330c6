//! The outbound protocols: what a user event is, the names and types of its
//! attributes, the requests and events, the enumerations, and the gRPC services
//! that carry them.
//!
//! This crate knows no socket, no database and no rule.

pub mod attribute;
pub mod enumeration;
pub mod error;
pub mod event;
pub mod heartbeat;
pub mod hello;
pub mod refusal;
pub mod request;
pub mod subject;
pub mod tls;
pub mod wire;

/// What is generated from `proto/ocs/outbound/v1/outbound.proto`, the public
/// definition of the outbound protocols (outbound-protocols.md, section 1).
#[expect(
    missing_docs,
    unused_qualifications,
    clippy::allow_attributes,
    reason = "generated from the .proto, which documents it"
)]
pub mod outbound {
    tonic::include_proto!("ocs.outbound.v1");
}

/// The descriptors of `outbound.proto`, as server reflection tells them: an encoded
/// `google.protobuf.FileDescriptorSet`.
pub const OUTBOUND_DESCRIPTORS: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/outbound.descriptors"));

/// What is generated from `proto/ocs/control/v1/control.proto`: the service
/// behind the control socket (configuration.md, section 1).
#[expect(
    missing_docs,
    unused_qualifications,
    clippy::allow_attributes,
    reason = "generated from the .proto, which documents it"
)]
pub mod control {
    tonic::include_proto!("ocs.control.v1");
}

/// The largest message either end sends or takes, in bytes
/// (outbound-protocols.md, section 1).
pub const MAX_MESSAGE: usize = 4 * 1024 * 1024;
