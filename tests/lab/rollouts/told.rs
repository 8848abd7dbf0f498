//! What the owner of the hosts and the owner of an app were told.

use super::pool::Rolling;
use serde_json::Value;
use std::fs;

/// Every notice that this owner got, oldest first.
pub fn notices(rolling: &Rolling, owner: &str) -> Vec<Value> {
    let text = fs::read_to_string(rolling.lab.home.join(owner)).unwrap_or_default();
    serde_json::Deserializer::from_str(&text).into_iter::<Value>().map(Result::unwrap).collect()
}

/// The notice of this occasion, which must have come once.
pub fn told(rolling: &Rolling, owner: &str, occasion: &str) -> Value {
    let mut all = notices(rolling, owner).into_iter().filter(|notice| notice["occasion"] == occasion);
    let first = all.next().unwrap_or_else(|| panic!("{owner} was not told ({occasion})"));
    assert!(all.next().is_none(), "{owner} was told twice ({occasion})");
    first
}

/// The vendor is told what of theirs failed and how, and nothing of the customer's; the customer is told which of their apps it hurt, what was
/// seen, and by which release. Both are told once that it was put back. All of it has arrived.
pub fn both_were_told(rolling: &Rolling, release: &str, app: &str, status: &Value) {
    let incident = &status["incidents"][0];
    let customer = format!("team-{app}");
    for occasion in ["opened", "put_back"] {
        let vendor = told(rolling, "host-team", occasion);
        assert_eq!(vendor["party"], "vendor", "{vendor:#}");
        assert_eq!(vendor["cause"], "workload_unhealthy_after_move", "{vendor:#}");
        assert!(vendor["text"].as_str().unwrap().contains(release), "{vendor:#}");
        assert_eq!(vendor["evidence"], serde_json::json!([]), "{vendor:#}");
        for word in [app, "lab/", "/health", ".1:5000"] {
            assert!(!vendor.to_string().contains(word), "the vendor sees {word}: {vendor:#}");
        }
        let customer = told(rolling, &customer, occasion);
        assert_eq!(customer["party"], "customer", "{customer:#}");
        let text = customer["text"].as_str().unwrap();
        assert!(text.contains(&format!("lab/{app}")) && text.contains(release), "{customer:#}");
        let evidence = customer["evidence"].to_string();
        assert!(evidence.contains("/health") && evidence.contains("probes failed"), "{customer:#}");
    }
    let told = incident["told"].as_array().unwrap();
    assert_eq!(told.len(), 4, "{told:#?}");
    assert!(told.iter().all(|one| one["mark"] == "good"), "{told:#?}");
    assert_eq!(
        (incident["vendor"].as_str(), incident["customer"].as_str()),
        (Some("host-team"), Some(&customer[..]))
    );
}
