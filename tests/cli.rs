//! The real binary from a shell's view: exit codes, what it says, and what it leaves on disk.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A home of its own, so that neither the tester's platforms nor their credentials are seen.
struct Home(TempDir);

impl Home {
    fn new() -> Home {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(folder.path().join(".config/plantao")).expect("a folder");
        Home(folder)
    }

    fn with(name: &str, text: &str) -> Home {
        let home = Home::new();
        fs::write(home.file(name), text).expect("it can be written");
        home
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(".config/plantao").join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plantao"));
        command.args(arguments).stdin(Stdio::null()).env_clear();
        command.env("HOME", self.0.path()).env("PATH", "/usr/bin:/bin").env("TERM", "xterm-256color");
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    fn run(&self, arguments: &[&str]) -> Said {
        Said::of(&self.command(arguments).output().expect("it runs"))
    }
}

#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    fn of(output: &Output) -> Said {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("it is UTF-8");
        Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}

const SMALL: &str = "name = \"p\"\nregion = \"us-east-1\"\n[[database]]\nid = \"d\"\n";

#[test]
fn without_any_file_the_first_steps_are_told() {
    let home = Home::new();
    let said = home.run(&[]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("plantao init") && said.err.contains("plantao demo"), "{said:?}");
    assert_eq!(home.run(&["status"]).code, Some(3), "a script is not told that all is well, nor that users are hurt");
}

#[test]
fn a_misspelt_platform_is_answered_with_those_that_exist() {
    let home = Home::with("production.toml", SMALL);
    let said = home.run(&["-p", "prodution", "status"]);
    assert_eq!(said.code, Some(3));
    assert!(said.err.contains("Did you mean \"production\"?\nThere are: production"), "{said:?}");
}

#[test]
fn a_broken_file_shows_its_line_whichever_command_reads_it() {
    let home = Home::with("platform.toml", &SMALL.replace("id =", "idd ="));
    for (command, code) in [("status", 3), ("check", 1), ("doctor", 1)] {
        let said = home.run(&[command, "--endpoint-url", "http://127.0.0.1:9"]);
        assert_eq!(said.code, Some(code), "{command}: {said:?}");
        let all = format!("{}{}", said.out, said.err);
        assert!(all.contains("platform.toml:4:1") && all.contains("4 | idd = \"d\""), "{command}: {all}");
        assert!(all.contains("did you mean \"id\"?"), "{command}: {all}");
    }
}

#[test]
fn check_reads_every_file_it_is_given() {
    let home = Home::with("platform.toml", SMALL);
    let (good, bad) = (home.file("platform.toml"), home.file("bad.toml"));
    fs::write(&bad, "name = 1\n").unwrap();
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let said = home.run(&["check", &path(&bad), &path(&good)]);
    assert_eq!(said.code, Some(1));
    assert!(said.out.contains("platform.toml: well, 0 services, 1 database, 3 gauges"), "{said:?}");
    assert!(said.err.contains("bad.toml:1:8"), "{said:?}");
    assert_eq!(home.run(&["check"]).code, Some(0));
}

/// A runbook that is right, but for what stands in its step.
fn runbook(step: &str) -> String {
    format!("# Mine\n```toml runbook\ndanger = \"caution\"\n```\n## Step\n{step}\n")
}

#[test]
fn check_reads_the_users_runbooks_where_there_is_no_platform_file_and_says_that_it_is_missing() {
    let home = Home::new();
    let folder = home.file("runbooks");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("good.md"), runbook("```sh\ntrue\n```")).unwrap();
    fs::write(folder.join("bad.md"), runbook("```toml ecs.wait-stead\n```")).unwrap();
    let said = home.run(&["check"]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("no platform yet") && said.err.contains("bad.md:6:9"), "{said:?}");
    assert!(said.out.contains("good.md: well, 1 step"), "{said:?}");
}

#[test]
fn a_file_that_is_not_utf_8_is_told_with_its_line_and_column() {
    let home = Home::with("platform.toml", SMALL);
    let folder = home.file("runbooks");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("latin.md"), b"# Caf\xe9\n\n## Step\n```toml ecs.wait-stead\n```\n").unwrap();
    fs::write(home.file("platform.toml"), b"name = \"p\xe9\"\n").unwrap();
    let said = home.run(&["check"]);
    assert_eq!(said.code, Some(1));
    for part in ["latin.md:1:6", "byte 0xe9, at byte 6 of the file", "latin.md:4:9", "platform.toml:1:10"] {
        assert!(said.err.contains(part), "{part}: {said:?}");
    }
}

#[test]
fn a_misspelt_region_is_doubted_by_check_and_not_refused() {
    let home = Home::with("platform.toml", &SMALL.replace("us-east-1", "us-esat-1"));
    let said = home.run(&["check"]);
    assert!(said.code == Some(0) && said.err.contains("did you mean \"us-east-1\"?"), "{said:?}");
    let home = Home::with("platform.toml", &SMALL.replace("us-east-1", "useast1"));
    let said = home.run(&["check"]);
    assert!(said.code == Some(1) && said.err.contains("did you mean \"us-east-1\"?"), "{said:?}");
}

