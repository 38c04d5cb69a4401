//! `sh` blocks on this machine.

use plantao::run::{Event, Store, verify};

use super::{order, runbook, write};
use crate::database::killing::{carry_out, ends};
use crate::database::running::Bench;
use crate::harness::told;

/// A URL whose password no script may see.
const URL: &str = "postgresql://ana:hunter2-of-the-database@127.0.0.1:1/analytics";
const ON: [&str; 2] = ["--service", "worker"];

#[tokio::test]
async fn a_script_finds_its_answers_in_its_environment_and_no_secret_of_plantaos() {
    let bench = Bench::new(URL);
    let head = "[param.name]\nask = \"Name?\"\ntype = \"text\"\n[param.odd-one]\nask = \"n?\"\ntype = \"integer\"\noptional = true";
    let script = "printf '%s|%s|%s|%s\\n' \"$PLANTAO_NAME\" \"$PLANTAO_ODD_ONE\" \"$AWS_REGION\" \"$AWS_ENDPOINT_URL\"\n\
        env | grep -c hunter2 || echo 'no secret'\nprintf '\\033[2Jred\\n'\ncat";
    write(&bench, &runbook("sh", head, &[script]));
    let evil = "x'; $(touch evil) `touch evil` \" \\";
    let arguments = ["--name", evil, "--yes", ON[0], ON[1]];
    let (code, text) = bench.run(&[&["plan", "mine"][..], &arguments[..2], &ON].concat()).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("sh -eu, on this machine, in ") && text.contains("  cat"), "{text}");
    assert!(text.contains("undo: what the script changed stays"), "{text}");
    assert!(text.contains("Danger: caution"), "a script is never safe, whatever its runbook says: {text}");
    let (code, text) = bench.run(&[&["run", "mine"][..], &arguments].concat()).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains(&format!("{evil}||us-east-1|{}", bench.endpoint)), "{text}");
    assert!(text.contains("no secret") && text.contains("·[2Jred") && !text.contains('\u{1b}'), "{text}");
    let log = std::fs::read_to_string(bench.store().log(&bench.store().runs().unwrap()[0])).unwrap();
    assert!(log.contains("·[2Jred") && !log.contains('\u{1b}'), "{log}");
    assert!(!std::path::Path::new("evil").exists());
}

#[tokio::test]
async fn a_secret_that_a_script_prints_reaches_neither_the_screen_nor_the_log_nor_the_journal() {
    let bench = Bench::new(URL);
    let script =
        "echo \"key=$AWS_SECRET_ACCESS_KEY.\"\nprintf '%s%s|\\n' hunter2 -of-the-database\nenv | sort | tail -5\nfalse";
    write(&bench, &runbook("sh", "", &[script]));
    let key = "wJalrXUtnFEMI/K7MDENG";
    let mut run = bench.plantao(&["run", "mine", "--yes", ON[0], ON[1]]);
    let (code, text) = told(&run.env("AWS_SECRET_ACCESS_KEY", key).output().await.unwrap());
    assert_eq!(code, 16, "{text}");
    assert!(text.contains("key=….") && text.contains("…|"), "{text}");
    bench.shows_no_password(&text);
    for entry in std::fs::read_dir(bench.store().folder()).unwrap() {
        let kept = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!kept.contains(key), "{kept}");
    }
    assert!(!text.contains(key), "{text}");
}

#[tokio::test]
async fn a_script_that_fails_says_where_and_how_and_no_step_after_it_is_begun() {
    let bench = Bench::new(URL);
    write(&bench, &runbook("sh", "", &["echo one\necho why not >&2\nfalse\necho two", "echo three"]));
    let (code, text) = bench.run(&["run", "mine", "--yes", ON[0], ON[1]]).await;
    assert_eq!(code, 16, "{text}");
    assert!(text.contains("the script failed, exit status: 1: ") && text.contains("why not"), "{text}");
    assert!(!text.contains("   two") && !text.contains("   three") && text.contains("all that it said: "), "{text}");
    write(&bench, &runbook("sh", "", &["echo \"$NOT_SET\""]));
    let (code, text) = bench.run(&["run", "mine", "--yes", ON[0], ON[1]]).await;
    assert!(code == 16 && text.contains("NOT_SET"), "{code} {text}");
}

#[tokio::test]
async fn a_wish_to_stop_ends_the_script_and_all_that_it_started() {
    let bench = Bench::new(URL);
    let pids = bench.home.path().join("pids");
    write(
        &bench,
        &runbook("sh", "", &[&format!("sleep 600 & echo $$ $! > {0}.part; mv {0}.part {0}\nwait", pids.display())]),
    );
    let one_at_a_time = crate::harness::starting();
    let following = bench.plantao(&["run", "mine", "--yes", ON[0], ON[1]]).spawn().unwrap();
    drop(one_at_a_time);
    let id = bench.run_that(|record| matches!(record.event, Event::Request { .. })).await;
    while !pids.exists() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(bench.run(&["runs", "stop", id.as_str()]).await.0, 0);
    let (code, text) = told(&following.wait_with_output().await.unwrap());
    assert_eq!(code, 14, "{text}");
    let said = "the script was ended in the middle; what was changed stays";
    assert!(text.contains(said), "{text}");
    for pid in std::fs::read_to_string(&pids).unwrap().split_whitespace() {
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        assert!(state.is_empty() || state.contains(") Z "), "{pid} goes on: {state}");
    }
}

#[tokio::test]
async fn killed_at_any_record_no_script_is_ever_run_twice() {
    let bench = Bench::new(URL);
    let count = bench.home.path().join("count");
    let text = runbook("sh", "", &[&format!("echo run >> {}", count.display()), "true"]);
    let (id, whole) = order(&bench, &text).await;
    assert!(carry_out(&bench, &whole, 1 << 20).await);
    let reference = ends(&std::fs::read(bench.store().journal(&id)).unwrap());
    let (mut doubts, mut goods) = (0, 0);
    for (number, end) in reference.iter().enumerate().take(reference.len() - 1) {
        let _ = std::fs::remove_file(&count);
        let bench = Bench::new(URL);
        let (id, order) = order(&bench, &text).await;
        if carry_out(&bench, &order, *end).await {
            // How often progress is told hangs on the machine: this journal never came to be that long.
            continue;
        }
        let (code, text) = bench.run(&["runs", "resume", id.as_str()]).await;
        let runs = std::fs::read_to_string(&count).unwrap_or_default().lines().count();
        assert!(runs <= 1, "run twice, killed at record {number}: {text}");
        match code {
            0 => {
                assert_eq!(runs, 1, "killed at record {number}: {text}");
                goods += 1;
            }
            16 => {
                assert!(text.contains("nobody knows whether script 1"), "killed at record {number}: {text}");
                doubts += 1;
            }
            // Killed before the first record was whole.
            other => assert!(number == 0, "{other} killed at record {number}: {text}"),
        }
        let journal = Store::journal(&bench.store(), &id);
        assert!(number == 0 || verify(&id, &std::fs::read(journal).unwrap()).unwrap().ended);
    }
    assert!(doubts >= 1 && goods >= 4, "{doubts} in doubt, {goods} to the end, of {}", reference.len());
}
