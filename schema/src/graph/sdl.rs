//! The graph as SDL, whole or as one caller sees it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use enlace_policies::{Answer, Class, Profile, RecordType, Verb};

use crate::graph::object::FieldInfo;
use crate::graph::{AnyObject, Graph, OperationKind, Root};

/// Prints the schema; with a profile, only what that caller may read or do in some case (R7).
pub(crate) fn print(graph: &Graph, profile: Option<&Profile>) -> String {
    let view = View { graph, profile };
    // By name, so that the page does not depend on the order of declaration.
    let mut types: BTreeMap<String, String> = BTreeMap::new();
    for object in &graph.objects {
        if let Some(text) = view.object(object.as_ref()) {
            types.insert(object.name().to_owned(), text);
        }
    }
    for kind in &graph.connections {
        if types.contains_key(kind.node) {
            types.insert(kind.connection.to_owned(), connection(kind.node));
            types.insert(kind.edge.to_owned(), edge(kind.node));
            types.insert("PageInfo".into(), PAGE_INFO.into());
        }
    }
    for (name, (members, about)) in &graph.unions {
        let known: Vec<&str> = members.iter().copied().filter(|member| types.contains_key(*member)).collect();
        types.insert(
            (*name).to_owned(),
            format!("\"\"\"\n{about}\n\"\"\"\nunion {name} = {}\n", known.join(" | ")),
        );
    }
    types.insert("Node".into(), NODE.into());
    types.insert("Problem".into(), PROBLEM.into());
    for (name, text) in graph.definitions.texts() {
        types.insert(name.to_owned(), text.to_owned());
    }
    let mut roots = String::new();
    for kind in [OperationKind::Query, OperationKind::Mutation, OperationKind::Subscription] {
        if let Some(text) = view.roots(kind) {
            roots.push_str(&text);
            roots.push('\n');
        }
    }
    if profile.is_some() {
        let nodes = graph.nodes.values().map(|node| node.object).collect::<Vec<_>>().join(" ");
        keep_reachable(&format!("{roots} {nodes}"), &mut types);
    }
    let mut page = roots;
    page.push_str(&types.into_values().collect::<Vec<_>>().join("\n"));
    page
}

/// Drops the types that nothing mentions any more. Of the descriptions, a scalar's alone says what it is made of.
fn keep_reachable(roots: &str, types: &mut BTreeMap<String, String>) {
    let mut reached = std::collections::BTreeSet::new();
    let mut texts = vec![roots.to_owned()];
    while let Some(text) = texts.pop() {
        let is_scalar = text.contains("\nscalar ");
        let parts = text.split("\"\"\"").step_by(if is_scalar { 1 } else { 2 });
        let read = parts.flat_map(str::lines).filter(|line| !line.trim_start().starts_with('"'));
        for word in read.flat_map(|line| line.split(|letter: char| !letter.is_ascii_alphanumeric())) {
            if let Some(found) = types.get(word)
                && reached.insert(word.to_owned())
            {
                texts.push(found.clone());
            }
        }
    }
    types.retain(|name, _| reached.contains(name));
}

struct View<'a> {
    graph: &'a Graph,
    profile: Option<&'a Profile>,
}

impl View<'_> {
    fn shows(&self, verb: Verb, class: Class, record: RecordType) -> bool {
        self.profile.is_none_or(|profile| !matches!(profile.answer(verb, class, record), Answer::Refused(_)))
    }

    fn object(&self, object: &dyn AnyObject) -> Option<String> {
        let fields: Vec<&FieldInfo> = object
            .fields()
            .iter()
            .filter(|field| self.shows(field.verb(), field.class, field.judged_on(object.record())))
            .collect();
        if fields.is_empty() {
            return None;
        }
        let interfaces = self.graph.interfaces(object.name()).join(" & ");
        let implements =
            if interfaces.is_empty() { String::new() } else { format!(" implements {interfaces}") };
        let mut text = format!("\"\"\"\n{}\n\"\"\"\n", object.about());
        let _ = writeln!(text, "type {}{} {{", object.name(), implements);
        for field in fields {
            let _ = writeln!(
                text,
                "  \"\"\"\n  {}\n\n  Class: {}\n{}  \"\"\"\n  {}: {}",
                indent(&field.about),
                field.class.as_str(),
                if field.identifies { "  Identifying.\n" } else { "" },
                field.name,
                field.type_ref
            );
        }
        text.push_str("}\n");
        Some(text)
    }

    fn roots(&self, kind: OperationKind) -> Option<String> {
        let roots: Vec<&Root> = self
            .graph
            .roots
            .iter()
            .filter(|root| root.kind == kind && self.shows(root.verb(), root.class, root.record))
            .collect();
        if roots.is_empty() {
            return None;
        }
        let mut text = format!("type {} {{\n", kind.type_name());
        for root in roots {
            let _ = writeln!(
                text,
                "  \"\"\"\n  {}\n\n  Class: {}\n{}  \"\"\"\n  {}{}: {}",
                indent(root.about),
                root.class.as_str(),
                if root.identifies { "  Identifying.\n" } else { "" },
                root.name,
                self.arguments(root),
                root.type_ref
            );
        }
        text.push_str("}\n");
        Some(text)
    }

    fn arguments(&self, root: &Root) -> String {
        if root.arguments.is_empty() {
            return String::new();
        }
        let shown = root
            .arguments
            .iter()
            .filter(|argument| self.profile.is_none_or(|profile| root.forbids(profile, argument).is_none()));
        let lines: Vec<String> = shown
            .map(|argument| {
                format!("\n    \"{}\"\n    {}: {}", argument.about, argument.name, argument.type_ref)
            })
            .collect();
        format!("({}\n  )", lines.join(""))
    }
}

fn indent(text: &str) -> String {
    text.replace('\n', "\n  ")
}

fn connection(node: &str) -> String {
    format!(
        "\"\"\"\nA page of a list, after the Relay specification.\n\"\"\"\ntype {node}Connection {{\n  \"The rows with their cursors.\"\n  edges: [{node}Edge!]!\n  \"The rows alone.\"\n  nodes: [{node}!]!\n  \"Where the page stands in the list.\"\n  pageInfo: PageInfo!\n  \"How many rows the caller could page through; counted only when it is asked for.\"\n  totalCount: Int!\n}}\n"
    )
}

fn edge(node: &str) -> String {
    format!(
        "\"\"\"\nA row and its cursor.\n\"\"\"\ntype {node}Edge {{\n  \"Names this place in this list, with these filters and this order.\"\n  cursor: String!\n  \"The row.\"\n  node: {node}!\n}}\n"
    )
}

const PAGE_INFO: &str = "\"\"\"\nWhere a page stands in its list.\n\"\"\"\ntype PageInfo {\n  \"Whether rows follow.\"\n  hasNextPage: Boolean!\n  \"Whether rows precede.\"\n  hasPreviousPage: Boolean!\n  \"The first row's cursor.\"\n  startCursor: String\n  \"The last row's cursor.\"\n  endCursor: String\n}\n";

const NODE: &str = "\"\"\"\nA record with a global id.\n\"\"\"\ninterface Node {\n  \"Opaque and typed; the same for as long as the record lives.\"\n  id: ID!\n}\n";

const PROBLEM: &str = "\"\"\"\nWhy a mutation did not do what it was asked; nothing was changed.\n\"\"\"\ninterface Problem {\n  \"From the closed list of error codes.\"\n  code: String!\n  \"What to do about it.\"\n  message: String!\n}\n";
