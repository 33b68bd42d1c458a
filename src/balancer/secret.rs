//! A password or token that is fetched when it is needed first, and once.

use secrecy::SecretString;
use tokio::sync::OnceCell;

use super::{Error, Trouble};
use crate::config::PasswordSource;

/// A secret that may not have been asked for yet.
#[derive(Debug)]
pub(super) struct Secret {
    source: PasswordSource,
    value: OnceCell<Option<SecretString>>,
}

impl Secret {
    pub(super) fn new(source: PasswordSource) -> Self {
        Self { source, value: OnceCell::new() }
    }

    /// The secret of `who` for the balancer `label`; `None` when there is none.
    pub(super) async fn get(&self, label: &str, who: &str) -> Result<Option<SecretString>, Error> {
        let fetch = || async {
            let (source, who) = (self.source.clone(), format!("{who} at {label}"));
            // A password command may take its time, and a person even more.
            tokio::task::spawn_blocking(move || source.fetch(&who))
                .await
                .map_err(|error| Error::new(Trouble::Settings, label, format!("The password was lost: {error}.")))?
                .map_err(|error| Error::new(Trouble::Settings, label, error.to_string()))
        };
        self.value.get_or_try_init(fetch).await.cloned()
    }
}
