//! The conversion window: `slave_type_conversions` on all nodes while their schemas differ.

use futures_util::future::join_all;

use super::crew::{Crew, failed};
use crate::cluster::{ClusterError, quote_text};
use crate::run::{Answer, Event, State};

impl Crew<'_> {
    /// Sets the value of the pass on every node, and reads it back.
    pub(super) async fn open_window(&mut self, state: &State) -> Answer {
        let setting = self
            .statements(state.pass)
            .iter()
            .find_map(|statement| statement.conversion_window.as_ref())
            .map(|window| window.setting.clone());
        let Some(setting) = setting else { return Answer::Failed(failed("The plan names no conversion window.")) };
        let values = vec![setting.clone(); self.nodes.len()];
        match self.set_conversions(values).await {
            Ok(()) => {
                self.tell(Event::WindowOpened { setting });
                Answer::Done
            }
            Err(error) => Answer::Failed(failed(error)),
        }
    }

    /// Gives every node its own value back, and reads it back.
    pub(super) async fn close_window(&mut self, state: &State) -> Answer {
        let values: Vec<String> = state.nodes.iter().map(|node| node.conversions.clone().unwrap_or_default()).collect();
        match self.set_conversions(values).await {
            Ok(()) => {
                self.tell(Event::WindowClosed {});
                Answer::Done
            }
            Err(error) => Answer::Failed(failed(error)),
        }
    }

    async fn set_conversions(&mut self, values: Vec<String>) -> Result<(), ClusterError> {
        for node in 0..self.nodes.len() {
            self.eye(node).await?;
        }
        let work = self.eyes.iter_mut().flatten().zip(&values).map(|(eye, value)| async move {
            eye.query_all(&format!("SET GLOBAL slave_type_conversions = {}", quote_text(value))).await?;
            let now: Option<String> = eye.query("SELECT @@GLOBAL.slave_type_conversions").await?.scalar()?;
            // The server keeps an order of its own.
            let parts = |text: &str| {
                let mut parts: Vec<String> = text.split(',').map(|part| part.trim().to_uppercase()).collect();
                parts.sort();
                parts
            };
            if parts(&now.unwrap_or_default()) == parts(value) {
                Ok(())
            } else {
                Err(ClusterError::Unsupported(format!(
                    "Node {} was told slave_type_conversions={value}, and reading it back shows something else.",
                    eye.node()
                )))
            }
        });
        join_all(work).await.into_iter().collect()
    }
}
