//! The applications that are heard, and what is made of a hello
//! (outbound-protocols.md, section 1).

use std::collections::HashMap;

use ocs_config::{ClientRole, Config};
use ocs_protocol::hello::HelloError;
use ocs_protocol::outbound::{Hello, Role};
use ocs_protocol::refusal::quoted;
use ring::hmac::{self, HMAC_SHA256};
use ring::rand::SystemRandom;
use tonic::Status;

use super::NativeError;

/// The longest name of an agent, in characters.
const AGENT: usize = 32;

/// The applications of the configuration. Their secrets are kept as codes under a key
/// of this process, which are of one length and are compared in constant time.
pub(super) struct Applications {
    key: hmac::Key,
    known: HashMap<String, Known>,
    /// What an unknown name is compared with, so that it takes as long as a known one.
    nobody: hmac::Tag,
}

struct Known {
    role: Role,
    secret: hmac::Tag,
}

/// Who may have a session.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Admitted {
    pub(super) application: String,
    pub(super) role: Role,
    /// The agent of a desktop, where its hello names one.
    pub(super) agent: Option<String>,
}

/// Why a hello was refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("{0}")]
    Hello(#[from] HelloError),
    /// One sentence for a wrong name and for a wrong secret: who guesses learns nothing.
    #[error(
        "no application of this name and secret is heard here; see [[application.client]] in the \
         configuration of OCS"
    )]
    NotKnown,
    #[error("the application is configured in the role {configured}, and its hello says {said}")]
    OtherRole {
        configured: &'static str,
        said: &'static str,
    },
    #[error(
        "the agent's name has {0} characters; 1 to {AGENT} are right, none of them a control \
         character"
    )]
    Agent(usize),
    #[error("the hello names an agent; only a desktop has one")]
    AgentOfApplication,
}

impl Applications {
    /// Reads the secrets of the configured applications.
    pub(super) fn of(config: &Config) -> Result<Self, NativeError> {
        let key = hmac::Key::generate(HMAC_SHA256, &SystemRandom::new())
            .map_err(|_| NativeError::Random)?;
        let mut known = HashMap::new();
        for client in &config.application.client {
            let secret = client.secret.resolve(&config.base);
            let secret = secret.map_err(|source| NativeError::Secret {
                application: client.name.clone(),
                source,
            })?;
            let role = match client.role {
                ClientRole::Desktop => Role::Desktop,
                ClientRole::ThirdParty => Role::ThirdParty,
            };
            let secret = hmac::sign(&key, secret.as_bytes());
            known.insert(client.name.clone(), Known { role, secret });
        }
        let nobody = hmac::sign(&key, b"");
        Ok(Self { key, known, nobody })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Whether this hello may have a session. What a stranger learns is the version,
    /// and nothing else.
    pub(super) fn judge(&self, hello: Hello) -> Result<Admitted, Refused> {
        hello.check_version()?;
        let role = hello.role();
        if !matches!(role, Role::Desktop | Role::ThirdParty) {
            return Err(Refused::Hello(HelloError::Role {
                expected: "ROLE_DESKTOP or ROLE_THIRD_PARTY",
                theirs: role.as_str_name(),
            }));
        }
        let known = self.known.get(&hello.application);
        let secret = known.map_or(&self.nobody, |known| &known.secret);
        let right = hmac::verify(&self.key, hello.secret.as_bytes(), secret.as_ref()).is_ok();
        let Some(known) = known.filter(|_| right) else {
            return Err(Refused::NotKnown);
        };
        if known.role != role {
            return Err(Refused::OtherRole {
                configured: known.role.as_str_name(),
                said: role.as_str_name(),
            });
        }
        Ok(Admitted {
            agent: agent(hello.agent, role)?,
            application: hello.application,
            role,
        })
    }
}

fn agent(agent: String, role: Role) -> Result<Option<String>, Refused> {
    if agent.is_empty() {
        return Ok(None);
    }
    if role != Role::Desktop {
        return Err(Refused::AgentOfApplication);
    }
    let characters = agent.chars().count();
    if characters > AGENT || agent.chars().any(char::is_control) {
        return Err(Refused::Agent(characters));
    }
    Ok(Some(agent))
}

impl Refused {
    /// Whether it may have been a guess.
    pub(super) fn is_guess(&self) -> bool {
        *self == Self::NotKnown
    }

