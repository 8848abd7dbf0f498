//! Tells owners: one try, over the channel that the job names.
//!
//! ```text
//!   webhook   POST, JSON, signed with HMAC-SHA256    2xx: it arrived
//!   command   argv, JSON on its standard input       exit code 0: it arrived
//! ```
//!
//! Invariants: nothing is told over a channel that was made for another owner; nothing is tried again in here; the body is the same at every try; secrets, addresses and what a receiver answers
//! beyond its status reach nobody.

mod command;
mod webhook;

use crate::model::notices::{NoticeJob, Target};
use crate::model::reports::{Answer, Unreachable};
use crate::model::{ChannelName, Owner, Span};
use crate::ports::Notifier;
use async_trait::async_trait;
use std::collections::BTreeMap;

/// Why channels cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("make an HTTP client for notices: {0}")]
pub struct NotifyError(#[from] reqwest::Error);

/// The channels of a configuration.
#[derive(Debug)]
pub struct Channels {
    client: reqwest::Client,
    targets: BTreeMap<ChannelName, (Owner, Target)>,
}

impl Channels {
    /// Channels, each with whose it is; nothing is sent yet.
    ///
    /// # Errors
    /// The system's TLS cannot be set up.
    pub fn new(targets: BTreeMap<ChannelName, (Owner, Target)>) -> Result<Self, NotifyError> {
        Ok(Self { client: webhook::client()?, targets })
    }

    async fn tell(&self, target: &Target, job: &NoticeJob) -> Result<(), Failed> {
        let body = serde_json::to_vec(&job.notice).map_err(|e| Failed::new(format!("write JSON: {e}")))?;
        match target {
            Target::Webhook { url, secret, .. } => {
                webhook::post(&self.client, url, secret, &job.notice.id, body).await
            }
            Target::Command { argv, .. } => command::run(argv, &job.notice.id, &body).await,
        }
    }
}

/// Why one try failed, cleaned.
#[derive(Debug)]
struct Failed {
    why: String,
    retry_after: Option<Span>,
}

impl Failed {
    fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), retry_after: None }
    }
}

#[async_trait]
impl Notifier for Channels {
    async fn notify(&self, job: &NoticeJob) -> Answer<()> {
        let channel = &job.id.channel;
        // A reload may have given the name to somebody else while the address is still the one from the start.
        let of_owner = self.targets.get(channel).filter(|(owner, _)| *owner == job.notice.owner);
        let Some((_, target)) = of_owner else {
            let (who, why) =
                (format!("channel {channel}"), "its address is read at the next start".to_owned());
            return Answer::Unreachable(Unreachable { who, why, retry_after: None });
        };
        let within = target.within();
        let told = tokio::time::timeout(within.to_std(), self.tell(target, job)).await;
        let failed = match told {
            Ok(Ok(())) => return Answer::Done(()),
            Ok(Err(failed)) => failed,
            Err(_) => Failed::new(format!("no answer within {} s", within.as_secs())),
        };
        let who = format!("channel {channel}, {}", target.kind());
        Answer::Unreachable(Unreachable { who, why: failed.why, retry_after: failed.retry_after })
    }
}

#[cfg(test)]
mod tests;
