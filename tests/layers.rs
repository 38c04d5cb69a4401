//! The house's arrows: who may use whom, read from the map in src/lib.rs and from the sources themselves.

mod source;

use std::fs;
use std::path::{Path, PathBuf};

/// A file of more lines is two files. The usual file is about 100; one past 350 asks for a hard look.
const MOST_LINES: usize = 450;

/// Crates that belong to one place, and the places (by the start of the path under src/).
const CRATES: &[(&str, &[&str])] = &[
    ("ratatui", &["tui"]),
    ("crossterm", &["tui"]),
    ("aws_config", &["aws"]),
    ("aws_credential_types", &["aws"]),
    ("aws_sdk_", &["aws"]),
    ("aws_smithy_", &["aws", "world/wire"]),
    ("hyper", &["world/wire"]),
    ("tokio_postgres", &["database"]),
    ("tokio_postgres_rustls", &["database"]),
    ("rustls", &["database"]),
    ("redis", &["cache"]),
    ("clap", &["cli", "main"]),
];

/// Rooms that only compute.
const PURE: &[&str] = &["platform", "triage", "runbook"];

/// What they may not touch.
const OUTSIDE: &[&str] = &["std::fs", "std::net", "std::process", "std::thread", "std::env", "tokio"];

/// Arrows that the map's order would allow and that are not there all the same.
const NEVER: &[(&str, &str, &str)] = &[
    ("world", "aws", "the world is asked through the wire; it must not share the adapters that it proves"),
    ("headless", "doctor", "they are siblings"),
    ("headless", "init", "they are siblings"),
    ("tui", "headless", "they are siblings"),
    ("tui", "doctor", "they are siblings"),
    ("tui", "init", "they are siblings"),
    ("tui", "world", "nothing above aws knows that it is a demo"),
    ("watch", "world", "nothing above aws knows that it is a demo"),
    ("triage", "world", "findings come from the picture alone"),
    ("triage", "aws", "findings come from the picture alone"),
    ("aws", "database", "they are siblings"),
    ("aws", "cache", "they are siblings"),
    ("database", "cache", "they are siblings"),
];

struct File {
    /// Under src/, with slashes, without `.rs` and `/mod`: `platform/alarm`.
    module: String,
    path: PathBuf,
    text: String,
}

#[test]
fn every_arrow_of_the_house_points_down() {
    let files = sources("src");
    let map = files.iter().find(|f| f.module == "lib").expect("src/lib.rs");
    let order = rooms(&map.text);
    let only_tests = modules_of_tests(&files);
    let mut broken = rooms_missing_from_the_map(&map.text, &order);
    for file in files.iter().filter(|f| !only_tests.contains(&f.module)) {
        broken.extend(
            broken_arrows(&file.module, &file.text, &order)
                .into_iter()
                .map(|(line, rule)| format!("{}:{line}: {rule}", file.path.display())),
        );
    }
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn no_file_holds_more_than_a_reader_does() {
    let long: Vec<String> = ["src", "tests"]
        .into_iter()
        .flat_map(sources)
        .map(|file| (file.text.lines().count(), file.path))
        .filter(|(lines, _)| *lines > MOST_LINES)
        .map(|(lines, path)| format!("{}:{lines}: at most {MOST_LINES} lines: one noun a file", path.display()))
        .collect();
    assert!(long.is_empty(), "\n{}\n", long.join("\n"));
}

/// The rooms of the map's table, the topmost first.
fn rooms(map: &str) -> Vec<String> {
    map.lines()
        .filter_map(|line| line.strip_prefix("//! | [`")?.split_once('`'))
        .map(|(room, _)| room.to_owned())
        .collect()
}

fn rooms_missing_from_the_map(map: &str, order: &[String]) -> Vec<String> {
    map.lines()
        .enumerate()
        .filter_map(|(i, line)| {
            let room = line.strip_prefix("pub mod ").or_else(|| line.strip_prefix("mod "))?.strip_suffix(';')?;
            let missing = !order.iter().any(|known| known == room);
            missing.then(|| format!("src/lib.rs:{}: `{room}` has no row in the map above, so no place", i + 1))
        })
        .collect()
}

/// Line and rule of each arrow that points where it may not.
fn broken_arrows(module: &str, text: &str, order: &[String]) -> Vec<(usize, String)> {
    let own = module.split('/').next().unwrap_or(module);
    let place = |room: &str| order.iter().position(|known| known == room);
    let mut broken = Vec::new();
    let paths = source::paths(text);
    // A module of the house may be called as a crate is: declared here, or brought in from beside or above.
    let is_own = |name: &str| {
        let within = |parts: &[String]| {
            ["super", "crate", "self"].contains(&parts[0].as_str()) && parts.iter().any(|part| part == name)
        };
        text.contains(&format!("mod {name};")) || paths.iter().any(|path| within(&path.parts))
    };
    for path in &paths {
        let mut say = |rule: String| broken.push((path.line, format!("`{}`: {rule}", path.parts.join("::"))));
        for (name, places) in CRATES {
            let is_it = path.parts[0] == *name || (name.ends_with('_') && path.parts[0].starts_with(name));
            if is_it
                && !is_own(name)
                && !places.iter().any(|place| module == *place || module.starts_with(&format!("{place}/")))
            {
                say(format!("only src/{} may use it", places.join(" and src/")));
            }
        }
        if PURE.contains(&own) && OUTSIDE.iter().any(|outside| path.parts.join("::").starts_with(outside)) {
            say(format!("src/{own} only computes: no files, network, processes, or runtime"));
        }
        let Some(room) = room_of(module, &path.parts) else { continue };
        if let (Some(here), Some(there)) = (place(own), place(room))
            && there < here
        {
            say(format!("`{own}` stands below `{room}` and may not use it"));
        }
        if let Some((_, _, why)) = NEVER.iter().find(|(from, to, _)| *from == own && *to == room) {
            say(format!("`{own}` does not use `{room}`: {why}"));
        }
    }
    broken
}

/// The room that a path leads to, if it leads into the crate.
fn room_of<'a>(module: &str, parts: &'a [String]) -> Option<&'a str> {
    if parts[0] == "crate" {
        return Some(&parts[1]);
    }
    let up = parts.iter().take_while(|part| *part == "super").count();
    let depth = module.split('/').count();
    (up >= depth).then(|| parts.get(up).map(String::as_str)).flatten()
}

