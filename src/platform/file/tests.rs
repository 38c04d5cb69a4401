use proptest::prelude::*;

use super::*;
use crate::platform::{Role, Severity, Statistic, Subject, Target, Unit};

const SMALL: &str = "name = \"p\"\n[[service]]\nname = \"api\"\ncluster = \"c\"\n[[database]]\nid = \"db\"\n";

fn errors(text: &str) -> Vec<FileError> {
    read(text, "p.toml").expect_err("the file is wrong").iter().cloned().collect()
}

/// Message and help of the only error.
fn only(text: &str) -> (String, Option<String>) {
    let errors = errors(text);
    assert_eq!(errors.len(), 1, "{errors:#?}");
    (errors[0].message().to_owned(), errors[0].help().map(str::to_owned))
}

#[test]
fn the_sample_reads_and_is_the_seed_platform() {
    let platform = read(SAMPLE, "assets/platform.toml").unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(platform.name, "analytics-production");
    assert_eq!(platform.gauges.len(), 11);
    assert_eq!(platform.alarms.len(), 9);
    assert_eq!(platform.alarms.iter().filter(|a| a.severity == Severity::Critical).count(), 4);
    let of = |title: &str, subject| platform.gauges.iter().find(|g| g.title == title && g.subject == subject).unwrap();
    let service = |title| of(title, Subject::Service(0)).target;
    assert_eq!((service("CPU"), service("memory")), (Some(Target::Below(65.0)), Some(Target::Below(75.0))));
    assert_eq!((service("p95"), service("errors")), (Some(Target::Below(300.0)), Some(Target::Below(1.0))));
    assert_eq!((service("webhook p95"), service("queue")), (Some(Target::Below(2_000.0)), Some(Target::Below(50.0))));
    let database = |title| of(title, Subject::Database(0)).target;
    assert_eq!((database("connections"), database("CPU")), (Some(Target::Below(80.0)), Some(Target::Below(70.0))));
    assert_eq!(database("free space"), Some(Target::Above(2e9)));
    assert_eq!(sample(), platform);
}

#[test]
fn a_platform_can_be_closed_to_changes_and_a_misspelt_wish_for_it_is_no_silent_no() {
    let closed = format!("read-only = true\n{SMALL}");
    assert!(read(&closed, "p.toml").unwrap().read_only && !read(SMALL, "p.toml").unwrap().read_only);
    assert_eq!(only(&format!("read-only = \"yes\"\n{SMALL}")).0, "read-only is a string");
    assert!(only(&format!("readonly = true\n{SMALL}")).1.unwrap().contains("read-only"));
}

#[test]
fn a_small_file_has_the_standard_gauges_of_each_thing() {
    let platform = read(SMALL, "p.toml").unwrap();
    let roles: Vec<Role> = platform.gauges.iter().map(|g| g.role).collect();
    assert_eq!(roles, [Role::Cpu, Role::Memory, Role::Connections, Role::Cpu, Role::FreeStorage]);
    assert!(platform.services[0].auto_scaling);
    let dimensions = &platform.gauges[0].query.dimensions;
    assert_eq!(dimensions[0], ("ClusterName".to_owned(), "c".to_owned()));
    assert_eq!(dimensions[1], ("ServiceName".to_owned(), "api".to_owned()));
}

#[test]
fn a_gauge_of_a_standard_metric_takes_its_place_and_role() {
    let text = format!(
        "{SMALL}[[gauge]]\ntitle = \"load\"\nof = \"api\"\nnamespace = \"AWS/ECS\"\nmetric = \"CPUUtilization\"\n\
         statistic = \"p95\"\nunit = \"percent\"\ntarget = \"< 80 %\"\n"
    );
    let platform = read(&text, "p.toml").unwrap();
    assert_eq!(platform.gauges.len(), 5);
    let gauge = &platform.gauges[0];
    assert_eq!((gauge.title.as_str(), gauge.role, gauge.subject), ("load", Role::Cpu, Subject::Service(0)));
    assert_eq!((gauge.query.statistic, gauge.unit), (Statistic::Percentile(95.0), Unit::Percent));
    assert_eq!(gauge.target, Some(Target::Below(80.0)));
}

