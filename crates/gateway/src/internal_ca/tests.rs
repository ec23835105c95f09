use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use app_shell::settings::Settings;
use app_shell::tls::FollowedCertificate;
use token_core::{Seconds, Timestamp};

use super::{CaError, Certificate, DAY, InternalCa, SETTINGS};

const NOW: Timestamp = Timestamp(1_800_000_000);

struct World {
    home: tempfile::TempDir,
    ca: InternalCa,
}

impl World {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
        let (own, published, verifier) = (at("ca"), at("ca-certificate"), at("tls"));
        let values = [&own, &published, &verifier].map(String::as_str);
        let pairs = SETTINGS.into_iter().zip(values);
        let mut settings = Settings::from_pairs(&SETTINGS, pairs);
        let ca = InternalCa::from_settings(&mut settings);
        settings.finish().unwrap();
        Self {
            home,
            ca: ca.unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn after(&self, days: u64) -> [Certificate; 2] {
        self.ca.ensure(NOW.plus(Seconds(days * DAY))).unwrap()
    }
}

#[test]
fn each_directory_holds_what_its_reader_needs_and_no_more() {
    let world = World::new();
    world.after(0);
    for (name, mode, keys, certificates) in [
        ("ca/ca.pem", 0o600, 1, 1),
        ("ca-certificate/ca.crt", 0o644, 0, 1),
        ("tls/tls.key", 0o600, 1, 0),
        ("tls/tls.crt", 0o644, 0, 1),
    ] {
        let metadata = fs::metadata(world.path(name)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, mode, "{name}");
        let text = world.text(name);
        assert_eq!(text.matches("BEGIN PRIVATE KEY").count(), keys, "{name}");
        let found = text.matches("BEGIN CERTIFICATE").count();
        assert_eq!(found, certificates, "{name}");
    }
    for (name, mode, files) in [
        ("ca", 0o700, 1),
        ("ca-certificate", 0o755, 1),
        ("tls", 0o700, 2),
    ] {
        let metadata = fs::metadata(world.path(name)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, mode, "{name}");
        assert_eq!(fs::read_dir(world.path(name)).unwrap().count(), files);
    }
    assert!(
        world
            .text("ca/ca.pem")
            .contains(&world.text("ca-certificate/ca.crt"))
    );
    FollowedCertificate::open(world.path("tls")).unwrap();
}

#[test]
fn the_verifiers_certificate_is_renewed_a_month_before_its_end_and_the_ca_stays() {
    let world = World::new();
    let [ca, first] = world.after(0);
    assert!(ca.made && first.made);
    assert_eq!(ca.until, NOW.plus(Seconds(3650 * DAY)));
    assert_eq!(first.until, NOW.plus(Seconds(90 * DAY)));
    assert!(first.since < NOW, "a clock that is late takes it too");
    let [same_ca, same] = world.after(59);
    assert!(!same_ca.made && !same.made);
    assert_eq!((&same_ca.kid, &same.kid), (&ca.kid, &first.kid));
    let before = world.text("ca-certificate/ca.crt");
    let [same_ca, second] = world.after(60);
    assert!(!same_ca.made && second.made);
    assert_ne!(second.kid, first.kid, "another key");
    assert_eq!(second.until, NOW.plus(Seconds(150 * DAY)));
    assert_eq!(world.text("ca-certificate/ca.crt"), before);
    let listed = world.ca.list().unwrap();
    let kids: Vec<_> = listed.iter().map(|it| it.kid.as_str()).collect();
    assert_eq!(kids, [&ca.kid, &second.kid]);
}

#[test]
fn no_certificate_outlives_its_ca_and_an_expired_ca_signs_nothing() {
    let world = World::new();
    world.after(0);
    let [ca, last] = world.after(3630);
    assert!(last.made);
    assert_eq!(last.until, ca.until);
    assert!(!world.after(3640)[1].made, "no better one can be had");
    let end = NOW.plus(Seconds(3650 * DAY));
    assert!(matches!(world.ca.ensure(end), Err(CaError::Expired { .. })));
    assert!(matches!(world.ca.renew(end), Err(CaError::Expired { .. })));
}

#[test]
fn whatever_is_wrong_with_the_verifiers_files_is_mended() {
    let world = World::new();
    world.after(0);
    let foreign = World::new();
    foreign.after(0);
    let (key, certificate) = (foreign.text("tls/tls.key"), foreign.text("tls/tls.crt"));
    let spoil: [(&str, &[(&str, &str)]); 4] = [
        ("a key without its certificate", &[("tls.key", &key)]),
        ("no certificate", &[("tls.crt", "")]),
        (
            "another CA's certificate",
            &[("tls.key", &key), ("tls.crt", &certificate)],
        ),
        (
            "what an interrupted run left",
            &[("tls.key", ""), ("tls.key.new", "half")],
        ),
    ];
    for (what, files) in spoil {
        for (name, text) in files {
            fs::write(world.path("tls").join(name), text).unwrap();
        }
        assert!(world.after(1)[1].made, "{what}");
        assert!(!world.after(1)[1].made, "{what}");
        FollowedCertificate::open(world.path("tls")).unwrap();
    }
    fs::remove_file(world.path("ca-certificate/ca.crt")).unwrap();
    let [ca, verifier] = world.after(1);
    assert!(!ca.made && !verifier.made);
    assert!(world.path("ca-certificate/ca.crt").exists());
}

#[test]
fn a_ca_that_cannot_be_read_is_never_replaced_and_its_error_shows_no_key() {
    let world = World::new();
    world.after(0);
    let good = world.text("ca/ca.pem");
    let foreign = World::new();
    foreign.after(0);
    let other = foreign.text("ca-certificate/ca.crt");
    let key = good.split("-----BEGIN CERTIFICATE").next().unwrap();
    for spoiled in ["", "no PEM", key, &format!("{key}{other}")] {
        fs::write(world.path("ca/ca.pem"), spoiled).unwrap();
        let error = app_shell::error_chain(&world.ca.ensure(NOW).unwrap_err());
        assert!(error.contains("ca.pem is not usable"), "{error}");
        assert!(!error.contains(&good[40..60]), "{error}");
        assert_eq!(world.text("ca/ca.pem"), spoiled);
    }
}

#[test]
fn there_is_a_ca_only_where_it_is_said_where_everything_lies() {
    let read = |pairs: &[(&'static str, &'static str)]| {
        let mut settings = Settings::from_pairs(&SETTINGS, pairs.iter().copied());
        let ca = InternalCa::from_settings(&mut settings);
        let faults = settings.finish().map_err(|error| error.to_string());
        faults.map(|()| ca.is_some())
    };
    assert_eq!(read(&[]), Ok(false));
    assert_eq!(read(&[("VERIFIER_TLS_DIR", "/tls")]), Ok(false));
    let error = read(&[("INTERNAL_CA_DIR", "/ca")]).unwrap_err();
    for name in ["INTERNAL_CA_CERTIFICATE_DIR", "VERIFIER_TLS_DIR"] {
        assert!(error.contains(name), "{error}");
    }
}
