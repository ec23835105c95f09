//! A passphrase for one run, for a person to read off a terminal and type.

use token_core::Entropy;
use token_core::entropy::NoEntropy;

/// 32 letters and digits that are not mistaken for one another, so that a byte's low five bits
/// choose one without bias.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const GROUPS: usize = 5;
const GROUP: usize = 4;

/// Five groups of four characters: 100 random bits.
pub(crate) fn generate(entropy: &dyn Entropy) -> Result<String, NoEntropy> {
    let mut bytes = [0_u8; GROUPS * GROUP];
    entropy.fill(&mut bytes)?;
    let letters: Vec<char> = bytes
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte & 31)))
        .map(|letter| char::from(*letter))
        .collect();
    let groups: Vec<String> = letters.chunks(GROUP).map(String::from_iter).collect();
    Ok(groups.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use token_core::SystemEntropy;

    #[test]
    fn five_groups_of_four_and_never_the_same() {
        let entropy = SystemEntropy::new();
        let passphrase = generate(&entropy).unwrap();
        let groups: Vec<_> = passphrase.split('-').collect();
        assert_eq!(groups.len(), 5);
        assert!(groups.iter().all(|group| group.len() == 4), "{passphrase}");
        assert_ne!(passphrase, generate(&entropy).unwrap());
    }
}
