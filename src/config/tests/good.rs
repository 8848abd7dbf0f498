//! A configuration with everything in it, resolved and described.

use super::{fixtures, good, load};
use crate::config::{describe, lineage_report, recipes};
use crate::model::nodes::{Strategy, WaveSize};
use crate::model::setup::{GateBefore, Newer, OnFailure, TestKind};
use crate::model::{ImageRef, Span};
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn image(name: &str) -> ImageRef {
    name.parse().unwrap()
}

#[test]
fn what_the_file_says_is_what_is_resolved() {
    let resolved = good();
    let setup = &resolved.setup;
    assert_eq!((setup.newer, setup.build_edges), (Newer::Supersede, false));
    assert_eq!(setup.retention.candidates, Span::from_secs(86_400));
    let web = &setup.recipes[&image("10.77.0.1:5000/web:1")];
    assert_eq!(web.context, fixtures().join("images/web").display().to_string());
    assert_eq!((web.build_timeout, web.tests[0].memory), (Span::from_secs(600), Some(64 << 20)));
    assert!(
        matches!(&web.tests[0].kind, TestKind::Service { client: Some(_), service_env, .. } if service_env["MODE"] == "test")
    );
    let workload = &setup.workloads[&"lab/web".parse().unwrap()];
    assert_eq!(
        (workload.soak, workload.deadline, workload.order),
        (Span::from_secs(8), Span::from_secs(90), 2)
    );
    assert_eq!((workload.probes[0].status, workload.probes[0].body.as_deref()), (200, Some("ok")));
    let gate = &setup.gates[&"prod".parse().unwrap()];
    assert_eq!(
        (gate.before, gate.approvals, gate.expires),
        (GateBefore::Deploy, 2, Some(Span::from_secs(3600)))
    );
    assert_eq!(resolved.poll(&image("debian:jessie")), Span::from_secs(300));
    assert_eq!(resolved.poll(&image("10.77.0.1:5000/os:1")), Span::from_secs(10));
}

#[test]
fn what_the_file_does_not_say_has_its_default() {
    let setup = good().setup;
    let jobs = &setup.workloads[&"lab/jobs".parse().unwrap()];
    assert_eq!((jobs.soak, jobs.deadline), (Span::from_secs(60), Span::from_secs(300)));
    assert_eq!((jobs.on_failure, jobs.accept_running), (OnFailure::Stop, true));
    let runtime = &setup.recipes[&image("10.77.0.1:5000/runtime:1")];
    assert_eq!((runtime.dockerfile.as_str(), runtime.build_timeout), ("Dockerfile", Span::from_secs(1800)));
    assert_eq!(runtime.tests[0].kind, TestKind::Command);
    assert_eq!(setup.retention.logs, Span::from_secs(30 * 86_400));
    assert_eq!(setup.retention.logs, crate::model::setup::Retention::default().logs);
}

#[test]
fn an_empty_configuration_needs_only_its_version() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tidegate.toml");
    fs::write(&file, "version = 1\n").unwrap();
    let resolved = load(&file).unwrap();
    assert_eq!(resolved.state_dir, folder.path().join("state"));
    assert_eq!(resolved.socket, folder.path().join("state/tidegate.sock"));
    assert!(resolved.setup.build_edges && resolved.webhook.is_none() && resolved.warnings.is_empty());
}

#[test]
fn every_section_is_complete_with_its_required_keys() {
    let resolved = load(&fixtures().join("minimal.toml")).unwrap();
    let setup = &resolved.setup;
    let probe = &setup.workloads[&"lab/web".parse().unwrap()].probes[0];
    assert_eq!(
        (probe.status, probe.every, probe.timeout, probe.budget),
        (200, Span::from_secs(5), Span::from_secs(2), 0)
    );
    assert_eq!(setup.gates[&"prod".parse().unwrap()].approvals, 1);
    assert_eq!(setup.fleets[&"lab".parse().unwrap()].host, "unix:///var/run/docker.sock");
    assert_eq!(setup.registries[&"r.example".parse().unwrap()].poll, Span::from_secs(60));
    assert_eq!(setup.recipes[&image("r.example/os:1")].tests[0].timeout, Span::from_secs(300));
    let elsewhere = resolved.poll(&image("elsewhere.example/os:1"));
    assert_eq!(elsewhere, Span::from_secs(300), "a registry that the file does not name is asked less often");
    assert!(resolved.warnings.is_empty(), "{:?}", resolved.warnings);
}

