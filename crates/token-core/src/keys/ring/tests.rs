//! Each key at each instant, and whether a rotation refuses anybody.

use super::*;
use crate::access_token::AccessTokenClaims;
use crate::jose::TimeClaims;
use crate::keys::{SigningAlgorithm, generate_ed25519_pem, generate_p256_pem};
use crate::secret::AccessToken;
use crate::{ClientId, GrantId, Issuer, Jti, ResourceId, Scopes, SystemEntropy, UserId, Username};

const LIFETIME: Seconds = Seconds(100);
/// How long a key is published after its successor's time.
const KEPT: u64 = LIFETIME.0 + RETIREMENT_LEEWAY.0;

fn ed25519(active_from: u64) -> DatedKey {
    let pem = generate_ed25519_pem(&SystemEntropy::new()).unwrap();
    dated(active_from, pem.as_bytes())
}

fn p256(active_from: u64) -> DatedKey {
    dated(active_from, generate_p256_pem().unwrap().as_bytes())
}

fn dated(active_from: u64, pem: &[u8]) -> DatedKey {
    DatedKey {
        active_from: Timestamp(active_from),
        key: SigningKey::from_pkcs8_pem(pem).unwrap(),
        needed_until: None,
    }
}

fn ring(keys: &[DatedKey]) -> KeyRing {
    KeyRing::new(keys.to_vec(), LIFETIME).unwrap()
}

fn states(ring: &KeyRing, now: u64) -> Vec<KeyState> {
    let states = ring.states(Timestamp(now));
    states.into_iter().map(|key| key.state).collect()
}

#[test]
fn a_key_is_upcoming_then_active_then_retired_then_expired() {
    use KeyState::{Active, Expired, Retired, Upcoming};
    let keys = [ed25519(1000), ed25519(2000), ed25519(3000)];
    let ring = ring(&keys);
    for (now, expected) in [
        (1000, [Active, Upcoming, Upcoming]),
        (1999, [Active, Upcoming, Upcoming]),
        (2000, [Retired, Active, Upcoming]),
        (2000 + KEPT - 1, [Retired, Active, Upcoming]),
        (2000 + KEPT, [Expired, Active, Upcoming]),
        (3000, [Expired, Retired, Active]),
        (3000 + KEPT, [Expired, Expired, Active]),
        (9_999_999, [Expired, Expired, Active]),
    ] {
        assert_eq!(states(&ring, now), expected, "at {now}");
        let current = ring.at(Timestamp(now));
        for (dated, state) in keys.iter().zip(expected) {
            let kid = dated.key.kid();
            let is_active = state == Active;
            assert_eq!(current.active.kid() == kid, is_active, "at {now}");
            let published = current.published.find(kid).is_some();
            assert_eq!(published, state != Expired, "at {now}");
        }
        let first = current.published.iter().next().unwrap().kid();
        assert_eq!(first, current.active.kid(), "the active one comes first");
    }
}

#[test]
fn the_first_key_signs_even_before_its_time() {
    let ring = ring(&[ed25519(2000), ed25519(1000)]);
    assert_eq!(
        states(&ring, 1),
        [KeyState::Active, KeyState::Upcoming],
        "a clock that went back stops nobody"
    );
    assert!(KeyRing::new(Vec::new(), LIFETIME).is_none());
}

#[test]
fn a_key_that_was_taken_out_lengthens_the_life_of_the_one_before_and_never_shortens_it() {
    let [first, second, third] = [ed25519(1000), ed25519(2000), ed25519(3000)];
    let until = |keys: &[DatedKey]| ring(keys).states(Timestamp(3000))[0].until.unwrap();
    let whole = until(&[first.clone(), second, third.clone()]);
    assert!(until(&[first, third]) > whole);
}

/// What a verifier believes that looked at the key set a while ago.
fn verifies(ring: &KeyRing, looked_at: u64, token: &AccessToken, now: u64) -> bool {
    let keys = ring.at(Timestamp(looked_at)).published;
    AccessTokenClaims::verify(
        token.expose(),
        &issuer(),
        &audience(),
        &keys,
        Timestamp(now),
    )
    .is_ok()
}

fn issuer() -> Issuer {
    Issuer::parse("https://auth.example.com").unwrap()
}

fn audience() -> ResourceId {
    ResourceId::parse("https://fetch.example.com/mcp").unwrap()
}

