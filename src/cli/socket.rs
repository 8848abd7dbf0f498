//! Where the daemon is.

use crate::config;
use std::path::{Path, PathBuf};

/// Where a packaged daemon listens.
const SYSTEM: &str = "/run/tidegate/tidegate.sock";
/// The configuration of the folder that one stands in.
const HERE: &str = "tidegate.toml";

/// The first that there is: what was typed, or stands in TIDEGATE_SOCKET; the configuration's; the system's.
pub fn socket(typed: Option<&Path>, config: Option<&Path>) -> PathBuf {
    if let Some(typed) = typed {
        return typed.to_owned();
    }
    let file = config.map_or_else(|| PathBuf::from(HERE), Path::to_owned);
    match file.exists().then(|| config::load(&file)) {
        Some(Ok(resolved)) => resolved.socket,
        // A configuration that is wrong is `tidegate check`'s to say; who asks for the status need not repair it first.
        Some(Err(_)) | None => PathBuf::from(SYSTEM),
    }
}
