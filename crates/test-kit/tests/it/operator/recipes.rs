//! Every recipe of the operator's, on a gateway with three clients of real sign-ins and a thousand
//! tokens besides: each shows what there is, each that destroys ends what its dry run counted, and
//! what it does not name is there as before.

mod listing;
mod operator;
mod population;

use std::collections::BTreeSet;

use serde_json::Value;
use test_kit::process::{eventually, program};

use self::listing::{Listing, Thing};
use self::operator::Operator;
use self::population::{CLIENTS, EXPIRED, TOKENS, client, person};
use super::world::{Held, World};

const RECIPES: &str = include_str!("../../../../../justfile");

/// What a recipe is given besides its name.
type Words<'a> = &'a [&'a str];

#[actix_web::test]
async fn every_recipe_does_what_it_says_on_a_deployment() {
    let [deployment, _] = World::both().await;
    every_recipe(&deployment).await;
}

#[actix_web::test]
async fn every_recipe_does_what_it_says_on_the_single_process() {
    let [_, single] = World::both().await;
    every_recipe(&single).await;
}

/// One story, since each thing that is ended shows what the next one leaves.
async fn every_recipe(world: &World) {
    let held = three_unused(world).await;
    population::settle(world).await;
    let operator = Operator::of(world);
    clears_away(&operator);
    for held in &held {
        assert_eq!(world.status(held).await, 200);
    }
    looks(&operator).await;
    keeps(&operator);
    for held in &held {
        assert_eq!(world.status(held).await, 200);
    }
    let before = operator.listing();
    ends_some(&operator, &held).await;
    ends_all(&operator, &held).await;
    brings_back(&operator, &before);

    let all: BTreeSet<_> = RECIPES.lines().filter_map(name_of_recipe).collect();
    let ran = operator.ran();
    assert!(all.len() > 20, "{all:?}");
    assert_eq!(all, ran.iter().map(String::as_str).collect());
    assert_every_command_ran(&operator);
}

/// Their tokens are asked of nobody yet: a use is noted some time later, and would write among
/// what is counted here.
async fn three_unused(world: &World) -> [Held; 3] {
    [
        world.sign_in("one").await,
        world.sign_in("two").await,
        world.sign_in("three").await,
    ]
}

/// `oauth-NAME` of the line that begins its recipe.
fn name_of_recipe(line: &str) -> Option<&str> {
    let name = line.split([' ', ':']).next()?;
    name.starts_with("oauth-").then_some(name)
}

fn clears_away(operator: &Operator<'_>) {
    let before = operator.listing();
    let counted = operator.one("oauth-purge-expired-dry", &[]);
    assert_eq!(counted, operator.one("oauth-purge-expired", &["--dry-run"]));
    let mut done = operator.one("oauth-purge-expired", &["--yes"]);
    done["dry_run"] = true.into();
    assert_eq!(counted, done);
    assert!(
        done["records"].as_u64().is_some_and(|own| own >= EXPIRED),
        "{done}"
    );
    assert_eq!(
        operator.one("oauth-purge-expired", &["--yes"])["records"],
        0
    );
    assert_eq!(operator.listing(), before);
}

async fn looks(operator: &Operator<'_>) {
    let (clients, tokens) = (CLIENTS + 3, TOKENS + 3);
    let all = operator.listing();
    assert_eq!(
        [Thing::Registration, Thing::Session, Thing::Token].map(|thing| all.count(thing)),
        [clients, tokens, tokens]
    );
    for (recipe, thing, rows, said) in [
        (
            "oauth-list-registrations",
            Thing::Registration,
            clients,
            "23 registered clients",
        ),
        ("oauth-sessions", Thing::Session, tokens, "1,003 sessions"),
        (
            "oauth-list-tokens",
            Thing::Token,
            tokens,
            "1,003 access tokens",
        ),
    ] {
        let listed = Listing::of(operator.lines(recipe, &[]));
        assert_eq!(listed, all.only(thing), "{recipe}");
        let (table, remark) = operator.table(recipe, &["--full"]);
        // One row each below the head.
        assert_eq!(table.lines().count() as u64, rows + 1, "{recipe}");
        assert!(remark.contains(said), "{recipe}: {remark}");
        let first = table.lines().next().expect("a head");
        assert!(first.starts_with(thing.column()), "{first}");
        for id in all.names(thing) {
            assert!(table.contains(id), "{recipe}: {id}");
        }
    }
    let (table, remark) = operator.table("oauth-show-all", &[]);
    assert_eq!(
        table.lines().count() as u64,
        // Three heads, and an empty line between.
        clients + 2 * tokens + 5,
        "{table}"
    );
    let said = "23 registered clients, 1,003 sessions, 1,003 access tokens";
    assert!(remark.contains(said), "{remark}");

    let stats = operator.one("oauth-stats", &[]);
    for (name, count) in [
        ("registrations", clients),
        ("sessions", tokens),
        ("access_tokens", tokens),
        ("refresh_tokens", tokens),
    ] {
        assert_eq!(stats[name], count, "{stats}");
    }
    let (table, _) = operator.table("oauth-stats", &[]);
    assert!(
        table.contains("1,003") && table.contains("fetch"),
        "{table}"
    );

    let owner = match operator.world {
        World::Deployment(_) => "octocat",
        World::Single(_) => "local|owner",
    };
    let answer = operator.one("oauth-explain", &[owner, "fetch"]);
    assert_eq!(
        (&answer["admitted"], &answer["sessions"]),
        (&true.into(), &3.into())
    );
    eventually("three first calls are traced", async || {
        let attempts = operator.lines("oauth-trace", &[]);
        let done = attempts.iter().filter(|attempt| attempt["done"] == true);
        done.count() == 3
    })
    .await;
    let (table, _) = operator.table("oauth-trace", &["--since", "1h"]);
    assert_eq!(table.lines().count(), 4, "{table}");
    let report = operator.one("oauth-report", &["--since", "1h"]);
    let connected = report["logins"]["connected"].as_array().expect("a row");
    let connected = connected.iter().filter_map(Value::as_u64);
    assert_eq!(connected.sum::<u64>(), 3, "{report}");
    let minted = operator.one(
        "oauth-mint",
        &["job", "--service", "fetch", "--lifetime", "1d"],
    );
    let token = minted["access_token"].as_str().expect("a token");
    assert_eq!(operator.world.status_of("fetch", token).await, 200);
    operator.ends("oauth-revoke-client-tokens", &["minted:job"], |_, one| {
        one["client_id"] == "minted:job"
    });
    assert_eq!(operator.listing(), all, "as before it was made");
    operator.has_itself_examined();
}

/// A backup of all that, put back over what there is and after all was cleared.
fn keeps(operator: &Operator<'_>) {
    let made = operator.one("oauth-backup", &[]);
    let listed = operator.lines("oauth-backup-list", &[]);
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["bytes"], made["bytes"]);
    let viewed = operator.one("oauth-backup-view", &operator.with_key(&[]));
    for (kind, count) in [
        ("clients", CLIENTS + 3),
        ("access_tokens", TOKENS + 3),
        ("refresh_tokens", TOKENS + 3),
    ] {
        assert_eq!((&made[kind], &viewed[kind]), (&count.into(), &count.into()));
    }
    let before = operator.listing();
    assert_eq!(operator.restores(&[])["present"]["clients"], CLIENTS + 3);
    let done = operator.restores(&["--clear"]);
    assert_eq!(done["cleared"], done["restored"]);
    assert_eq!(done["restored"]["access_tokens"], TOKENS + 3);
    assert_eq!(operator.listing(), before);
}

