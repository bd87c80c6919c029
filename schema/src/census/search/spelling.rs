//! How names are compared. The same name is written in many ways: with or without accents, in French or in Haitian Creole
//! (Baptiste, Batis), by ear by somebody who speaks Spanish, in another order, with particles joined or left out. Two of its ways
//! meet where they are spelt alike once all that is taken away, or where they may sound alike.
//!
//! It is pure; what it gives is hashed and kept, so a change of any of it needs another [`super::RULES`].

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Words that belong to the next one, and are as often left out or joined to it: `de la Cruz`, `Delacruz`.
const PARTICLES: [&str; 18] = [
    "d", "da", "de", "del", "des", "do", "dos", "du", "e", "l", "la", "las", "le", "les", "lo", "los", "van",
    "y",
];
/// Of a saint: `Saint-Louis`, `St Louis`, `Sen Lwi`.
const SAINTS: [&str; 10] = ["saint", "sainte", "san", "santa", "santo", "sen", "sent", "sente", "st", "ste"];
const SAINT: &str = "saint";

/// The parts of a name in the order in which they stand, each with the ways in which it may be spelt.
pub(super) fn parts(name: &str) -> Vec<BTreeSet<String>> {
    let plain = plain(name);
    let mut parts: Vec<BTreeSet<String>> = Vec::new();
    let mut before = String::new();
    for word in plain.split_whitespace() {
        if SAINTS.contains(&word) {
            before.push_str(SAINT);
        } else if PARTICLES.contains(&word) {
            before.push_str(word);
        } else {
            let joined = std::mem::take(&mut before) + word;
            parts.push([word.to_owned(), joined].into());
        }
    }
    // What else looks like a particle and has nothing behind it is a name, the whole one perhaps.
    if parts.is_empty() && !before.is_empty() {
        parts.push([before].into());
    }
    // An initial tells nothing beside the names that are written out.
    let is_initial = |part: &BTreeSet<String>| part.iter().all(|spelt| spelt.chars().count() == 1);
    if !parts.iter().all(is_initial) {
        parts.retain(|part| !is_initial(part));
    }
    parts
}

/// Small letters and digits, words apart by spaces: without accents, apostrophes and whatever else stands between.
fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for letter in name.nfkd().flat_map(char::to_lowercase).filter(|letter| !is_combining_mark(*letter)) {
        match letter {
            'œ' => plain.push_str("oe"),
            'æ' => plain.push_str("ae"),
            'ß' => plain.push_str("ss"),
            'ø' => plain.push('o'),
            'ł' => plain.push('l'),
            'đ' => plain.push('d'),
            'ı' => plain.push('i'),
            '\'' | '’' | '‘' | 'ʼ' | 'ʻ' | '`' | '´' => {}
            letter if letter.is_alphanumeric() => plain.push(letter),
            _ => plain.push(' '),
        }
    }
    plain
}

/// A number as it is printed on a paper, in its letters and digits alone.
pub(super) fn number(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect()
}

/// In which way an ambiguous letter is read.
#[derive(Clone, Copy)]
struct Reading {
    /// `g` before `e`, `i` and `y` as in French, not as in Creole.
    soft_g: bool,
    /// `u` as in French, which Creole writes `i`; not as `ou`.
    narrow_u: bool,
    /// `y` and `i` before a vowel at the beginning as `j`.
    hard_y: bool,
}

/// What a part of a name in Latin letters may sound like; of others nothing is known.
pub(super) fn sounds(spelt: &str) -> BTreeSet<String> {
    if spelt.is_empty() || !spelt.bytes().all(|letter| letter.is_ascii_lowercase()) {
        return BTreeSet::new();
    }
    let both = |matters: bool| if matters { &[true, false][..] } else { &[true] };
    let mut found = BTreeSet::new();
    for &soft_g in both(spelt.contains('g')) {
        for &narrow_u in both(spelt.contains('u')) {
            for &hard_y in both(spelt.starts_with(['i', 'y'])) {
                found.insert(sound(spelt, Reading { soft_g, narrow_u, hard_y }));
            }
        }
    }
    found
}

