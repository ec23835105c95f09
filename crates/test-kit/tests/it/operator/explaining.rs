//! What the operator is told of a person is what the edge then does.

use super::world::World;

#[actix_web::test]
async fn a_person_is_let_in_as_the_explanation_says() {
    let world = World::deployment_of_two().await;
    let stack = world.stack();
    let held = world.sign_in("one").await;
    let explained = |user: &str| world.json(&["explain", user, "fetch"]).remove(0);
    for user in ["octocat", "github|583231", "583231"] {
        let answer = explained(user);
        assert_eq!(answer["admitted"], true, "{answer}");
        assert_eq!(answer["why"], "login_listed");
        assert_eq!(answer["user_id"], "github|583231");
        assert_eq!(
            (&answer["sessions"], &answer["access_tokens"]),
            (&1.into(), &1.into())
        );
    }
    assert_eq!(world.status(&held).await, 200);

    stack.allow("hubot,id:7");
    stack.operate(&["reload"], &[]);
    world.is_refused(&held).await;
    let answer = explained("octocat");
    assert_eq!(
        (&answer["admitted"], &answer["why"]),
        (&false.into(), &"not_listed".into())
    );
    let words = world.done(&["explain", "octocat", "fetch"]);
    assert!(words.starts_with("no ") && words.contains("401"), "{words}");
    // Nobody of whom there is a session: by what is known.
    assert_eq!(explained("hubot")["why"], "login_listed");
    assert_eq!(explained("7")["why"], "number_listed");
    assert_eq!(explained("8")["why"], "not_listed");
    assert_eq!(explained("local|owner")["why"], "provider_not_used");
    let complaint = world.fails(1, &["explain", "octocat", "nope"]);
    assert!(complaint.contains("fetch, notes"), "{complaint}");
}

#[actix_web::test]
async fn the_owner_of_this_computer_is_let_in_and_nobody_of_github() {
    let [_, world] = World::both().await;
    world.sign_in("one").await;
    let explained = |user: &str| world.json(&["explain", user, "fetch"]).remove(0);
    assert_eq!(explained("local|owner")["why"], "owner");
    assert_eq!(explained("octocat")["admitted"], false);
}
