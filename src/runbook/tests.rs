use proptest::prelude::*;

use super::*;
use crate::platform::file::{FileError, SHIPPED_RUNBOOKS};

const HEAD: &str = "# T\n\n```toml runbook\ndanger = \"caution\"\n[param.desired]\nask = \"How many?\"\ntype = \
                    \"integer\"\nmin = 0\n[param.note]\nask = \"Why?\"\ntype = \"text\"\n[param.tables]\nask = \
                    \"Which?\"\ntype = \"tables\"\n```\n\n";

fn errors(text: &str) -> Vec<FileError> {
    read(text, "t.md").expect_err("the runbook is wrong").iter().cloned().collect()
}

/// Line, message and everything that is printed of the only error of a step after [`HEAD`].
fn only(step: &str) -> (String, String) {
    let errors = errors(&format!("{HEAD}## S\n{step}"));
    assert_eq!(errors.len(), 1, "{errors:#?}");
    (errors[0].message().to_owned(), errors[0].to_string())
}

fn step(block: &str) -> Block {
    let mut runbook = read(&format!("{HEAD}## S\n{block}"), "t.md").unwrap_or_else(|errors| panic!("{errors}"));
    runbook.steps.remove(0).block
}

#[test]
fn every_shipped_runbook_checks_clean_and_is_known_to_the_platform_file() {
    for (name, text) in SHIPPED {
        let runbook = read(text, &format!("runbooks/{name}.md")).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(runbook.name, name);
        assert!(!runbook.intro.is_empty() && runbook.steps.iter().all(|s| !s.title.is_empty()), "{name}");
        assert!(text.lines().all(|line| line.chars().count() <= 200), "{name}");
    }
    assert_eq!(SHIPPED.map(|(name, _)| name), SHIPPED_RUNBOOKS);
    let keys: Vec<_> = shipped().into_iter().filter_map(|r| r.key).collect();
    assert_eq!(keys, ['s', 'r', 'e', 'v']);
}

#[test]
fn the_sample_platform_s_alarms_are_treated_by_runbooks_that_say_so() {
    let platform = crate::platform::file::sample();
    let shipped = shipped();
    for alarm in platform.alarms.iter().filter(|a| a.runbook.is_some()) {
        let runbook = shipped.iter().find(|r| Some(&r.name) == alarm.runbook.as_ref()).unwrap();
        assert!(runbook.treats.contains(&alarm.name), "{} by {}", alarm.name, runbook.name);
    }
}

#[test]
fn a_runbook_becomes_what_it_says() {
    let runbook = read(SHIPPED[0].1, "/home/ana/.config/plantao/runbooks/scale.md").unwrap();
    assert_eq!((runbook.name.as_str(), runbook.title.as_str()), ("scale", "Scale ECS tasks"));
    assert_eq!((runbook.key, runbook.danger), (Some('s'), Danger::Caution));
    // People are asked in the order of the file, whatever order TOML keeps.
    assert_eq!(
        runbook.params.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(),
        ["desired", "minimum", "maximum", "until"]
    );
    let desired = runbook.param("desired").unwrap();
    assert_eq!(desired.default, Some(Default::Known(known("service.desired").unwrap())));
    assert_eq!((desired.range, desired.variable().as_str()), ((Some(0), Some(100)), "PLANTAO_DESIRED"));
    assert_eq!(runbook.param("until").unwrap().when, Some(When::Any(vec![1, 2])));
    assert!(runbook.intro.starts_with("More tasks help") && !runbook.intro.contains("toml"));
    let bounds = &runbook.steps[1];
    assert_eq!((bounds.title.as_str(), &bounds.when), ("Move auto scaling's bounds", &Some(When::Any(vec![1, 2]))));
    assert!(bounds.prose.starts_with("Only if you gave one:") && bounds.prose.ends_with("```"));
    assert!(!bounds.prose.contains("scaling.set-bounds"), "{}", bounds.prose);
    let Block::Action(call) = &bounds.block else { panic!("an action") };
    assert_eq!(call.action.name, "scaling.set-bounds");
    assert_eq!(call.field("min"), Some(&Setting::Value(Name::Param(1))));
    assert_eq!(&SHIPPED[0].1[bounds.block_span.clone()][..24], "```toml scaling.set-boun");
    assert!(SHIPPED[0].1[bounds.span.clone()].starts_with("## Move"));
}

