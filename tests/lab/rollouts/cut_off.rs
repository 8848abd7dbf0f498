//! A release whose nodes forward nothing: all is well for the engine, and nobody reaches an app.

use super::pool::Rolling;
use super::taking::is_taken_back;

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn a_release_that_breaks_the_network_is_taken_back() {
    let rolling = Rolling::begin("a release that breaks the network", ToOwned::to_owned);
    is_taken_back(&rolling, 1, "breaks-network");
}
