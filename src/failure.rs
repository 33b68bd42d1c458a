//! What went wrong, in the form that a person at three in the morning needs: what happened, whether the cluster
//! changed, and which command to run next. The exit codes of the program live here and nowhere else.

use std::fmt;

/// The exit codes that scripts rely on (`docs/exit-codes.md`).
///
/// The codes answer two questions: did it work, and did the cluster change?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum ExitCode {
    /// Done, clean, converged. The cluster changed as planned.
    Done = 0,
    /// The answer is no: findings, a difference, or a refusal in a plan. This command changed nothing.
    No = 1,
    /// The command line or the configuration is wrong. Nothing was touched.
    Usage = 2,
    /// Refused: a condition not accepted, a precondition that does not hold, a stale plan, a lease held elsewhere.
    Refused = 3,
    /// Not enough could be observed to decide: a node, a balancer or a privilege is missing. Nothing was changed.
    Unobservable = 4,
    /// Failed, and undone: the nodes are in service and the schema is as before.
    Undone = 5,
    /// Stopped half-way in a safe place; `schema resume` continues.
    Resumable = 6,
    /// The outcome of a step is unknown and a person must look; the message says at what.
    Unknown = 7,
}

impl ExitCode {
    /// The number that the process ends with.
    pub const fn number(self) -> u8 {
        self as u8
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}

/// A command that did not reach its end, with everything that its user needs to go on.
///
/// Rooms have error types of their own; they become a `Failure` where a command is about to end, because only
/// there is it known whether anything durable had happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// How the process ends, and with it whether the cluster changed.
    pub code: ExitCode,
    /// What happened and why, in full sentences that name the thing.
    pub message: String,
    /// What else helps: what was seen, where to look.
    pub hints: Vec<String>,
    /// The command to run next, ready to be pasted.
    pub next: Option<String>,
}

impl Failure {
    /// A failure that ends the process with `code`.
    pub fn new(code: ExitCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hints: Vec::new(), next: None }
    }

    /// A wrong command line or configuration (exit 2).
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Usage, message)
    }

    /// A refusal before anything was changed (exit 3).
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Refused, message)
    }

    /// Something that had to be seen could not be seen (exit 4).
    pub fn unobservable(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Unobservable, message)
    }

    /// Adds a sentence that helps.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Names the command to run next.
    #[must_use]
    pub fn next(mut self, command: impl Into<String>) -> Self {
        self.next = Some(command.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for hint in &self.hints {
            write!(f, "\n  {hint}")?;
        }
        if let Some(next) = &self.next {
            write!(f, "\n  Next: {next}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}
