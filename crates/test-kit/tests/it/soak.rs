//! Ten seconds of what `just soak` does for minutes.

use std::time::Duration;

use test_kit::soak;

#[actix_web::test]
async fn no_answer_is_wrong_under_load_with_revocations_and_a_restart_of_redis() {
    let report = soak::run(Duration::from_secs(10)).await;
    assert!(report.restarts > 0 && report.revoked > 0, "{report}");
    assert!(report.allowed > 0 && report.refused > 0, "{report}");
    assert_eq!(report.wrong, Vec::<String>::new(), "{report}");
    assert_eq!(report.impatient, 0, "{report}");
}
