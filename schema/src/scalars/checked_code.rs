//! A code that people write down and type: seven random symbols of Crockford's base 32, and one that checks them. Households pick up
//! by one, and containers bear one.
//!
//! The check is a sum in GF(32), as the database has it (`is_checked_code`): a code that was typed with one slip, or with two
//! neighbours that changed places, is no code.

/// Crockford's alphabet, in which no two symbols are read for one another.
const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// How many symbols it has, the one that checks among them.
const LENGTH: usize = 8;

/// Twice a value of GF(32), by x⁵ + x² + 1.
fn twice(value: u8) -> u8 {
    let doubled = value << 1;
    if doubled > 31 { doubled ^ 0b10_0101 } else { doubled }
}

/// What the values come to; nothing, where they are a code.
fn total(values: impl IntoIterator<Item = u8>) -> u8 {
    values.into_iter().fold(0, |total, value| twice(total) ^ value)
}

/// The symbol of the lowest five bits of a value.
pub(crate) fn symbol_of(value: u8) -> char {
    SYMBOLS.get(usize::from(value & 31)).copied().map(char::from).unwrap_or_default()
}

/// The symbol that somebody meant by a letter: in whatever case, an O for a nought, an I or an L for a one.
pub(crate) fn symbol_meant(letter: char) -> char {
    match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    }
}

/// The code of random bytes.
pub(crate) fn code_of(random: [u8; LENGTH - 1]) -> String {
    let values = random.map(|byte| byte & 31);
    let check = total(values.into_iter().chain([0]));
    values.into_iter().chain([check]).map(symbol_of).collect()
}

/// The code that somebody typed: in whatever case, with spaces or hyphens, an O for a nought, an I or an L for a one. None, where it is
/// none: it has a slip.
pub(crate) fn read_code(typed: &str) -> Option<String> {
    let mut code = String::with_capacity(LENGTH);
    let mut values = Vec::with_capacity(LENGTH);
    for letter in typed.chars().filter(|letter| !matches!(letter, ' ' | '-')) {
        let symbol = symbol_meant(letter);
        let value = SYMBOLS.iter().position(|known| char::from(*known) == symbol)?;
        values.push(u8::try_from(value).ok()?);
        code.push(symbol);
    }
    (values.len() == LENGTH && total(values) == 0).then_some(code)
}

/// As it is printed for eyes: in two halves.
pub(crate) fn halved(code: &str) -> String {
    code.split_at_checked(LENGTH / 2)
        .map_or_else(|| code.to_owned(), |(first, rest)| format!("{first}-{rest}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_code_is_read_as_people_type_it(random: [u8; 7]) {
            let code = code_of(random);
            prop_assert_eq!(read_code(&code), Some(code.clone()));
            let typed = format!(" {} ", halved(&code).to_lowercase().replace('0', "o").replace('1', "l"));
            prop_assert_eq!(read_code(&typed), Some(code));
        }

        #[test]
        fn one_slip_is_found(random: [u8; 7], place in 0..8_usize, other in 0..32_usize) {
            let code = code_of(random);
            let mut slipped = code.clone().into_bytes();
            slipped[place] = SYMBOLS[other];
            let slipped = String::from_utf8(slipped).unwrap();
            prop_assert_eq!(read_code(&slipped).is_some(), slipped == code);
        }

        #[test]
        fn neighbours_that_changed_places_are_found(random: [u8; 7], place in 0..7_usize) {
            let code = code_of(random);
            let mut swapped = code.clone().into_bytes();
            swapped.swap(place, place + 1);
            let swapped = String::from_utf8(swapped).unwrap();
            prop_assert_eq!(read_code(&swapped).is_some(), swapped == code);
        }
    }

    #[test]
    fn the_database_makes_the_same_codes() {
        for made in ["A8TVNA59", "Y3TQ2EGR"] {
            assert_eq!(read_code(made).as_deref(), Some(made));
        }
    }

    #[test]
    fn what_is_no_code_is_none() {
        for typed in ["", "U0000000", "0000-000", "000000000", "código"] {
            assert_eq!(read_code(typed), None, "{typed}");
        }
    }
}
