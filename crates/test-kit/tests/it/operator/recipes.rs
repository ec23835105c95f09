//! The recipes are short names of commands that there are.

use test_kit::process::program;

const RECIPES: &str = include_str!("../../../../../justfile");

#[test]
fn every_recipe_runs_a_command_that_the_executable_knows() {
    let commands = RECIPES
        .lines()
        .filter_map(|line| line.trim().strip_prefix("@{{ operator }} "));
    let mut seen = 0;
    for command in commands {
        let words = command
            .strip_suffix(r#""$@""#)
            .expect("what follows is the operator's");
        let mut arguments: Vec<_> = words.split_whitespace().collect();
        // A filter at the end waits for its value.
        if ["--client", "--user"].contains(arguments.last().expect("a command")) {
            arguments.push("x");
        }
        arguments.push("--help");
        let output = program("gateway").args(&arguments).output();
        let output = output.expect("gateway starts");
        assert!(output.status.success(), "{command}: {output:?}");
        seen += 1;
    }
    // `oauth-doctor` runs in a container of its own.
    let others = RECIPES.matches("\noauth-doctor ").count();
    assert_eq!(seen + others, RECIPES.matches("\noauth-").count());
}