/// What is read as something else, one after the other. Capitals are sounds: `C` of `ch`, `U` of `ou`.
const LETTERS: &[(&str, &str)] = &[
    ("cois", "sois"),
    ("ph", "f"),
    ("sch", "C"),
    ("ch", "C"),
    ("sh", "C"),
    ("th", "t"),
    ("pt", "t"),
    ("ck", "k"),
    ("qu", "k"),
    ("q", "k"),
    ("ce", "se"),
    ("ci", "si"),
    ("cy", "si"),
    ("c", "k"),
    ("gue", "ge"),
    ("gui", "gi"),
    ("guy", "gi"),
    ("jeo", "jo"),
    ("y", "i"),
    ("x", "ks"),
    ("z", "s"),
    ("v", "b"),
    ("h", ""),
    ("ow", "o"),
    ("eau", "o"),
    ("au", "o"),
    ("oeu", "e"),
    ("eu", "e"),
    ("oi", "wa"),
    ("ou", "U"),
    ("ai", "e"),
    ("ei", "e"),
    ("ea", "a"),
];

/// Letters at the end that may be silent.
const SILENT: [char; 5] = ['e', 't', 'd', 's', 'r'];
/// The least that is left of a name.
const SHORTEST: usize = 2;

fn sound(spelt: &str, reading: Reading) -> String {
    let mut text = squeezed(spelt.strip_suffix('x').unwrap_or(spelt).chars());
    if reading.soft_g {
        text = text.replace("ge", "je").replace("gi", "ji").replace("gy", "ji");
    }
    for (written, read) in LETTERS {
        if text.contains(written) {
            text = text.replace(written, read);
        }
    }
    if reading.hard_y
        && let Some(rest) = text.strip_prefix('i')
        && rest.starts_with(is_vowel)
    {
        text = format!("j{rest}");
    }
    while text.chars().count() > SHORTEST && text.ends_with(SILENT) {
        text.pop();
    }
    squeezed(spoken(&text, reading.narrow_u).chars())
}

/// Vowels before `n` and `m` become one nasal sound, `N`; `r` is `w` before a round vowel, and is not heard before a consonant.
fn spoken(text: &str, narrow_u: bool) -> String {
    let mut spoken = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let next = letters.peek().copied();
        let before_vowel = next.is_some_and(is_vowel);
        match letter {
            'r' if matches!(next, Some('o' | 'U' | 'w')) => spoken.push('w'),
            'r' if !before_vowel => {}
            'n' | 'm' if !before_vowel && spoken.ends_with(['a', 'e', 'i']) => {
                spoken.pop();
                spoken.push('N');
            }
            'u' if narrow_u => spoken.push('i'),
            'u' | 'U' => spoken.push(if before_vowel { 'w' } else { 'u' }),
            letter => spoken.push(letter),
        }
    }
    spoken
}

fn is_vowel(letter: char) -> bool {
    matches!(letter, 'a' | 'e' | 'i' | 'o' | 'u' | 'U')
}

