//! One run at a time on a service or database, whoever on this machine starts it.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::RunId;
use crate::platform::text::printable;

/// Folders that all users of a machine can write to; the first one that is there is used by all of them.
const SHARED: [&str; 2] = ["/run/lock", "/tmp"];
/// A look lasts no longer than this, and no more than so many follow each other.
const LOOK: Duration = Duration::from_millis(1);
const LOOKED_AT: u32 = 1_000;
/// Longest description of a holder that is read.
const DESCRIPTION: u64 = 4_096;
/// So often a holder sees to it that its file is there, and new.
const KEPT: Duration = Duration::from_mins(1);

/// What only one run at a time may change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Target {
    /// `service`, `database` or `cache`.
    pub kind: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// `analytics-production/analytics-api`, or the instance's id.
    pub name: String,
    /// Where on this machine it is simulated: each demo has a service of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub simulated: Option<String>,
}

/// Where locks are.
#[derive(Clone, Debug)]
pub struct Locks(PathBuf);

/// Held until it is dropped or the process dies.
#[derive(Debug)]
pub struct Lock {
    /// Dropped, it tells the keeper to let go.
    held: Option<Sender<()>>,
    keeper: Option<JoinHandle<()>>,
}

/// Holds the file of a lock, and keeps it from those who clear folders for all: systemd-tmpfiles and tmpreaper remove what
/// was not written for days, a lock or not (systemd 252 spares locked folders, not locked files). Where it was removed all
/// the same, a second run could lock a new file of the same name: that one is locked too, before it does.
#[derive(Debug)]
struct Kept {
    path: PathBuf,
    file: File,
    holder: Vec<u8>,
}

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The run.
    pub run: RunId,
    /// Its process.
    pub pid: u32,
    /// The user of this machine.
    pub user: String,
}

/// Another run is on the same target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Busy {
    /// What it holds.
    pub target: String,
    /// Who, if the lock's file says it.
    pub holder: Option<Holder>,
}

/// Why a lock was not got.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another run has it.
    #[error("{0}")]
    Busy(Busy),
    /// The system says no.
    #[error("the lock {path} can't be taken: {why}")]
    Io {
        /// The file.
        path: String,
        /// The system's words.
        why: io::Error,
    },
}

impl std::fmt::Display for Busy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.holder {
            Some(Holder { run, pid, user }) => {
                let user = printable(user);
                write!(f, "run {run} of {user} (process {pid}) is on {}: plantao follow {run}", self.target)
            }
            None => write!(f, "another run is on {}: `plantao runs` lists them", self.target),
        }
    }
}

impl Locks {
    /// Those of this machine: in `PLANTAO_LOCK_DIR`, or else in a folder that all its users can write to;
    /// `None` if it has none.
    pub fn of_machine() -> Option<Locks> {
        if let Some(folder) = std::env::var_os("PLANTAO_LOCK_DIR").map(PathBuf::from).filter(|f| f.is_absolute()) {
            return Some(Locks(folder));
        }
        let everyones = |folder: &&&str| {
            fs::metadata(folder).is_ok_and(|found| found.is_dir() && found.permissions().mode() & 0o002 != 0)
        };
        SHARED.iter().find(everyones).map(|folder| Locks(PathBuf::from(folder)))
    }

    /// In this folder.
    pub fn at(folder: &Path) -> Locks {
        Locks(folder.to_owned())
    }

    /// The run that is on a target now, if there is one. What can't be read is told when a run takes the lock.
    pub fn busy(&self, target: &Target) -> Option<Busy> {
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32);
        let mut file = options.open(self.0.join(target.file_name())).ok()?;
        (is_held(&file)?).then(|| Busy { target: target.to_string(), holder: read(&mut file) })
    }

    /// Waits until no run is on a target.
    ///
    /// # Errors
    /// If the system says no.
    pub fn wait(&self, target: &Target) -> io::Result<()> {
        let file = open(&self.0.join(target.file_name()))?;
        let_go(&file)
    }

    /// Takes the locks of all these for a run, in the same order whoever does it, or none.
    pub fn take_all<'t>(
        &self,
        targets: impl Iterator<Item = &'t Target>,
        holder: &Holder,
    ) -> Result<Vec<Lock>, LockError> {
        let targets: BTreeSet<&Target> = targets.collect();
        targets.into_iter().map(|target| self.take(target, holder)).collect()
    }

    /// Takes the lock of a target for a run, or says who has it.
    pub fn take(&self, target: &Target, holder: &Holder) -> Result<Lock, LockError> {
        let path = self.0.join(target.file_name());
        let failed = |why| LockError::Io { path: path.display().to_string(), why };
        let mut kept = match lock(&path).map_err(failed)? {
            Ok(file) => {
                let holder = serde_json::to_vec(holder).map_err(|why| failed(why.into()))?;
                Kept { path: path.clone(), file, holder }
            }
            Err(mut file) => {
                return Err(LockError::Busy(Busy { target: target.to_string(), holder: read(&mut file) }));
            }
        };
        // The file stays when the lock is gone: to remove it would let two runs hold two files of one name.
        kept.write().map_err(failed)?;
        let (held, dropped) = channel();
        let keep = move || {
            while dropped.recv_timeout(KEPT) == Err(RecvTimeoutError::Timeout) {
                kept.renew();
            }
        };
        let keeper = thread::Builder::new().name("lock".to_owned()).spawn(keep).map_err(failed)?;
        Ok(Lock { held: Some(held), keeper: Some(keeper) })
    }
}

