//! How to log in, as the configuration says it.

pub use crate::model::secret::Secret;

/// How to log in to a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The account.
    pub username: String,
    /// Its password or access token.
    pub password: Secret,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown() {
        let credentials = Credentials { username: "bob".into(), password: Secret::new("hunter2") };
        assert!(!format!("{credentials:?} {credentials:#?}").contains("hunter2"));
        assert_eq!(credentials.password.expose(), "hunter2");
    }
}
