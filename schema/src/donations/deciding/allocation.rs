//! How a shortage is shared: a rule that anyone can check by hand.
//!
//! Where there is enough, each gets what it needs, and the rest is left. Where there is not, each gets its part in proportion to
//! its need, whole units first: the exact part, rounded down. The units that are then left go one each to those whose part was rounded
//! down by most; where that is equal, to whoever needs more, and where that is equal too, to whoever comes first.
//!
//! So what there is is given to the last unit, nobody gets more than it needs, whoever needs more gets no less, and nobody gets less
//! because it needs more than before. (Of a larger quantity a part can be smaller by one: that is the price of whole units.)

/// A part of what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// What it gets.
    pub(super) share: i32,
    /// Whether one unit of it was left over by rounding.
    pub(super) rounded_up: bool,
}

/// Shares a quantity over needs, none of which is negative, in their order.
pub(super) fn allocate(quantity: i32, needs: &[i32]) -> Vec<Part> {
    let quantity = i64::from(quantity.max(0));
    let needed: i64 = needs.iter().map(|need| i64::from(*need)).sum();
    if quantity >= needed {
        return needs.iter().map(|need| Part { share: *need, rounded_up: false }).collect();
    }
    // Of the product of two numbers of 31 bits, and the sum of needs, nothing is lost.
    let exact = |need: i32| (quantity * i64::from(need) / needed, quantity * i64::from(need) % needed);
    let mut left = quantity;
    let mut parts: Vec<(usize, i32, i64, Part)> = Vec::with_capacity(needs.len());
    for (place, need) in needs.iter().enumerate() {
        let (whole, rest) = exact(*need);
        left -= whole;
        // A part is no larger than its need, which fits.
        let share = i32::try_from(whole).unwrap_or(*need);
        parts.push((place, *need, rest, Part { share, rounded_up: false }));
    }
    parts.sort_by_key(|(place, need, rest, _)| (std::cmp::Reverse((*rest, *need)), *place));
    for (.., rest, part) in &mut parts {
        if left > 0 && *rest > 0 {
            part.share += 1;
            part.rounded_up = true;
            left -= 1;
        }
    }
    parts.sort_by_key(|(place, ..)| *place);
    parts.into_iter().map(|(.., part)| part).collect()
}

#[cfg(test)]
mod tests {
    use super::allocate;

    fn shares(quantity: i32, needs: &[i32]) -> Vec<i32> {
        allocate(quantity, needs).iter().map(|part| part.share).collect()
    }

    #[test]
    fn a_shortage_by_hand() {
        // 100 of 250: 40, 38.4, 16.8 and 4.8, which are 40, 38, 16 and 4; two are left, for .8 and .8.
        assert_eq!(shares(100, &[100, 96, 42, 12]), [40, 38, 17, 5]);
        // As much rounded off each: to whoever needs more, then to whoever comes first.
        assert_eq!(shares(1, &[1, 1, 1]), [1, 0, 0]);
        assert_eq!(shares(2, &[1, 3]), [0, 2]);
        assert_eq!(shares(7, &[]), Vec::<i32>::new());
        assert_eq!(shares(0, &[5, 5]), [0, 0]);
        assert_eq!(shares(-3, &[5]), [0]);
        assert_eq!(shares(50, &[5, 0, 7]), [5, 0, 7]);
        assert_eq!(shares(i32::MAX, &[i32::MAX, i32::MAX]), [1_073_741_824, 1_073_741_823]);
    }

    /// Chance that is the same in every run.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: u64) -> i32 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut bits = self.0;
            bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            i32::try_from((bits ^ (bits >> 31)) % sides).unwrap()
        }
    }

    /// Of small numbers, where ties and remainders are many, and of large ones.
    #[test]
    fn it_is_exact_never_above_need_and_monotone() {
        let mut dice = Dice(7);
        for round in 0..60_000u32 {
            let most = [4, 40, 1_000, 1_000_000_000][round as usize % 4];
            let needs: Vec<i32> = (0..dice.roll(9)).map(|_| dice.roll(most)).collect();
            let quantity = dice.roll(most * 2);
            let given = shares(quantity, &needs);
            let needed: i64 = needs.iter().map(|need| i64::from(*need)).sum();
            let sum: i64 = given.iter().map(|share| i64::from(*share)).sum();
            assert_eq!(sum, needed.min(i64::from(quantity)), "{quantity} over {needs:?}: {given:?}");
            for (need, share) in needs.iter().zip(&given) {
                assert!((0..=*need).contains(share), "{quantity} over {needs:?}: {given:?}");
                // Nobody is further from the exact part than one unit.
                let exact = i64::from(quantity) * i64::from(*need);
                let off = i64::from(*share) * needed.max(1) - exact.min(i64::from(*need) * needed.max(1));
                assert!(off.abs() < needed.max(1), "{quantity} over {needs:?}: {given:?}");
            }
            for (a, b) in (0..needs.len()).flat_map(|a| (0..needs.len()).map(move |b| (a, b))) {
                assert!(needs[a] <= needs[b] || given[a] >= given[b], "{quantity} over {needs:?}: {given:?}");
            }
            // Whoever needs more than before gets no less.
            if let Some(one) =
                (!needs.is_empty()).then(|| usize::try_from(dice.roll(needs.len() as u64)).unwrap())
            {
                let mut more = needs.clone();
                more[one] = more[one].saturating_add(1 + dice.roll(most));
                let then = shares(quantity, &more);
                assert!(
                    then[one] >= given[one],
                    "{quantity} over {needs:?} and {more:?}: {given:?} {then:?}"
                );
            }
        }
    }
}
