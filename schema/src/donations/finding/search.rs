//! What a text finds in the catalogue, and how well it fits.
//!
//! An item is found by the words of its name, its code, and its category's names in Spanish and English. Accents and capitals do not
//! count. Each word of the text must be the beginning of one of these. Only where that finds nothing, what is spelled alike is found.
//! Items come by how well the text fits them, then by name:
//!
//! 1. the text is their code;
//! 2. their name begins with it;
//! 3. each of its words begins a word of their name;
//! 4. its words are found in their code or their category too;
//! 5. they are spelled alike: the more letters in a row they share with the text, the better.
//!
//! The 200 that it fits best are found.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Bool, Integer, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::combinations::refused;
use super::statement::{Narrowed, Selection};
use crate::access::InScope;
use crate::context::Context;
use crate::database::{Prepared, Reader};
use crate::donations::Item;
use crate::donations::load::{all_items, item_facts, items_by_ids};
use crate::error::{Error, Result};
use crate::graph::input;

const MOST_CHARACTERS: usize = 100;
/// More words say no more.
const MOST_WORDS: usize = 8;

input! {
    /// What is looked for in the catalogue.
    pub struct CatalogueArguments {
        /// Only what this text finds, as it fits it, and at most 200: by the words of its name, its code, and its category's names, whatever their accents; where there is none, what is spelled alike. At most 100 characters. All where it is left out.
        pub text: Option<String>,
    }
}

/// The catalogue, or what a text finds in it.
pub(crate) async fn catalogue(context: Context, arguments: CatalogueArguments) -> Result<Vec<Item>> {
    let Some(sought) = Sought::new(arguments.text.as_deref())? else { return all_items(context).await };
    let reader = context.reader().await?;
    let found = sought.items(&context, &reader, None).await?;
    let mut items = items_by_ids(context, found.iter().map(|found| found.id).collect()).await?;
    items.sort_by_key(|item| found.iter().position(|found| found.id == item.id.uuid()));
    Ok(items)
}

/// A text that is looked for.
#[derive(Debug, Clone)]
pub(super) struct Sought {
    text: String,
    words: Vec<String>,
}

/// An item that a text found.
#[derive(Debug, Clone, Queryable)]
pub(super) struct Found {
    pub(super) id: Uuid,
    pub(super) code: String,
    pub(super) name: String,
    /// How well it fits; more is better.
    pub(super) rank: i32,
}

impl Sought {
    /// Refuses what is too long; none where nothing is looked for.
    pub(super) fn new(text: Option<&str>) -> Result<Option<Self>> {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
        if text.chars().count() > MOST_CHARACTERS {
            return Err(refused("text has at most 100 characters".to_owned()));
        }
        let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
        let words: Vec<String> = words.take(MOST_WORDS).map(str::to_owned).collect();
        Ok(Some(Self { text: text.trim().to_owned(), words }))
    }

    /// The codes that begin with it, as a range, where it may be the beginning of a lot's code: these have digits, and no letter that is
    /// not a capital.
    pub(super) fn codes(&self) -> Option<[String; 2]> {
        let from = self.text.to_uppercase();
        let is_code = from.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
        if !is_code || !from.chars().any(|letter| letter.is_ascii_digit()) {
            return None;
        }
        // Codes are of ASCII alone: the next letter after the last is one too.
        let mut beyond = from.clone();
        let last = beyond.pop()?;
        beyond.push(char::from_u32(u32::from(last) + 1)?);
        Some([from, beyond])
    }

    /// The items that it finds among those that the caller may see: by their words, or else by their spelling.
    pub(super) async fn items(
        &self,
        context: &Context,
        reader: &Reader,
        category: Option<Uuid>,
    ) -> Result<Vec<Found>> {
        let Some(scope) = context.scope(Class::Inventory, RecordType::Item) else { return Ok(Vec::new()) };
        if self.words.is_empty() {
            return Ok(Vec::new());
        }
        let scope = InScope::new(&scope, item_facts);
        let by = |spelled_alike| Items {
            sought: self,
            spelled_alike,
            programme: context.programme_id(),
            category,
            scope: &scope,
        };
        let found: Vec<Found> = Prepared(by(false)).load(&mut &**reader).await?;
        if !found.is_empty() {
            return Ok(found);
        }
        Ok(Prepared(by(true)).load(&mut &**reader).await?)
    }

    /// What it leaves of a selection, as a list of it does: lots whose code it begins, or else those of the items that it finds.
    pub(super) async fn narrows(
        &self,
        context: &Context,
        selection: &Selection,
        category: Option<Uuid>,
    ) -> Result<Narrowed> {
        let reader = context.reader().await?;
        if selection.expiry.is_none()
            && let Some(codes) = self.begins_a_code(&reader, selection).await?
        {
            return Ok(Narrowed { codes: Some(codes), items: None });
        }
        let found = self.items(context, &reader, category).await?;
        Ok(Narrowed { items: Some(found.iter().map(|item| item.id).collect()), codes: None })
    }

