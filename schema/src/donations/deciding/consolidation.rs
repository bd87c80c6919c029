//! Where goods that are about to expire are still used in time.
//!
//! What expires first is given out first, so that a store uses of its own lots what its pace allows until the day of each. The rest
//! of a lot goes to stores that still have room before that day: first to the one that has most. Room is counted so that nothing that is
//! sent makes something expire that the store would else have used itself.

/// What a store gives out: so much in so many days.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) consumed: i64,
    pub(super) observed: i64,
    /// Whether it takes goods from others: the store of a shelter does.
    pub(super) takes: bool,
}

/// A lot in a store, and for how many days it can be given out yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expiring {
    /// Which of the stores.
    pub(super) store: usize,
    pub(super) days: i64,
    pub(super) quantity: i64,
}

/// A part of a lot, and the store that uses it in time; none where no store does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sent {
    /// Which of the lots.
    pub(super) lot: usize,
    pub(super) to: Option<usize>,
    pub(super) quantity: i64,
}

/// What a store will have given out, lot by lot: the days that each can wait, and how much of it.
struct Plan {
    pace: Pace,
    uses: Vec<(i64, i64)>,
}

impl Plan {
    /// How much more it can use within so many days, without keeping it from what it uses later.
    fn room(&self, days: i64) -> i64 {
        let later = self.uses.iter().map(|(until, _)| *until).filter(|until| *until > days);
        let left = |until: i64| {
            let paced = self.pace.consumed.saturating_mul(until) / self.pace.observed.max(1);
            let used: i64 =
                self.uses.iter().filter(|(by, _)| *by <= until).map(|(_, quantity)| *quantity).sum();
            paced - used
        };
        later.chain([days]).map(left).min().unwrap_or_default().max(0)
    }

    fn take(&mut self, days: i64, quantity: i64) -> i64 {
        let taken = quantity.min(self.room(days));
        if taken > 0 {
            self.uses.push((days, taken));
        }
        taken
    }
}

/// What of lots of one item, which come in the order of their expiry, is sent where.
pub(super) fn consolidate(stores: &[Pace], lots: &[Expiring]) -> Vec<Sent> {
    let mut plans: Vec<Plan> = stores.iter().map(|pace| Plan { pace: *pace, uses: Vec::new() }).collect();
    let mut rests = Vec::with_capacity(lots.len());
    for lot in lots {
        let own = plans.get_mut(lot.store).map_or(0, |plan| plan.take(lot.days, lot.quantity));
        rests.push(lot.quantity - own);
    }
    let mut sent = Vec::new();
    for ((place, lot), mut rest) in lots.iter().enumerate().zip(rests) {
        let mut takers: Vec<(i64, usize)> = plans
            .iter()
            .enumerate()
            .filter(|(store, plan)| *store != lot.store && plan.pace.takes)
            .map(|(store, plan)| (plan.room(lot.days), store))
            .collect();
        takers.sort_by_key(|(room, store)| (std::cmp::Reverse(*room), *store));
        for (_, store) in takers {
            let taken = plans.get_mut(store).map_or(0, |plan| plan.take(lot.days, rest));
            if taken > 0 {
                sent.push(Sent { lot: place, to: Some(store), quantity: taken });
                rest -= taken;
            }
        }
        if rest > 0 {
            sent.push(Sent { lot: place, to: None, quantity: rest });
        }
    }
    sent
}

#[cfg(test)]
mod tests {
    use super::{Expiring, Pace, Sent, consolidate};

    fn pace(consumed: i64, observed: i64) -> Pace {
        Pace { consumed, observed, takes: true }
    }

    fn lot(store: usize, days: i64, quantity: i64) -> Expiring {
        Expiring { store, days, quantity }
    }