#[test]
fn a_terminal_that_has_only_ascii_gets_no_broken_characters() {
    let home = Home::with("plantão.toml", SMALL);
    let file = home.file("plantão.toml");
    for (locale, is_ascii) in [("C", true), ("pt_BR.UTF-8", false)] {
        for command in ["check", "doctor"] {
            let mut command = home.command(&["-c", file.to_str().unwrap(), command]);
            let said = Said::of(
                &command.env("LC_ALL", locale).env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").output().expect("it runs"),
            );
            assert_eq!(format!("{}{}", said.out, said.err).is_ascii(), is_ascii, "{locale}: {said:?}");
        }
    }
}

#[test]
fn the_list_of_runbooks_is_there_for_programs() {
    let home = Home::with("platform.toml", SMALL);
    let folder = home.file("runbooks");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("vacuum.md"), runbook("```sh\ntrue\n```")).unwrap();
    fs::write(folder.join("bad.md"), "# Bad\n").unwrap();
    let said = home.run(&["runbooks", "--json"]);
    assert_eq!(said.code, Some(1), "one can't be used: {said:?}");
    let json = said.json();
    let of = |name: &str| json["runbooks"].as_array().unwrap().iter().find(|it| it["name"] == name).unwrap().clone();
    assert_eq!((&of("scale")["key"], &of("scale")["shipped"]), (&"s".into(), &true.into()));
    assert!(of("scale")["parameters"].as_array().unwrap().iter().any(|param| param["name"] == "desired"));
    assert_eq!((&of("vacuum")["title"], &of("vacuum")["shipped"]), (&"Mine".into(), &false.into()));
    assert_eq!(json["broken"][0]["name"], "bad");
}

#[test]
fn a_command_line_that_makes_no_sense_is_never_taken_for_an_outage() {
    let home = Home::with("platform.toml", SMALL);
    assert_eq!(home.run(&["status", "--jsn"]).code, Some(3));
    assert_eq!(home.run(&["doctr"]).code, Some(2));
    assert_eq!(home.run(&["demo", "--scenario", "bad-deplo"]).code, Some(2));
    assert!(home.run(&["demo", "--scenario", "bad-deplo"]).err.contains("Did you mean \"bad-deploy\"?"));
    let said = home.run(&["demo", "--database", "mysql://ana:hunter2@db/analytics"]);
    assert!(said.code == Some(2) && said.err.contains("postgresql://") && !said.err.contains("hunter2"), "{said:?}");
    assert_eq!(home.run(&["--help"]).code, Some(0));
}

#[test]
fn help_is_understood_as_a_word_and_shows_only_flags_that_mean_something() {
    let home = Home::new();
    assert_eq!(home.run(&["help"]).out, home.run(&["--help"]).out);
    let demo = home.run(&["help", "demo"]);
    assert_eq!(demo.code, Some(0), "{demo:?}");
    assert!(demo.out.contains("--scenario") && demo.out.contains("--ascii"), "{demo:?}");
    assert!(!demo.out.contains("--endpoint-url") && !demo.out.contains("--profile"), "{demo:?}");
    let check = home.run(&["check", "--help"]).out;
    assert!(check.contains("--config") && !check.contains("--region") && !check.contains("--ascii"), "{check}");
    assert!(home.run(&["status", "--help"]).out.contains("--endpoint-url"));
}

#[test]
fn a_profile_that_does_not_exist_is_named_with_those_that_do() {
    let home = Home::with("platform.toml", SMALL);
    fs::create_dir_all(home.0.path().join(".aws")).unwrap();
    fs::write(home.0.path().join(".aws/config"), "[default]\nregion = eu-west-1\n[profile production]\n").unwrap();
    fs::write(home.0.path().join(".aws/credentials"), "[staging]\naws_access_key_id = a\n").unwrap();
    let mut command = home.command(&["--profile", "nope", "status"]);
    let said = Said::of(&command.output().expect("it runs"));
    assert_eq!(said.code, Some(3), "{said:?}");
    let out = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(out.contains("no AWS profile \"nope\""), "{said:?}");
    assert!(out.contains("there are: default, production, staging"), "{said:?}");
    assert!(out.contains("aws configure"), "{said:?}");
    let near = home.run(&["--profile", "productoin", "status"]).out;
    assert!(near.contains("did you mean \"production\"?"), "{near}");
    let role = "[profile ops]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = gone\n";
    fs::write(home.0.path().join(".aws/config"), role).unwrap();
    let out = home.run(&["--profile", "ops", "status"]).out;
    let out = out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(out.contains("no AWS profile \"gone\", which profile \"ops\" names"), "{out}");
}