async fn ends_some(operator: &Operator<'_>, held: &[Held; 3]) {
    let world = operator.world;
    let [one, two, three] = held;
    let jti = one.jti();
    operator.ends("oauth-delete-token", &[&jti], |thing, own| {
        thing == Thing::Token && own["jti"] == jti.as_str()
    });
    world.is_refused(one).await;

    let other = client(1);
    operator.ends("oauth-delete-registration", &[&other], |thing, own| {
        thing == Thing::Registration && own["client_id"] == other.as_str()
    });
    let other = client(2);
    operator.ends("oauth-revoke-client-tokens", &[&other], |thing, own| {
        thing != Thing::Registration && own["client_id"] == other.as_str()
    });
    let somebody = person(3);
    operator.ends("oauth-revoke-user", &[&somebody], |thing, own| {
        thing != Thing::Registration && own["user_id"] == somebody.as_str()
    });
    // By the login that he signed in under.
    operator.ends("oauth-revoke-user", &["person-4"], |thing, own| {
        thing != Thing::Registration && own["username"] == "person-4"
    });
    for other in [&client(5), &two.client_id] {
        operator.ends("oauth-delete-client-complete", &[other], |_, own| {
            own["client_id"] == other.as_str()
        });
    }
    world.is_refused(two).await;
    assert_ne!(world.refresh(two).await, 200);
    assert_eq!(world.status(three).await, 200);
}

