//! What `ocs.toml` and the objects file may say, read strictly
//! (configuration.md).
//!
//! The structs are the only description of the two files: their JSON Schema is
//! what editors are given and what a document is checked against, key by key,
//! so that every mistake is named at once with file, line, key, value and what
//! is allowed. What two keys must keep between them is checked afterwards, by
//! the section that they stand in.

mod access;
mod application;
mod config;
mod console;
mod defaults;
mod log;
pub mod objects;
mod options;
mod problem;
mod read;
mod redundancy;
mod reload;
mod rewriting;
mod server_info;
mod set;
mod store;
mod tokens;
mod value;

pub use access::{Access, CertificateRule, Network, NetworkRule, Right, TokenHash, TokenRule};
pub use application::{Application, Client, ClientRole};
pub use config::{Config, USUAL_FILE, file, json_schema, load};
pub use console::Console;
pub use defaults::defaults_toml;
pub use log::{Log, LogFormat, LogLevel};
pub use options::{
    Duplicates, EffectiveOptions, LegalHoursUnknown, LevelOptions, Options, ServerOptions,
    UnknownAttributes, ValidationFailMode,
};
pub use problem::{ConfigError, Problem, Source};
pub use redundancy::Redundancy;
pub use reload::{Change, ChangeKind, Effect, InForce, effect};
pub use rewriting::{FileError, Rewriting};
pub use server_info::{ConnectionProtocol, Port, ServerInfo};
pub use set::{Set, SetError, set};
pub use store::{Store, StoreUrl};
pub use tokens::{
    NewToken, TokenError, add_token, end_previous_token, remove_token, rotate_token, token_section,
};
pub use value::address::{HostName, WebOrigin, WebUri};
pub use value::byte_size::ByteSize;
pub use value::custom_header::{CustomHeader, SUPPORTED_HEADERS};
pub use value::encoding::EncodingName;
pub use value::secret::{Secret, SecretError};
pub use value::time_span::TimeSpan;