#[test]
fn a_broken_aws_config_is_named_with_the_line_that_breaks_it() {
    let home = Home::with("platform.toml", SMALL);
    let file = home.0.path().join(".aws/config");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, "[default]\nregion = eu-west-1\naws_secret_access_key hunter2\n").unwrap();
    let place = format!("{}:3: a line without =", file.display());
    // Named, it goes before the keys of the environment.
    let status = home.run(&["--profile", "default", "status"]);
    let out = status.out.split_whitespace().collect::<Vec<_>>().concat();
    assert!(out.contains(&place.replace(' ', "")) && out.contains("mendthatline"), "{status:?}");
    assert!(!status.out.contains("hunter2"), "{status:?}");
    let init = home.run(&["init", "--force"]);
    assert!(init.err.contains(&place), "the region is in that file: {init:?}");
}

#[test]
fn who_named_no_region_is_told_how_to_name_one() {
    let home = Home::new();
    let said = home.run(&["init"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("no AWS region") && !said.err.contains("signing"), "{said:?}");
    for way in ["--region", "AWS_REGION", "--profile"] {
        assert!(said.err.contains(way), "{way}: {said:?}");
    }
}

#[test]
fn no_screen_where_there_is_no_terminal() {
    let home = Home::with("platform.toml", SMALL);
    // `plantao status` knows nothing of the demo's platform.
    for (arguments, instead, not) in [(&[][..], "plantao status", "--serve"), (&["demo"], "--serve", "status")] {
        let said = home.run(arguments);
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.err.contains(instead) && !said.err.contains(not), "{said:?}");
        assert!(said.out.is_empty(), "{said:?}");
    }
}

#[test]
fn doctor_names_the_tool_that_a_build_would_take_not_a_docker_without_its_daemon() {
    let home = Home::with("platform.toml", SMALL);
    let bin = home.0.path().join("bin");
    fs::create_dir_all(&bin).unwrap();
    let program = |name: &str, script: &str| {
        fs::write(bin.join(name), format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    };
    program("docker", "case $1 in buildx) echo v0.17 ;; *) echo 'is the daemon running?' >&2; exit 1 ;; esac");
    let container = || {
        let mut command = home.command(&["doctor", "--json", "--endpoint-url", "http://127.0.0.1:9"]);
        let said = Said::of(&command.env("PATH", &bin).output().expect("it runs"));
        let json = said.json();
        let checks = json["checks"].as_array().unwrap();
        checks.iter().find(|check| check["what"] == "container tool").unwrap().clone()
    };
    let check = container();
    let found = check["found"].as_str().unwrap();
    assert!(check["outcome"] == "note" && found.contains("is the daemon running?"), "{check}");
    program("podman", "echo podman version 5.3.1");
    let check = container();
    let found = check["found"].as_str().unwrap();
    assert!(check["outcome"] == "ok" && found.starts_with("podman version 5.3.1: "), "{check}");
}

#[test]
fn completions_and_manual_are_printed_and_a_closed_pipe_is_no_crash() {
    let home = Home::new();
    assert!(home.run(&["completions", "bash"]).out.contains("_plantao"));
    assert!(home.run(&["man"]).out.contains(".TH plantao"));
    for arguments in [&["completions", "zsh"][..], &["man"], &["--help"]] {
        let mut child =
            home.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        drop(child.stdout.take());
        let said = Said::of(&child.wait_with_output().expect("it ends"));
        assert!(said.err.is_empty() && said.code == Some(0), "{arguments:?}: {said:?}");
    }
}

#[test]
fn an_endpoint_that_accepts_and_never_answers_still_gets_a_report() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", silent.local_addr().unwrap());
    let home = Home::with("platform.toml", SMALL);
    let began = Instant::now();
    let said = home.run(&["doctor", "--json", "--endpoint-url", &url]);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!(said.code, Some(1));
    let checks = said.json()["checks"].as_array().unwrap().clone();
    let groups: Vec<_> = checks.iter().filter_map(|check| check["group"].as_str()).collect();
    assert!(groups.contains(&"tools") && groups.contains(&"terminal"), "{groups:?}");
    assert!(checks.iter().any(|check| check["group"] == "AWS" && check["outcome"] == "fail"), "{checks:#?}");
    assert!(groups.contains(&"permissions"), "that they were not checked must be said: {groups:?}");
}

#[test]
fn status_says_what_it_could_not_tell_without_an_endpoint() {
    let home = Home::with("platform.toml", SMALL);
    let said = home.run(&["status", "--json", "--endpoint-url", "http://127.0.0.1:9"]);
    assert_eq!(said.code, Some(3), "{said:?}");
    let json = said.json();
    assert_eq!((json["status"].as_str(), json["exit"].as_i64()), (Some("unknown"), Some(3)));
    assert!(!json["could_not_tell"].as_array().unwrap().is_empty(), "{json:#}");
}
