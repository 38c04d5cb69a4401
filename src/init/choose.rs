//! Which of several: by flags, by asking a person, or not at all.

use std::fmt::Write as _;
use std::io::{self, BufRead, IsTerminal, Write};

use crate::platform::text::{nearest, printable};

/// Asks a person a question.
pub(super) trait Ask {
    /// The answer's line; `None` when there will be no more.
    fn ask(&mut self, question: &str) -> io::Result<Option<String>>;
}

/// The terminal: questions on standard error, answers on standard input.
pub(super) struct Terminal;

impl Terminal {
    /// Someone is there to answer.
    pub(super) fn here() -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }
}

impl Ask for Terminal {
    fn ask(&mut self, question: &str) -> io::Result<Option<String>> {
        let mut out = io::stderr().lock();
        write!(out, "{question}")?;
        out.flush()?;
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer)?;
        Ok((read > 0).then_some(answer))
    }
}

/// One thing to choose.
pub(super) struct Kind {
    /// `cluster`: in questions and, with two dashes, the flag.
    pub(super) word: &'static str,
    /// `clusters`.
    pub(super) words: &'static str,
}

/// The chosen ones, as indexes in rising order. A flag names a candidate in full, or the part after
/// its last slash. One candidate needs no question; no candidate gives none.
pub(super) fn choose(
    kind: &Kind,
    candidates: &[String],
    flags: &[String],
    all: bool,
    ask: Option<&mut dyn Ask>,
) -> Result<Vec<usize>, String> {
    if !flags.is_empty() {
        return by_flags(kind, candidates, flags);
    }
    if all || candidates.len() <= 1 {
        return Ok((0..candidates.len()).collect());
    }
    match ask {
        Some(ask) => by_asking(kind, candidates, ask),
        None => Err(format!(
            "there are {} {}, and nobody to ask:\n{}say which with --{} NAME (more than once for several), or --yes for all",
            candidates.len(),
            kind.words,
            list(candidates),
            kind.word
        )),
    }
}

fn by_flags(kind: &Kind, candidates: &[String], flags: &[String]) -> Result<Vec<usize>, String> {
    let mut chosen = Vec::new();
    for flag in flags {
        let meant = |candidate: &String| candidate == flag || candidate.rsplit('/').next() == Some(flag);
        let before = chosen.len();
        chosen.extend(candidates.iter().enumerate().filter(|(_, candidate)| meant(candidate)).map(|(i, _)| i));
        if chosen.len() == before {
            let mut message = format!("there is no {} \"{}\"", kind.word, printable(flag));
            if let Some(near) = nearest(flag, candidates.iter().map(String::as_str)) {
                let _ = write!(message, "\nDid you mean \"{}\"?", printable(near));
            }
            if candidates.is_empty() {
                let _ = write!(message, ": there are no {} at all", kind.words);
            } else {
                let _ = write!(message, "\nThere are:\n{}", list(candidates).trim_end());
            }
            return Err(message);
        }
    }
    chosen.sort_unstable();
    chosen.dedup();
    Ok(chosen)
}

fn by_asking(kind: &Kind, candidates: &[String], ask: &mut dyn Ask) -> Result<Vec<usize>, String> {
    let mut question = format!("There are {} {}:\n{}", candidates.len(), kind.words, list(candidates));
    loop {
        let _ = write!(question, "Which? Numbers like 1 3, or all: ");
        let answer = ask.ask(&question).map_err(|error| format!("cannot ask: {error}"))?;
        let Some(answer) = answer else { return Err("stopped: no answer. Nothing was written".to_owned()) };
        match understand(&answer, candidates.len()) {
            Some(chosen) => return Ok(chosen),
            None => question = format!("That is no choice of 1 to {}. ", candidates.len()),
        }
    }
}

fn understand(answer: &str, count: usize) -> Option<Vec<usize>> {
    if answer.trim() == "all" {
        return Some((0..count).collect());
    }
    let mut chosen = Vec::new();
    for word in answer.split([',', ' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()) {
        chosen.push(word.parse::<usize>().ok().filter(|n| (1..=count).contains(n))? - 1);
    }
    chosen.sort_unstable();
    chosen.dedup();
    (!chosen.is_empty()).then_some(chosen)
}

fn list(candidates: &[String]) -> String {
    let mut list = String::new();
    for (i, candidate) in candidates.iter().enumerate() {
        let _ = writeln!(list, "{:>4}  {}", i + 1, printable(candidate));
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLUSTER: Kind = Kind { word: "cluster", words: "clusters" };

    struct Script(Vec<&'static str>);

    impl Ask for Script {
        fn ask(&mut self, _: &str) -> io::Result<Option<String>> {
            Ok((!self.0.is_empty()).then(|| self.0.remove(0).to_owned()))
        }
    }

    fn names() -> Vec<String> {
        ["blue/api", "blue/web", "green/api"].map(str::to_owned).to_vec()
    }

    #[test]
    fn an_empty_answer_chooses_nothing_and_is_asked_again() {
        let mut script = Script(vec!["\n", "4\n", "1 x\n", "3, 1\n"]);
        assert_eq!(choose(&CLUSTER, &names(), &[], false, Some(&mut script)), Ok(vec![0, 2]));
        let mut script = Script(vec!["all\n"]);
        assert_eq!(choose(&CLUSTER, &names(), &[], false, Some(&mut script)), Ok(vec![0, 1, 2]));
        assert!(choose(&CLUSTER, &names(), &[], false, Some(&mut Script(vec!["\n"]))).is_err(), "end of input");
    }

    #[test]
    fn a_script_is_told_which_flag_it_needs() {
        let message = choose(&CLUSTER, &names(), &[], false, None).unwrap_err();
        assert!(message.contains("--cluster NAME") && message.contains("green/api"), "{message}");
        assert_eq!(choose(&CLUSTER, &names(), &[], true, None), Ok(vec![0, 1, 2]));
        assert_eq!(choose(&CLUSTER, &names()[..1], &[], false, None), Ok(vec![0]));
        assert_eq!(choose(&CLUSTER, &[], &[], false, None), Ok(vec![]));
    }

    #[test]
    fn a_flag_names_one_or_all_of_a_name() {
        let by = |flag: &str| choose(&CLUSTER, &names(), &[flag.to_owned()], false, None);
        assert_eq!(by("blue/api"), Ok(vec![0]));
        assert_eq!(by("api"), Ok(vec![0, 2]));
        assert!(by("blue/wep").unwrap_err().contains("Did you mean \"blue/web\"?"));
    }
}
