//! Where a file of `~/.aws` breaks: the SDK says only that one does.

/// The first line that the SDK can't read, counted from 1, and why not. Its rules are those of aws-runtime's
/// `env_config/parse.rs`. What the line holds is not repeated: it may be a secret.
pub(super) fn fault(text: &str) -> Option<(usize, &'static str)> {
    let mut before = Before::Nothing;
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with(COMMENT) {
            continue;
        }
        match read(line, before) {
            Ok(is) => before = is,
            Err(why) => return Some((number + 1, why)),
        }
    }
    None
}

const COMMENT: [char; 2] = ['#', ';'];

/// What the last line was.
#[derive(Clone, Copy)]
enum Before {
    Nothing,
    Section,
    Property,
    /// A property without a value of its own: those below it, indented, are its parts.
    Parts,
}

fn read(line: &str, before: Before) -> Result<Before, &'static str> {
    let is_indented = line.starts_with(char::is_whitespace);
    if line.starts_with('[') {
        let name = line.split(COMMENT).next().unwrap_or_default();
        return if name.trim_end().ends_with(']') {
            Ok(Before::Section)
        } else {
            Err("a section without its closing ]")
        };
    }
    match (before, is_indented) {
        (Before::Nothing, _) => Err("a line before any section, like [default]"),
        (Before::Section, true) => Err("an indented line right below a section"),
        (Before::Property, true) => Ok(before),
        (Before::Parts, true) => property(line).map(|_| before),
        (_, false) => property(line),
    }
}

fn property(line: &str) -> Result<Before, &'static str> {
    match line.split_once('=') {
        None => Err("a line without ="),
        Some((name, _)) if name.trim().is_empty() => Err("a value without a name before its ="),
        Some((_, value)) if value.trim().is_empty() => Ok(Before::Parts),
        Some(_) => Ok(Before::Property),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_file_is_broken_in_a_line() {
        let at = |text: &str| fault(text).map(|(line, _)| line);
        assert_eq!(at("# mine\n[default]\nregion = x ; y\n[profile prod\nregion = x\n"), Some(4));
        assert_eq!(at("[default] # usual\n\nregion\n"), Some(3));
        assert_eq!(at("region = x\n[default]\n"), Some(1));
        assert_eq!(at("[default]\n  region = x\n"), Some(2));
        assert_eq!(at("[default]\n= x\n"), Some(2));
        assert_eq!(at("[default]\ns3 =\n  max_queue_size = 10\n  more\n"), Some(4));
        let sound = "[default]\ns3 =\n  max = 10\nrole = a\n  and on\n[profile x]\n[sso-session y]\nz=\n";
        assert_eq!(at(sound), None);
    }
}
