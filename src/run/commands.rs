//! What people say to a run: an append-only file beside its journal, so that nothing is lost when
//! the run's process is not there to hear it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{RunId, Store};

/// Something to say to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Stop: a wait ends at once, and what it waits for goes on; a statement or script under way is cancelled.
    Stop,
    /// Stop, and take back what was done.
    Undo,
    /// Go on, where the run waits for it.
    Approve,
}

/// One thing that was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// When.
    pub at: Timestamp,
    /// By which user of this machine.
    pub by: String,
    /// What.
    pub command: Command,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Reads what is said to one run.
#[derive(Debug)]
pub struct Commands {
    path: PathBuf,
    read: u64,
}

impl Commands {
    /// From the first thing that was ever said.
    pub fn of(store: &Store, id: &RunId) -> Commands {
        Commands { path: store.commands(id), read: 0 }
    }

    /// What was said since the last call. A line that is not a command, or not whole yet, is no command.
    pub fn poll(&mut self) -> io::Result<Vec<Said>> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        file.seek(SeekFrom::Start(self.read))?;
        let mut new = Vec::new();
        file.read_to_end(&mut new)?;
        let whole = new.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        self.read += whole as u64;
        Ok(new[..whole].split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect())
    }

    /// Says something to a run.
    pub fn say(store: &Store, id: &RunId, said: &Said) -> io::Result<()> {
        let mut line = serde_json::to_vec(said)?;
        line.push(b'\n');
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(store.commands(id))?;
        file.write_all(&line)?;
        file.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_heard_once_and_half_a_line_is_heard_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path());
        let id = RunId::new("scale", Timestamp::UNIX_EPOCH);
        let mut commands = Commands::of(&store, &id);
        assert_eq!(commands.poll().unwrap(), []);
        let stop = Said { at: Timestamp::UNIX_EPOCH, by: "ana".to_owned(), command: Command::Stop, reason: None };
        Commands::say(&store, &id, &stop).unwrap();
        assert_eq!((commands.poll().unwrap(), commands.poll().unwrap()), (vec![stop.clone()], vec![]));
        let line = serde_json::to_string(&Said { command: Command::Approve, ..stop.clone() }).unwrap();
        let mut file = OpenOptions::new().append(true).open(store.commands(&id)).unwrap();
        write!(file, "nonsense\n{}", &line[..9]).unwrap();
        assert_eq!(commands.poll().unwrap(), []);
        writeln!(file, "{}", &line[9..]).unwrap();
        assert_eq!(commands.poll().unwrap().iter().map(|said| said.command).collect::<Vec<_>>(), [Command::Approve]);
    }
}
