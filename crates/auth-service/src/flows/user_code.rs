//! User codes (RFC 8628 section 6.1): what a person reads from a device and types. Eight letters
//! without vowels, so that no word comes out, and without letters that look like others.

use token_core::Entropy;
use token_core::entropy::NoEntropy;
use token_core::secret::SecretHash;

use super::Context;

const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const LENGTH: usize = 8;

/// A user code in its normal form: upper case, no hyphen.
#[derive(Clone, PartialEq, Eq)]
pub struct UserCode(String);

impl UserCode {
    /// A new one: 20 to the power of 8, about 34 bits.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
        let mut code = String::with_capacity(LENGTH);
        let mut bytes = [0_u8; 32];
        while code.len() < LENGTH {
            entropy.fill(&mut bytes)?;
            // 240 is the last multiple of 20 in a byte: each letter is as likely as the others.
            let letters = bytes.iter().filter(|byte| **byte < 240);
            let letters = letters.filter_map(|byte| ALPHABET.get(usize::from(*byte) % 20));
            code.extend(letters.take(LENGTH - code.len()).map(|b| char::from(*b)));
        }
        Ok(Self(code))
    }

    /// What a person typed: case, hyphens and spaces do not matter.
    pub fn parse(typed: &str) -> Option<Self> {
        let code: String = typed
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}'))
            .take(LENGTH + 1)
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let good = code.len() == LENGTH && code.bytes().all(|b| ALPHABET.contains(&b));
        good.then_some(Self(code))
    }

    /// As a person reads it: `XXXX-XXXX`.
    pub fn shown(&self) -> String {
        let (first, second) = self.0.split_at_checked(LENGTH / 2).unwrap_or((&self.0, ""));
        format!("{first}-{second}")
    }

    /// Under what it is kept. Keyed, since so short a code could be found from its plain hash.
    pub(super) fn hash(&self, context: &Context) -> SecretHash {
        SecretHash::of(&context.sealing.user_code.of(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use token_core::SystemEntropy;

    #[test]
    fn a_code_survives_being_read_aloud() {
        let code = UserCode::generate(&SystemEntropy::new()).unwrap();
        let shown = code.shown();
        assert_eq!(shown.len(), 9);
        for typed in [
            shown.clone(),
            shown.to_lowercase(),
            shown.replace('-', ""),
            shown.replace('-', " "),
            shown.replace('-', "\u{2013}"),
            format!("  {shown}\n"),
        ] {
            assert!(UserCode::parse(&typed) == Some(code.clone()), "{typed:?}");
        }
    }

    #[test]
    fn what_cannot_be_a_code_is_none() {
        for typed in [
            "",
            "BCDF-GHJ",
            "BCDF-GHJKL",
            "AEIO-UYAE",
            "BCDF-GHJ1",
            "BCDF-GHJ\u{212A}",
            "ＢＣＤＦＧＨＪＫ",
        ] {
            assert!(UserCode::parse(typed).is_none(), "{typed:?}");
        }
    }

    #[test]
    fn every_letter_comes_up() {
        let entropy = SystemEntropy::new();
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            seen.extend(UserCode::generate(&entropy).unwrap().0.into_bytes());
        }
        assert_eq!(seen.len(), ALPHABET.len());
    }
}