    #[test]
    fn what_a_store_does_not_use_in_time_goes_where_it_is_used() {
        // The first gives out one a day, the second three, the third none; the warehouse takes nothing.
        let warehouse = Pace { takes: false, ..pace(900, 1) };
        let stores = [pace(28, 28), pace(84, 28), pace(0, 28), warehouse];
        // Of twelve in the first, five are used there in five days; the second uses seven.
        let sent = |to, quantity| Sent { lot: 0, to, quantity };
        assert_eq!(consolidate(&stores, &[lot(0, 5, 12)]), [sent(Some(1), 7)]);
        // Of forty in the third nobody uses all: fifteen, five, and twenty that are to be given out otherwise.
        assert_eq!(
            consolidate(&stores, &[lot(2, 5, 40)]),
            [sent(Some(1), 15), sent(Some(0), 5), sent(None, 20)]
        );
        // The second has thirty of its own that expire in ten days: it needs each of these days, and takes nothing.
        let sent = consolidate(&stores, &[lot(2, 5, 4), lot(1, 10, 30)]);
        assert_eq!(sent, [Sent { lot: 0, to: Some(0), quantity: 4 }]);
        assert_eq!(consolidate(&stores, &[lot(1, 5, 15)]), []);
    }

    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: u64) -> i64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut bits = self.0;
            bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            i64::try_from((bits ^ (bits >> 31)) % sides).unwrap()
        }
    }

    /// Whatever is sent is used in time, and nothing is sent that its own store would have used.
    #[test]
    fn nothing_is_sent_in_vain_or_at_the_cost_of_others() {
        let mut dice = Dice(11);
        for _ in 0..20_000 {
            let stores: Vec<Pace> = (0..=dice.roll(5))
                .map(|_| Pace { takes: dice.roll(4) > 0, ..pace(dice.roll(60), 1 + dice.roll(28)) })
                .collect();
            let places = stores.len() as u64;
            let mut lots: Vec<Expiring> = (0..dice.roll(7))
                .map(|_| {
                    lot(usize::try_from(dice.roll(places)).unwrap(), 1 + dice.roll(14), 1 + dice.roll(90))
                })
                .collect();
            lots.sort_by_key(|lot| lot.days);
            let sent = consolidate(&stores, &lots);
            let gone = |place: usize| {
                sent.iter().filter(|sent| sent.lot == place).map(|sent| sent.quantity).sum::<i64>()
            };
            let mut used: Vec<Vec<(i64, i64)>> = vec![Vec::new(); stores.len()];
            for (place, lot) in lots.iter().enumerate() {
                assert!((0..=lot.quantity).contains(&gone(place)), "{stores:?} {lots:?} {sent:?}");
                used[lot.store].push((lot.days, lot.quantity - gone(place)));
            }
            for sent in &sent {
                assert!(sent.quantity > 0);
                if let Some(to) = sent.to {
                    assert!(to != lots[sent.lot].store && stores[to].takes);
                    used[to].push((lots[sent.lot].days, sent.quantity));
                }
            }
            // At each day, what is used until then is no more than the pace allows.
            for (store, used) in stores.iter().zip(&used) {
                for (day, _) in used {
                    let until: i64 =
                        used.iter().filter(|(by, _)| by <= day).map(|(_, quantity)| *quantity).sum();
                    assert!(until <= store.consumed * day / store.observed, "{stores:?} {lots:?} {sent:?}");
                }
            }
            // What nobody uses, nobody could: whoever takes is busy until that day.
            for sent in sent.iter().filter(|sent| sent.to.is_none()) {
                let days = lots[sent.lot].days;
                for (store, used) in stores.iter().zip(&used).filter(|(store, _)| store.takes) {
                    let busy =
                        used.iter().map(|(by, _)| *by).chain([days]).filter(|by| *by >= days).any(|by| {
                            let until: i64 = used
                                .iter()
                                .filter(|(day, _)| *day <= by)
                                .map(|(_, quantity)| *quantity)
                                .sum();
                            until >= store.consumed * by / store.observed
                        });
                    assert!(busy, "{stores:?} {lots:?} {sent:?}");
                }
            }
        }
    }
}
