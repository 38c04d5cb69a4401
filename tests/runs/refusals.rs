//! What is refused, and how a person and a script are told why and what there is instead.

use serde_json::Value;

use super::*;

impl Bench {
    /// The exit code, what a program reads, and what a person does.
    async fn asked(&self, arguments: &[&str]) -> (i32, Value, String) {
        let output = self.plantao(arguments).output().await.unwrap();
        let read = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let (code, text) = told(&output);
        (code, read, text)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_deploy_without_an_image_lists_those_that_there_are_for_people_and_programs() {
    let bench = Bench::new();
    let (code, read, text) = bench.asked(&["plan", "emergency-deploy", "--json"]).await;
    assert_eq!((code, &read["ending"], &read["exit_code"]), (17, &"refused".into(), &17.into()), "{text}");
    let tag = read["candidates"][0]["value"].as_str().unwrap();
    let (code, _, text) = bench.asked(&["plan", "emergency-deploy"]).await;
    assert!(code == 17 && text.contains(&format!("--image can be one of these:\n  {tag}  ")), "{code}: {text}");
    let (code, read, text) = bench.asked(&["plan", "emergency-deploy", "--image", &format!("{tag}x"), "--json"]).await;
    assert_eq!((code, read["candidates"][0]["value"].as_str()), (17, Some(tag)), "a slip is no dead end: {text}");
    let words = read["words"].as_str().unwrap();
    assert!(words.contains(&format!("did you mean {tag}?\n--image can be one of these:\n  {tag}  ")), "{text}");
    let (code, plan, text) = bench.asked(&["plan", "emergency-deploy", "--image", tag, "--json"]).await;
    assert_eq!(code, 0, "{text}");
    let steps = plan["steps"].as_array().unwrap();
    let pinned = steps.iter().find_map(|step| step["view"]["basis"].as_str()).unwrap();
    let (uri, digest) = pinned.split_once('@').unwrap();
    let (code, _, text) = bench.asked(&["plan", "emergency-deploy", "--image", digest]).await;
    let bare = digest.strip_prefix("sha256:").unwrap();
    assert!(code == 0 && !text.contains(&format!("{uri}:{bare}")), "a digest is no tag: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_reads_why_nothing_is_taken_back_and_follows_what_is() {
    let bench = Bench::new();
    assert_eq!(bench.run(&[&SCALE[..], &["--yes"]].concat()).await.0, 0);
    let id = bench.store().runs().unwrap().remove(0);
    let undo = ["runs", "undo", id.as_str(), "--json"];
    let (code, read, text) = bench.asked(&undo).await;
    assert_eq!((code, &read["ending"]), (17, &"refused".into()), "{text}");
    assert!(read["words"].as_str().unwrap().contains("nobody is there to confirm"), "{text}");
    let (code, text) = bench.run(&[&undo[..], &["--yes"]].concat()).await;
    let last: Value = serde_json::from_str(text.lines().rfind(|line| line.starts_with('{')).unwrap()).unwrap();
    assert_eq!((code, &last["event"], bench.updates()), (0, &"ended".into(), 2), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_names_a_run_that_is_not_there_reads_why_as_json() {
    let bench = Bench::new();
    for command in [&["runs", "show", "nosuch"][..], &["runs", "undo", "nosuch"], &["follow", "nosuch"], &["follow"]] {
        let (code, read, text) = bench.asked(&[command, &["--json"]].concat()).await;
        assert_eq!((code, &read["exit_code"], &read["ending"]), (1, &1.into(), &Value::Null), "{command:?}: {text}");
        let words = if command.len() > 1 { "there is no run \"nosuch\"" } else { "there are no runs yet" };
        assert!(read["words"].as_str().is_some_and(|said| said.contains(words)), "{command:?}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_of_two_who_take_a_run_up_is_told_that_the_first_one_has() {
    let bench = Bench::at(10.0);
    let following = started(bench.plantao(&SCALE).arg("--yes"));
    let (id, host) = bench.run_that(waits).await;
    signal("-KILL", &host.to_string()).await;
    following.wait_with_output().await.unwrap();
    let resume = ["runs", "resume", id.as_str()];
    let first = started(&mut bench.plantao(&resume));
    bench.run_that(|record| matches!(record.event, Event::Resumed { .. })).await;
    let (code, text) = bench.run(&resume).await;
    assert_eq!(code, 23, "{text}");
    assert!(text.contains(&format!("is being carried out by another process: plantao follow {id}")), "{text}");
    assert!(!text.contains("gone before its end"), "{text}");
    let (code, text) = told(&first.wait_with_output().await.unwrap());
    assert_eq!(code, 0, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_runbook_of_ones_own_is_named_with_its_file_and_line_and_not_called_unknown() {
    let bench = Bench::new();
    let folder = bench.home.path().join(".config/plantao/runbooks");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("mine.md"), "# Mine\n\n```toml runbook\ndanger = \n```\n\n## A step\n").unwrap();
    let (code, _, text) = bench.asked(&["plan", "mine"]).await;
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("mine.md: line 4: this is not TOML"), "{text}");
    assert!(text.contains("plantao check ") && !text.contains("unrecognized"), "{text}");
    // A plan that has nothing to do with it does not begin with it.
    let (code, _, text) = bench.asked(&["plan", "scale", "--desired", "2"]).await;
    assert!(code == 0 && !text.contains("mine.md"), "{text}");
    std::fs::write(folder.join("scale.md"), "# Mine\n").unwrap();
    let (_, _, text) = bench.asked(&["plan", "scale", "--desired", "2"]).await;
    assert!(text.contains("scale.md") && !text.contains("mine.md"), "{text}");
}
