//! All that can happen to the screen, on one queue in one order.

use crossterm::event::{KeyEvent, MouseEvent};
use jiff::Timestamp;

use crate::platform::{AlarmChange, Observation, Point, Trouble};
use crate::run::{Choice, Dead, Plan, Record, RunId};

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Message {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// The terminal has a new size: columns and rows.
    Resize(u16, u16),
    /// A second has begun.
    Tick(Timestamp),
    /// The clients are there.
    Connected {
        /// The region they speak to.
        region: Option<String>,
        /// The profile they use.
        profile: Option<String>,
        /// Where every service is asked, if that is not AWS itself.
        endpoint: Option<String>,
        /// Where on this machine every service is asked, if it is none of AWS's that answers.
        simulated: Option<String>,
        /// Where other AWS clients can read the same, if that is not where AWS is.
        address: Option<String>,
    },
    /// A source answered.
    Observed(Box<Observation>),
    /// [`super::effect::Effect::ShowAlarm`] was answered.
    Alarm {
        /// Which alarm was asked for; a late answer for another one is dropped.
        name: String,
        /// Its history, newest first.
        history: Result<Vec<AlarmChange>, Trouble>,
        /// The last 3 hours of its metric, if it has one.
        points: Option<Result<Vec<Point>, Trouble>>,
    },
    /// [`super::effect::Effect::MakePlan`] was answered.
    Planned {
        /// The question's; a late answer is dropped.
        ticket: u64,
        /// The plan, or why there is none.
        plan: Result<Box<Plan>, String>,
    },
    /// [`super::effect::Effect::LookUp`] was answered.
    Offered {
        /// The page that asked; an answer for another one is dropped.
        opened: u64,
        /// Its question.
        param: String,
        /// What it can be answered with, or why that is not known.
        choices: Result<Vec<Choice>, String>,
    },
    /// [`super::effect::Effect::StartRun`] was answered: the run has a journal, or never came to have one.
    Started {
        /// The page that was confirmed; another one shown meanwhile is not what began.
        opened: u64,
        /// The run, or why there is none.
        started: Result<RunId, String>,
    },
    /// The journal that is followed has new records, or its process came or went.
    Told {
        /// The run.
        id: RunId,
        /// The new records.
        records: Vec<Record>,
        /// Its process is there.
        alive: bool,
    },
    /// The journal that is followed can't be read, or can't be written, any further.
    Untold {
        /// The run.
        id: RunId,
        /// Why.
        why: String,
    },
    /// [`super::effect::Effect::FindRun`] found one.
    Going(RunId),
    /// The runs of this account that were killed, all of them.
    Dead(Vec<Dead>),
    /// [`super::effect::Effect::ListRuns`] was answered.
    Runs(Result<Vec<RunRow>, String>),
    /// Something to say to the user.
    Notice(String),
    /// The process was stopped and continues, or something else wrote on the screen.
    Resumed,
    /// A signal, by its number, wants the end; a terminal that is gone counts as SIGHUP.
    Hangup(i32),
}

/// A run in the list of runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    /// Which.
    pub id: RunId,
    /// Who confirmed it.
    pub who: String,
    /// How it stands, in a few words.
    pub state: String,
    /// Its process is there and it has not ended.
    pub goes_on: bool,
}
