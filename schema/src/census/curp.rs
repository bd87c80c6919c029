//! The CURP, Mexico's key of population registry: its form, its check digit, and the date of birth that it states.
//!
//! A foreigner may have one, whose birthplace is `NE`, and needs none (R24).

use crate::scalars::PartialDate;

/// How many characters it has.
const LENGTH: usize = 18;
/// Where the letters and digits stand of which the check digit is made.
const ALPHABET: &str = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ";
/// The federal entities of birth; `NE` is a birth abroad.
const ENTITIES: &[&str] = &[
    "AS", "BC", "BS", "CC", "CH", "CL", "CM", "CS", "DF", "DG", "GR", "GT", "HG", "JC", "MC", "MN", "MS",
    "NE", "NL", "NT", "OC", "PL", "QR", "QT", "SL", "SP", "SR", "TC", "TL", "TS", "VZ", "YN", "ZS",
];

/// The date of birth that a CURP states; none where the text is no CURP.
pub(super) fn born_on(curp: &str) -> Option<PartialDate> {
    if curp.len() != LENGTH || !curp.is_ascii() || check_digit(curp)? != curp.chars().last()? {
        return None;
    }
    let (name, rest) = curp.split_at_checked(4)?;
    let (date, rest) = rest.split_at_checked(6)?;
    let (sex, rest) = rest.split_at_checked(1)?;
    let (entity, rest) = rest.split_at_checked(2)?;
    let (consonants, rest) = rest.split_at_checked(3)?;
    let sound = name.bytes().all(|letter| letter.is_ascii_uppercase())
        && matches!(sex, "H" | "M" | "X")
        && ENTITIES.contains(&entity)
        && consonants.bytes().all(|letter| letter.is_ascii_uppercase() && !b"AEIOU".contains(&letter));
    if !sound || !date.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    // A digit tells those born before the year 2000 apart from others, who have a letter.
    let century = match rest.chars().next()? {
        '0'..='9' => 1900,
        'A'..='Z' => 2000,
        _ => return None,
    };
    let two = |from: usize| date.get(from..from + 2)?.parse::<u8>().ok();
    PartialDate::new(century + u16::from(two(0)?), Some(two(2)?), Some(two(4)?))
}

/// The last character that a CURP of these first ones has.
pub(crate) fn check_digit(first: &str) -> Option<char> {
    let mut sum = 0;
    for (place, letter) in first.chars().take(LENGTH - 1).enumerate() {
        sum += ALPHABET.chars().position(|known| known == letter)? * (LENGTH - place);
    }
    char::from_digit(u32::try_from((10 - sum % 10) % 10).ok()?, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(curp: &str) -> Option<String> {
        born_on(curp).map(|date| date.to_string())
    }

    /// Births abroad and in Mexico, of either century.
    #[test]
    fn a_curp_states_a_date_of_birth() {
        for (curp, born) in [
            ("BOXW310820HNERXN09", "1931-08-20"),
            ("BADD110313HCMLNSA6", "2011-03-13"),
            ("XEXX010101HNEXXXA4", "2001-01-01"),
        ] {
            assert_eq!(read(curp).as_deref(), Some(born), "{curp}");
        }
    }

    #[test]
    fn whatever_is_slipped_in_one_place_is_no_curp() {
        let curp = "BOXW310820HNERXN09";
        let digits = '0'..='9';
        for place in 0..LENGTH {
            let written = curp.chars().nth(place).unwrap();
            for other in digits.clone().chain('A'..='Z').filter(|other| *other != written) {
                let slipped: String = curp
                    .chars()
                    .enumerate()
                    .map(|(at, letter)| if at == place { other } else { letter })
                    .collect();
                // Of two letters that are a multiple of ten apart the check digit cannot tell.
                let apart = |letter: char| ALPHABET.chars().position(|known| known == letter).unwrap();
                let weighed = (LENGTH - place) * apart(written).abs_diff(apart(other));
                let told = place == LENGTH - 1 || !weighed.is_multiple_of(10);
                assert!(!told || read(&slipped).is_none(), "{slipped}");
            }
        }
    }

    #[test]
    fn what_has_another_form_is_no_curp() {
        for text in
            ["", "BOXW310820HNERXN0", "BOXW310820HNERXN099", "boxw310820hnerxn09", "ÑOXW310820HNERXN0"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        // The check digit fits; the month, the sex, the entity and the consonants do not.
        for first in ["BOXW311320HNERXN0", "BOXW310820ZNERXN0", "BOXW310820HZZRXN0", "BOXW310820HNEAXN0"] {
            let whole = format!("{first}{}", check_digit(first).unwrap());
            assert_eq!(read(&whole), None, "{whole}");
        }
    }
}
