//! Rights: what a request needs, and what a client has.

use std::fmt;

use ocs_protocol::outbound::Right;

/// A set of rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rights(u8);

impl Rights {
    /// None: whoever is let in may do it.
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const ADD: Self = Self::one(Right::Add);
    pub(crate) const UPDATE: Self = Self::one(Right::Update);
    pub(crate) const PREVIEW: Self = Self::one(Right::Preview);
    pub(crate) const CONTROL: Self = Self::one(Right::Control);
    pub(crate) const READ: Self = Self::one(Right::Read);
    pub(crate) const ADMIN: Self = Self::one(Right::Admin);

    /// What everybody may do where there are no rules: everything but administer.
    pub(crate) const WITHOUT_RULES: Self = Self::ADD
        .or(Self::UPDATE)
        .or(Self::PREVIEW)
        .or(Self::CONTROL)
        .or(Self::READ);

    const NAMES: [(Self, &'static str); 6] = [
        (Self::ADD, "add"),
        (Self::UPDATE, "update"),
        (Self::PREVIEW, "preview"),
        (Self::CONTROL, "control"),
        (Self::READ, "read"),
        (Self::ADMIN, "admin"),
    ];

    const fn one(right: Right) -> Self {
        Self(1 << right as u8)
    }

    /// These and those.
    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a client with these rights may do what any one of `needed` allows. Who may
    /// administer may do everything.
    pub(crate) const fn suffice_for(self, needed: Self) -> bool {
        needed.0 == 0 || self.0 & (needed.0 | Self::ADMIN.0) != 0
    }

    /// Their names.
    pub(crate) fn names(self) -> impl Iterator<Item = &'static str> {
        let has = move |(right, _): &(Self, &str)| self.0 & right.0 != 0;
        Self::NAMES.into_iter().filter(has).map(|(_, name)| name)
    }
}

impl FromIterator<Right> for Rights {
    fn from_iter<T: IntoIterator<Item = Right>>(rights: T) -> Self {
        let all = rights.into_iter().map(Self::one);
        all.fold(Self::NONE, Self::or)
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.names().enumerate() {
            let before = if index == 0 { "" } else { " or " };
            write!(f, "{before}{name}")?;
        }
        Ok(())
    }
}