/// Without a letter that stands beside itself.
fn squeezed(letters: impl Iterator<Item = char>) -> String {
    let mut squeezed = String::new();
    for letter in letters {
        if !squeezed.ends_with(letter) {
            squeezed.push(letter);
        }
    }
    squeezed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whether each part of one name meets one of the other's, by its spelling or by its sound.
    fn meets(sought: &str, known: &str) -> bool {
        let ways = |part: &BTreeSet<String>| -> BTreeSet<String> {
            let heard = part.iter().flat_map(|spelt| sounds(spelt)).map(|sound| format!("/{sound}/"));
            part.iter().cloned().chain(heard).collect()
        };
        let known: BTreeSet<String> = parts(known).iter().flat_map(ways).collect();
        let sought = parts(sought);
        !sought.is_empty() && sought.iter().all(|part| !ways(part).is_disjoint(&known))
    }

    /// As they are really spelt: French, Creole, and by ear.
    const ALIKE: &[(&str, &str)] = &[
        ("Jean-Baptiste", "Jan Batis"),
        ("Guerline", "Gerlin"),
        ("Wilson", "Wilsòn"),
        ("Joseph", "Jozèf"),
        ("Pierre", "Pyè"),
        ("Dieudonné", "Dyedone"),
        ("Louis", "Lwi"),
        ("Saint-Louis", "Sen Lwi"),
        ("Saint Louis", "St. Louis"),
        ("Saintilus", "St-Ilus"),
        ("Toussaint", "Tousen"),
        ("Toussaint", "Tusen"),
        ("François", "Franswa"),
        ("FRANÇOIS", "francois"),
        ("Étienne", "Etyèn"),
        ("Célestin", "Selesten"),
        ("Augustin", "Ogisten"),
        ("Emmanuel", "Emanyèl"),
        ("Charles", "Chal"),
        ("Robert", "Wobè"),
        ("Rose", "Wòz"),
        ("Rousseau", "Wouso"),
        ("Georges", "Jòj"),
        ("Nadège", "Nadèj"),
        ("Hyppolite", "Ipolit"),
        ("Noël", "Nowèl"),
        ("Benoît", "Benwa"),
        ("Yolande", "Jolann"),
        ("Vilsaint", "Bilsen"),
        ("L'Ouverture", "Louverture"),
        ("L’Ouverture", "L Ouverture"),
        ("de la Cruz", "Delacruz"),
        ("María de la Cruz", "Cruz Maria"),
        ("Wislande Pétit-Homme Dézilien", "DEZILIEN Wislande"),
        ("Jean J. Pierre", "Pierre Jean"),
    ];

    #[test]
    fn one_name_in_two_spellings_is_found() {
        for (one, other) in ALIKE {
            // Of a whole name a part is enough, and not the other way round.
            assert!(meets(other, one), "{other} finds {one}: {:?}", (parts(one), parts(other)));
        }
    }

    #[test]
    fn different_names_stay_apart() {
        for (one, other) in [
            ("Marie", "Rose"),
            ("Jean", "Joseph"),
            ("Pierre", "Paul"),
            ("Baptiste", "Augustin"),
            ("Wilson", "Wilner"),
            ("Michel", "Mésidor"),
            ("Louis", "Lucien"),
            ("Cadet", "Charles"),
            ("Fabiola", "Fabienne"),
            ("Saint-Louis", "Saint-Paul"),
            ("Marie Rose", "Marie"),
            ("", "Marie"),
        ] {
            assert!(!meets(one, other), "{one} {other}: {:?} {:?}", sounds(one), sounds(other));
        }
    }

    #[test]
    fn a_name_of_particles_alone_is_a_name() {
        assert_eq!(parts("De La"), [["dela".to_owned()].into()]);
        assert_eq!(parts("J."), [["j".to_owned()].into()]);
        assert!(parts(" -'. ").is_empty());
    }

    #[test]
    fn a_number_is_its_letters_and_digits() {
        assert_eq!((number("ab-12 34/5."), number("AB12345")), ("AB12345".into(), "AB12345".into()));
    }

    proptest! {
        /// Whatever is written is found as it was written, in capitals, without accents where it has any, in any order of its words.
        #[test]
        fn a_name_meets_itself(words in proptest::collection::vec("[A-Za-zÀ-ÖØ-öø-ÿ]{2,12}", 1..5), turn in 0_usize..5) {
            let name = words.join(" ");
            let mut turned = words.clone();
            turned.rotate_left(turn % words.len());
            prop_assume!(!parts(&name).is_empty());
            prop_assert!(meets(&name, &name));
            let hyphens: String = name.nfd().collect::<String>().replace(' ', "-");
            prop_assert_eq!(parts(&name), parts(&hyphens));
            // A particle belongs to what comes next: in another order, to something else.
            let is_plain = |word: &String| {
                let word = plain(word);
                !PARTICLES.contains(&word.as_str()) && !SAINTS.contains(&word.as_str())
            };
            if words.iter().all(is_plain) {
                prop_assert!(meets(&turned.join(" ").to_lowercase(), &name));
            }
        }

        /// Of anything whatsoever: no part is empty, none has what the folding takes away, and folding again changes nothing.
        #[test]
        fn anything_is_folded_once(name in any::<String>()) {
            let once = plain(&name);
            prop_assert_eq!(plain(&once), once.clone());
            for spelt in parts(&name).iter().flatten() {
                prop_assert!(!spelt.is_empty() && !spelt.contains(char::is_whitespace));
                prop_assert!(sounds(spelt).len() <= 8);
                prop_assert!(sounds(spelt).iter().all(|sound| sound.len() <= 2 * spelt.len()));
            }
        }
    }
}