#[test]
fn the_design_s_own_example_is_a_runbook() {
    let text = r#"# Scale ECS tasks

```toml runbook
key    = "s"
danger = "caution"                      # safe | caution | danger
treats = ["ECS-HighCPU", "ECS-AllTasksDown"]
[param.desired]
ask  = "How many tasks?"
type = "integer"
min  = 0
```

Auto scaling stays in charge: outside its bounds it will change your number back.

## Set the desired count
```toml ecs.update-service
desired-count = "{{ desired }}"
```

## Wait until they run
```toml ecs.wait-steady
timeout = "10m"
```
"#;
    let runbook = read(text, "scale.md").unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(runbook.intro, "Auto scaling stays in charge: outside its bounds it will change your number back.");
    assert_eq!(runbook.steps.len(), 2);
    let json = serde_json::to_value(&runbook).unwrap();
    assert_eq!(json["steps"][0]["block"]["action"]["action"], "ecs.update-service");
    assert_eq!(json["steps"][0]["block"]["action"]["fields"][0][0], "desired-count");
}

#[test]
fn everything_wrong_is_said_at_once_in_the_order_of_the_file() {
    let text = "# T\n\n```toml runbook\nkey = \"q\"\ndanger = \"cautious\"\n[param.n]\nask = \"?\"\ntype = \"number\"\n\
                ```\n\n## One\n```toml ecs.update-servce\n```\n\n## Two\nonly prose\n\n## Three\n```toml \
                ecs.wait-steady\ntimout = \"5m\"\n```\n\n## Four\n```toml check.connections\ntasks = \"{{ n }}\"\n```\n";
    let errors = errors(text);
    let told: Vec<_> = errors.iter().map(|e| (e.line(), e.message())).collect();
    assert_eq!(
        told,
        [
            (4, "the key q has a meaning on every screen"),
            (5, "danger can't be \"cautious\""),
            (8, "there is no such type"),
            (12, "there is no action \"ecs.update-servce\""),
            (15, "this step has no block, so nothing would be done"),
            (20, "ecs.wait-steady has no field \"timout\""),
        ]
    );
    let helps: Vec<_> = errors.iter().filter_map(FileError::help).collect();
    assert_eq!(helps[1..], ["did you mean \"ecs.update-service\"?", "did you mean \"timeout\"?"]);
}

#[test]
fn an_error_shows_its_line_and_points_at_the_word() {
    let text = "```toml ecs.update-service\ndesired-count = \"{{ desird }}\"\n```";
    let (_, printed) = only(text);
    assert!(printed.contains("error: there is no parameter \"desird\"\n  --> t.md:19:18\n"), "{printed}");
    assert!(printed.contains("19 | desired-count = \"{{ desird }}\"\n   |                  ^^^^^^^^^^^^"), "{printed}");
    assert!(printed.contains("did you mean \"desired\"?"), "{printed}");
}

