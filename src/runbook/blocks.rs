//! The blocks that are no action's, as they are documented.

/// A kind of block, by its language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockKind {
    /// As it stands after the fence: `sql`.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub does: &'static str,
    /// What else there is to know.
    pub(super) notes: &'static [&'static str],
    pub(super) undo: &'static str,
    pub(super) example: &'static str,
}

/// All of them.
pub const BLOCKS: [BlockKind; 3] = [
    BlockKind {
        name: "redis",
        does: "Sends commands to the platform's first cache, one a line.",
        notes: &[
            "Where the cache is comes from PLANTAO_REDIS_URL or from the url of [[cache]] in the platform file: \
             redis://USER:PASSWORD@HOST:6379/0. This version speaks no TLS to Redis.",
            "{{ name }} is one whole argument, whatever is in it. Double quotes keep an argument with blanks together.",
            "A command that is not known to read is written down before it is sent, and sent once: if no answer is \
             heard, the run ends and says that nobody knows. An answer is waited for up to 30 s.",
        ],
        undo: "none: what a command changed stays",
        example: "SLOWLOG GET 10\nBGSAVE",
    },
    BlockKind {
        name: "sh",
        does: "Runs a script on this machine, with sh -eu, in the folder that plantao was called in.",
        notes: &[
            "Nothing is ever pasted into it. A parameter desired arrives as $PLANTAO_DESIRED: a time span in seconds, \
             tables with commas between them, empty if it has no value. Write it in double quotes.",
            "Its environment is plantao's own, AWS credentials in it included (AWS_SECRET_ACCESS_KEY, \
             AWS_SESSION_TOKEN): its aws asks as you do. AWS_REGION, AWS_PROFILE and AWS_ENDPOINT_URL are those of the \
             run. PLANTAO_DATABASE_URL and all else of plantao's is taken out.",
            "What it prints of a secret that plantao knows is shown and kept as …: passwords of the platform's URLs, and \
             variables named …PASSWORD, …SECRET…, …TOKEN, …PRIVATE_KEY or …API_KEY, of six letters or more.",
            "Its output goes to the run's log, its last lines also to the screen. A wish to stop ends it and all that \
             it started. It is run once: if plantao is killed meanwhile, the run ends and says that nobody knows.",
        ],
        undo: "none: what a script changed stays",
        example: "aws ecs list-tasks --cluster \"$PLANTAO_CLUSTER\"",
    },
    BlockKind {
        name: "sql",
        does: "Sends statements to the run's database, each on its own, with ; between them.",
        notes: &[
            "Where the database is comes from PLANTAO_DATABASE_URL, the platform file or its secret.",
            "{{ name }} is a bound value, never text of the statement; a time span is an interval. Tables are \
             compared with those that are there and quoted.",
            "A statement that only reads runs in a session that the server lets only read. Any other is written down \
             before it is sent, and sent once: if no answer is heard, the run ends and says that nobody knows.",
            "lock_timeout is 5 s and statement_timeout 5 min: SET in the same block says otherwise. A wish to stop \
             cancels the statement at the server.",
        ],
        undo: "none: what a statement changed stays",
        example: "SELECT pg_cancel_backend(pid) FROM pg_stat_activity\nWHERE state = 'active' AND now() - query_start > {{ age }}",
    },
];

/// The kind of this name.
pub fn block_kind(name: &str) -> Option<&'static BlockKind> {
    BLOCKS.iter().find(|block| block.name == name)
}
