//! The provisioner of the tests' fleet.

use super::*;

impl Fleet {
    pub(super) fn provisions(&mut self, job: &crate::model::nodes::ProvisionJob, fault: Option<Fault>) {
        let id = job.id.clone();
        if fault == Some(Fault::NeverMade) {
            let what = "provision ended with 1".to_owned();
            let report = ProvisionReport::Failed { what, stderr: "no capacity".to_owned() };
            return self.fact(EventKind::NodeProvisioned { id, answer: Answer::Done(report) });
        }
        let name = format!("n-{}", &job.token[..6]);
        self.machines.insert(name.clone(), Some(job.token.clone()));
        let machine = Machine {
            node: name.parse().unwrap(),
            address: None,
            token: Some(job.token.clone()),
            release: Some(job.release.clone()),
        };
        if fault == Some(Fault::MadeUnsaid) {
            return self.joins_unsaid(id, name);
        }
        let report = ProvisionReport::Done(machine);
        self.fact(EventKind::NodeProvisioned { id, answer: Answer::Done(report) });
        if fault != Some(Fault::NeverJoins) {
            self.joins(name);
        }
    }

    pub(super) fn joins(&mut self, name: String) {
        let joined = NodeLook { pool: None, release: None, work: BTreeMap::new(), ..look(&name, "r1") };
        self.truth.insert(name, joined);
        self.is_seen();
    }

    pub(super) fn joins_unsaid(&mut self, id: EffectId, name: String) {
        let what = "provision ended with 1".to_owned();
        let report = ProvisionReport::Failed { what, stderr: String::new() };
        self.fact(EventKind::NodeProvisioned { id, answer: Answer::Done(report) });
        self.joins(name);
    }

    pub(super) fn finds(&mut self, job: &crate::model::nodes::FindJob) {
        let of_token =
            self.machines.iter().find(|(_, token)| token.as_ref() == Some(&job.token)).map(|(name, _)| {
                Machine {
                    node: name.parse().unwrap(),
                    address: None,
                    token: Some(job.token.clone()),
                    release: None,
                }
            });
        let answer = Answer::Done(ProvisionReport::Done(of_token));
        self.fact(EventKind::MachineFound { id: job.id.clone(), answer });
    }

    pub(super) fn removes(&mut self, job: &crate::model::nodes::DeprovisionJob, fault: Option<Fault>) {
        let old =
            job.node.as_ref().is_some_and(|node| StepKey::Node(self::node(node.as_str())) == job.id.step);
        let report = if fault == Some(Fault::NotRemoved) && old {
            ProvisionReport::Failed { what: "it ended with 1".to_owned(), stderr: String::new() }
        } else {
            self.machines.retain(|name, token| {
                let named = job.node.as_ref().is_some_and(|node| node.as_str() == name);
                !named && (token.is_none() || *token != job.token)
            });
            ProvisionReport::Done(())
        };
        self.fact(EventKind::NodeRemoved { id: job.id.clone(), answer: Answer::Done(report) });
    }
}