    /// Whether it is the beginning of a code of a lot that the caller may see.
    pub(super) async fn begins_a_code(
        &self,
        reader: &Reader,
        selection: &Selection,
    ) -> Result<Option<[String; 2]>> {
        let Some(codes) = self.codes() else { return Ok(None) };
        let any = AnyCode { selection, codes: &codes };
        let found: bool = Prepared(any).get_result(&mut &**reader).await.map_err(Error::from)?;
        Ok(found.then_some(codes))
    }
}

/// The items of the catalogue that a text finds.
struct Items<'a> {
    sought: &'a Sought,
    /// By their spelling, not their words.
    spelled_alike: bool,
    programme: Uuid,
    category: Option<Uuid>,
    scope: &'a InScope,
}

impl Items<'_> {
    /// Whether each word of the text begins a word of some words.
    fn all_words<'b>(&'b self, of: &str, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for (place, word) in self.sought.words.iter().enumerate() {
            out.push_sql(if place > 0 { " AND " } else { "" });
            // A word is letters and digits: there is nothing in it that LIKE takes for a pattern.
            for part in [of, " LIKE '% ' || folded("] {
                out.push_sql(part);
            }
            out.push_bind_param::<Text, String>(word)?;
            out.push_sql(") || '%'");
        }
        Ok(())
    }

    fn folded_text<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("folded(");
        out.push_bind_param::<Text, String>(&self.sought.text)?;
        out.push_sql(")");
        Ok(())
    }

    fn rank<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        if self.spelled_alike {
            out.push_sql("round(1000 * word_similarity(");
            self.folded_text(out)?;
            out.push_sql(", items.words))::integer");
            return Ok(());
        }
        out.push_sql("CASE WHEN folded(items.code) = ");
        self.folded_text(out)?;
        out.push_sql(" THEN 3 WHEN starts_with(folded(items.name), ");
        self.folded_text(out)?;
        out.push_sql(") THEN 2 WHEN ");
        self.all_words("words_of(items.name)", out)?;
        out.push_sql(" THEN 1 ELSE 0 END");
        Ok(())
    }
}

impl QueryFragment<Pg> for Items<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT items.id, items.code, items.name, ");
        self.rank(&mut out)?;
        out.push_sql(" AS rank FROM items WHERE items.programme_id = ");
        out.push_bind_param::<SqlUuid, _>(&self.programme)?;
        out.push_sql(" AND ");
        if self.spelled_alike {
            self.folded_text(&mut out)?;
            out.push_sql(" <% items.words");
        } else {
            self.all_words("items.words", &mut out)?;
        }
        if let Some(category) = &self.category {
            out.push_sql(" AND items.category_id = ");
            out.push_bind_param::<SqlUuid, _>(category)?;
        }
        out.push_sql(" AND ");
        self.scope.walk_ast(out.reborrow())?;
        out.push_sql(" ORDER BY rank DESC, items.name COLLATE \"C\", items.id LIMIT 200");
        Ok(())
    }
}

impl QueryId for Items<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Items<'_> {
    type SqlType = (SqlUuid, Text, Text, Integer);
}

/// Whether some lot's code lies in a range.
struct AnyCode<'a> {
    selection: &'a Selection,
    codes: &'a [String; 2],
}

impl QueryFragment<Pg> for AnyCode<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT EXISTS (SELECT FROM ");
        out.push_sql(self.selection.rows());
        out.push_sql(" WHERE ");
        self.selection.conditions(&mut out)?;
        super::statement::code_range(self.selection.table(), self.codes, &mut out)?;
        out.push_sql(")");
        Ok(())
    }
}

impl QueryId for AnyCode<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for AnyCode<'_> {
    type SqlType = Bool;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_code_is_a_range_of_codes() {
        let codes = |text| Sought::new(Some(text)).unwrap().unwrap().codes();
        let range = |from: &str, beyond: &str| Some([from.to_owned(), beyond.to_owned()]);
        assert_eq!(codes("lot-001"), range("LOT-001", "LOT-002"));
        assert_eq!(codes(" DON-000019 "), range("DON-000019", "DON-00001:"));
        for text in ["don", "arroz", "7 años", "1%", "LOT_1", "-", "١"] {
            assert_eq!(codes(text), None, "{text}");
        }
    }

    #[test]
    fn a_text_has_its_words_and_a_bound() {
        let words = |text: &str| Sought::new(Some(text)).unwrap().unwrap().words;
        assert_eq!(words("Pañal  (niño), talla-4"), ["Pañal", "niño", "talla", "4"]);
        assert_eq!(words("%_\\"), Vec::<String>::new());
        assert_eq!(words(&"a ".repeat(40)).len(), MOST_WORDS);
        assert!(Sought::new(None).unwrap().is_none() && Sought::new(Some("")).unwrap().is_none());
        assert!(Sought::new(Some(&"é".repeat(100))).is_ok() && Sought::new(Some(&"e".repeat(101))).is_err());
    }
}