#[test]
fn an_error_shows_its_place_the_line_and_the_name_that_was_meant() {
    let text = "name = \"p\"\n[[service]]\nname = \"api\"\n  clustr = \"c\"\n";
    let shown = read(text, "dir/p.toml").unwrap_err().to_string();
    assert!(shown.contains("dir/p.toml:4:3\n"), "{shown}");
    assert!(shown.contains("4 |   clustr = \"c\"\n  |   ^^^^^^\n"), "{shown}");
    assert!(shown.contains("did you mean \"cluster\"?"), "{shown}");
    assert!(shown.contains("[[service]] has no cluster"), "{shown}");
}

#[test]
fn everything_wrong_with_a_file_is_said_at_once_in_its_order() {
    let text = "name = \"p\"\naccount = 123456789012\nregion = \"US East\"\n\
        [[service]]\nname = \"api\"\ncluster = \"c\"\npool-size = 0\n\
        [[service]]\nname = \"api\"\ncluster = \"c\"\nauto-scaling = \"yes\"\n\
        [[gauge]]\ntitle = \"x\"\nof = \"apl\"\nnamespace = \"N\"\nmetric = \"M\"\nstatistic = \"p950\"\nunit = \"millis\"\n\
        [[gauge]]\ntitle = \"y\"\nnamespace = \"N\"\nmetric = \"M\"\nunit = \"percent\"\ntarget = \"300 ms\"\n\
        [[alarm]]\nname = \"A\"\nseverity = \"critcal\"\nrunbook = \"rolback\"\n\
        [prices]\ntask-month = -1\n[[link]]\ntitle = \"t\"\nurl = \"javascript:alert(1)\"\n";
    let errors = errors(text);
    let lines: Vec<usize> = errors.iter().map(FileError::line).collect();
    assert_eq!(lines, [2, 3, 7, 9, 11, 14, 17, 18, 24, 27, 28, 30, 33], "{errors:#?}");
}

#[test]
fn a_wrong_unit_hides_neither_a_wrong_target_nor_a_second_gauge_of_one_name() {
    let gauge = |target: &str| {
        format!(
            "[[gauge]]\ntitle = \"x\"\nnamespace = \"N\"\nmetric = \"M\"\nunit = \"millis\"\ntarget = \"{target}\"\n"
        )
    };
    let lines = |text: &str| errors(text).iter().map(FileError::line).collect::<Vec<_>>();
    assert_eq!(lines(&format!("{SMALL}{}", gauge("fast"))), [11, 12]);
    assert_eq!(lines(&format!("{SMALL}{}", gauge("< 300 ms"))), [11], "it may be right");
    assert_eq!(lines(&format!("{SMALL}{}{}", gauge("< 300 ms"), gauge("< 1 s"))), [11, 14, 17]);
}

#[test]
fn names_that_nothing_has_find_the_nearest_one() {
    let gauge = |line: &str| {
        only(&format!("{SMALL}[[gauge]]\ntitle = \"x\"\nnamespace = \"N\"\nmetric = \"M\"\n{line}\n"))
            .1
            .unwrap_or_default()
    };
    assert_eq!(gauge("of = \"apii\""), "did you mean \"api\"?");
    assert_eq!(gauge("statistic = \"average\""), "did you mean \"Average\"?");
    assert_eq!(gauge("unit = \"millisecond\""), "did you mean \"milliseconds\"?");
    let runbook = |name: &str| format!("{SMALL}[[alarm]]\nname = \"A\"\nseverity = \"notice\"\nrunbook = \"{name}\"\n");
    assert_eq!(only(&runbook("scal")).1.as_deref(), Some("did you mean \"scale\"?"));
    assert!(read_with(&runbook("flush"), "p.toml", &["flush".to_owned()]).is_ok(), "the user's own runbook");
}

#[test]
fn a_name_that_means_two_things_must_be_written_out() {
    let both = "name = \"p\"\n[[service]]\nname = \"a\"\ncluster = \"c\"\n[[database]]\nid = \"a\"\n[[gauge]]\n\
        title = \"x\"\nnamespace = \"N\"\nmetric = \"M\"\n";
    assert_eq!(only(&format!("{both}of = \"a\"\n")).0, "\"a\" may mean several things");
    let platform = read(&format!("{both}of = \"rds/a\"\n"), "p.toml").unwrap();
    assert_eq!(platform.gauges.last().unwrap().subject, Subject::Database(0));
}

