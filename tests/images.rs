//! Emergency deploys by the real binary: images built by podman and buildah, pushed to a real registry, on the served world.

mod bench;
mod dying;

use std::fs;

use bench::Bench;
use jiff::Timestamp;

use crate::harness::{Paste, Registry};

const PASSWORD: &str = "hunter2-of-the-registry";
const GOOD: &str = "FROM scratch\nCOPY hello /hello\nCMD [\"/hello\"]\n";
const REPOSITORY: &str = "analytics-api";

/// Writes down each of its arguments and its environment, as any user of the machine could see them.
const WATCHED: &str = r#"echo "$@" >>"$HERE/seen"; env >>"$HERE/seen"; exec "$TOOL" "$@""#;

#[tokio::test(flavor = "multi_thread")]
async fn a_build_is_pushed_deployed_by_digest_and_leaves_no_password_behind() {
    let bench = Bench::new("podman", GOOD);
    bench.workshop.wrap("podman", WATCHED);
    let (code, text) = bench.deploy().await;
    assert_eq!(code, 0, "{text}");
    let images = bench.registry.images(REPOSITORY);
    let [(tag, digest, architecture)] = &images[..] else { panic!("one image was pushed: {images:?}") };
    assert!(tag.starts_with("emergency-") && architecture == "arm64", "{images:?}");
    assert_eq!(bench.running().await, format!("{}/{REPOSITORY}@{digest}", bench.registry.host));
    assert_eq!((bench.asked("ecs:RegisterTaskDefinition"), bench.asked("ecs:UpdateService")), (1, 1));
    assert!(bench.log().contains("COPY hello /hello"), "{}", bench.log());
    assert!(text.contains("is in ECR, built for arm64, as the task definition wants"), "{text}");
    let seen = fs::read_to_string(bench.workshop.home.join("seen")).unwrap();
    assert!(seen.contains("--password-stdin") && seen.contains("--platform linux/arm64"), "{seen}");
    bench.nothing_holds(PASSWORD);
    assert!(!text.contains(PASSWORD));
    assert_eq!(bench.run(&["runs", "verify"]).await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn buildah_alone_is_enough() {
    let bench = Bench::new("buildah", GOOD);
    // Its login asks no configuration whether a registry speaks plain HTTP.
    bench
        .workshop
        .wrap("buildah", r#"[ "$1" = login ] && shift && set -- login --tls-verify=false "$@"; exec "$TOOL" "$@""#);
    let (code, text) = bench.deploy().await;
    assert_eq!(code, 0, "{text}");
    assert_eq!(bench.registry.images(REPOSITORY).len(), 1);
}

/// Speaks as docker does, and lets podman do the work: no engine runs where tests do.
const STAND_IN: &str = r#"case "$1 $2" in
"buildx version" | "version --format") echo 28.2.2 ;;
"context inspect") echo remote ;;
"buildx build") shift 5; exec "$TOOL" build "$@" ;;
login*) read -r key <"$DOCKER_CONFIG/contexts/tls/1/docker/key.pem"; echo "$DOCKER_CONTEXT: $key" >"$HERE/engine"; shift; exec "$TOOL" login --authfile "$DOCKER_CONFIG/config.json" "$@" ;;
push*) "$TOOL" push --authfile "$DOCKER_CONFIG/config.json" --digestfile "$HERE/digest" "$2" || exit 1
    read -r digest <"$HERE/digest" || :; echo "tag: digest: $digest size: 566" ;;
*) echo "unknown: $*" >&2; exit 1 ;;
esac"#;

