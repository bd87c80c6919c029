//! Parts that were sealed anew under another key of their person.
//!
//! A commitment is over the bytes that were sealed first, and final. So these lie whole within what is sealed anew, behind the key that
//! opens them: whoever opens it has the bytes that were committed to, and what they tell, and can see that one follows from the other.

use ring::aead::NONCE_LEN;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::journal::Part;
use crate::vault::{Key, Keys, Resealed, Turn};

/// What the content of a part begins with that was sealed anew. What was not begins with twelve random bytes.
const RESEALED: &[u8] = b"resealed/1";
/// How long a key is.
const KEY: usize = 32;

/// What a part of a class is sealed as.
pub(super) fn sealed_as(class: &str) -> String {
    format!("journal/{class}")
}

/// And as what, when it is sealed anew.
fn resealed_as(class: &str) -> String {
    format!("journal/{class}/resealed")
}

impl Part {
    /// Opens a part that tells of a person, sealed anew or not; `None` where their key was destroyed.
    pub(super) fn opened(&self, person: Uuid, keys: &Keys) -> Result<Option<Vec<u8>>> {
        let part = sealed_as(&self.class);
        let Some(resealed) = self.content.strip_prefix(RESEALED) else {
            return keys.open_bytes(person, &part, &self.content);
        };
        let Some(within) = keys.open_bytes(person, &resealed_as(&self.class), resealed)? else {
            return Ok(None);
        };
        let opened = within
            .split_at_checked(KEY)
            .and_then(|(key, committed)| Key::new(key).ok()?.open(person, &part, committed));
        opened.map(Some).ok_or_else(|| Error::internal("a part does not open with the key beside it"))
    }

    /// Its content under the new key of the person of whom it tells.
    pub(crate) fn resealed(&self, turn: &Turn, nonce: [u8; NONCE_LEN]) -> Result<Resealed> {
        let Some(person) = self.subject else { return Ok(Resealed::Before) };
        let within = resealed_as(&self.class);
        let resealed = match self.content.strip_prefix(RESEALED) {
            Some(resealed) => turn.reseal(person, &within, resealed, nonce),
            None => turn.enclose(person, (&sealed_as(&self.class), &within), &self.content, nonce),
        };
        Ok(match resealed? {
            Resealed::Now(bytes) => Resealed::Now([RESEALED, &bytes].concat()),
            as_it_is => as_it_is,
        })
    }
}

#[cfg(test)]
mod tests {
    use enlace_policies::Class;
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::journal::Change;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Renamed {
        to: String,
    }

    impl Change for Renamed {
        const NAME: &'static str = "census.renamed";
    }

    fn turned(part: &Part, old: u8, new: u8) -> Resealed {
        part.resealed(&Turn::new(vec![old; KEY], &[new; KEY]).unwrap(), [3; NONCE_LEN]).unwrap()
    }

    fn keys(person: Uuid, key: u8) -> Keys {
        Keys::of(person, Key::new(&[key; KEY]).unwrap())
    }

    #[test]
    fn a_part_goes_from_key_to_key_and_holds_what_was_committed_to() {
        let person = Uuid::from_u128(5);
        let renamed = Renamed { to: "Marie".to_owned() };
        let plain = Part::of(Class::Identity, Some(person), &renamed).unwrap();
        let first = plain.sealed(&keys(person, 1), [9; NONCE_LEN]).unwrap();
        let mut part = first.clone();
        for (old, new) in [(1, 2), (2, 3)] {
            let Resealed::Now(content) = turned(&part, old, new) else { panic!("from {old} to {new}") };
            // However often it is sealed anew, it grows once: by the prefix, a nonce, a tag and a key.
            assert_eq!(content.len(), first.content.len() + 70);
            part.content = content;
            assert_eq!(part.change(&keys(person, new)).unwrap().as_ref(), Some(&renamed));
            assert!(part.change::<Renamed>(&keys(person, old)).is_err());
            assert!(matches!(turned(&part, old, new), Resealed::Before));
        }
        let within =
            keys(person, 3).open_bytes(person, "journal/IDENTITY/resealed", &part.content[RESEALED.len()..]);
        assert_eq!(within.unwrap().unwrap()[KEY..], first.content);
        assert_eq!(part.change::<Renamed>(&Keys::default()).unwrap(), None, "the key is destroyed");
        assert!(matches!(turned(&part, 1, 2), Resealed::Never), "of other keys");
        assert!(matches!(turned(&first, 4, 5), Resealed::Never), "of other keys");
        assert!(matches!(turned(&first, 4, 1), Resealed::Before), "sealed under the new key from the start");
    }
}