impl Drop for Lock {
    /// Who has dropped it may take it again at once.
    fn drop(&mut self) {
        drop(self.held.take());
        // It panics nowhere; and if it did, its file is closed, and the lock gone.
        let _ = self.keeper.take().map(JoinHandle::join);
    }
}

impl Kept {
    /// Writes who holds it, and so makes the file new: also another user's, whose times nobody else may set.
    fn write(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&self.holder)?;
        // Who reads meanwhile finds it whole: what stood behind it goes last.
        self.file.set_len(self.holder.len() as u64)
    }

    /// What fails now is tried again the next time.
    fn renew(&mut self) {
        if !is_at(&self.file, &self.path)
            && let Ok(Ok(file)) = lock(&self.path)
        {
            self.file = file;
        }
        // Read too: tmpreaper goes by that.
        let _ = self.write().and_then(|()| self.file.rewind()).and_then(|()| self.file.read(&mut [0]));
    }
}

/// The file at a path, locked; or, not locked, the one that somebody else has.
fn lock(path: &Path) -> io::Result<Result<File, File>> {
    locked(open(path)?, path, || thread::sleep(LOOK))
}

fn locked(mut file: File, path: &Path, mut pause: impl FnMut()) -> io::Result<Result<File, File>> {
    let mut looked_at = 0;
    loop {
        match file.try_lock() {
            Ok(()) if is_at(&file, path) => return Ok(Ok(file)),
            // It was removed before it was locked: who comes next would find another one.
            Ok(()) => file = open(path)?,
            // Who only looks whether it is held shares it for a moment: that is no run.
            Err(TryLockError::WouldBlock) if looked_at < LOOKED_AT && is_held(&file) == Some(false) => {
                looked_at += 1;
                pause();
            }
            Err(TryLockError::WouldBlock) => return Ok(Err(file)),
            Err(TryLockError::Error(why)) => return Err(why),
        }
    }
}

/// The path still leads to this very file.
fn is_at(file: &File, path: &Path) -> bool {
    let of = |found: fs::Metadata| (found.dev(), found.ino());
    file.metadata().is_ok_and(|file| fs::symlink_metadata(path).is_ok_and(|path| of(file) == of(path)))
}

/// An endpoint that is this very machine: what answers there is no account's, but a simulation. Any other is one more
/// way to the same account.
pub(super) fn simulated(endpoint: &str) -> Option<String> {
    let host = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    let own = |place: &str| host == place || [':', '/'].iter().any(|end| host.starts_with(&format!("{place}{end}")));
    (host.starts_with("127.") || own("localhost") || own("[::1]")).then(|| endpoint.trim_end_matches('/').to_owned())
}

impl Target {
    /// Readable, and its own however long or strange the names are.
    fn file_name(&self) -> String {
        let Target { kind, account, region, name, simulated } = self;
        let simulated = simulated.as_ref().map(|endpoint| format!("\0{endpoint}")).unwrap_or_default();
        let digest = Sha256::digest(format!("{kind}\0{account}\0{region}\0{name}{simulated}").as_bytes());
        let readable: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(60).collect();
        let unique = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        format!("plantao-{kind}-{readable}-{unique:016x}.lock")
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A journal may say anything.
        write!(f, "{} {}", printable(&self.kind), printable(&self.name))
    }
}

/// Never through a link, and made for everyone: another user must be able to write who holds it.
/// Without `O_CREAT` first: Linux refuses that on another user's file in a sticky folder.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32);
    loop {
        match options.open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            answer => return answer,
        }
        match options.clone().create_new(true).mode(0o666).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(file) => {
                file.set_permissions(fs::Permissions::from_mode(0o666))?;
                return Ok(file);
            }
        }
    }
}

