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
    let recipes = RECIPES.split("\noauth-").skip(1);
    // What takes more than a line is a script of its own.
    let is_script = |recipe: &&str| {
        let first = recipe.lines().nth(1);
        first.is_some_and(|line| line.trim().starts_with("#!"))
    };
    let (scripts, lines): (Vec<_>, Vec<_>) = recipes.partition(is_script);
    assert_eq!((seen, scripts.len()), (lines.len(), 1));
}