#[tokio::test(flavor = "multi_thread")]
async fn docker_comes_first_signs_in_apart_from_the_users_settings_and_its_digest_is_read() {
    let bench = Bench::new("podman", GOOD);
    bench.workshop.wrap("podman", STAND_IN);
    let bin = bench.workshop.home.join("bin");
    fs::rename(bin.join("podman"), bin.join("docker")).unwrap();
    let key = bench.workshop.home.join(".docker/contexts/tls/1/docker/key.pem");
    fs::create_dir_all(key.parent().unwrap()).unwrap();
    fs::write(&key, "the key to its engine\n").unwrap();
    let (code, text) = bench.deploy().await;
    assert_eq!(code, 0, "{text}");
    let images = bench.registry.images(REPOSITORY);
    assert!(bench.running().await.ends_with(&images[0].1), "{images:?}");
    assert!(text.contains("docker buildx build --load"), "{text}");
    let engine = fs::read_to_string(bench.workshop.home.join("engine")).unwrap();
    assert_eq!(engine.trim(), "remote: the key to its engine", "an engine elsewhere is reached as the user reaches it");
    assert!(key.exists());
    bench.nothing_holds(PASSWORD);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_says_what_is_not_committed_and_refuses_what_can_not_be_built() {
    let bench = Bench::new("podman", GOOD);
    let (code, text) = bench.plan().await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("nothing uncommitted") && text.contains("linux/arm64"), "{text}");
    let (by_hand, paste) = (text.lines().filter_map(|line| line.trim_start().strip_prefix("$ ")), Paste::new());
    paste.paste(&by_hand.collect::<Vec<_>>());
    let registered = paste.registered()["containerDefinitions"][0]["image"].to_string();
    assert!(registered.contains("/analytics-api@sha256:abc"), "pasted, what was built is deployed: {registered}");
    fs::write(bench.context.join("hello"), "changed\n").unwrap();
    fs::write(bench.context.join("new"), "new\n").unwrap();
    let (code, text) = bench.plan().await;
    assert!(code == 0 && text.contains("2 files are not as committed"), "{text}");
    fs::remove_dir_all(bench.context.join(".git")).unwrap();
    let (code, text) = bench.plan().await;
    assert!(code == 0 && text.contains("can't tell which commit this is"), "{text}");
    fs::remove_file(bench.context.join("Dockerfile")).unwrap();
    let (code, text) = bench.plan().await;
    assert!(code == 17 && text.contains("has no Dockerfile"), "{code} {text}");
    fs::remove_dir_all(&bench.context).unwrap();
    let (code, text) = bench.plan().await;
    assert!(code == 17 && text.contains("can't be built"), "{code} {text}");
    fs::create_dir(&bench.context).unwrap();
    fs::write(bench.context.join("Dockerfile"), GOOD).unwrap();
    fs::remove_file(bench.workshop.home.join("bin/podman")).unwrap();
    let (code, text) = bench.plan().await;
    assert!(code == 17 && text.contains("docker is not on the PATH") && text.contains("install"), "{code} {text}");
    assert!(bench.store().runs().unwrap().is_empty(), "nothing was run");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_fails_says_its_last_lines_and_nothing_was_changed() {
    let bench = Bench::new("podman", "FROM scratch\nCOPY absent /absent\n");
    let (code, text) = bench.deploy().await;
    assert_eq!(code, 15, "{text}");
    assert!(text.contains("podman did not build the image") && text.contains("absent"), "{text}");
    assert!(text.contains(".log"), "{text}");
    assert!(bench.registry.images(REPOSITORY).is_empty());
    assert_eq!(bench.asked("ecs:UpdateService"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_refused_before_anything_is_pushed_and_is_not_told() {
    let wrong = "not-the-password-of-the-registry";
    let bench = Bench::with("podman", GOOD, wrong, Registry::start(PASSWORD, false));
    let (code, text) = bench.deploy().await;
    assert_eq!(code, 15, "{text}");
    assert!(text.contains("could not sign in") && text.contains("nothing was pushed"), "{text}");
    assert!(!text.contains(wrong));
    assert!(bench.registry.images(REPOSITORY).is_empty());
    bench.nothing_holds(wrong);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_the_registry_refuses_deploys_nothing() {
    let bench = Bench::with("podman", GOOD, PASSWORD, Registry::start(PASSWORD, true));
    let (code, text) = bench.deploy().await;
    assert_eq!(code, 15, "{text}");
    assert!(text.contains("podman did not push the image"), "{text}");
    assert_eq!((bench.asked("ecs:RegisterTaskDefinition"), bench.asked("ecs:UpdateService")), (0, 0));
    bench.nothing_holds(PASSWORD);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_built_for_other_machines_is_noticed_here_or_in_ecr_and_never_deployed() {
    // Whatever is asked for, this builds for x86; and then does not say so.
    let builds = r#"[ "$1" = build ] && set -- $(echo "$@" | /bin/sed s/arm64/amd64/)"#;
    let silent = r#"[ "$1" = image ] && exit 1"#;
    for (lines, code, pushed) in [(vec![builds], 15, 0), (vec![builds, silent], 16, 1)] {
        let bench = Bench::new("podman", GOOD);
        bench.workshop.wrap("podman", &format!("{}\nexec \"$TOOL\" \"$@\"", lines.join("\n")));
        let (ended, text) = bench.deploy().await;
        assert_eq!(ended, code, "{text}");
        assert!(text.contains("exec format error"), "{text}");
        assert_eq!(bench.registry.images(REPOSITORY).len(), pushed);
        assert_eq!((bench.asked("ecs:RegisterTaskDefinition"), bench.asked("ecs:UpdateService")), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_after_the_plan_is_not_built_unseen() {
    let bench = Bench::new("podman", GOOD);
    let changes = r#"if [ -e "$HERE/planned" ]; then echo changed >"$HERE/context/hello"; fi
case "$*" in *status*) : >"$HERE/planned" ;; esac; exec "$TOOL" "$@""#;
    bench.workshop.wrap("git", changes);
    let (code, text) = bench.deploy().await;
    assert_eq!(code, 18, "{text}");
    assert!(text.contains("was changed: nothing was built"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_that_ecr_does_not_have_under_the_tag_is_never_deployed() {
    let bench = Bench::new("podman", GOOD);
    let digest = format!("sha256:{}", "0a".repeat(32));
    let lies = format!(r#""$TOOL" "$@" || exit 1; [ "$1" = push ] && echo {digest} >"$5"; exit 0"#);
    bench.workshop.wrap("podman", &lies);
    let (code, text) = bench.deploy().await;
    assert_eq!(code, 16, "something is in ECR that was not there: {text}");
    assert!(text.contains("somebody else pushed there"), "{text}");
    assert_eq!((bench.asked("ecs:RegisterTaskDefinition"), bench.asked("ecs:UpdateService")), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_end_before_the_run_are_said_in_the_plan() {
    let bench = Bench::new("podman", GOOD);
    let home = &bench.workshop.home;
    fs::create_dir(home.join(".aws")).unwrap();
    let process = format!("[default]\ncredential_process = /bin/cat {}/keys.json\n", home.display());
    fs::write(home.join(".aws/config"), process).unwrap();
    for (minutes, said) in [(2, true), (120, false)] {
        let end = Timestamp::now() + jiff::SignedDuration::from_mins(minutes);
        let keys = serde_json::json!({"Version": 1, "AccessKeyId": "test", "SecretAccessKey": "test",
            "SessionToken": "test", "Expiration": end.to_string()});
        fs::write(home.join("keys.json"), keys.to_string()).unwrap();
        let context = bench.context.to_str().unwrap();
        let mut command = bench.plantao(&["plan", "emergency-deploy", "--way", "build", "--context", context]);
        command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
        // The process is started by a shell.
        command.env("PATH", format!("{}:/bin", home.join("bin").display()));
        let output = command.output().await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text} {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(text.contains("credentials expire in 1m"), said, "{text}");
        assert_eq!(text.contains("credentials expire"), said, "{text}");
    }
}
