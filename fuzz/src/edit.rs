//! Random edits of bytes.

use random::streams::Stream;

/// One of `choices`.
pub(crate) fn pick<T: Copy>(random: &mut Stream, choices: &[T]) -> T {
    choices[random.below(choices.len() as u64) as usize]
}

/// True once in `n` times.
pub(crate) fn once_in(random: &mut Stream, n: u64) -> bool {
    random.below(n) == 0
}

/// A position in 0…`len`.
pub(crate) fn place(random: &mut Stream, len: usize) -> usize {
    random.below(len as u64 + 1) as usize
}

/// A number with a random number of digits, or a boundary value.
pub(crate) fn number(random: &mut Stream) -> u64 {
    const ENDS: &[u64] = &[0, 1, 1 << 16, 1 << 32, 1 << 62, 1 << 63, u64::MAX];
    match random.below(4) {
        0 => pick(random, ENDS).wrapping_add(random.below(3)).wrapping_sub(1),
        _ => {
            let shift = random.below(64);
            random.bits() >> shift
        }
    }
}

/// Edits `bytes`, `edits` times: single bytes, `words`, whole parts.
pub(crate) fn edit(bytes: &mut Vec<u8>, random: &mut Stream, edits: u64, words: &[&[u8]]) {
    for _ in 0..edits {
        let at = place(random, bytes.len());
        let most = 1 << random.below(8);
        let to = at + (random.below(most) as usize).min(bytes.len() - at);
        match random.below(10) {
            0 | 1 if !words.is_empty() => drop(bytes.splice(at..at, pick(random, words).iter().copied())),
            2 if !words.is_empty() => drop(bytes.splice(at..to, pick(random, words).iter().copied())),
            3 => drop(bytes.drain(at..to)),
            4 => {
                let part = bytes[at..to].to_vec();
                let elsewhere = place(random, bytes.len());
                bytes.splice(elsewhere..elsewhere, part);
            }
            5 if once_in(random, 4) => bytes.truncate(at),
            6 => {
                let eight = at..(at + 8).min(bytes.len());
                let number = number(random).to_le_bytes();
                bytes[eight.clone()].copy_from_slice(&number[..eight.len()]);
            }
            7 => bytes.insert(at, random.bits() as u8),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = match random.below(3) {
                        0 => random.bits() as u8,
                        1 => *byte ^ (1 << random.below(8)),
                        _ => byte.wrapping_add(random.below(3) as u8).wrapping_sub(1),
                    };
                }
            }
        }
    }
}