#[test]
fn a_value_of_the_wrong_type_never_reaches_a_plan() {
    let field = |line: &str| only(&format!("```toml ecs.update-service\n{line}\n```")).0;
    assert_eq!(field("desired-count = \"3\""), "desired-count is a string");
    assert_eq!(field("desired-count = 5001"), "desired-count is out of range");
    assert_eq!(field("desired-count = \"{{ note }}\""), "desired-count is an integer, but this is text");
    assert_eq!(field("desired-count = \"about {{ desired }}\""), "desired-count is an integer");
    assert_eq!(field("task-definition = \"api:latest\""), "task-definition is no revision");
    assert_eq!(field("task-definition = \"{{ registered.revision }}\""), "no earlier step gives registered.revision");
    assert_eq!(field("service = \"{{ tables }}\"\ndesired-count = 1"), "service is text, but this is tables");
    assert_eq!(field("service = \"\"\ndesired-count = 1"), "service is empty");
    assert_eq!(field(""), "ecs.update-service has nothing to do");
    assert_eq!(only("```toml ecs.rollback\n```").0, "ecs.rollback needs to");
    assert_eq!(only("```toml ecs.wait-steady\ntimeout = \"soon\"\n```").0, "timeout is no duration");
    assert_eq!(only("```toml check.alarms\nwhen-firing = \"stpo\"\n```").0, "when-firing can't be \"stpo\"");
    let Block::Action(call) =
        step("```toml ecs.update-service\nservice = \"{{ service.name }}-x\"\ndesired-count = 2\n```")
    else {
        panic!("an action")
    };
    let text = [Piece::Value(Name::Known(known("service.name").unwrap())), Piece::Text("-x".into())];
    assert_eq!(call.field("service"), Some(&Setting::Text(text.into())));
}

#[test]
fn no_parameter_can_become_part_of_a_script() {
    let (message, printed) = only("```sh\necho \"{{ note }}\"\n```");
    assert_eq!(message, "a script is never templated: parameters arrive as environment variables");
    assert!(printed.contains("expected \"$PLANTAO_NOTE\""), "{printed}");
    assert_eq!(only("```sh\necho \"$PLANTAO_NOET\"\n```").0, "no parameter arrives as PLANTAO_NOET");
    let script = "docker inspect --format '{{.State}} {{json .Id}}' \"$PLANTAO_NOTE\" \"${PLANTAO_DESIRED}\"\n";
    assert_eq!(step(&format!("```sh\n{script}```")), Block::Sh(Shell { script: script.into() }));
    assert_eq!(only("```sh\n\n```").0, "the step has no script");
}

#[test]
fn no_parameter_can_become_part_of_a_statement() {
    let Block::Sql(sql) = step(
        "```sql\n-- a comment; with a semicolon\nSELECT ';' || E'\\';' FROM {{ tables }} WHERE n > {{desired}};\n\
         DO $x$ BEGIN; END $x$;\n\n/* the /* end */ ; */\n```",
    ) else {
        panic!("sql")
    };
    let statements = [
        vec![
            Piece::Text("-- a comment; with a semicolon\nSELECT ';' || E'\\';' FROM ".into()),
            Piece::Value(Name::Param(2)),
            Piece::Text(" WHERE n > ".into()),
            Piece::Value(Name::Param(0)),
        ],
        vec![Piece::Text("DO $x$ BEGIN; END $x$".into())],
    ];
    assert_eq!(sql.statements, statements);
    for quoted in ["'{{ note }}'", "\"{{ note }}\"", "$$ {{ note }} $$", "-- {{ note }}\n1", "/* {{ note }} */ 1"] {
        let (message, _) = only(&format!("```sql\nSELECT {quoted}\n```"));
        assert!(message.contains("would not be replaced"), "{quoted}: {message}");
    }
    assert_eq!(only("```sql\nSELECT {{ service.revision }}\n```").0, "a revision can't be bound in SQL");
    assert_eq!(only("```sql\nSELECT 'a\n```").0, "quoted text without end");
    assert_eq!(only("```sql\n\\d events\n```").0, "psql's own commands mean nothing here");
    let apart = "each statement is sent on its own, so that none is sent twice";
    assert_eq!(only("```sql\n-- all or nothing\nBEGIN\n```").0, apart);
    assert_eq!(only("```sql\nCOPY x FROM STDIN\n```").0, "COPY wants files, which only psql has");
    assert_eq!(only("```sql\n-- nothing\n```").0, "the step has no statement");
    assert_eq!(only("```sql timeout\nSELECT 1\n```").0, "nothing may follow sql");
}