/// Waits until nobody holds the lock of this file. It is shared for a moment only: who takes it knows that for a look.
pub(super) fn let_go(file: &File) -> io::Result<()> {
    loop {
        match file.lock_shared() {
            Ok(()) => return file.unlock(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A run holds the lock of this file; `None` if the system does not say.
fn is_held(file: &File) -> Option<bool> {
    match file.try_lock_shared() {
        Ok(()) => file.unlock().ok().map(|()| false),
        Err(TryLockError::WouldBlock) => Some(true),
        Err(TryLockError::Error(_)) => None,
    }
}

fn read(file: &mut File) -> Option<Holder> {
    let mut text = Vec::new();
    file.take(DESCRIPTION).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use std::os::unix::fs::symlink;

    fn target(name: &str) -> Target {
        Target {
            kind: "service".to_owned(),
            account: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            name: name.to_owned(),
            simulated: None,
        }
    }

    #[test]
    fn two_demos_on_one_machine_do_not_keep_each_others_runs_out() {
        let folder = tempfile::tempdir().unwrap();
        let locks = Locks::at(folder.path());
        let of = |port: u16| Target { simulated: simulated(&format!("http://127.0.0.1:{port}")), ..target("prod/api") };
        let _first = locks.take(&of(4711), &holder()).unwrap();
        assert!(locks.take(&of(4712), &holder()).is_ok());
        assert!(matches!(locks.take(&of(4711), &holder()), Err(LockError::Busy(_))));
        let other_ways = ["https://vpce-1.ecs.us-east-1.vpce.amazonaws.com", "http://localhost.example.com"];
        assert!(other_ways.iter().all(|endpoint| simulated(endpoint).is_none()), "the same account by another way");
        assert!(simulated("http://localhost:5000/").is_some() && simulated("http://[::1]:5000").is_some());
    }

    fn holder() -> Holder {
        Holder { run: RunId::new("scale", Timestamp::UNIX_EPOCH), pid: 7, user: "ana".to_owned() }
    }

    #[test]
    fn the_second_run_on_a_service_is_told_who_has_it_and_how_to_follow_it() {
        let folder = tempfile::tempdir().unwrap();
        let locks = Locks::at(folder.path());
        let first = holder();
        let lock = locks.take(&target("prod/api"), &first).unwrap();
        let told = locks.take(&target("prod/api"), &holder()).unwrap_err().to_string();
        let run = &first.run;
        assert_eq!(told, format!("run {run} of ana (process 7) is on service prod/api: plantao follow {run}"));
        assert!(locks.take(&target("prod/worker"), &holder()).is_ok());
        let elsewhere = Target { account: "210987654321".to_owned(), ..target("prod/api") };
        assert!(locks.take(&elsewhere, &holder()).is_ok());
        drop(lock);
        assert!(locks.take(&target("prod/api"), &holder()).is_ok());
    }

    #[test]
    fn who_looks_at_a_lock_is_told_the_run_that_has_it_and_keeps_no_run_from_taking_it() {
        let folder = tempfile::tempdir().unwrap();
        let locks = Locks::at(folder.path());
        assert_eq!(locks.busy(&target("prod/api")), None, "nobody ever had it");
        let lock = locks.take(&target("prod/api"), &holder()).unwrap();
        let busy = locks.busy(&target("prod/api")).unwrap();
        assert_eq!(busy.holder.map(|holder| holder.user), Some("ana".to_owned()));
        assert_eq!(locks.busy(&target("prod/worker")), None);
        drop(lock);
        assert_eq!(locks.busy(&target("prod/api")), None);
    }

    #[test]
    fn a_run_that_comes_while_somebody_looks_whether_there_is_one_is_not_sent_away() {
        let folder = tempfile::tempdir().unwrap();
        let locks = Locks::at(folder.path());
        drop(locks.take(&target("prod/api"), &holder()).unwrap());
        let path = folder.path().join(target("prod/api").file_name());
        let looks = File::open(&path).unwrap();
        looks.lock_shared().unwrap();
        let mut waited = 0;
        let taken = locked(open(&path).unwrap(), &path, || {
            waited += 1;
            looks.unlock().unwrap();
        });
        assert!(taken.unwrap().is_ok(), "a look is no run");
        assert_eq!(waited, 1);
    }

    #[test]
    fn a_cleaner_of_old_files_lets_no_second_run_in() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let hold = || Kept { path: path.clone(), file: lock(&path).unwrap().unwrap(), holder: b"ana".to_vec() };
        let mut kept = hold();
        kept.write().unwrap();
        kept.file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        kept.renew();
        let age = path.metadata().unwrap().modified().unwrap().elapsed().unwrap();
        assert!(age < KEPT, "a file that is old is removed: {age:?}");
        fs::remove_file(&path).unwrap();
        fs::write(&path, "somebody who is gone").unwrap();
        kept.renew();
        assert!(lock(&path).unwrap().is_err(), "the new file is held too");
        assert_eq!(fs::read_to_string(&path).unwrap(), "ana");
        drop(kept);
        // Removed between the opening and the locking: what is locked then is not what the next one opens.
        let opened = open(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let _first = locked(opened, &path, || {}).unwrap().unwrap();
        assert!(lock(&path).unwrap().is_err(), "two runs have two files of one name");
    }

    #[test]
    fn names_that_look_alike_in_a_file_name_are_different_locks_and_a_link_is_not_followed() {
        assert_ne!(target("prod/api").file_name(), target("prod-api").file_name());
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        symlink(&victim, folder.path().join(target("a").file_name())).unwrap();
        assert!(matches!(Locks::at(folder.path()).take(&target("a"), &holder()), Err(LockError::Io { .. })));
        assert_eq!(fs::read_to_string(victim).unwrap(), "precious");
    }
}
