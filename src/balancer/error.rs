//! What can go wrong between `schema` and a load balancer, and what it means for the command that hit it.

use std::fmt;

use crate::failure::{ExitCode, Failure};

/// The sort of trouble: it decides the exit code when nothing has been changed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The settings name something that the balancer does not have, or leave out something that it does.
    Settings,
    /// The balancer could not be reached, did not answer, or answered what nobody understands.
    Unreachable,
    /// The balancer answers, but it does not let us in, or not far enough.
    Forbidden,
    /// It could be done, but it must not be done now.
    Refused,
    /// It was asked, it did not object, and reading it back shows something else.
    NotObeyed,
    /// The drain holds, and connections did not leave the node in time.
    Stayed,
}

/// An error of one balancer. Nothing that this room did is left behind unless [`Error::left`] says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What sort of trouble it is.
    pub trouble: Trouble,
    /// Which balancer, by its label in messages.
    pub balancer: String,
    /// What happened and why, in full sentences.
    pub message: String,
    /// What helps, one sentence each.
    pub hints: Vec<String>,
    /// What is not as it was found, and how to mend it by hand. Empty when everything is as it was found.
    pub left: Vec<String>,
}

impl Error {
    /// An error of `balancer`.
    pub fn new(trouble: Trouble, balancer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { trouble, balancer: balancer.into(), message: message.into(), hints: Vec::new(), left: Vec::new() }
    }

    /// Adds a sentence that helps.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Says that something is not as it was found, and how to mend it.
    #[must_use]
    pub fn left(mut self, what: impl Into<String>) -> Self {
        self.left.push(what.into());
        self
    }

    /// The exit code of a command that ends with this error before it has changed anything else.
    pub fn code(&self) -> ExitCode {
        match self.trouble {
            _ if !self.left.is_empty() => ExitCode::Unknown,
            Trouble::Settings => ExitCode::Usage,
            Trouble::Unreachable | Trouble::Forbidden => ExitCode::Unobservable,
            Trouble::Refused => ExitCode::Refused,
            Trouble::NotObeyed | Trouble::Stayed => ExitCode::Undone,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.balancer, self.message)
    }
}

impl std::error::Error for Error {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let mut failure = Self::new(error.code(), error.to_string());
        failure.hints.extend(error.left.iter().map(|left| format!("Left behind: {left}")));
        failure.hints.extend(error.hints);
        failure.next(if error.trouble == Trouble::Settings { "schema balancer check" } else { "schema status" })
    }
}
