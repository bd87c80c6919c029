//! The RFC, Mexico's number of a taxpayer: of a natural person, its form and its check digit. A foreigner may have one and needs none; the
//! generic ones say nothing of anybody (R24).

use chrono::NaiveDate;

/// How many characters that of a natural person has.
const LENGTH: usize = 13;
/// Where the characters stand of which the check digit is made.
const ALPHABET: &str = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ";
/// Those of the public at large, here and abroad.
const GENERIC: [&str; 2] = ["XAXX010101000", "XEXX010101000"];

/// Whether a text is the RFC of a natural person.
pub(super) fn is_rfc(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let [n1, n2, n3, n4, born @ .., h1, h2, check] = letters.as_slice() else { return false };
    let is_of_name = |letter: &char| letter.is_ascii_uppercase() || matches!(letter, 'Ñ' | '&');
    let is_plain = |letter: &char| letter.is_ascii_uppercase() || letter.is_ascii_digit();
    letters.len() == LENGTH
        && [n1, n2, n3, n4].into_iter().all(is_of_name)
        && is_date(&born.iter().collect::<String>())
        && [h1, h2].into_iter().all(is_plain)
        && check_digit(text) == Some(*check)
        && !GENERIC.contains(&text)
}

/// Whether six digits can be a date of birth, of whichever century.
fn is_date(digits: &str) -> bool {
    let all_digits = digits.bytes().all(|digit| digit.is_ascii_digit());
    let of = |century: u8| NaiveDate::parse_from_str(&format!("{century}{digits}"), "%Y%m%d").is_ok();
    all_digits && (of(19) || of(20))
}

/// The last character that an RFC of these first ones has.
pub(crate) fn check_digit(first: &str) -> Option<char> {
    let mut sum = 0;
    for (place, letter) in first.chars().take(LENGTH - 1).enumerate() {
        sum += ALPHABET.chars().position(|known| known == letter)? * (LENGTH - place);
    }
    match (11 - sum % 11) % 11 {
        10 => Some('A'),
        digit => char::from_digit(u32::try_from(digit).ok()?, 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_rfc_has_its_check_digit() {
        assert!(is_rfc("GODE561231GR8"));
        for digit in ('0'..='9').chain(['A']) {
            assert_eq!(is_rfc(&format!("GODE561231GR{digit}")), digit == '8', "{digit}");
        }
    }

    #[test]
    fn what_has_another_form_or_is_of_everybody_is_no_rfc_of_a_person() {
        for text in [
            "",
            "GODE561231GR",
            "gode561231gr8",
            "GODE561331GR8",
            "EKU9003173C9",
            "GODE561231GR88",
            GENERIC[0],
            GENERIC[1],
        ] {
            assert!(!is_rfc(text), "{text}");
        }
        // The check digit fits; the month, the day and the name do not.
        for first in ["GODE561331GR", "GODE560230GR", "G0DE561231GR"] {
            let whole = format!("{first}{}", check_digit(first).unwrap());
            assert!(!is_rfc(&whole), "{whole}");
        }
    }
}
