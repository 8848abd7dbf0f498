//! Secrets, from files and environment variables.

use super::super::file::{File, WebhookFile};
use super::super::read::At;
use super::super::{Secret, Webhook};
use super::{Resolver, value};
use std::path::Path;

/// How the keys of a secret are called.
pub(super) struct Keys<'a> {
    pub(super) file: &'static str,
    pub(super) env: &'static str,
    pub(super) section: &'a str,
}

impl Resolver<'_> {
    pub(super) fn webhook(&mut self, file: &File) -> Option<Webhook> {
        let at = file.webhook.as_ref()?;
        let keys = Keys { file: "token_file", env: "token_env", section: "[webhook]" };
        let listen = value(at.value.listen.as_ref());
        let (from_file, from_env) = (at.value.token_file.as_ref(), at.value.token_env.as_ref());
        if from_file.or(from_env).is_none() {
            self.error(
                at.line,
                "[webhook] has no token, so anybody could send to it",
                "add `token_file` or `token_env`",
            );
        }
        let token = self.secret(from_file, from_env, &keys);
        let release_token = self.release_token(&at.value, token.as_ref());
        Some(Webhook { listen: listen?, token: token?, release_token })
    }

    /// Registries hold the other token: one that could announce releases too would be a surprise.
    fn release_token(&mut self, file: &WebhookFile, registries: Option<&Secret>) -> Option<Secret> {
        let keys = Keys { file: "release_token_file", env: "release_token_env", section: "[webhook]" };
        let (from_file, from_env) = (file.release_token_file.as_ref(), file.release_token_env.as_ref());
        let token = self.secret(from_file, from_env, &keys)?;
        if registries.is_some_and(|other| other.expose() == token.expose()) {
            let line = from_file.or(from_env).map_or(0, |at| at.line);
            self.error(
                line,
                "[webhook] has the same token for registries and for releases",
                "make another token for those who announce releases",
            );
        }
        Some(token)
    }

    /// A secret from one of its two places.
    pub(super) fn secret(
        &mut self,
        from_file: Option<&At<String>>,
        from_env: Option<&At<String>>,
        keys: &Keys<'_>,
    ) -> Option<Secret> {
        let text = match (from_file, from_env) {
            (Some(file), Some(_)) => {
                let (a, b) = (keys.file, keys.env);
                self.error(
                    file.line,
                    format!("{} has both `{a}` and `{b}`", keys.section),
                    "keep one of them",
                );
                return None;
            }
            (Some(file), None) => self.secret_file(file, keys)?,
            (None, Some(name)) => self.secret_env(name, keys)?,
            (None, None) => return None,
        };
        let text = text.trim();
        if text.is_empty() {
            let line = from_file.or(from_env).map_or(0, |at| at.line);
            self.error(
                line,
                format!("the secret of {} is empty", keys.section),
                "put the token or password there",
            );
            return None;
        }
        Some(Secret::new(text))
    }

    fn secret_file(&mut self, file: &At<String>, keys: &Keys<'_>) -> Option<String> {
        let path = self.path(&file.value);
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                if readable_by_others(&path) {
                    let message =
                        format!("`{}` in {}: others may read {}", keys.file, keys.section, file.value);
                    self.warning(file.line, message, "run chmod 600 on it");
                }
                Some(text)
            }
            Err(error) => {
                let message =
                    format!("`{}` in {}: cannot read {}: {error}", keys.file, keys.section, file.value);
                self.error(file.line, message, "it is relative to this file");
                None
            }
        }
    }

    fn secret_env(&mut self, name: &At<String>, keys: &Keys<'_>) -> Option<String> {
        let text = (self.env)(&name.value);
        if text.is_none() {
            let message =
                format!("`{}` in {}: the environment has no variable {}", keys.env, keys.section, name.value);
            self.error(name.line, message, "set it where Tidegate is started");
        }
        text
    }
}

/// Whether the group or everybody may read a file.
fn readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o044 != 0)
}
