//! What `plan` and `apply` share: which statements, for which database, under which wishes.

use std::time::Duration;

use clap::ValueEnum;

use super::input::InputArgs;
use crate::engine::planner::Request;
use crate::failure::Failure;
use crate::plan::{Override, Text, Unreadable};

/// The statements and what is wished of them.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct RequestArgs {
    #[command(flatten)]
    pub(super) input: InputArgs,
    /// The default database for unqualified names.
    #[arg(long, value_name = "DB")]
    pub(super) database: Option<String>,
    /// How statements reach the nodes.
    #[arg(long, value_enum, default_value_t, value_name = "METHOD")]
    pub(super) method: MethodArg,
    /// Accept a condition that the plan printed, by its code; may be repeated.
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub(super) accept: Vec<String>,
    /// How long the questions to the rows (duplicates, orphans, ...) of one statement may take, such as 30s.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub(super) check_timeout: Duration,
}

/// `--method`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum MethodArg {
    /// The plan chooses.
    #[default]
    Auto,
    /// Total Order Isolation: everywhere at once, and all writes of the cluster wait meanwhile.
    Toi,
    /// Rolling Schema Upgrade: node by node, out of the load balancer.
    Rsu,
    /// pt-online-schema-change of Percona Toolkit copies the table in chunks, for ALTER TABLE; other statements as in auto.
    PtOsc,
}

impl From<MethodArg> for Override {
    fn from(method: MethodArg) -> Self {
        match method {
            MethodArg::Auto => Self::Auto,
            MethodArg::Toi => Self::Toi,
            MethodArg::Rsu => Self::Rsu,
            MethodArg::PtOsc => Self::PtOsc,
        }
    }
}

impl RequestArgs {
    /// What the engine is to plan, and whether it is about to run.
    pub(super) fn request(&self, to_run: bool) -> Result<Request, Failure> {
        Ok(Request {
            texts: self.texts()?,
            database: self.database.clone(),
            wanted: self.method.into(),
            accepted: self.accept.clone(),
            check_timeout: self.check_timeout,
            to_run,
        })
    }

    /// Reads the statements.
    pub(super) fn texts(&self) -> Result<Vec<Text>, Failure> {
        let inputs = self.input.read()?;
        Ok(inputs.into_iter().map(|input| Text { name: input.name, bytes: input.bytes }).collect())
    }
}

/// A text that cannot be planned ends the command before anything was touched.
pub(super) fn unreadable(error: &Unreadable) -> Failure {
    Failure::usage(format!("{error} Nothing was changed."))
}

/// A plan of nothing is a mistake of whoever asked for it: a wrong file, a pipe that broke.
pub(super) fn nothing_to_do(texts: &[Text]) -> Failure {
    let names: Vec<&str> = texts.iter().map(|text| text.name.as_str()).collect();
    Failure::usage(format!("There is no statement in {}. Nothing was changed.", names.join(", ")))
}

fn duration(text: &str) -> Result<Duration, String> {
    crate::config::parse_duration(text).map_err(|error| error.to_string())
}
