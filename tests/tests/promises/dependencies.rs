//! What Enlace is built from: permissive licences, one source, and none of the versions with known flaws (R18).
//!
//! `deny.toml` says the same to `cargo deny check`, which also reads the advisories; this holds where that tool is not installed.

use std::process::Command;

use serde_json::Value as Json;

const LICENCES: &[&str] = &[
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// R18: older ones have known flaws.
const FLOORS: &[(&str, [u64; 3])] = &[
    ("diesel", [2, 3, 10]),
    ("diesel-async", [0, 9, 0]),
    ("tokio-postgres", [0, 7, 18]),
    ("postgres-protocol", [0, 6, 12]),
    ("h2", [0, 4, 16]),
    ("tracing-subscriber", [0, 3, 20]),
    ("jsonwebtoken", [10, 3, 0]),
];

fn packages() -> Vec<Json> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--filter-platform",
            "x86_64-unknown-linux-gnu",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Json = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// Whether an SPDX expression can be met with the permitted licences: one of each `OR`, all of each `AND`, which binds closer.
fn is_permissive(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    let expression = expression.trim();
    let (either, every) = (parts(expression, " OR "), parts(expression, " AND "));
    if either.len() > 1 {
        return either.into_iter().any(is_permissive);
    }
    if every.len() > 1 {
        return every.into_iter().all(is_permissive);
    }
    let inner = expression.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    inner.map_or_else(|| LICENCES.contains(&expression), is_permissive)
}

/// What a word divides an expression into, outside its parentheses.
fn parts<'e>(expression: &'e str, word: &str) -> Vec<&'e str> {
    let (mut parts, mut begin, mut depth) = (Vec::new(), 0, 0);
    for (place, letter) in expression.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ' ' if depth == 0 && expression[place..].starts_with(word) => {
                parts.push(&expression[begin..place]);
                begin = place + word.len();
            }
            _ => {}
        }
    }
    parts.push(&expression[begin..]);
    parts
}

#[test]
fn every_licence_is_permissive_and_every_source_the_registry() {
    for package in packages() {
        let (name, source) = (&package["name"], package["source"].as_str());
        // This one names its licence in a file alone.
        let unnamed = if name == "jsonpath-rust" { "MIT" } else { "none" };
        let licence = package["license"].as_str().unwrap_or(unnamed);
        assert!(is_permissive(licence), "{name} is under {licence}");
        assert!(source.is_none_or(|source| source.starts_with("registry+")), "{name} comes from {source:?}");
    }
}

#[test]
fn no_version_has_a_known_flaw() {
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        let Some((_, floor)) = FLOORS.iter().find(|(known, _)| *known == name) else { continue };
        let version = package["version"].as_str().unwrap();
        let plain = version.split(['-', '+']).next().unwrap();
        let numbers: Vec<u64> = plain.split('.').map(|part| part.parse().unwrap()).collect();
        assert!(numbers.as_slice() >= floor.as_slice(), "{name} {version} is older than {floor:?}");
    }
}

#[test]
fn an_expression_is_read_as_spdx_has_it() {
    for permissive in
        ["MIT", "MIT OR Apache-2.0", "MIT/Apache-2.0", "(MIT OR GPL-3.0) AND Apache-2.0", "GPL-2.0 OR MIT"]
    {
        assert!(is_permissive(permissive), "{permissive}");
    }
    for not in ["GPL-3.0", "MIT AND GPL-3.0", "none", "LGPL-2.1 AND (MIT OR Apache-2.0)"] {
        assert!(!is_permissive(not), "{not}");
    }
}
