//! The names that Traefik's files have already. Traefik takes none of two routers or services of
//! one name, and no file in which one is twice: then nobody is guarded.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use token_core::{ServiceName, Services};

const DYNAMIC: &str = "traefik/dynamic";
/// What `traefik/dynamic/gateway.yml` writes for the name of a service.
const PLACE: &str = "{{ $name }}";

/// The first name that this service would have besides somebody else.
pub(super) fn clash(
    name: &ServiceName,
    services: &Services,
    directory: &Path,
) -> io::Result<Option<String>> {
    let keys = keys(&directory.join(DYNAMIC), &format!("service-{name}.yml"))?;
    let (templates, mut taken): (BTreeSet<_>, BTreeSet<_>) =
        keys.into_iter().partition(|key| key.contains(PLACE));
    let filled = |service: &str| {
        let service = service.to_owned();
        let templates = templates.iter();
        templates.map(move |key| key.replace(PLACE, &service))
    };
    for other in services.iter().filter(|other| other.name != *name) {
        taken.extend(filled(other.name.as_str()));
    }
    let mut own = filled(name.as_str()).chain([name.as_str().to_owned()]);
    Ok(own.find(|own| taken.contains(own)))
}

/// The routers and services of every file but the service's own.
fn keys(dynamic: &Path, own: &str) -> io::Result<BTreeSet<String>> {
    let entries = match fs::read_dir(dynamic) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        entries => entries?,
    };
    let mut keys = BTreeSet::new();
    for entry in entries {
        let path = entry?.path();
        let ending = path.extension().unwrap_or_default();
        if (ending == "yml" || ending == "yaml") && !path.ends_with(own) {
            keys.extend(keys_of(&fs::read_to_string(&path)?));
        }
    }
    Ok(keys)
}

/// As these files are written: sections two spaces in, what they hold four.
fn keys_of(text: &str) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let mut is_of_interest = false;
    for line in text.lines() {
        let line_in = line.trim_start_matches(' ');
        match line.len() - line_in.len() {
            0 | 2 if !line_in.is_empty() && !line_in.starts_with(['{', '#']) => {
                is_of_interest = matches!(line, "  routers:" | "  services:");
            }
            4 if is_of_interest && !line_in.starts_with(['#', '-']) => {
                keys.extend(line_in.split_once(':').map(|(key, _)| key.to_owned()));
            }
            _ => {}
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_shipped_files_have_is_taken() {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let services = Services::parse("fetch,notes", "example.com").unwrap();
        for (name, expected) in [
            ("issuer", Some("issuer")),
            ("issuer-limited", Some("issuer-limited")),
            ("assertion-keys", Some("assertion-keys")),
            ("nothing-here", Some("nothing-here")),
            ("auth-service", Some("auth-service")),
            ("fetch-metadata", Some("fetch-metadata")),
            (
                "notes-no-other-well-known",
                Some("notes-no-other-well-known"),
            ),
            // Its own discovery would be that of another.
            ("fetch-issuer", Some("fetch-issuer-metadata")),
            ("default", None),
            ("wiki", None),
            ("notes", None),
        ] {
            let name = ServiceName::parse(name).unwrap();
            let found = clash(&name, &services, root).unwrap();
            assert_eq!(found.as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn its_own_file_is_no_clash_and_anothers_is() {
        let directory = tempfile::tempdir().unwrap();
        let dynamic = directory.path().join(DYNAMIC);
        let services = Services::parse("fetch", "example.com").unwrap();
        let name = ServiceName::parse("notes").unwrap();
        let of = || clash(&name, &services, directory.path()).unwrap();
        assert_eq!(of(), None);
        fs::create_dir_all(&dynamic).unwrap();
        let text = "http:\n  routers:\n    notes:\n      rule: x\n";
        fs::write(dynamic.join("service-notes.yml"), text).unwrap();
        assert_eq!(of(), None);
        fs::write(dynamic.join("mine.yml"), text).unwrap();
        assert_eq!(of().as_deref(), Some("notes"));
    }
}
