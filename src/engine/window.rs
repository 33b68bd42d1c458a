//! The conversion window: `slave_type_conversions` on all nodes while their schemas differ.

use futures_util::future::join_all;

use super::crew::{Crew, failed};
use crate::cluster::{ClusterError, quote_text};
use crate::run::{Answer, Event, Goal, State};

/// Whether two values of `slave_type_conversions` are the same. The server keeps an order of its own.
pub(super) fn same_conversions(one: &str, other: &str) -> bool {
    let parts = |text: &str| {
        let mut parts: Vec<String> = text.split(',').map(|part| part.trim().to_uppercase()).collect();
        parts.sort();
        parts
    };
    parts(one) == parts(other)
}

impl Crew<'_> {
    /// The value of the pass's window.
    pub(super) fn window_setting(&self, pass: usize) -> Option<String> {
        let statements = self.statements(pass);
        statements.iter().find_map(|one| one.conversion_window.as_ref()).map(|window| window.setting.clone())
    }

    /// Sets the value of the pass on every node, and reads it back. A run that only brings its node home does so on the
    /// nodes that it can reach: those are the ones to which rows go.
    pub(super) async fn open_window(&mut self, state: &State) -> Answer {
        let Some(setting) = self.window_setting(state.pass) else {
            return Answer::Failed(failed("The plan names no conversion window."));
        };
        let values = vec![setting.clone(); self.nodes.len()];
        match self.set_conversions(values).await {
            Ok(left_out) if left_out.is_empty() || state.goal == Goal::Stop => {
                self.tell(Event::WindowOpened { setting });
                Answer::Done
            }
            // A survey waits for it.
            Ok(left_out) => Answer::Unsure(left_out.join("; ")),
            Err(error) => Answer::Failed(failed(error)),
        }
    }

    /// Gives every node its own value back, and reads it back.
    pub(super) async fn close_window(&mut self, state: &State) -> Answer {
        let values: Vec<String> = state.nodes.iter().map(|node| node.conversions.clone().unwrap_or_default()).collect();
        for node in 0..self.nodes.len() {
            if let Err(error) = self.eye(node).await {
                return Answer::Failed(failed(error));
            }
        }
        match self.set_conversions(values).await {
            Ok(left_out) if left_out.is_empty() => {
                self.tell(Event::WindowClosed {});
                Answer::Done
            }
            Ok(left_out) => Answer::Failed(failed(left_out.join("; "))),
            Err(error) => Answer::Failed(failed(error)),
        }
    }

    /// One value for each node. Why the nodes that could not be asked were left out.
    async fn set_conversions(&mut self, values: Vec<String>) -> Result<Vec<String>, ClusterError> {
        let (mut reachable, mut left_out) = (Vec::new(), Vec::new());
        for node in 0..self.nodes.len() {
            match self.eye(node).await {
                Ok(_) => reachable.push(node),
                Err(error) => left_out.push(error.to_string()),
            }
        }
        let eyes = self.eyes.iter_mut().zip(&values).enumerate().filter(|(node, _)| reachable.contains(node));
        let work = eyes.filter_map(|(_, (eye, value))| Some((eye.as_mut()?, value))).map(|(eye, value)| async move {
            eye.query_all(&format!("SET GLOBAL slave_type_conversions = {}", quote_text(value))).await?;
            let now: Option<String> = eye.query("SELECT @@GLOBAL.slave_type_conversions").await?.scalar()?;
            if same_conversions(&now.unwrap_or_default(), value) {
                Ok(())
            } else {
                Err(ClusterError::Unsupported(format!(
                    "Node {} was told slave_type_conversions={value}, and reading it back shows something else.",
                    eye.node()
                )))
            }
        });
        join_all(work).await.into_iter().collect::<Result<(), _>>()?;
        Ok(left_out)
    }
}
