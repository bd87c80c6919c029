//! What lots can be selected and ordered by: a closed list, each entry of which has an index that holds its rows in that order. A page
//! takes as long whatever there is beside it, wherever in the list it is.
//!
//! The statements are built from this table, tests walk it, and a caller is told of it who asks for what is not in it.

use std::fmt::Write as _;

use super::DonationItemOrder;
use crate::error::{Code, Error};

/// What lots are selected by. Each is an argument of `donationItems`, or some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filter {
    Category,
    Item,
    Donor,
    Donation,
    Location,
}

/// What lots are sorted by. Any of these runs both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    ReceivedOn,
    ExpiresOn,
    Code,
    Name,
}

/// A way of selecting lots.
pub(super) struct Selecting {
    pub(super) by: &'static [Filter],
    /// The orders in which they come, each with the index that serves it. Where `EXPIRES_ON` is among them, they can be selected by a
    /// range of it as well, in that order.
    pub(super) orders: &'static [(Key, &'static str)],
    /// The same where the caller sees goods of one kind only, if that takes other indexes: the others end in the kind, and look no
    /// further than the index for it.
    pub(super) of_one_kind: &'static [(Key, &'static str)],
    /// Whether a text may select among them, in the order of how well it fits. Then the index of `EXPIRES_ON` of their items serves.
    pub(super) text: bool,
}

/// The list.
pub(super) static SELECTING: &[Selecting] = &[
    Selecting {
        by: &[],
        orders: &[
            (Key::ReceivedOn, "lots_by_received"),
            (Key::ExpiresOn, "lots_by_expiry"),
            (Key::Code, "lots_code_key"),
            (Key::Name, "lots_by_name"),
        ],
        of_one_kind: &[
            (Key::ReceivedOn, "lots_by_kind_received"),
            (Key::ExpiresOn, "lots_by_kind_expiry"),
            (Key::Code, "lots_by_kind_code"),
            (Key::Name, "lots_by_kind_name"),
        ],
        text: true,
    },
    Selecting {
        by: &[Filter::Category],
        orders: &[
            (Key::ReceivedOn, "lots_by_category_received"),
            (Key::ExpiresOn, "lots_by_category_expiry"),
            (Key::Code, "lots_by_category_code"),
            (Key::Name, "lots_by_category_name"),
        ],
        of_one_kind: &[],
        text: true,
    },
    Selecting {
        by: &[Filter::Item],
        orders: &[(Key::ReceivedOn, "lots_by_item_received"), (Key::ExpiresOn, "lots_by_item_expiry")],
        of_one_kind: &[],
        text: false,
    },
    Selecting {
        by: &[Filter::Donor],
        orders: &[(Key::ReceivedOn, "lots_by_donor_received"), (Key::ExpiresOn, "lots_by_donor_expiry")],
        of_one_kind: &[],
        text: false,
    },
    Selecting {
        by: &[Filter::Category, Filter::Donor],
        orders: &[(Key::ReceivedOn, "lots_by_donor_category_received")],
        of_one_kind: &[],
        text: false,
    },
    Selecting {
        by: &[Filter::Donation],
        orders: &[(Key::ReceivedOn, "lots_by_donation_received"), (Key::Code, "lots_by_donation_code")],
        of_one_kind: &[],
        text: false,
    },
    Selecting {
        by: &[Filter::Location],
        orders: &[
            (Key::ReceivedOn, "balances_by_store_received"),
            (Key::ExpiresOn, "balances_by_store_expiry"),
            (Key::Code, "balances_by_store_code"),
            (Key::Name, "balances_by_store_name"),
        ],
        of_one_kind: &[],
        text: true,
    },
    Selecting {
        by: &[Filter::Category, Filter::Location],
        orders: &[
            (Key::ReceivedOn, "balances_by_category_received"),
            (Key::ExpiresOn, "balances_by_category_expiry"),
        ],
        of_one_kind: &[],
        text: false,
    },
    Selecting {
        by: &[Filter::Item, Filter::Location],
        orders: &[
            (Key::ReceivedOn, "balances_by_item_received"),
            (Key::ExpiresOn, "balances_by_item_expiry"),
        ],
        of_one_kind: &[],
        text: false,
    },
];

impl Filter {
    /// All, in the order in which [`SELECTING`] names them.
    pub(super) const ALL: [Self; 5] =
        [Self::Category, Self::Item, Self::Donor, Self::Donation, Self::Location];

    /// The argument.
    pub(super) fn argument(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Item => "item",
            Self::Donor => "donor",
            Self::Donation => "donation",
            Self::Location => "location",
        }
    }
}

impl Key {
    /// Its order from the smallest to the largest, and the other way round.
    fn orders(self) -> [DonationItemOrder; 2] {
        match self {
            Self::ReceivedOn => [DonationItemOrder::ReceivedOn, DonationItemOrder::ReceivedOnDesc],
            Self::ExpiresOn => [DonationItemOrder::ExpiresOn, DonationItemOrder::ExpiresOnDesc],
            Self::Code => [DonationItemOrder::Code, DonationItemOrder::CodeDesc],
            Self::Name => [DonationItemOrder::Name, DonationItemOrder::NameDesc],
        }
    }
}

