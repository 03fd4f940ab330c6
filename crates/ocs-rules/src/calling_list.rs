//! Calling lists and their user-defined fields (records.md, section 1).

use crate::options::Options;
use crate::treatment::Treatment;
use crate::zone::ZoneId;

/// DBID of a calling list.
pub type ListId = u32;

/// A calling list: what its records have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct CallingList {
    /// DBID; never changes.
    pub dbid: ListId,
    /// The name, as it stands in URIs.
    pub name: String,
    /// The daily window of new records.
    pub window: DailyWindow,
    /// The time zone of new records.
    pub zone: ZoneId,
    /// Attempts after which a record is called no more.
    pub max_attempts: u32,
    /// The region that its phones are read in, two letters; else the
    /// application's (records.md, section 6).
    pub region: Option<String>,
    /// The user-defined fields, in the order of the configuration.
    pub fields: Vec<Field>,
    /// What is done after call results, in order.
    pub treatments: Vec<Treatment>,
    /// Options set at this calling list.
    pub options: Options,
}

impl CallingList {
    /// Whether a key that is neither an attribute nor a field refuses a request:
    /// the option `unknown-attributes` of this calling list, else `otherwise`.
    #[must_use]
    pub fn refuses_unknown(&self, otherwise: bool) -> bool {
        self.options
            .text("unknown-attributes")
            .map_or(otherwise, |option| option == "refuse")
    }

    /// The user-defined field that a key names: by its own name or by its
    /// `send_attribute` (outbound-protocols.md, section 2).
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields
            .iter()
            .find(|field| field.name == key || field.send_attribute.as_deref() == Some(key))
    }
}

/// The hours of the day in which a record may be called, in the record's own
/// zone. A window whose end is before its begin goes over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DailyWindow {
    /// Begin, in seconds since midnight, 0 to 86399.
    pub from: u32,
    /// End, in seconds since midnight, 0 to 86399.
    pub till: u32,
}

impl Default for DailyWindow {
    /// 08:00 to 18:00 (records.md, section 1).
    fn default() -> Self {
        Self {
            from: 28_800,
            till: 64_800,
        }
    }
}

/// A user-defined field of a calling list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The name, unique in its calling list.
    pub name: String,
    /// What its values are.
    pub kind: FieldKind,
    /// Another name it may be sent under, and is sent out under.
    pub send_attribute: Option<String>,
}

impl Field {
    /// The name that the field has in events.
    #[must_use]
    pub fn wire_name(&self) -> &str {
        self.send_attribute.as_deref().unwrap_or(&self.name)
    }
}

/// The type of a user-defined field's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// A 64-bit integer.
    Int,
    /// A number that may have a fraction.
    Float,
    /// Text of at most so many characters.
    Char(u32),
    /// Text of at most so many characters.
    Varchar(u32),
    /// A moment.
    DateTime,
}

impl FieldKind {
    /// The type's name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Float => "float",
            Self::Char(_) => "char",
            Self::Varchar(_) => "varchar",
            Self::DateTime => "datetime",
        }
    }

    /// The most characters a text may have; `None` for what is no text.
    #[must_use]
    pub const fn length(self) -> Option<u32> {
        match self {
            Self::Char(length) | Self::Varchar(length) => Some(length),
            Self::Int | Self::Float | Self::DateTime => None,
        }
    }

    /// The type of this name and length.
    #[must_use]
    pub fn from_name(name: &str, length: u32) -> Option<Self> {
        Some(match name {
            "int" => Self::Int,
            "float" => Self::Float,
            "char" => Self::Char(length),
            "varchar" => Self::Varchar(length),
            "datetime" => Self::DateTime,
            _ => return None,
        })
    }
}