async fn ends_all(operator: &Operator<'_>, held: &[Held; 3]) {
    let world = operator.world;
    let [_, _, three] = held;
    operator.ends("oauth-delete-all-tokens", &[], |thing, _| {
        thing == Thing::Token
    });
    world.is_refused(three).await;
    operator.ends("oauth-revoke-all", &[], |thing, _| {
        thing != Thing::Registration
    });
    assert_ne!(world.refresh(three).await, 200);
    operator.ends("oauth-delete-all-registrations", &[], |thing, _| {
        thing == Thing::Registration
    });
    assert_eq!(operator.listing(), Listing::default());
}

/// Nothing of what was ended: the gateway still knows of each that it was.
fn brings_back(operator: &Operator<'_>, before: &Listing) {
    for clear in [&[][..], &["--clear"]] {
        let done = operator.restores(clear);
        for (kind, thing) in [
            ("clients", Thing::Registration),
            ("access_tokens", Thing::Token),
            ("refresh_tokens", Thing::Session),
        ] {
            assert_eq!(done["ended"][kind], before.count(thing), "{done}");
        }
        assert_eq!(operator.listing(), Listing::default());
    }
}

/// What `--help` names, group by group: whatever is a command of the operator's has had its turn.
fn assert_every_command_ran(operator: &Operator<'_>) {
    /// Those that no recipe of `oauth-…` is for. Each has a test of its own.
    const OTHERS: [&str; 7] = [
        "serve",
        "keys",
        "reload",
        "setup",
        "service-add",
        // A vault begins with it.
        "backup keygen",
        "help",
    ];
    let mut commands = BTreeSet::new();
    for command in subcommands(&[]) {
        if ["registrations", "sessions", "tokens", "backup"].contains(&command.as_str()) {
            let below = subcommands(&[&command]);
            commands.extend(below.iter().map(|below| format!("{command} {below}")));
        } else {
            commands.insert(command);
        }
    }
    commands.retain(|command| !OTHERS.contains(&command.as_str()) && !command.ends_with(" help"));
    assert!(commands.len() > 14, "{commands:?}");
    for command in &commands {
        let by_recipe = RECIPES.lines().any(|line| {
            let own = line.trim().strip_prefix("@{{ operator }} ");
            own.is_some_and(|own| format!("{own} ").starts_with(&format!("{command} ")))
        });
        assert!(
            by_recipe || command == "doctor" && operator.ran().contains("oauth-doctor"),
            "no recipe runs {command}"
        );
    }
}

fn subcommands(of: &[&str]) -> Vec<String> {
    let output = program("gateway").args(of).arg("--help").output();
    let help = String::from_utf8(output.expect("gateway starts").stdout).expect("text");
    let (_, commands) = help.split_once("Commands:\n").expect("commands");
    let commands = commands.lines().take_while(|line| !line.is_empty());
    // What goes on in the next line is indented further.
    let names = commands.filter_map(|line| line.strip_prefix("  "));
    names
        .filter(|line| !line.starts_with(' '))
        .map(|line| line.split(' ').next().expect("a word").to_owned())
        .collect()
}
