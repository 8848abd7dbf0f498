//! Who is at the other end of the control socket, as the kernel and the system's user list say.

use crate::model::Actor;
use crate::model::text::clean;

/// Login names are at most 32 characters on Linux (`useradd(8)`); other systems' lists may hold longer ones.
const NAME_CHARS: usize = 64;

/// The person behind a user id. Names come from `/etc/passwd`; who is only known to a directory service is `uid N`.
pub fn person(uid: u32) -> Actor {
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    Actor::Person { name: name_in(&users, uid).unwrap_or_else(|| format!("uid {uid}")), uid }
}

/// The first name for `uid` in a text of the form of `passwd(5)`.
fn name_in(users: &str, uid: u32) -> Option<String> {
    let line =
        users.lines().find(|line| line.split(':').nth(2).and_then(|id| id.parse().ok()) == Some(uid))?;
    let name = clean(line.split(':').next()?, NAME_CHARS);
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_called_as_the_list_says() {
        let users = "root:x:0:0:root:/root:/bin/sh\n# no user\nanna:x:1000:1000::/home/anna:/bin/sh\nb:x:1000:1::/:\n";
        assert_eq!(name_in(users, 1000).as_deref(), Some("anna"));
        assert_eq!(name_in(users, 0).as_deref(), Some("root"));
        assert_eq!(name_in(users, 5), None);
        assert_eq!(name_in("\u{1b}[2J:x:7:", 7), None);
    }

    #[test]
    fn who_is_in_no_list_is_called_by_number() {
        assert_eq!(
            person(4_000_000_001),
            Actor::Person { name: "uid 4000000001".to_owned(), uid: 4_000_000_001 }
        );
    }
}