#[test]
fn a_redis_argument_stays_one_argument() {
    let Block::Redis(redis) = step("```redis\n# tidy up\nSET \"a key\" {{ note }}\nPING\n```") else { panic!("redis") };
    assert_eq!(
        redis.commands,
        [
            vec![Piece::Text("SET".into()), Piece::Text("a key".into()), Piece::Value(Name::Param(1))],
            vec![Piece::Text("PING".into())],
        ]
    );
    assert_eq!(only("```redis\nGET a:{{ note }}\n```").0, "a template within an argument");
    assert_eq!(only("```redis\n{{ note }} x\n```").0, "a command can't be a parameter");
    assert_eq!(only("```redis\nGET \"a\n```").0, "a quote without end");
}

#[test]
fn a_value_that_nobody_was_asked_for_is_not_used() {
    let head = "# T\n```toml runbook\ndanger = \"safe\"\n[param.way]\nask = \"?\"\ntype = \"choice\"\nchoices = \
                [\"a\", \"b\"]\n[param.rev]\nask = \"?\"\ntype = \"revision\"\nwhen = { way = \"a\" }\n```\n## S\n";
    let check = |block: &str| read(&format!("{head}```toml ecs.rollback\n{block}\n```"), "t.md");
    let message = |block: &str| check(block).unwrap_err().iter().next().unwrap().message().to_owned();
    assert!(check("when = { way = \"a\" }\nto = \"{{ rev }}\"").is_ok());
    assert!(check("when = \"rev\"\nto = \"{{ rev }}\"").is_ok());
    assert_eq!(message("to = \"{{ rev }}\""), "rev may have no value here");
    assert_eq!(message("when = { way = \"b\" }\nto = \"{{ rev }}\""), "rev may have no value here");
    assert_eq!(message("when = { way = \"c\" }\nto = \"1\""), "way is never \"c\"");
    assert_eq!(message("when = { rev = \"1\" }\nto = \"1\""), "rev is a revision");
    assert_eq!(message("when = \"wya\"\nto = \"1\""), "there is no parameter \"wya\"");
}

#[test]
fn a_parameter_that_could_not_be_given_is_refused() {
    let param = |text: &str| {
        let all = errors(&format!(
            "# T\n```toml runbook\ndanger = \"safe\"\n{text}\n```\n## S\n```toml ecs.wait-steady\n```\n"
        ));
        assert_eq!(all.len(), 1, "{all:#?}");
        all[0].message().to_owned()
    };
    assert_eq!(param("[param.yes]\nask = \"?\"\ntype = \"text\""), "--yes is a flag of plantao itself");
    assert_eq!(param("[param.Desired]\nask = \"?\"\ntype = \"text\""), "a parameter can't be called that");
    assert_eq!(param("[param.n]\ntype = \"text\""), "the parameter n has no ask");
    assert_eq!(param("[param.n]\nask = \"?\"\ntype = \"choice\""), "a choice needs choices");
    assert_eq!(param("[param.n]\nask = \"?\"\ntype = \"text\"\nmin = 1"), "only an integer has min");
    assert_eq!(param("[param.n]\nask = \"?\"\ntype = \"integer\"\nmin = 3\nmax = 1"), "max is less than min");
    assert_eq!(param("[param.n]\nask = \"?\"\ntype = \"integer\"\nmax = 3\ndefault = 4"), "default is out of range");
    assert_eq!(
        param("[param.n]\nask = \"?\"\ntype = \"integer\"\ndefault = \"{{ service.name }}\""),
        "a default can't be \"{{ service.name }}\""
    );
    assert_eq!(param("[param.n]\nask = \"?\"\ntype = \"text\"\nwhen = \"n\""), "there is no parameter \"n\"");
    assert_eq!(param("param = 3"), "param is no table");
}

