//! GTINs: the numbers below the bars.

/// Whether a text is a GTIN of 8, 12, 13 or 14 digits whose last checks the others. The database holds the same (`is_gtin`).
pub(super) fn is_gtin(text: &str) -> bool {
    if !matches!(text.len(), 8 | 12..=14) || !text.bytes().all(|digit| digit.is_ascii_digit()) {
        return false;
    }
    // From the right, every second digit counts three times.
    let weighed = text.bytes().rev().zip([1, 3].into_iter().cycle());
    let sum: u32 = weighed.map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::is_gtin;

    #[test]
    fn the_last_digit_checks_the_others() {
        for good in ["96385074", "036000291452", "4006381333931", "7501000111206", "10012345678902"] {
            assert!(is_gtin(good), "{good}");
            for place in 0..good.len() {
                let mut digits: Vec<u8> = good.bytes().collect();
                digits[place] = b'0' + (digits[place] - b'0' + 1) % 10;
                assert!(
                    !is_gtin(std::str::from_utf8(&digits).unwrap()),
                    "{good} with another digit at {place}"
                );
            }
        }
    }

    #[test]
    fn other_texts_are_none() {
        for text in
            ["", "0", "9638507", "963850741", "40063813339310", "4006381 33393", "٩٦٣٨٥٠٧٤", "CAFE-0001"]
        {
            assert!(!is_gtin(text), "{text}");
        }
    }
}