#[test]
fn common_slips_are_told_apart() {
    assert_eq!(only("name = \"p\"\n").0, "there is nothing to watch");
    assert_eq!(only("[[database]]\nid = \"d\"\n").0, "the platform has no name");
    assert_eq!(only("name = \"p\"\n[service]\nname = \"a\"\ncluster = \"c\"\n").0, "service is a table");
    let arn = "name = \"p\"\n[[service]]\nname = \"a\"\ncluster = \"arn:aws:ecs:us-east-1:123456789012:cluster/c\"\n";
    assert!(read(arn, "p.toml").unwrap_err().to_string().contains("its name alone: \"c\""));
    let twice = "[[gauge]]\ntitle = \"x\"\nnamespace = \"N\"\nmetric = \"M\"\n";
    let again = "[[gauge]]\ntitle = \"y\"\nnamespace = \"N\"\nmetric = \"M\"\n";
    assert!(only(&format!("{SMALL}{twice}{again}")).0.contains("same statistic of the same metric"));
    assert!(only(&format!("{SMALL}{twice}{twice}statistic = \"Sum\"\n")).0.contains("called \"x\""));
}

#[test]
fn two_syntax_errors_are_both_shown() {
    let errors = errors("name = \n[[service]\nname = \"a\"\n");
    assert!(errors.len() >= 2, "{errors:#?}");
    assert!(errors.iter().all(|e| e.message().starts_with("this is not TOML")));
}

#[test]
fn an_error_in_a_line_of_any_length_and_script_stays_narrow_and_printable() {
    let text = format!("name = \"p\"\n[[database]]\nid = \"d\"\n\"{}\u{1b}[2J日本\" = 1\n", "長".repeat(400));
    let shown = read(&text, "p\u{7}.toml").err().map(|e| e.to_string()).unwrap_or_default();
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{7}'), "{shown}");
    let excerpt = shown.lines().find(|l| l.starts_with("4 | ")).unwrap();
    assert!(excerpt.chars().count() < 120, "{excerpt}");
}

fn inside(text: &str, errors: &FileErrors) -> Result<(), TestCaseError> {
    let lines: Vec<&str> = text.split('\n').collect();
    prop_assert!(errors.iter().next().is_some());
    for error in errors {
        prop_assert!((1..=lines.len()).contains(&error.line()), "line {} of {}", error.line(), lines.len());
        let length = lines[error.line() - 1].chars().count();
        prop_assert!((1..=length + 1).contains(&error.column()), "column {} of {length}", error.column());
        prop_assert!(!error.to_string().contains(|c: char| c.is_control() && c != '\n'));
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_with_a_place_inside_the_file(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let text = String::from_utf8_lossy(&bytes);
        if let Err(errors) = read(&text, "p.toml") {
            inside(&text, &errors)?;
        }
    }

    #[test]
    fn a_damaged_sample_is_read_or_refused_with_a_place_inside_the_file(
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0usize..12, ".{0,6}"), 1..4),
    ) {
        let mut chars: Vec<char> = SAMPLE.chars().collect();
        for (place, length, insert) in cuts {
            let at = place.index(chars.len());
            let end = (at + length).min(chars.len());
            chars.splice(at..end, insert.chars());
        }
        let text: String = chars.into_iter().collect();
        if let Err(errors) = read(&text, "p.toml") {
            inside(&text, &errors)?;
        }
    }
}

#[test]
fn a_gauge_of_something_unknown_is_told_what_could_stand_there() {
    let text = "name = \"p\"\n[[service]]\nname = \"api\"\ncluster = \"c\"\n[[database]]\nid = \"main\"\n\
        [[gauge]]\ntitle = \"t\"\nof = \"mian\"\nnamespace = \"N\"\nmetric = \"M\"\n";
    let errors = read(text, "p.toml").unwrap_err().to_string();
    let expected = "the name of a [[service]] or the id of a [[database]]: \"api\", \"main\"";
    assert!(errors.contains("there is no service or database \"mian\" in this file"), "{errors}");
    assert!(errors.contains(expected) && errors.contains("did you mean \"main\"?"), "{errors}");
}
