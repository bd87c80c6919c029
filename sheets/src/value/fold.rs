//! Texts without what people write now so and now so.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// A text in lowercase, without accents (ñ becomes n) and with single spaces, for the comparison of codes and names.
/// Folding twice changes nothing more.
pub fn folded(text: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase() && !byte.is_ascii_control();
    let is_spaced = text.starts_with(' ') || text.ends_with(' ') || text.contains("  ");
    if text.bytes().all(is_plain) && !is_spaced {
        return Cow::Borrowed(text);
    }
    let letters =
        text.nfkd().flat_map(char::to_lowercase).nfkd().filter(|letter| !is_combining_mark(*letter));
    let letters: String = letters.collect();
    Cow::Owned(letters.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_accents_and_spaces_do_not_matter() {
        for (text, plain) in [
            ("  Artículo\u{a0}\n de   DOÑA ", "articulo de dona"),
            ("ALB-01", "alb-01"),
            ("Núm. º", "num. o"),
            ("Cu\u{301}bito", "cubito"),
            ("", ""),
        ] {
            assert_eq!(folded(text), plain);
        }
        assert!(matches!(folded("alb-01 norte"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in any::<String>()) {
            let once = folded(&text);
            prop_assert_eq!(folded(&once), once.clone());
        }
    }
}