#[test]
fn a_file_that_is_no_runbook_is_told_so_and_not_half_read() {
    let messages = |text: &str| errors(text).iter().map(|e| e.message().to_owned()).collect::<Vec<_>>();
    assert_eq!(messages(""), ["the runbook has no title", "the runbook has no head", "the runbook has no steps"]);
    assert_eq!(messages("# T\n\n## S\n```toml ecs.wait-steady\n```"), ["the runbook has no head"]);
    let step = "## S\n```toml ecs.wait-steady\n```\n";
    assert_eq!(messages(&format!("{HEAD}# Again\n{step}")), ["a second title"]);
    assert_eq!(messages(&format!("{HEAD}```sh\ntrue\n```\n{step}")), ["this block stands before the first step"]);
    assert_eq!(messages(&format!("{HEAD}{step}```toml runbook\n```\n")), ["this step has a second block"]);
    assert_eq!(only("```toml ecs.wait-steady\n").0, "this block is never closed and hides all that follows it");
    assert_eq!(only("> ```toml ecs.wait-steady\n> ```\n").0, "a step's block stands in a list or a quotation");
    assert!(only("```bash\nrm -rf x\n```").1.contains("a script that is to be run is a ```sh block"));
    assert!(only("```toml ecs.wait-steady\ntimeout = \n```").0.starts_with("this is not TOML"));
}

#[test]
fn a_fence_that_is_missing_is_told_where_its_block_began_and_what_it_hides() {
    let rest = "## Next\n```toml ecs.wait-steady\n```\n";
    let never = "this block is never closed before the next one begins";
    let (message, text) = only(&format!("```toml ecs.wait-steady\ntimeout = \"1m\"\n\n{rest}"));
    assert!(message.starts_with(never) && message.ends_with(": ```toml ecs.wait-steady)"), "{message}");
    assert!(text.contains("```toml ecs.wait-steady\n"), "{text}");
    let (message, _) = only(&format!("```toml ecs.wait-steady\n```\n```console\nls\n\n{rest}"));
    assert!(message.starts_with(never), "an example for people hides as much: {message}");
    assert!(
        read(&format!("{HEAD}## S\n````text\n```sh\ntrue\n```\n````\n{rest}"), "t.md")
            .is_err_and(|errors| { errors.iter().all(|error| !error.message().contains("never closed")) })
    );
}

#[test]
fn what_is_no_toml_in_one_block_hides_no_mistake_in_another() {
    let messages = |text: &str| errors(text).iter().map(|e| e.message().to_owned()).collect::<Vec<_>>();
    let head = "# T\n\n```toml runbook\ndanger = \n[param.n]\nask = \"?\"\ntype = \"integer\"\n```\n";
    let steps = "## A\n```toml ecs.update-service\ndesired-count = \"{{ n }}\"\n```\n\
                 ## B\n```toml ecs.update-service\ndesired-count = \"{{ m }}\"\n```\n";
    let told = messages(&format!("{head}{steps}"));
    assert!(told[0].starts_with("this is not TOML") && told[1] == "there is no parameter \"m\"", "{told:?}");
    assert_eq!(told.len(), 2, "{told:?}");
    let register = "## A\n```toml ecs.register-image\ncontainer = \n```\n";
    let uses = "## B\n```toml ecs.update-service\ntask-definition = \"{{ registered.revision }}\"\nfoo = 1\n```\n";
    let told = messages(&format!("{HEAD}{register}{uses}"));
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("this is not TOML") && told[1].contains("foo"), "{told:?}");
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_change_nothing() {
    let unix = read(SHIPPED[2].1, "x.md").unwrap();
    let dos = read(&format!("\u{feff}{}", SHIPPED[2].1.replace('\n', "\r\n")), "x.md").unwrap();
    assert_eq!((unix.steps.len(), &unix.title, &unix.params.len()), (dos.steps.len(), &dos.title, &dos.params.len()));
}

