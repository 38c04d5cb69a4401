//! A shell into which commands are pasted, with programs that only write down what they were asked for.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use super::packaged::Packaged;
use super::tools::aws_cli;

/// What a task definition is changed with: the real one.
static JQ: Packaged = Packaged::new("jq", &["--version"], &["jq"]);
/// What plans tell people to use.
const PROGRAMS: [&str; 7] = ["aws", "buildah", "curl", "docker", "podman", "psql", "redis-cli"];
/// Each argument is a flag's, or the flag; what is asked on the way is answered. As `aws` of version 1, it takes no JSON
/// from its standard input.
const PROGRAM: &str = r#"#!/bin/sh
name=${0##*/}
echo "$name $*" >>"$0.log"
[ "$name" = aws ] || { cat >/dev/null; exit 0; }
asked="$1 $2"
shift 2
[ "${asked#* }" != wait ] || shift
value=no
input=
for word; do
    case $word in
    --*) value=yes; flag=$word ;;
    *)
        [ "${flag:-}" != --cli-input-json ] || input=$word
        [ "$value" = yes ] || { echo "aws: to which flag belongs $word?" >&2; exit 2; }
        value=no
        ;;
    esac
done
case $asked in
"ecs describe-task-definition") cat "${0%/*}/definition.json" ;;
"ecs register-task-definition") printf %s "$input" >"${0%/*}/registered.json"; echo arn:aws:ecs:us-east-1:1:task-definition/api:43 ;;
"ecr describe-images") echo sha256:abc ;;
esac
"#;
/// What runs, with what AWS adds.
const DEFINITION: &str = r#"{"taskDefinition": {"taskDefinitionArn": "arn", "revision": 41, "status": "ACTIVE", "family": "api",
    "requiresAttributes": [], "compatibilities": ["FARGATE"], "registeredAt": 1, "registeredBy": "arn", "cpu": "256",
    "containerDefinitions": [{"name": "api", "image": "old"}, {"name": "side", "image": "side"}]},
    "tags": [{"key": "team", "value": "data"}]}"#;

/// Such a shell.
pub struct Paste {
    home: tempfile::TempDir,
}

impl Paste {
    pub fn new() -> Paste {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("definition.json"), DEFINITION).unwrap();
        for program in PROGRAMS {
            let path = home.path().join(program);
            fs::write(&path, PROGRAM).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let jq = home.path().join("jq");
        fs::write(&jq, format!("#!/bin/sh\nexec '{}' \"$@\"\n", JQ.path().display())).unwrap();
        fs::set_permissions(&jq, fs::Permissions::from_mode(0o755)).unwrap();
        Paste { home }
    }

    /// The AWS CLI is the real one, and asks this endpoint.
    pub fn at(endpoint: &str) -> Paste {
        let paste = Paste::new();
        let script = format!(
            "#!/bin/sh\nexport AWS_ENDPOINT_URL='{endpoint}' AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=demo \
             AWS_SECRET_ACCESS_KEY=demo\nexec '{}' \"$@\"\n",
            aws_cli().display()
        );
        fs::write(paste.file("aws"), script).unwrap();
        paste
    }

    /// Pastes commands, one after the other. Each must begin with a program that is known, mean something to a plain
    /// shell, and do well.
    pub fn paste(&self, commands: &[&str]) {
        for command in commands {
            let begin = command.split_once("=$(").map_or(*command, |(_, begin)| begin);
            let program = begin.split(' ').next().unwrap();
            assert!(PROGRAMS.contains(&program), "{program} is no program: {command}");
            let read = Command::new("sh").args(["-n", "-c", command]).output().unwrap();
            assert!(read.status.success(), "{command}\n{}", String::from_utf8_lossy(&read.stderr));
        }
        let path = format!("{}:/usr/bin:/bin", self.home.path().display());
        let done =
            Command::new("sh").args(["-e", "-u", "-c", &commands.join("\n")]).env("PATH", path).output().unwrap();
        assert!(done.status.success(), "{commands:#?}\n{}", String::from_utf8_lossy(&done.stderr));
    }

    /// What a program was asked for.
    pub fn asked(&self, program: &str) -> String {
        fs::read_to_string(self.file(&format!("{program}.log"))).unwrap_or_default()
    }

    /// What was registered.
    pub fn registered(&self) -> serde_json::Value {
        serde_json::from_slice(&fs::read(self.file("registered.json")).unwrap()).unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }
}