#[test]
fn secrets_stay_out_of_everything_that_is_shown() {
    let resolved = good();
    assert_eq!(resolved.webhook.as_ref().unwrap().token.expose(), "t0ken");
    let credentials = &resolved.credentials[&"10.77.0.1:5000".parse().unwrap()];
    assert_eq!(credentials.password.expose(), "hunter2");
    let shown = format!(
        "{resolved:?}{}{}",
        describe(&resolved, &recipes::read(&resolved.setup)),
        serde_json::to_string(&resolved.setup).unwrap()
    );
    assert!(!shown.contains("hunter2") && !shown.contains("t0ken"));
}

#[test]
fn a_secret_that_others_may_read_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let (file, token) = (folder.path().join("tidegate.toml"), folder.path().join("webhook.token"));
    fs::write(&file, "version = 1\n[webhook]\nlisten = \"127.0.0.1:1\"\ntoken_file = \"webhook.token\"\n")
        .unwrap();
    fs::write(&token, "secret\n").unwrap();
    fs::set_permissions(&token, fs::Permissions::from_mode(0o644)).unwrap();
    let warnings = load(&file).unwrap().warnings;
    assert_eq!(
        warnings[0].shown(&file),
        "tidegate.toml:4: `token_file` in [webhook]: others may read webhook.token; run chmod 600 on it"
    );
    fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(load(&file).unwrap().warnings.is_empty());
}

#[test]
fn a_broken_dockerfile_and_an_unused_gate_are_warnings() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tidegate.toml");
    let context = fixtures().join("images/broken");
    let text = format!(
        "version = 1\n[gate.g]\nbefore = \"deploy\"\n[upstream.\"debian:9\"]\n[[recipe]]\nimage = \"r.example/x:1\"\ncontext = {:?}\n",
        context.display().to_string()
    );
    fs::write(&file, text).unwrap();
    let shown: Vec<String> =
        load(&file).unwrap().warnings.iter().map(|warning| warning.shown(&file)).collect();
    assert_eq!(
        shown,
        [
            "tidegate.toml:2: nothing uses the gate \"g\"; name it as `gate` of a recipe or workload",
            "tidegate.toml:4: nothing is built from the upstream debian:9; look at its spelling",
            "tidegate.toml:5: r.example/x:1 cannot be built now: read the Dockerfile, line 2: \"COYP\" is not an instruction; did you mean COPY?",
        ]
    );
}

#[test]
fn the_description_shows_everything_in_order() {
    let resolved = good();
    let text = describe(&resolved, &recipes::read(&resolved.setup));
    insta::assert_snapshot!(text.replace(&fixtures().display().to_string(), "FOLDER"));
}

#[test]
fn the_lineage_of_the_configuration_is_reported_as_a_tree_and_as_json() {
    let report =
        lineage_report(&["debian:jessie".to_owned(), "10.77.0.1:5000/web:1".to_owned()], Some(&good()))
            .unwrap();
    insta::assert_snapshot!(report.to_string().replace(&fixtures().display().to_string(), "FOLDER"));
    let report = lineage_report(&[fixtures().join("images").display().to_string()], None).unwrap();
    insta::assert_snapshot!(report.to_string().replace(&fixtures().display().to_string(), "FOLDER"));
    insta::assert_snapshot!(report.to_json().replace(&fixtures().display().to_string(), "FOLDER"));
    let missing = lineage_report(&["nowhere".to_owned()], Some(&good())).unwrap_err().to_string();
    assert_eq!(missing, "find \"nowhere\": it is no file, no folder, and no image of the configuration");
}

