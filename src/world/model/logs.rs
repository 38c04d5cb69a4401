//! What the containers write: a few lines, as an engineer would look for them.

use std::collections::VecDeque;

use super::ailment::Ailment;
use super::task::{Exit, Task};

/// One line in a log group.
#[derive(Clone, Debug)]
pub struct Line {
    pub at: i64,
    pub group: String,
    pub stream: String,
    pub text: String,
}

/// The last lines of all groups, oldest first.
#[derive(Debug, Default)]
pub struct Logs {
    pub lines: VecDeque<Line>,
}

/// Lines kept.
const KEPT: usize = 4_000;

impl Logs {
    fn write(&mut self, at: i64, service: &str, container: &str, task: &Task, text: String) {
        let line =
            Line { at, group: format!("/ecs/{service}"), stream: format!("{container}/{container}/{}", task.id), text };
        self.lines.push_back(line);
        if self.lines.len() > KEPT {
            self.lines.pop_front();
        }
    }

    pub fn started(&mut self, at: i64, service: &str, container: &str, task: &Task) {
        let text = match task.ailment {
            Some(Ailment::WrongArchitecture) => "exec /usr/local/bin/docker-entrypoint.sh: exec format error",
            Some(Ailment::Crashes) => "Error: Cannot find module '/app/dist/server.js'",
            _ => r#"{"level":"info","msg":"listening on :3000"}"#,
        };
        self.write(at, service, container, task, text.to_owned());
    }

    pub fn ended(&mut self, at: i64, service: &str, container: &str, task: &Task, exit: &Exit) {
        if exit.code == 1 {
            self.write(at, service, container, task, "Node.js v22.11.0".to_owned());
        }
    }

    pub fn stopping(&mut self, at: i64, service: &str, container: &str, task: &Task) {
        let text = r#"{"level":"info","msg":"SIGTERM: finishing requests"}"#;
        self.write(at, service, container, task, text.to_owned());
    }

    /// An application's complaint.
    pub fn complain(&mut self, at: i64, service: &str, container: &str, task: &Task, text: &str) {
        self.write(at, service, container, task, format!(r#"{{"level":"error","msg":"{text}"}}"#));
    }
}