impl Selecting {
    /// The one that selects by just these.
    pub(super) fn by(filters: &[Filter]) -> Result<&'static Self, Error> {
        SELECTING.iter().find(|selecting| selecting.by == filters).ok_or_else(|| {
            let mut message =
                format!("Lots are not selected by {} at once. They are selected by ", listed(filters));
            for (place, selecting) in
                SELECTING.iter().filter(|selecting| !selecting.by.is_empty()).enumerate()
            {
                let separator = if place > 0 { "; " } else { "" };
                let _infallible = write!(message, "{separator}{}", listed(selecting.by));
            }
            refused(message)
        })
    }

    /// Whether lots that are so selected come by a key.
    pub(super) fn sorts_by(&self, key: Key) -> bool {
        self.orders.iter().any(|(sorted, _)| *sorted == key)
    }

    /// The order that it does not have is refused, with those that it has.
    pub(super) fn no_order(&self) -> Error {
        let orders: Vec<&str> =
            self.orders.iter().flat_map(|(key, _)| key.orders()).map(DonationItemOrder::as_str).collect();
        refused(format!(
            "Lots that are selected by {} come in the orders {}",
            listed(self.by),
            orders.join(", ")
        ))
    }

    /// A range of expiry that cannot select among them is refused.
    pub(super) fn no_expiry(&self) -> Error {
        let message = if self.sorts_by(Key::ExpiresOn) {
            "Lots that are selected by their expiry come in the orders EXPIRES_ON, EXPIRES_ON_DESC, or as a text fits them".to_owned()
        } else {
            format!("Lots are not selected by {} and their expiry at once", listed(self.by))
        };
        refused(message)
    }

    /// A text that cannot select among them is refused.
    pub(super) fn no_text(&self) -> Error {
        let texts: Vec<String> = SELECTING
            .iter()
            .filter(|selecting| selecting.text && !selecting.by.is_empty())
            .map(|selecting| listed(selecting.by))
            .collect();
        refused(format!(
            "Lots are not selected by {} and a text at once. A text goes alone, or with {}",
            listed(self.by),
            texts.join(" or with ")
        ))
    }
}

fn listed(filters: &[Filter]) -> String {
    if filters.is_empty() {
        return "nothing else".to_owned();
    }
    filters.iter().map(|filter| filter.argument()).collect::<Vec<_>>().join(" and ")
}

pub(super) fn refused(message: String) -> Error {
    Error::new(Code::InvalidArgument, message + ".")
}

/// One of the ways in which `donationItems` selects and orders lots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Combination {
    /// The arguments that select.
    pub by: Vec<&'static str>,
    /// `orderBy`.
    pub order: &'static str,
    /// Whether a range of expiry may select among them as well.
    pub expiry: bool,
    /// The index that serves it.
    pub index: &'static str,
    /// The index that serves it for who sees goods of one kind only.
    pub of_one_kind: &'static str,
}

/// All ways in which `donationItems` selects and orders lots, but by a text.
pub fn combinations() -> Vec<Combination> {
    let mut all = Vec::new();
    for selecting in SELECTING {
        for (key, index) in selecting.orders {
            let other = selecting.of_one_kind.iter().find(|(other, _)| other == key);
            for order in key.orders() {
                all.push(Combination {
                    by: selecting.by.iter().map(|filter| filter.argument()).collect(),
                    order: order.as_str(),
                    expiry: *key == Key::ExpiresOn,
                    index,
                    of_one_kind: other.map_or(index, |(_, index)| index),
                });
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_of_selecting_is_there_once_and_can_be_asked_for() {
        for (place, selecting) in SELECTING.iter().enumerate() {
            let found = Selecting::by(selecting.by).unwrap();
            assert!(std::ptr::eq(found, selecting), "{place} is there twice");
            let in_order: Vec<Filter> =
                Filter::ALL.into_iter().filter(|filter| selecting.by.contains(filter)).collect();
            assert_eq!(in_order, selecting.by, "arguments are collected in the order of all");
            assert!(selecting.sorts_by(Key::ReceivedOn), "the order where none is asked for");
        }
    }

    #[test]
    fn what_is_not_there_is_refused_with_what_is() {
        let refused = Selecting::by(&[Filter::Category, Filter::Donation]).map(|_| ()).unwrap_err();
        assert_eq!(
            refused.message,
            "Lots are not selected by category and donation at once. They are selected by category; item; donor; category and donor; \
             donation; location; category and location; item and location."
        );
        let by_item = Selecting::by(&[Filter::Item]).unwrap();
        assert_eq!(
            by_item.no_order().message,
            "Lots that are selected by item come in the orders RECEIVED_ON, RECEIVED_ON_DESC, EXPIRES_ON, EXPIRES_ON_DESC."
        );
        assert_eq!(
            by_item.no_text().message,
            "Lots are not selected by item and a text at once. A text goes alone, or with category or with location."
        );
    }
}
