//! The contract suite: every promise of the store traits, held by every store; and what one kind
//! of store promises besides.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a promise fails its test by panicking"
)]

mod backend;
mod promises;
mod race;
mod records;
mod redis_changes;
mod redis_down;
mod redis_indexes;
mod redis_keys;
mod redis_server;
mod sqlite_file;

/// Every promise, on one store.
macro_rules! suite {
    ($store:ident, $backend:expr) => {
        mod $store {
            tests!(clients, $backend;
                are_found_until_they_expire,
                without_expiry_stay,
                are_replaced_by_one_with_their_identifier,
            );
            tests!(registry, $backend;
                creates_and_then_joins_keeping_the_newest_tokens,
                creates_for_one_of_many,
                makes_room_by_forgetting_the_oldest_that_was_never_used,
                is_full_when_every_client_is_in_use,
                forgets_what_is_over_before_what_was_never_used,
                holds_its_ceiling_against_many,
                replaces_and_prolongs_what_is_alive,
                never_brings_a_client_back,
                has_nothing_left_of_a_client_whose_end_races_its_use,
                ends_a_registration_token_once_and_no_other,
                names_every_grant_of_a_client_that_has_a_token,
            );
            tests!(key_sets, $backend;
                are_found_until_they_are_over_and_the_newest_counts,
                go_with_their_client,
            );
            tests!(devices, $backend;
                are_found_by_their_user_code_until_they_are_decided,
                are_refused_while_their_user_code_is_taken,
                are_kept_for_one_of_many_with_the_same_user_code,
                are_decided_once,
                are_polled_ever_more_slowly_by_the_hasty,
                tell_their_decision_to_one_of_many,
                are_over_at_their_expiry_decided_or_not,
                are_unknown_to_another_client,
            );
            tests!(pushed_requests, $backend;
                stay_until_they_are_over,
            );
            tests!(replays, $backend;
                is_used_first_by_one_of_many,
                may_be_used_again_when_its_mark_is_over,
            );
            tests!(sign_ins, $backend;
                are_looked_at_and_then_taken_once,
                are_taken_by_one_of_many,
                are_over_at_their_expiry,
                are_seen_whole_or_not_at_all_while_they_are_taken,
            );
            tests!(codes, $backend;
                are_used_once_and_then_name_their_grant,
                are_fresh_for_one_of_many,
                are_over_at_their_expiry_used_or_not,
            );
            tests!(tokens, $backend;
                are_active_until_they_expire,
                are_revoked_alone_and_once,
                are_revoked_by_one_of_many,
                come_without_a_refresh_token_too,
                need_their_client_where_it_is_kept_here,
            );
            tests!(rotation, $backend;
                gives_many_racers_one_answer,
                repeats_its_answer_within_the_grace_and_names_the_grant_after_it,
                goes_on_with_the_successor,
                does_not_make_the_presented_token_live_longer,
                leaves_earlier_access_tokens_alone,
                is_seen_beforehand,
            );
            tests!(ending, $backend;
                ends_every_token_of_the_grant_and_of_no_other,
                takes_the_sealed_answer_away,
                is_not_shortened_by_a_second_end,
                leaves_no_token_active_when_it_races_issue,
                leaves_no_token_active_when_it_races_rotation,
            );
            tests!(people, $backend;
                see_what_clients_have_of_them_and_of_nobody_else,
                have_every_grant_named_from_its_approval_until_it_is_over,
            );
            tests!(unknown, $backend;
                is_an_outcome_and_no_error,
            );
            tests!(handles, $backend;
                see_each_other,
                share_the_single_use,
                find_everything_after_reopening,
            );
        }
    };
}

macro_rules! tests {
    ($module:ident, $backend:expr; $($promise:ident,)*) => {
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $promise() {
                    crate::promises::$module::$promise(&$backend).await;
                }
            )*
        }
    };
}

suite!(memory, crate::backend::Memory::default());
suite!(sqlite, crate::backend::Sqlite::new());
suite!(redis, crate::redis_server::RedisServer::start());

/// What the stores of a running gateway promise to its operator besides.
macro_rules! inspected {
    ($store:ident, $backend:expr) => {
        mod $store {
            tests!(inspection, $backend;
                shows_every_registration_that_is_alive_and_no_hash,
                shows_what_each_grant_still_has,
                shows_more_than_a_batch_holds_once_each,
                shows_what_was_approved_and_not_fetched,
                counts_what_is_over_and_clears_away_just_that,
                goes_on_after_what_cannot_be_read,
            );
            tests!(archive, $backend;
                has_all_that_is_good_and_every_mark_and_no_more,
                is_put_back_into_either_kind_of_store,
                revives_nothing_that_ended_since,
                ends_what_had_ended_when_it_was_taken,
                leaves_out_what_is_over_and_what_is_newer,
                is_read_in_batches_and_put_back_by_many,
            );
            tests!(deletions, $backend;
                is_not_brought_back_by_a_backup_of_before,
                that_registers_again_is_deleted_no_longer,
                is_remembered_until_it_would_have_expired,
                stays_deleted_in_a_new_store_too,
                is_one_of_many_that_end_together,
            );
            tests!(trail, $backend;
                keeps_what_both_write_in_its_order,
                is_bounded_and_loses_the_oldest,
                goes_on_after_a_record_that_cannot_be_read,
                takes_events_through_a_queue_and_counts_what_is_too_much,
                knows_the_first_use_of_a_token_and_its_last,
                hears_of_one_first_use_among_many,
            );
        }
    };
}

inspected!(inspected_sqlite, crate::backend::Sqlite::new());
inspected!(inspected_redis, crate::redis_server::RedisServer::start());
