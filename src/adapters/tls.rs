//! The one cryptography provider of the process.

use std::sync::Once;

/// Makes ring the provider of every TLS connection; to be called before the first HTTP client is made, any number of times.
pub fn install_provider() {
    static ONCE: Once = Once::new();
    // An error says that somebody installed one before, which serves as well.
    ONCE.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}
