//! What a command is asked: one JSON object on its standard input, and for `update` the words of its argv.

use crate::model::nodes::{DeprovisionJob, ProvisionJob, UpdateJob};
use crate::model::{NodeId, PoolName, ReleaseName};
use serde::Serialize;

/// The version of the contract; fields are added without a new one.
pub(super) const VERSION: u32 = 1;

/// A question. Fields that do not apply are left out.
#[derive(Debug, Serialize)]
pub(super) struct Ask<'a> {
    version: u32,
    pub(super) action: &'static str,
    pool: &'a PoolName,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<&'a ReleaseName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<&'a NodeId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<&'a NodeId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a str>,
}

impl<'a> Ask<'a> {
    pub(super) fn list(pool: &'a PoolName) -> Self {
        let (version, action) = (VERSION, "list");
        Self {
            version,
            action,
            pool,
            release: None,
            token: None,
            zone: None,
            replaces: None,
            node: None,
            address: None,
        }
    }

    pub(super) fn provision(job: &'a ProvisionJob) -> Self {
        Self {
            action: "provision",
            release: Some(&job.release),
            token: Some(&job.token),
            zone: job.zone.as_deref(),
            replaces: job.replaces.as_ref(),
            ..Self::list(&job.pool)
        }
    }

    pub(super) fn deprovision(job: &'a DeprovisionJob) -> Self {
        let (token, node) = (job.token.as_deref(), job.node.as_ref());
        Self { action: "deprovision", token, node, ..Self::list(&job.pool) }
    }

    pub(super) fn update(job: &'a UpdateJob) -> Self {
        let (node, address) = (Some(&job.node), job.address.as_deref());
        Self { action: "update", release: Some(&job.release), node, address, ..Self::list(&job.pool) }
    }
}

/// The words of an `update` command with the node's values in their places; the error says which one cannot be put there.
pub(super) fn filled(argv: &[String], job: &UpdateJob) -> Result<Vec<String>, &'static str> {
    let address = job.address.as_deref().filter(|address| is_address(address));
    if address.is_none() && argv.iter().any(|word| word.contains("{address}")) {
        return Err("its words name {address}, and the node's address is not known");
    }
    let put = |word: &String| {
        // One after the other is safe: no value may hold a brace.
        word.replace("{node}", job.node.as_str())
            .replace("{address}", address.unwrap_or_default())
            .replace("{release}", job.release.as_str())
    };
    Ok(argv.iter().map(put).collect())
}

/// An IP address or a host name, and nothing that a shell or an option parser reads more into.
fn is_address(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-' | '[' | ']' | '%');
    let first = text.chars().next().is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '[' | ':'));
    first && text.chars().all(legal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Action, EffectId, RunId, Span, StepKey};

    fn job(address: Option<&str>) -> UpdateJob {
        UpdateJob {
            id: EffectId {
                run: RunId(1),
                step: StepKey::Deploy("a/b".parse().unwrap()),
                action: Action::Look,
                subject: None,
                attempt: 1,
            },
            pool: "workers".parse().unwrap(),
            node: "w1".parse().unwrap(),
            address: address.map(str::to_owned),
            release: "2026.11".parse().unwrap(),
            timeout: Span::from_secs(1),
        }
    }

    fn argv(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_nodes_values_are_put_into_the_words_of_its_update() {
        let words = argv(&["ssh", "root@{address}", "update", "{node}", "{release}", "{other}"]);
        let filled = filled(&words, &job(Some("10.0.0.4"))).unwrap();
        assert_eq!(filled, ["ssh", "root@10.0.0.4", "update", "w1", "2026.11", "{other}"]);
    }

    #[test]
    fn an_address_that_is_none_is_never_put_into_a_word() {
        for bad in [None, Some(""), Some("-oProxyCommand=x"), Some("a;b"), Some("a b"), Some("{release}")] {
            assert!(filled(&argv(&["ssh", "{address}"]), &job(bad)).is_err(), "{bad:?}");
            assert!(filled(&argv(&["update", "{node}"]), &job(bad)).is_ok(), "{bad:?}");
        }
        for good in ["10.0.0.4", "fd00::1", "[fd00::1]", "w1.example"] {
            assert!(filled(&argv(&["ssh", "{address}"]), &job(Some(good))).is_ok(), "{good}");
        }
    }

    #[test]
    fn only_what_applies_is_asked() {
        let pool = "workers".parse().unwrap();
        let asked = serde_json::to_string(&Ask::list(&pool)).unwrap();
        assert_eq!(asked, r#"{"version":1,"action":"list","pool":"workers"}"#);
        let asked = serde_json::to_string(&Ask::update(&job(None))).unwrap();
        assert_eq!(
            asked,
            r#"{"version":1,"action":"update","pool":"workers","release":"2026.11","node":"w1"}"#
        );
    }
}
