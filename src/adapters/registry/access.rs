//! What it takes to be let into a registry.

pub use crate::model::secret::Secret;

/// Who we are to a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A user with a password or an access token.
    Password {
        /// The user's name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// An identity token, as a credential helper gives it under the user `<token>`: exchanged by OAuth 2 for access tokens.
    IdentityToken(Secret),
}

impl Credentials {
    /// What tells one identity from another in the token cache; not a secret.
    pub(super) fn identity(&self) -> &str {
        match self {
            Self::Password { user, .. } => user,
            Self::IdentityToken(_) => "<token>",
        }
    }
}

/// How one registry is spoken to. The default: TLS, and nobody in particular.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RegistryAccess {
    /// Plain HTTP, because the operator says so.
    pub insecure: bool,
    /// Who we are there.
    pub credentials: Option<Credentials>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_debug_output_shows_a_secret() {
        let access = RegistryAccess {
            insecure: false,
            credentials: Some(Credentials::Password {
                user: "eve".to_owned(),
                password: Secret::new("hunter2"),
            }),
        };
        let shown = format!("{access:?} {:?}", Credentials::IdentityToken(Secret::new("hunter2")));
        assert!(shown.contains("eve") && !shown.contains("hunter2"), "{shown}");
    }
}
