//! The keeper of keys: what it makes, rotates, retires and clears away.

use super::*;

const LIFETIME: Seconds = Seconds(100);
const NOW: Timestamp = Timestamp(1_800_000_000);

fn keeper(directory: &Path, algorithm: SigningAlgorithm) -> KeyKeeper {
    KeyKeeper::of_tokens(directory.join("signing"), algorithm, LIFETIME)
}

fn new(made: Made) -> NamedKey {
    match made {
        Made::New(key) => key,
        Made::Kept(key) => panic!("kept {key:?}"),
    }
}

#[test]
fn a_missing_key_is_made_and_a_present_one_kept() {
    let directory = tempfile::tempdir().unwrap();
    let keeper = keeper(directory.path(), SigningAlgorithm::Rs256);
    let first = new(keeper.ensure(NOW).unwrap());
    assert_eq!(first.active_from, NOW, "nobody waits for the first key");
    assert_eq!(keeper.ensure(NOW).unwrap(), Made::Kept(first));
}

#[test]
fn another_algorithm_comes_as_a_rotation() {
    let directory = tempfile::tempdir().unwrap();
    new(keeper(directory.path(), SigningAlgorithm::EdDsa)
        .ensure(NOW)
        .unwrap());
    let changed = keeper(directory.path(), SigningAlgorithm::Es256);
    let made = new(changed.ensure(NOW).unwrap());
    assert_eq!(made.algorithm, SigningAlgorithm::Es256);
    assert_eq!(made.active_from, NOW.plus(ACTIVATION_DELAY));
    assert_eq!(changed.ensure(NOW).unwrap(), Made::Kept(made));
}

#[test]
fn a_rotation_under_way_is_not_begun_twice() {
    let directory = tempfile::tempdir().unwrap();
    let keeper = keeper(directory.path(), SigningAlgorithm::EdDsa);
    keeper.ensure(NOW).unwrap();
    let later = NOW.plus(Seconds(10));
    let coming = new(keeper.rotate(later, Seconds(30)).unwrap());
    assert_eq!(
        keeper.rotate(later.plus(Seconds(1)), Seconds(30)).unwrap(),
        Made::Kept(coming.clone())
    );
    let active = coming.active_from;
    assert_ne!(
        new(keeper.rotate(active, Seconds(30)).unwrap()).kid,
        coming.kid
    );
}

#[test]
fn the_schedule_rotates_when_the_newest_key_is_old_and_clears_away_what_expired() {
    let directory = tempfile::tempdir().unwrap();
    let keeper = keeper(directory.path(), SigningAlgorithm::EdDsa);
    let first = new(keeper.ensure(NOW).unwrap());
    let every = Seconds(1000);
    let early = NOW.plus(Seconds(999));
    assert_eq!(keeper.rotate_when_due(early, every).unwrap(), None);
    let due = NOW.plus(every);
    let second = keeper.rotate_when_due(due, every).unwrap().unwrap();
    assert_eq!(
        keeper.rotate_when_due(due, every).unwrap(),
        None,
        "it is under way"
    );
    let until = keeper.ring().unwrap().1.states(due)[0].until.unwrap();
    assert!(
        keeper
            .delete_expired(Timestamp(until.0 - 1))
            .unwrap()
            .is_empty()
    );
    assert_eq!(keeper.delete_expired(until).unwrap(), [first.kid]);
    assert_eq!(
        newest(&keeper.ring().unwrap().1, until).unwrap().kid,
        second.kid
    );
}

#[test]
fn the_active_key_is_never_retired_and_one_with_living_tokens_only_on_demand() {
    let directory = tempfile::tempdir().unwrap();
    let keeper = keeper(directory.path(), SigningAlgorithm::EdDsa);
    assert_eq!(keeper.retire("nobody", NOW, true).unwrap(), None);
    let first = new(keeper.ensure(NOW).unwrap());
    for now in [false, true] {
        let refused = keeper.retire(&first.kid, NOW, now);
        assert!(matches!(refused, Err(KeeperError::Active { .. })));
    }
    let mistaken = new(keeper.rotate(NOW, Seconds(30)).unwrap());
    let upcoming = keeper.retire(&mistaken.kid, NOW, false).unwrap();
    assert_eq!(upcoming.unwrap().state, KeyState::Upcoming);

    let second = new(keeper.rotate(NOW, Seconds(30)).unwrap());
    let refused = keeper.retire(&first.kid, second.active_from, false);
    assert!(matches!(refused, Err(KeeperError::TokensLive { .. })));
    let forced = keeper.retire(&first.kid, second.active_from, true).unwrap();
    assert_eq!(forced.unwrap().state, KeyState::Retired);
    assert_eq!(keeper.retire(&first.kid, NOW, true).unwrap(), None);
    assert_eq!(keeper.ring().unwrap().0.len(), 1);
}

#[test]
fn a_key_stays_for_a_token_that_lives_longer_than_others() {
    let directory = tempfile::tempdir().unwrap();
    let keeper = keeper(directory.path(), SigningAlgorithm::EdDsa);
    let first = new(keeper.ensure(NOW).unwrap());
    let long = NOW.plus(Seconds(1_000_000));
    let [file] = &*keeper.ring().unwrap().0 else {
        panic!("one key");
    };
    key_directory::keep_until(file, long).unwrap();
    // A shorter one changes nothing.
    let kept = &keeper.ring().unwrap().0[0];
    key_directory::keep_until(kept, NOW).unwrap();
    let second = new(keeper.rotate(NOW, Seconds(0)).unwrap());
    let before = Timestamp(long.0 - 1);
    assert!(keeper.delete_expired(before).unwrap().is_empty());
    let refused = keeper.retire(&first.kid, before, false);
    assert!(matches!(refused, Err(KeeperError::TokensLive { until, .. }) if until == long));
    assert_eq!(keeper.delete_expired(long).unwrap(), [first.kid]);
    let left = std::fs::read_dir(&keeper.directory).unwrap();
    assert_eq!(left.count(), 1, "the note of the key went with it");
    assert_eq!(
        newest(&keeper.ring().unwrap().1, long).unwrap().kid,
        second.kid
    );
}

#[test]
fn a_note_that_is_no_time_is_complained_of_and_not_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    let keeper = keeper(directory.path(), SigningAlgorithm::EdDsa);
    keeper.ensure(NOW).unwrap();
    let path = keeper.ring().unwrap().0[0].path.with_extension("until");
    std::fs::write(&path, "tomorrow").unwrap();
    let error = app_shell::error_chain(&keeper.ring().unwrap_err());
    assert!(error.contains("seconds since 1970"), "{error}");
}
