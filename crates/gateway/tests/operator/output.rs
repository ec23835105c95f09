//! What is printed, and what becomes of it where nobody reads it.

use super::world::World;

#[actix_web::test]
async fn a_token_that_nobody_got_opens_nothing() {
    let world = World::new();
    assert!(world.run(&["keys", "generate"]).status.success());
    let mint = ["tokens", "mint", "job", "--lifetime", "1d"];
    for json in [&[][..], &["--json"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = world.command(&[&mint[..], json].concat());
        let output = command.stdout(writer).output().expect("gateway starts");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("was revoked"), "{said}");
        assert!(world.json(&["tokens", "list"]).is_empty());
    }
    assert!(world.run(&mint).status.success());
    assert_eq!(world.json(&["tokens", "list"]).len(), 1);
}

#[actix_web::test]
async fn json_shows_what_a_terminal_would_obey_or_hide_by_its_number() {
    let world = World::new();
    let name = "evil\u{9b}31m\u{202e}\u{e0041}näme\n\"\u{1b}";
    world.client("hostile", name).await;
    let output = world.run(&["registrations", "list", "--json"]);
    let line = String::from_utf8(output.stdout).unwrap();
    assert!(
        line.contains(r#"evil\u009b31m\u202e\udb40\udc41näme\n\"\u001b"#),
        "{line}"
    );
    assert_eq!(
        world.json(&["registrations", "list"])[0]["client_name"],
        name
    );
}
