//! A sum over each row, since SQLite keeps none over its file: a byte that the disk changed is noticed, and never replayed.

/// FNV-1a with 64 bits (<http://www.isthe.com/chongo/tech/comp/fnv/>). Each step is a bijection, so that a change of a single byte
/// always changes the result; it is there against bad disks and not against people.
pub(super) fn sum(numbers: &[i64], text: &str) -> i64 {
    let numbers = numbers.iter().flat_map(|number| number.to_be_bytes());
    let hash = numbers.chain(text.bytes()).fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash.cast_signed()
}

#[cfg(test)]
mod tests {
    use super::sum;

    #[test]
    fn the_sum_is_the_published_one_and_covers_everything() {
        assert_eq!(sum(&[], "foobar").cast_unsigned(), 0x8594_4171_f739_67e8);
        let all = [sum(&[1, 2], "a"), sum(&[2, 1], "a"), sum(&[1, 2], "b"), sum(&[1], "a"), sum(&[1, 2], "")];
        assert!((1..all.len()).all(|n| !all[..n].contains(&all[n])));
    }
}
