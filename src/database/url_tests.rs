use proptest::prelude::*;

use super::*;

fn of(url: &str) -> Target {
    Target::from_url(url).unwrap()
}

#[test]
fn a_full_url_is_read_whole() {
    let target = of(
        "postgresql://ana:p%40ss%2Fw@db.example:6432/analytics?sslmode=verify-ca&sslrootcert=%2Fca.pem&schema=public",
    );
    assert_eq!((target.host.as_str(), target.port, target.user.as_str()), ("db.example", 6432, "ana"));
    assert_eq!((target.database.as_str(), target.sslmode), ("analytics", SslMode::VerifyCa));
    assert_eq!(target.password.as_ref().map(Secret::reveal), Some("p@ss/w"));
    assert_eq!(target.roots, Roots::File("/ca.pem".into()));
    assert_eq!(target.ignored, ["schema"]);
}

#[test]
fn what_a_url_leaves_out_is_what_psql_would_take_except_for_tls() {
    let target = of("postgres://ana@db.example");
    assert_eq!((target.port, target.database.as_str(), target.sslmode), (5432, "ana", SslMode::VerifyFull));
    assert_eq!(of("postgresql+asyncpg://ana@localhost/x").sslmode, SslMode::Prefer);
    assert_eq!(of("postgresql://ana@localhost/x?sslrootcert=system").sslmode, SslMode::VerifyFull);
    assert_eq!(of("postgresql://ana@[::1]:7/x").host, "::1");
    assert_eq!(of("postgresql:///x?host=/run/postgresql&user=ana").host, "/run/postgresql");
    assert_eq!(of("postgresql://ana@%2Frun%2Fpostgresql/x").host, "/run/postgresql");
    assert_eq!(of("postgresql://ana:a@b@db.example/x").password.as_ref().map(Secret::reveal), Some("a@b"));
}

#[test]
fn a_secret_is_read_in_each_form_that_teams_keep() {
    let endpoint = Endpoint { host: Some("rds.example".into()), port: Some(5433), database: Some("analytics".into()) };
    let whole =
        r#"{"username":"ana","password":"hunter2","engine":"postgres","host":"db.example","port":5432,"dbname":"a"}"#;
    let target = Target::from_secret(whole, &endpoint).unwrap();
    assert_eq!(target.to_string(), "ana@db.example:5432/a");
    assert_eq!(target.password.as_ref().map(Secret::reveal), Some("hunter2"));
    let managed = r#"{"username":"ana","password":"p"}"#;
    assert_eq!(Target::from_secret(managed, &endpoint).unwrap().to_string(), "ana@rds.example:5433/analytics");
    let keyed = r#"{"DATABASE_URL":"postgres://ana:p@db.example/a","REDIS_URL":"redis://x"}"#;
    assert_eq!(Target::from_secret(keyed, &endpoint).unwrap().to_string(), "ana@db.example:5432/a");
    assert_eq!(Target::from_secret(" postgres://ana@h/a\n", &endpoint).unwrap().to_string(), "ana@h:5432/a");
    let text_port = r#"{"username":"ana","password":"p","host":"h","port":"6"}"#;
    assert_eq!(Target::from_secret(text_port, &Endpoint::default()).unwrap().port, 6);
}

#[test]
fn a_broken_url_says_what_is_wrong_and_how_to_write_it() {
    let why = |url: &str| Target::from_url(url).unwrap_err().to_string();
    assert_eq!(
        why("mysql://ana@h/a"),
        "could not read the database URL: it does not begin with postgresql://; write it as postgresql://USER:PASSWORD@HOST:5432/DATABASE"
    );
    assert!(why("postgresql://h/a").contains("it names no user"));
    assert!(why("postgresql://ana@/a").contains("it names no host"));
    assert!(why("postgresql://ana@a,b/a").contains("several hosts"));
    assert!(why("postgresql://ana@h/a?sslmode=verify_full").contains("probably sslmode=verify-full"));
    assert!(why("postgresql://ana:p/w@h/a").contains("%2F"), "{}", why("postgresql://ana:p/w@h/a"));
    assert!(why("postgresql://ana:100%@h/a").contains("%25"));
    assert!(why("postgresql://ana@h/a%00b").contains("NUL"));
    let secret = Target::from_secret("{\"password\": hunter2}", &Endpoint::default()).unwrap_err();
    assert!(secret.to_string().contains("no JSON at line 1, column 14"), "{secret}");
    let nowhere = Target::from_secret(r#"{"username":"a","password":"hunter2"}"#, &Endpoint::default()).unwrap_err();
    assert!(nowhere.to_string().contains("names no host"), "{nowhere}");
}

proptest! {
    #[test]
    fn no_error_and_no_debug_text_ever_holds_the_password(
        before in "(postgres|postgresql|mysql)://[a-z@:/%]{0,4}",
        after in "[@:/?#%,\\[\\]]{0,3}[a-z0-9@:/?=%&]{0,12}",
    ) {
        // Long and of letters that nothing else here is made of.
        let password = "XKCDQWZ";
        for text in [format!("{before}{password}{after}"), format!("{{\"username\":\"a\",\"password\":\"{password}\"{after}")] {
            let printed = match Target::from_secret(&text, &Endpoint::default()) {
                Err(trouble) => format!("{trouble} {trouble:?}"),
                Ok(target) if target.password.as_ref().is_some_and(|p| p.reveal().contains(password)) => {
                    format!("{target} {target:?} {}", target.psql())
                }
                // It was read as the host's or the database's name.
                Ok(_) => continue,
            };
            prop_assert!(!printed.contains(password), "{}", printed);
        }
    }
}