#[test]
fn a_channel_leads_to_its_target_and_its_secrets_stay_out_of_the_setup_and_of_debug() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    };
    write("url", "https://chat.example/hook/hunter2\n");
    write("key", "hunter3\n");
    let file = write(
        "tidegate.toml",
        "version = 1\n\n[upstream.\"debian:jessie\"]\nowner = \"os-team\"\n\n\
         [channel.chat]\nowner = \"os-team\"\nwebhook_file = \"url\"\nsecret_file = \"key\"\nevidence = true\n\n\
         [channel.page]\nowner = \"nobody\"\ncommand = [\"page\", \"--now\"]\ntimeout = \"3s\"\n",
    );
    let resolved = load(&file).unwrap();
    let chat = &resolved.setup.channels[&"chat".parse().unwrap()];
    assert_eq!(chat.owner.as_str(), "os-team");
    assert_eq!(chat.vendor_sees, crate::model::notices::VendorSees::Evidence);
    let page = &resolved.channels[&"page".parse().unwrap()];
    let argv = ["page", "--now"].map(str::to_owned).to_vec();
    assert_eq!(*page, crate::model::notices::Target::Command { argv, within: Span::from_secs(3) });
    assert!(!format!("{resolved:?}").contains("hunter"));
    let warned: Vec<String> = resolved.warnings.iter().map(|warning| warning.shown(&resolved.file)).collect();
    assert!(warned.iter().any(|said| said.contains("[channel.page] is of \"nobody\"")), "{warned:?}");
    assert!(!warned.iter().any(|said| said.contains("[channel.chat]")), "{warned:?}");
}

#[test]
fn a_pool_is_resolved_and_its_commands_stay_out_of_the_setup_and_of_debug() {
    let resolved = good();
    let workers = &resolved.setup.pools[&"workers".parse().unwrap()];
    assert_eq!(workers.waves, [WaveSize::Nodes(1), WaveSize::Percent(50)]);
    assert_eq!((workers.strategy, workers.max_unavailable, workers.failure_budget), (Strategy::Surge, 2, 1));
    assert_eq!(
        (workers.soak, workers.automatic_after),
        (Span::from_secs(120), Some(Span::from_secs(86_400)))
    );
    assert_eq!((workers.limits.shift, workers.limits.join), (Span::from_secs(600), Span::from_secs(600)));
    assert_eq!(workers.zones, ["b", "a"]);
    let metal = &resolved.setup.pools[&"metal".parse().unwrap()];
    assert_eq!((metal.strategy, metal.max_unavailable), (Strategy::InPlace, 1));
    assert_eq!(metal.waves, [WaveSize::Nodes(1), WaveSize::Percent(25), WaveSize::Percent(100)]);
    let commands = &resolved.provisioners[&"workers".parse().unwrap()];
    assert_eq!(commands.provision[0], fixtures().join("./machines").display().to_string());
    assert_eq!((commands.list[0].as_str(), commands.list_within), ("machines", Span::from_secs(60)));
    assert_eq!(commands.env["PASSWORD_FILE"].expose(), "hunter2");
    assert!(resolved.provisioners[&"metal".parse().unwrap()].provision.is_empty());
    let shown = serde_json::to_string(&resolved.setup).unwrap();
    assert!(!shown.contains("machines") && !shown.contains("hunter2") && !shown.contains("update-to"));
}

#[test]
fn releases_are_announced_with_a_token_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tidegate.toml");
    let keys = "listen = \"127.0.0.1:1\"\ntoken_file = \"registries\"\nrelease_token_file = \"releases\"\n";
    fs::write(&file, format!("version = 1\n[webhook]\n{keys}")).unwrap();
    for (name, secret) in [("registries", "one\n"), ("releases", "two\n")] {
        let path = folder.path().join(name);
        fs::write(&path, secret).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let webhook = load(&file).unwrap().webhook.unwrap();
    assert_eq!((webhook.token.expose(), webhook.release_token.unwrap().expose()), ("one", "two"));
    fs::write(folder.path().join("releases"), "one").unwrap();
    let error = load(&file).unwrap_err().to_string();
    assert!(
        error.contains("tidegate.toml:5") && error.contains("the same token for registries and for"),
        "{error}"
    );
}
