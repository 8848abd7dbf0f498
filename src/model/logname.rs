//! The name of the file that holds an effect's log: one mapping for who writes it and who reads it.

use super::image::Digest;

/// Characters of a file name that are kept as they are; file systems take 255 bytes.
const NAME_CHARS: usize = 200;

/// The file in the state directory's `logs/` that holds the log `id` (`r42/image:web:1/build/1`); none when that is no id of a log.
///
/// 1. An id has letters, digits and `. _ - : /`, begins with a letter or digit, and has no empty, `.` or `..` part.
/// 2. `/` becomes `+`, which no id has, so that two ids never share a file and no id leaves the folder.
/// 3. What is longer than a file system takes is cut, and ends in a digest of the whole id.
pub fn file_name(id: &str) -> Option<String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':' | '/');
    let first = id.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
    let parts = id.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if !first || !parts || !id.chars().all(legal) {
        return None;
    }
    let name = id.replace('/', "+");
    if name.len() <= NAME_CHARS {
        return Some(format!("{name}.log"));
    }
    let digest = Digest::of(id.as_bytes());
    Some(format!("{}~{}.log", &name[..NAME_CHARS - 33], &digest.hex()[..32]))
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn a_log_of_an_effect_has_one_file() {
        let name = file_name("r42/image:10.0.0.1:5000/os:1/build/1");
        assert_eq!(name.as_deref(), Some("r42+image:10.0.0.1:5000+os:1+build+1.log"));
    }

    #[test]
    fn no_id_leaves_the_folder() {
        for id in
            ["", ".", "..", "../x", "r1/../../x", "/etc/passwd", "a//b", "a\0b", "a+b", "a~b", "a/", "ä"]
        {
            assert_eq!(file_name(id), None, "{id:?} was taken");
        }
    }

    #[test]
    fn long_ids_keep_files_of_their_own() {
        let names = ["a", "b"].map(|end| file_name(&format!("r1/{}{end}", "x".repeat(400))).unwrap());
        assert!(names[0] != names[1] && names.iter().all(|name| name.len() < 255));
    }
}