#[test]
fn a_rewrite_that_locks_users_out_needs_the_strongest_confirmation() {
    assert_eq!(only("```toml vacuum\nfull = true\n```").0, "a full vacuum locks out everybody who uses the table");
    let text = format!("{HEAD}## S\n```toml vacuum\nfull = true\ndanger = \"danger\"\n```");
    assert_eq!(read(&text, "t.md").unwrap().steps[0].danger, Some(Danger::Danger));
}

/// Every error stands on a line of the file, at most one column past its end.
fn all_inside(text: &str) -> Result<(), TestCaseError> {
    if let Err(errors) = read(text, "t.md") {
        let lines: Vec<&str> = text.split('\n').collect();
        for error in &errors {
            prop_assert!((1..=lines.len()).contains(&error.line()), "{error}");
            let width = lines[error.line() - 1].chars().count();
            prop_assert!((1..=width + 1).contains(&error.column()), "{error}");
            prop_assert!(!error.to_string().contains(|c: char| c.is_control() && c != '\n'), "{error}");
        }
        prop_assert!(errors.iter().zip(errors.iter().skip(1)).all(|(a, b)| a.line() <= b.line()));
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_bytes_crash_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        all_inside(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn no_slip_in_a_real_runbook_crashes_the_reader(
        which in 0..SHIPPED.len(), at in any::<prop::sample::Index>(), cut in 0_usize..40,
        paste in prop::sample::select(vec![
            "", "`", "```", "{{", "}}", "\"", "\n", "\r", "\t", "#", "## ", "> ", "- ", "é日\u{202e}\u{0}", "[", "'''", "\"\"\"",
            "\\", "when = {", "$x$", "/*", "[param.x]\n", "~~~", "<!--", "\u{feff}", "    ",
        ]),
    ) {
        let text = SHIPPED[which].1;
        let mut start = at.index(text.len());
        while !text.is_char_boundary(start) { start -= 1; }
        let mut end = (start + cut).min(text.len());
        while !text.is_char_boundary(end) { end += 1; }
        all_inside(&format!("{}{paste}{}", &text[..start], &text[end..]))?;
    }

    #[test]
    fn no_step_crashes_the_reader(
        language in prop::sample::select(vec!["sql", "redis", "sh", "toml vacuum", "toml ecs.rollback", "toml runbook"]),
        body in "([a-z]{0,6}|\\{\\{ ?[a-z.]{0,8} ?\\}\\}|['\"$;\\\\={}#/* \n-]|--|/\\*|\\*/|\\$\\$|é|日){0,60}",
    ) {
        all_inside(&format!("{HEAD}## S\n```{language}\n{body}\n```\n"))?;
    }
}

#[test]
fn what_is_wrong_in_a_block_before_the_first_step_and_in_steps_without_a_head_is_said_the_first_time() {
    let text = "# T\n```toml ecs.wait-stead\n```\n```toml ecs.wait-steady\ntimout = \"10m\"\n```\n\
        ## S\n```toml vacuum\nwhen = \"full\"\ntables = \"{{ tables }}\"\nlock-timout = \"5s\"\n```\n\
        ## Run\n```sh\necho \"$PLANTAO_TABLES\"\n```\n";
    let errors = read(text, "t.md").unwrap_err();
    let said: Vec<(usize, &str)> = errors.iter().map(|error| (error.line(), error.message())).collect();
    assert_eq!(
        said,
        [
            (1, "the runbook has no head"),
            (2, "this block stands before the first step"),
            (2, "there is no action \"ecs.wait-stead\""),
            (4, "this block stands before the first step"),
            (5, "ecs.wait-steady has no field \"timout\""),
            (11, "vacuum has no field \"lock-timout\""),
        ],
        "{errors}"
    );
}
