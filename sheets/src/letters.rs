//! Columns as spreadsheets name them: A, B, ... Z, AA.

/// The letters of a column, counted from 0.
pub(crate) fn letters(column: usize) -> String {
    let mut name = String::new();
    let mut rest = column;
    loop {
        let letter = u8::try_from(rest % 26).unwrap_or_default();
        name.insert(0, char::from(b'A' + letter));
        if rest < 26 {
            return name;
        }
        rest = rest / 26 - 1;
    }
}

/// The column that the letters name, counted from 0. `None` where they are not one to three letters.
pub(crate) fn column(letters: &str) -> Option<usize> {
    let letters = letters.trim();
    if letters.is_empty() || letters.len() > 3 {
        return None;
    }
    let mut column = 0;
    for letter in letters.bytes() {
        if !letter.is_ascii_alphabetic() {
            return None;
        }
        column = column * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1;
    }
    Some(column - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_columns_are_each_others_inverse() {
        for (index, name) in
            [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ"), (702, "AAA")]
        {
            assert_eq!((letters(index).as_str(), column(name)), (name, Some(index)));
        }
        assert!((0..18_278).all(|index| column(&letters(index)) == Some(index)));
        assert_eq!(
            (column("aa"), column(""), column("A1"), column("ABCD"), column("ñ")),
            (Some(26), None, None, None, None)
        );
    }
}