fn modules_of_tests(files: &[File]) -> Vec<String> {
    files
        .iter()
        .flat_map(|file| {
            source::test_files(&file.text).into_iter().map(|name| match file.module.as_str() {
                "lib" | "main" => name,
                module => format!("{module}/{name}"),
            })
        })
        .collect()
}

fn sources(folder: &str) -> Vec<File> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    let mut folders = vec![home.join(folder)];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("the sources are there") {
            let path = entry.expect("the sources can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(home.join(folder)).expect("it is inside").with_extension("");
                let name = name.to_string_lossy().into_owned();
                files.push(File {
                    module: name.strip_suffix("/mod").unwrap_or(&name).to_owned(),
                    text: fs::read_to_string(&path).expect("a source can be read"),
                    path: path.strip_prefix(home).expect("it is inside").to_owned(),
                });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

mod proof {
    //! The test above can fail.
    use super::*;

    fn broken(module: &str, text: &str) -> Vec<String> {
        let order = rooms(
            "//! | [`cli`] | a |\n//! | [`tui`] | b |\n//! | [`watch`] | b |\n//! | [`world`] | b |\n//! | [`aws`] | b |\n//! | [`platform`] | c |\n",
        );
        broken_arrows(module, text, &order).into_iter().map(|(line, rule)| format!("{line}: {rule}")).collect()
    }

    #[test]
    fn a_room_that_reaches_up_is_named_with_its_line() {
        assert_eq!(
            broken("aws/ecs", "use crate::platform;\nuse crate::{platform::Task,\n  watch::Watch};\n"),
            ["3: `crate::watch::Watch`: `aws` stands below `watch` and may not use it"]
        );
        assert_eq!(broken("watch", "use crate::aws::Clients;\n"), [""; 0]);
        assert_eq!(
            broken("aws/ecs", "use super::super::tui::App; use super::watch::W;"),
            ["1: `super::super::tui::App`: `aws` stands below `tui` and may not use it"]
        );
        assert_eq!(broken("world/wire/ecs", "use crate::aws::Clients;").len(), 1);
    }

    #[test]
    fn a_crate_outside_its_room_is_named() {
        let rule = "1: `ratatui::text::Line`: only src/tui may use it";
        assert_eq!(broken("headless", "use ratatui::text::Line;"), [rule]);
        assert_eq!(broken("tui/widget/line", "use ratatui::text::Line;"), [""; 0]);
        assert_eq!(broken("watch", "fn f(e: aws_sdk_ecs::Error) {}").len(), 1);
        assert_eq!(broken("world/wire/http", "use aws_smithy_runtime_api::client::http;"), [""; 0]);
        assert_eq!(broken("world/model", "use aws_smithy_runtime_api::client::http;").len(), 1);
        assert_eq!(broken("run/action", "use redis::Client;").len(), 1);
        assert_eq!(broken("run/action", "mod redis; use redis::RunRedis;"), [""; 0]);
        assert_eq!(broken("runbook/step", "use super::redis::{self, Redis}; fn f() { redis::read() }"), [""; 0]);
    }

    #[test]
    fn a_pure_room_that_touches_the_world_outside_is_named() {
        assert_eq!(broken("platform/file", "use std::{fmt, fs};").len(), 1);
        assert_eq!(broken("triage", "fn f() { tokio::spawn(x) }").len(), 1);
        assert_eq!(broken("platform/file", "use std::fmt;"), [""; 0]);
    }

    #[test]
    fn a_room_without_a_place_is_named() {
        let map = "//! | [`cli`] | a |\npub mod cli;\npub mod attic;\n";
        assert_eq!(
            rooms_missing_from_the_map(map, &rooms(map)),
            ["src/lib.rs:3: `attic` has no row in the map above, so no place"]
        );
    }
}