    /// As the client hears it.
    pub(super) fn status(&self) -> Status {
        let sentence = self.to_string();
        match self {
            Self::Hello(_) => Status::failed_precondition(sentence),
            Self::NotKnown => Status::unauthenticated(sentence),
            Self::OtherRole { .. } => Status::permission_denied(sentence),
            Self::Agent(_) | Self::AgentOfApplication => Status::invalid_argument(sentence),
        }
    }

    /// Says in the log who was refused, and why.
    pub(super) fn log(&self, client: std::net::SocketAddr, application: &str) {
        let application = quoted(application);
        tracing::warn!(%client, %application, "a hello was refused: {self}");
    }
}

#[cfg(test)]
mod tests {
    use ocs_config::{Client, Secret};

    use super::*;

    fn applications() -> Applications {
        let client = |name: &str, role, secret: &str| Client {
            name: name.to_owned(),
            role,
            secret: Secret::new(secret),
        };
        let mut config = Config::default();
        config.application.client = vec![
            client("Desk", ClientRole::Desktop, "right"),
            client("Script", ClientRole::ThirdParty, "other"),
        ];
        Applications::of(&config).expect("secrets")
    }

    #[test]
    fn hellos() {
        let applications = applications();
        let admitted = |application: &str, role, agent: Option<&str>| {
            Ok(Admitted {
                application: application.to_owned(),
                role,
                agent: agent.map(str::to_owned),
            })
        };
        let (desktop, third) = (Role::Desktop, Role::ThirdParty);
        let long = "x".repeat(33);
        for (version, role, name, secret, agent, expected) in [
            (
                1,
                desktop,
                "Desk",
                "right",
                "",
                admitted("Desk", desktop, None),
            ),
            (
                1,
                desktop,
                "Desk",
                "right",
                "Müller",
                admitted("Desk", desktop, Some("Müller")),
            ),
            (
                1,
                third,
                "Script",
                "other",
                "",
                admitted("Script", third, None),
            ),
            (1, desktop, "Desk", "wrong", "", Err(Refused::NotKnown)),
            (1, desktop, "Desk", "", "", Err(Refused::NotKnown)),
            (1, desktop, "Desk", "right ", "", Err(Refused::NotKnown)),
            (1, desktop, "desk", "right", "", Err(Refused::NotKnown)),
            (1, desktop, "", "", "", Err(Refused::NotKnown)),
            (
                1,
                third,
                "Desk",
                "right",
                "",
                Err(Refused::OtherRole {
                    configured: "ROLE_DESKTOP",
                    said: "ROLE_THIRD_PARTY",
                }),
            ),
            (1, third, "Desk", "wrong", "", Err(Refused::NotKnown)),
            (1, desktop, "Desk", "right", &long, Err(Refused::Agent(33))),
            (1, desktop, "Desk", "right", "a\n", Err(Refused::Agent(2))),
            (
                1,
                third,
                "Script",
                "other",
                "a",
                Err(Refused::AgentOfApplication),
            ),
            (
                1,
                Role::HttpProxy,
                "Desk",
                "right",
                "",
                Err(Refused::Hello(HelloError::Role {
                    expected: "ROLE_DESKTOP or ROLE_THIRD_PARTY",
                    theirs: "ROLE_HTTP_PROXY",
                })),
            ),
            (
                2,
                desktop,
                "Desk",
                "right",
                "",
                Err(Refused::Hello(HelloError::Version { theirs: 2 })),
            ),
        ] {
            let hello = Hello {
                version,
                role: role.into(),
                application: name.to_owned(),
                secret: secret.to_owned(),
                agent: agent.to_owned(),
            };
            assert_eq!(
                applications.judge(hello),
                expected,
                "{name:?} {secret:?} {agent:?}"
            );
        }
    }
}
