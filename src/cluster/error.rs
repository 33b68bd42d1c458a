//! What can go wrong between the tool and a node.

use std::fmt;

use crate::failure::{ExitCode, Failure};

/// Why there is no session with a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectReason {
    /// Nothing listens there, or the network says that the host cannot be reached.
    Refused,
    /// No answer within the time limit.
    TimedOut,
    /// The host's name is not known.
    NoSuchHost,
    /// The server does not accept this user and password, or not from here.
    Denied,
    /// No encryption as demanded, or the certificate does not hold.
    Tls,
    /// The server takes no further connection (1040, 1203, 1226).
    TooMany,
    /// The server listens but is not ready for clients.
    NotReady,
    /// Something else; the message has it.
    Other,
}

/// What went wrong between the tool and a node.
///
/// The three questions that a caller asks are methods: was there a session at all, did the server say no, and is
/// the outcome of the statement known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClusterError {
    /// No session. Nothing was sent.
    #[error("Node {node} ({address}) cannot be reached: {message}.")]
    Connect {
        /// The node.
        node: String,
        /// Where it was tried.
        address: String,
        /// The kind of failure.
        reason: ConnectReason,
        /// What the network, the library or the server said.
        message: String,
    },
    /// The server answered with an error.
    #[error("Node {node} answered with error {code} ({sqlstate}): {message}{}", allowed(grant.as_deref()))]
    Server {
        /// The node.
        node: String,
        /// MariaDB's error number.
        code: u16,
        /// The five characters of the SQL state.
        sqlstate: String,
        /// The server's words.
        message: String,
        /// The GRANT that would have let it through, where a privilege is missing.
        grant: Option<String>,
    },
    /// The statement was sent, and its outcome is not known. The session is of no further use.
    #[error("Node {node} was interrupted: {why}. Whether the statement was carried out is not known.")]
    Interrupted {
        /// The node.
        node: String,
        /// Whether time ran out or the connection broke.
        why: String,
    },
    /// The session was interrupted before and takes nothing further. Nothing was sent.
    #[error("The session with node {node} was interrupted before and cannot be used again.")]
    Unusable {
        /// The node.
        node: String,
    },
    /// The answer does not have the expected form.
    #[error("Node {node} gave an answer of an unexpected form: {what}.")]
    Shape {
        /// The node.
        node: String,
        /// Column and value.
        what: String,
    },
    /// The cluster cannot be worked with: no nodes known, another product, discovery without result.
    #[error("{0}")]
    Unsupported(String),
    /// The configuration does not say enough, or a password cannot be had.
    #[error("{0}")]
    Usage(String),
}

impl ClusterError {
    /// The node's error number, when it was the server that said no.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Server { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Whether the statement may have been carried out although no answer came.
    pub fn outcome_unknown(&self) -> bool {
        matches!(self, Self::Interrupted { .. })
    }

    /// Whether the server ended a query because its time was over (ER_STATEMENT_TIMEOUT).
    pub fn is_too_late(&self) -> bool {
        self.code() == Some(1969)
    }

    /// Whether a query names a column or a table that is not there (ER_BAD_FIELD_ERROR, ER_NO_SUCH_TABLE).
    pub fn names_nothing(&self) -> bool {
        matches!(self.code(), Some(1054 | 1146))
    }

    /// Whether a privilege is missing (1044, 1142, 1143, 1227, 1370, 1410).
    pub fn is_denied(&self) -> bool {
        matches!(self.code(), Some(1044 | 1142 | 1143 | 1227 | 1370 | 1410))
            || matches!(self, Self::Connect { reason: ConnectReason::Denied, .. })
    }

    /// The GRANT that would have let it through, where that is what is missing.
    pub fn grant(&self) -> Option<&str> {
        match self {
            Self::Server { grant, .. } => grant.as_deref(),
            _ => None,
        }
    }

    /// The server's own words, without our additions.
    pub fn server_message(&self) -> Option<&str> {
        match self {
            Self::Server { message, .. } => Some(message),
            _ => None,
        }
    }

    /// Whether no session came about.
    pub fn is_connect(&self) -> bool {
        matches!(self, Self::Connect { .. })
    }
}

fn allowed(grant: Option<&str>) -> String {
    grant.map_or_else(String::new, |grant| format!(" (`{grant}` would allow it)"))
}

impl From<ClusterError> for Failure {
    /// For commands that have changed nothing yet: not enough could be observed.
    fn from(error: ClusterError) -> Self {
        let code = match error {
            ClusterError::Usage(_) => ExitCode::Usage,
            _ => ExitCode::Unobservable,
        };
        let hint = match &error {
            ClusterError::Connect { reason, .. } => reason.hint(),
            error if error.is_denied() => {
                Some("docs/privileges.md lists what each command needs, with the GRANT for it.")
            }
            _ => None,
        };
        let failure = Failure::new(code, error.to_string());
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl ConnectReason {
    /// What to look at.
    pub fn hint(self) -> Option<&'static str> {
        Some(match self {
            Self::Refused => "Is the server running, and is the address right?",
            Self::TimedOut => "Is a firewall in between? `connect_timeout` sets how long is waited.",
            Self::NoSuchHost => "Is the name in `nodes` spelt right?",
            Self::Denied => {
                "The user comes from --user, schema.toml or an option file, the password from --password-file, \
                 --ask-pass, schema.toml, an option file or MYSQL_PWD, in that order."
            }
            Self::Tls => {
                "`tls` sets how strict to be, `ca` whom to trust; docs/connections.md shows how to look closer."
            }
            Self::TooMany => "The server's max_connections or the user's limit is reached.",
            Self::NotReady | Self::Other => return None,
        })
    }
}

impl fmt::Display for ConnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "refused",
            Self::TimedOut => "timed out",
            Self::NoSuchHost => "no such host",
            Self::Denied => "access denied",
            Self::Tls => "TLS",
            Self::TooMany => "too many connections",
            Self::NotReady => "not ready",
            Self::Other => "other",
        })
    }
}
