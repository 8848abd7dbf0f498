//! What is told to the vendor and the customer of an incident, and over which channel.

use super::ids::{ChannelName, IncidentId, Owner, RunId};
use super::image::Digest;
use super::secret::Secret;
use super::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The version of a notice's JSON, in its `schema`; fields are added without a new one.
pub const NOTICE_SCHEMA: u32 = 1;

/// How an owner is told, as far as the engine must know: addresses and secrets stay with the adapter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Whose it is.
    pub owner: Owner,
    /// What kind it is.
    pub kind: ChannelKind,
    /// How much a vendor is told.
    pub vendor_sees: VendorSees,
}

/// The kinds of channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// A signed POST.
    Webhook,
    /// A command with JSON on its standard input.
    Command,
}

/// Where a channel leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A signed POST.
    Webhook {
        /// Where to; secret, because many services put their token into it.
        url: Secret,
        /// What it is signed with.
        secret: Secret,
        /// The longest that one try may take.
        within: Span,
    },
    /// A command; never a shell's line.
    Command {
        /// The program and its arguments.
        argv: Vec<String>,
        /// The longest that one try may take.
        within: Span,
    },
}

impl Target {
    /// What kind of channel leads there.
    pub fn kind(&self) -> ChannelKind {
        match self {
            Self::Webhook { .. } => ChannelKind::Webhook,
            Self::Command { .. } => ChannelKind::Command,
        }
    }

    /// The longest that one try may take.
    pub fn within(&self) -> Span {
        match self {
            Self::Webhook { within, .. } | Self::Command { within, .. } => *within,
        }
    }
}

impl fmt::Display for ChannelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Webhook => "webhook",
            Self::Command => "command",
        })
    }
}

/// How much of a customer's failure its vendor is told over a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VendorSees {
    /// Cause class, counts, names of failing tests, digests.
    #[default]
    Summary,
    /// Also what failing tests, tasks and probes said.
    Evidence,
}

/// Which side of an incident is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// The owner of what changed.
    Vendor,
    /// The owner of what broke.
    Customer,
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Vendor => "vendor",
            Self::Customer => "customer",
        })
    }
}

/// What about an incident is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// It was opened.
    Opened,
    /// What ran before runs again.
    PutBack,
    /// A person closed it.
    Closed,
    /// Nothing happened: somebody tries the channel.
    Test,
}

impl fmt::Display for Occasion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Opened => "opened",
            Self::PutBack => "put_back",
            Self::Closed => "closed",
            Self::Test => "test",
        })
    }
}

/// One notice, for ever: what a receiver drops repetitions by. Written `3/opened/vendor/os-hook`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NoticeId {
    /// The incident.
    pub incident: IncidentId,
    /// What about it.
    pub occasion: Occasion,
    /// Who is told.
    pub party: Party,
    /// Over which channel.
    pub channel: ChannelName,
}

impl fmt::Display for NoticeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.incident, self.occasion, self.party, self.channel)
    }
}

/// A text that is no notice's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the id of a notice")]
pub struct NoticeIdError(String);

impl std::str::FromStr for NoticeId {
    type Err = NoticeIdError;
    fn from_str(text: &str) -> Result<Self, NoticeIdError> {
        let bad = || NoticeIdError(text.chars().take(64).collect());
        let mut parts = text.splitn(4, '/');
        let mut part = || parts.next().ok_or_else(bad);
        let incident = IncidentId(part()?.parse().map_err(|_| bad())?);
        let occasion = match part()? {
            "opened" => Occasion::Opened,
            "put_back" => Occasion::PutBack,
            "closed" => Occasion::Closed,
            "test" => Occasion::Test,
            _ => return Err(bad()),
        };
        let party = match part()? {
            "vendor" => Party::Vendor,
            "customer" => Party::Customer,
            _ => return Err(bad()),
        };
        let channel = part()?.parse().map_err(|_| bad())?;
        Ok(Self { incident, occasion, party, channel })
    }
}

impl TryFrom<String> for NoticeId {
    type Error = NoticeIdError;
    fn try_from(value: String) -> Result<Self, NoticeIdError> {
        value.parse()
    }
}

impl From<NoticeId> for String {
    fn from(value: NoticeId) -> String {
        value.to_string()
    }
}

/// What is told. It holds what its party may see, and nothing else; there is no environment in it, not even names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// [`NOTICE_SCHEMA`].
    pub schema: u32,
    /// The installation that tells it, and the notice's id: the same for every try.
    pub id: String,
    /// What about the incident is told.
    pub occasion: Occasion,
    /// As whom its receiver is told.
    pub party: Party,
    /// Who is told.
    pub owner: Owner,
    /// When what it tells came about.
    pub at: Timestamp,
    /// The incident.
    pub incident: IncidentId,
    /// The run that it happened in.
    pub run: RunId,
    /// What broke. A vendor is told only what kind of thing.
    pub subject: String,
    /// The cause class as a stable word.
    pub cause: String,
    /// What happened, in one sentence made of our own words.
    pub text: String,
    /// What changed: the image upstream, or `release NAME of pool NAME`.
    pub changed: String,
    /// Where the image pointed.
    pub from: Option<Digest>,
    /// Where it points.
    pub to: Option<Digest>,
    /// The content that failed. A vendor is not told: it cannot be pulled from outside.
    pub candidate: Option<Digest>,
    /// Passed and all cases, where tests failed.
    pub tests: Option<(u32, u32)>,
    /// Failing cases by name.
    pub failing: Vec<String>,
    /// Failed and all probes, where probes were made.
    pub probes: Option<(u32, u32)>,
    /// What failing tests, tasks and probes said, where its party may see that.
    pub evidence: Vec<String>,
    /// How its receiver can see the failure.
    pub reproduce: Vec<String>,
}

impl NoticeJob {
    /// Tries a channel: a notice about nothing. `at` is part of its id, so that a receiver takes each test for a new one.
    pub fn test(owner: &Owner, channel: &ChannelName, at: Timestamp) -> Self {
        let (incident, run) = (IncidentId(0), RunId(0));
        let id =
            NoticeId { incident, occasion: Occasion::Test, party: Party::Customer, channel: channel.clone() };
        let notice = Notice {
            schema: NOTICE_SCHEMA,
            id: format!("test-{}/{id}", at.as_millis()),
            occasion: id.occasion,
            party: id.party,
            owner: owner.clone(),
            at,
            incident,
            run,
            subject: "nothing".to_owned(),
            cause: "test".to_owned(),
            text: format!("this is a test of channel {channel}: nothing happened"),
            changed: "nothing".to_owned(),
            from: None,
            to: None,
            candidate: None,
            tests: None,
            failing: Vec::new(),
            probes: None,
            evidence: Vec::new(),
            reproduce: Vec::new(),
        };
        Self { id, attempt: 1, notice }
    }
}

/// Tell a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeJob {
    /// Which notice.
    pub id: NoticeId,
    /// How often it was tried, this one counted.
    pub attempt: u32,
    /// What is told.
    pub notice: Notice,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_it_is_written() {
        for text in [
            "3/opened/vendor/os-hook",
            "12/put_back/customer/web",
            "1/closed/customer/a.b",
            "0/test/customer/x",
        ] {
            assert_eq!(text.parse::<NoticeId>().unwrap().to_string(), text);
        }
        for text in ["", "3/opened/vendor", "x/opened/vendor/a", "3/lost/vendor/a", "3/opened/all/a"] {
            assert!(text.parse::<NoticeId>().is_err(), "{text:?} was taken");
        }
    }
}
