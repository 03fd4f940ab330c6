//! The first message each way of a session (outbound-protocols.md, section 1).

use crate::outbound::{Hello, Role};

/// The version of the outbound protocols that this program speaks.
pub const VERSION: u32 = 1;

/// Why a hello was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HelloError {
    /// The other side speaks a version that this one does not.
    #[error(
        "the other side speaks version {theirs} of the outbound protocols, this side version \
         {VERSION}; run the same version of OCS on both sides"
    )]
    Version {
        /// The version the other side named.
        theirs: u32,
    },
    /// Another role was expected.
    #[error("a hello in the role {expected} was expected, not {theirs}")]
    Role {
        /// The role this side expects.
        expected: &'static str,
        /// The role the other side named.
        theirs: &'static str,
    },
    /// The first message was no hello.
    #[error("the first message of a session must be a hello")]
    Missing,
}

impl Hello {
    /// This program's hello in a role.
    #[must_use]
    pub fn in_role(role: Role, application: &str) -> Self {
        Self {
            version: VERSION,
            role: role.into(),
            application: application.to_owned(),
            secret: String::new(),
            agent: String::new(),
        }
    }

    /// Checks the other side's version.
    ///
    /// # Errors
    /// [`HelloError::Version`], which names both sides' versions.
    pub fn check_version(&self) -> Result<(), HelloError> {
        if self.version == VERSION {
            return Ok(());
        }
        Err(HelloError::Version {
            theirs: self.version,
        })
    }

    /// Checks the other side's version, then its role.
    ///
    /// # Errors
    /// [`HelloError`], which names what both sides have.
    pub fn check(&self, role: Role) -> Result<(), HelloError> {
        self.check_version()?;
        if self.role() != role {
            return Err(HelloError::Role {
                expected: role.as_str_name(),
                theirs: self.role().as_str_name(),
            });
        }
        Ok(())
    }
}