fn token(key: &SigningKey, now: u64) -> AccessToken {
    let entropy = SystemEntropy::new();
    let grant = GrantId::generate(&entropy).unwrap();
    let claims = AccessTokenClaims {
        iss: issuer(),
        sub: UserId::parse("github|42").unwrap(),
        aud: audience(),
        client_id: ClientId::parse("client").unwrap(),
        jti: Jti::generate(&grant, &entropy).unwrap(),
        scope: Scopes::from_request(None),
        username: Username::parse("alice").unwrap(),
        times: TimeClaims {
            exp: Timestamp(now).plus(LIFETIME),
            iat: Timestamp(now),
            nbf: None,
        },
    };
    claims.sign(key).unwrap()
}

/// Time is simulated second by second: a signer that looks at its ring late, verifiers that look
/// at the key set late, a token in each second, each verified until its end. The new key has
/// another algorithm, so that a rotation may change it.
#[test]
fn a_rotation_refuses_no_token_however_late_signer_and_verifier_look() {
    const ORDERED: u64 = 5000;
    let old = ed25519(1000);
    let new = p256(ORDERED + ACTIVATION_DELAY.0);
    let before = ring(std::slice::from_ref(&old));
    let after = ring(&[old.clone(), new.clone()]);
    let ring_at = |now: u64| if now < ORDERED { &before } else { &after };
    for (signer_lag, verifier_lag) in [(0, 0), (0, 25), (2, 7), (20, 25), (20, 0)] {
        let mut signed_by_new = 0;
        for issued in (ORDERED - 10)..(ORDERED + 60) {
            let seen = issued - signer_lag;
            let key = ring_at(seen).at(Timestamp(seen)).active;
            signed_by_new += u32::from(key.kid() == new.key.kid());
            let token = token(&key, issued);
            for now in [issued, issued + 1, issued + 30, issued + LIFETIME.0 - 1] {
                let looked_at = now - verifier_lag;
                assert!(
                    verifies(ring_at(looked_at), looked_at, &token, now),
                    "issued {issued}, used {now}, lags {signer_lag} and {verifier_lag}"
                );
            }
        }
        assert!(signed_by_new > 5, "the new key came into use");
    }
}

#[test]
fn a_retired_keys_tokens_are_good_until_they_expire_and_not_longer() {
    let (old, new) = (ed25519(1000), ed25519(2000));
    let ring = ring(&[old.clone(), new]);
    let last = token(&old.key, 1999);
    let end = 1999 + LIFETIME.0;
    assert!(verifies(&ring, end - 1, &last, end - 1));
    assert!(!verifies(&ring, end, &last, end), "expired");
    let gone = 2000 + KEPT;
    assert!(
        ring.at(Timestamp(gone - 1))
            .published
            .find(old.key.kid())
            .is_some()
    );
    assert!(
        ring.at(Timestamp(gone))
            .published
            .find(old.key.kid())
            .is_none()
    );
    let forged_later = token(&old.key, gone);
    assert!(
        !verifies(&ring, gone, &forged_later, gone),
        "an expired key signs nothing"
    );
}

#[test]
fn keys_of_two_algorithms_live_side_by_side() {
    let (old, new) = (p256(1000), ed25519(2000));
    let current = ring(&[old.clone(), new.clone()]).at(Timestamp(2000));
    assert_eq!(current.active.algorithm(), SigningAlgorithm::EdDsa);
    let find = |key: &DatedKey| current.published.find(key.key.kid()).unwrap().algorithm();
    assert_eq!(find(&old), SigningAlgorithm::Es256);
    assert_eq!(find(&new), SigningAlgorithm::EdDsa);
}

#[test]
fn a_key_that_signed_a_longer_token_is_published_until_that_has_expired() {
    let (mut first, second) = (ed25519(1000), p256(2000));
    first.needed_until = Some(Timestamp(9000));
    let long = ring(&[first.clone(), second.clone()]);
    assert_eq!(states(&long, 8999), [KeyState::Retired, KeyState::Active]);
    assert_eq!(states(&long, 9000), [KeyState::Expired, KeyState::Active]);
    assert_eq!(long.at(Timestamp(8999)).published.iter().count(), 2);
    // It only ever becomes later.
    first.needed_until = Some(Timestamp(1));
    let short = ring(&[first, second]);
    assert_eq!(states(&short, 2000 + KEPT - 1)[0], KeyState::Retired);
}
